#include "text/chat_template/characters.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace hearth::jinja {
namespace {

utf8proc_category_t category(char32_t character) { return utf8proc_category(static_cast<utf8proc_int32_t>(character)); }

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

Character character_at(std::string_view text, size_t position) {
  if (static_cast<unsigned char>(text[position]) < 0x80) return {static_cast<char32_t>(text[position]), 1};
  utf8proc_int32_t code_point = 0;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + position;
  const utf8proc_ssize_t size =
      utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - position), &code_point);
  return size > 0 ? Character{static_cast<char32_t>(code_point), static_cast<size_t>(size)} : Character{0xFFFD, 1};
}

Character character_before(std::string_view text, size_t position) {
  size_t begin = position - 1;
  while (begin > 0 && is_continuation(text[begin])) --begin;
  return character_at(text, begin);
}

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char byte) { return !is_continuation(byte); }));
}

std::vector<size_t> character_offsets(std::string_view text) {
  std::vector<size_t> offsets;
  offsets.reserve(count_characters(text) + 1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (!is_continuation(text[i])) offsets.push_back(i);
  }
  offsets.push_back(text.size());
  return offsets;
}

void append_character(std::string& text, char32_t code_point) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes.data());
  text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(size));
}

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    utf8proc_int32_t code_point = 0;
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + i;
    const auto size = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - i), &code_point);
    if (size <= 0) return false;
    i += static_cast<size_t>(size);
  }
  return true;
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
