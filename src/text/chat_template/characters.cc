#include "text/chat_template/characters.h"

#include <utf8proc.h>

namespace hearth::jinja {
namespace {

utf8proc_category_t category(char32_t character) { return utf8proc_category(static_cast<utf8proc_int32_t>(character)); }

}  // namespace

Character character_at(std::string_view text, size_t position) {
  const Utf8Step step = read_utf8(text, position);
  return {step.code_point, step.length};
}

Character character_before(std::string_view text, size_t position) {
  size_t begin = position - 1;
  while (begin > 0 && !is_character_border(text, begin)) --begin;
  return character_at(text, begin);
}

std::vector<size_t> character_offsets(std::string_view text) {
  std::vector<size_t> offsets;
  offsets.reserve(count_characters(text) + 1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_character_border(text, i)) offsets.push_back(i);
  }
  offsets.push_back(text.size());
  return offsets;
}

bool is_space(char32_t character) {
  if (character < 0x80) return (character >= 9 && character <= 13) || (character >= 28 && character <= 32);
  return character == 0x85 || category(character) == UTF8PROC_CATEGORY_ZS || character == 0x2028 || character == 0x2029;
}

bool is_line_end(char32_t character) {
  return (character >= 10 && character <= 13) || (character >= 28 && character <= 30) || character == 0x85 ||
         character == 0x2028 || character == 0x2029;
}

bool is_alphabetic(char32_t character) {
  const utf8proc_category_t kind = category(character);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(char32_t character) { return category(character) == UTF8PROC_CATEGORY_ND; }

bool is_numeric(char32_t character) {
  const utf8proc_category_t kind = category(character);
  return kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO;
}

bool is_printable(char32_t character) {
  if (character == ' ') return true;
  const utf8proc_category_t kind = category(character);
  return kind != UTF8PROC_CATEGORY_CN && kind < UTF8PROC_CATEGORY_ZS;
}

bool is_upper(char32_t character) { return utf8proc_isupper(static_cast<utf8proc_int32_t>(character)) != 0; }
bool is_lower(char32_t character) { return utf8proc_islower(static_cast<utf8proc_int32_t>(character)) != 0; }
bool is_title(char32_t character) { return category(character) == UTF8PROC_CATEGORY_LT; }

bool is_lower_text(std::string_view text) {
  bool found = false;
  for (size_t i = 0; i < text.size();) {
    const Character character = character_at(text, i);
    if (is_upper(character.code_point) || is_title(character.code_point)) return false;
    found |= is_lower(character.code_point);
    i += character.size;
  }
  return found;
}

bool is_upper_text(std::string_view text) {
  bool found = false;
  for (size_t i = 0; i < text.size();) {
    const Character character = character_at(text, i);
    if (is_lower(character.code_point) || is_title(character.code_point)) return false;
    found |= is_upper(character.code_point);
    i += character.size;
  }
  return found;
}

char32_t to_upper(char32_t character) {
  return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(character)));
}
char32_t to_lower(char32_t character) {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(character)));
}
char32_t to_title(char32_t character) {
  return static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(character)));
}

}  // namespace hearth::jinja
