#include "text/chat_template/text_functions.h"

#include <algorithm>

#include "base/errors.h"
#include "text/chat_template/characters.h"
#include "text/chat_template/printing.h"
#include "text/chat_template/text_builder.h"
#include "text/chat_template/text_search.h"

namespace hearth::jinja {
namespace {

/// A text with each character mapped; `map` gets the character and whether it is the first.
template <typename Map>
OriginText mapped(const OriginText& text, Map map) {
  OriginText result;
  size_t begin = 0;
  for (const OriginText::Run& run : text.runs()) {
    std::string bytes;
    while (begin < run.end) {
      const Character character = character_at(text.bytes(), begin);
      append_utf8(bytes, map(character.code_point, begin == 0));
      begin += character.size;
    }
    result.append(bytes, run.trusted);
  }
  return result;
}

Status add_part(Budget& budget, std::vector<Value>& parts, const OriginText& text, size_t begin, size_t end) {
  HEARTH_RETURN_IF_ERROR(budget.allocate(sizeof(Value) + sizeof(OriginText)));
  HEARTH_ASSIGN_OR_RETURN(Value part, make_text(budget, text.part(begin, end - begin)));
  parts.push_back(std::move(part));
  return {};
}

bool is_space_at(std::string_view text, size_t position) { return is_space(character_at(text, position).code_point); }

size_t skip_space(std::string_view text, size_t position) {
  while (position < text.size() && is_space_at(text, position)) position += character_at(text, position).size;
  return position;
}

size_t skip_word(std::string_view text, size_t position) {
  while (position < text.size() && !is_space_at(text, position)) position += character_at(text, position).size;
  return position;
}

size_t skip_back(std::string_view text, size_t position, bool spaces) {
  while (position > 0) {
    const Character character = character_before(text, position);
    if (is_space(character.code_point) != spaces) break;
    position -= character.size;
  }
  return position;
}

bool has_character(std::string_view characters, char32_t wanted) {
  for (size_t i = 0; i < characters.size();) {
    const Character character = character_at(characters, i);
    if (character.code_point == wanted) return true;
    i += character.size;
  }
  return false;
}

}  // namespace

OriginText upper(const OriginText& text) {
  constexpr std::string_view kSharpS = "ß";
  const auto large = [](char32_t character, bool) { return to_upper(character); };
  OriginText result;
  size_t plain = 0;
  // The one common letter that becomes two.
  for (size_t i = text.bytes().find(kSharpS); i != std::string::npos; i = text.bytes().find(kSharpS, plain)) {
    result.append(mapped(text.part(plain, i - plain), large));
    result.append("SS", text.trusted_at(i));
    plain = i + kSharpS.size();
  }
  result.append(mapped(text.part(plain, text.size() - plain), large));
  return result;
}

OriginText lower(const OriginText& text) {
  return mapped(text, [](char32_t character, bool) { return to_lower(character); });
}

OriginText capitalize(const OriginText& text) {
  return mapped(text, [](char32_t character, bool first) { return first ? to_title(character) : to_lower(character); });
}

OriginText title(const OriginText& text) {
  bool in_word = false;
  return mapped(text, [&](char32_t character, bool) {
    const char32_t result = in_word ? to_lower(character) : to_title(character);
    in_word = is_upper(character) || is_lower(character) || is_title(character);
    return result;
  });
}

OriginText strip(const OriginText& text, const std::optional<OriginText>& characters, Side side) {
  const std::string& bytes = text.bytes();
  const auto goes = [&](char32_t character) {
    return characters ? has_character(characters->bytes(), character) : is_space(character);
  };
  size_t begin = 0;
  size_t end = bytes.size();
  while (side != Side::kRight && begin < end) {
    const Character first = character_at(bytes, begin);
    if (!goes(first.code_point)) break;
    begin += first.size;
  }
  while (side != Side::kLeft && begin < end) {
    const Character last = character_before(bytes, end);
    if (!goes(last.code_point)) break;
    end -= last.size;
  }
  return text.part(begin, end - begin);
}

Result<Value> replace(Budget& budget, const OriginText& text, const OriginText& old, const OriginText& fresh,
                      int64_t count) {
  const std::string& bytes = text.bytes();
  TextBuilder builder(budget);
  size_t begin = 0;
  while (count != 0) {
    // An empty text is found before each character and at the end.
    size_t found = begin;
    if (!old.empty()) {
      HEARTH_ASSIGN_OR_RETURN(found, find_text(budget, bytes, old.bytes(), begin));
    }
    if (found == std::string::npos) break;
    builder.append(text, begin, found - begin);
    builder.append(fresh);
    HEARTH_RETURN_IF_ERROR(builder.status());
    --count;
    begin = found + old.size();
    if (!old.empty()) continue;
    if (begin == bytes.size()) break;
    const size_t size = character_at(bytes, begin).size;
    builder.append(text, begin, size);
    begin += size;
  }
  builder.append(text, begin, bytes.size() - begin);
  return builder.finish();
}

Result<std::vector<Value>> split(Budget& budget, const OriginText& text, std::string_view separator, int64_t most) {
  if (separator.empty()) return invalid_argument("a separator must not be empty");
  std::vector<Value> parts;
  size_t begin = 0;
  while (most != 0) {
    HEARTH_ASSIGN_OR_RETURN(const size_t found, find_text(budget, text.bytes(), separator, begin));
    if (found == std::string::npos) break;
    HEARTH_RETURN_IF_ERROR(add_part(budget, parts, text, begin, found));
    begin = found + separator.size();
    --most;
  }
  HEARTH_RETURN_IF_ERROR(add_part(budget, parts, text, begin, text.size()));
  return parts;
}

Result<std::vector<Value>> split_from_right(Budget& budget, const OriginText& text, std::string_view separator,
                                            int64_t most) {
  if (separator.empty()) return invalid_argument("a separator must not be empty");
  std::vector<Value> parts;
  size_t end = text.size();
  while (most != 0) {
    HEARTH_ASSIGN_OR_RETURN(const size_t found, find_last_text(budget, text.bytes(), separator, end));
    if (found == std::string::npos) break;
    HEARTH_RETURN_IF_ERROR(add_part(budget, parts, text, found + separator.size(), end));
    end = found;
    --most;
  }
  HEARTH_RETURN_IF_ERROR(add_part(budget, parts, text, 0, end));
  std::ranges::reverse(parts);
  return parts;
}

Result<std::vector<Value>> split_words(Budget& budget, const OriginText& text, int64_t most) {
  const std::string& bytes = text.bytes();
  HEARTH_RETURN_IF_ERROR(budget.walk(text.size()));
  std::vector<Value> parts;
  size_t begin = skip_space(bytes, 0);
  while (begin < bytes.size()) {
    const size_t end = skip_word(bytes, begin);
    // What is left after the last split keeps the white space at its end.
    HEARTH_RETURN_IF_ERROR(add_part(budget, parts, text, begin, most == 0 ? bytes.size() : end));
    if (most-- == 0) break;
    begin = skip_space(bytes, end);
  }
  return parts;
}

Result<std::vector<Value>> split_words_from_right(Budget& budget, const OriginText& text, int64_t most) {
  const std::string& bytes = text.bytes();
  HEARTH_RETURN_IF_ERROR(budget.walk(text.size()));
  std::vector<Value> parts;
  size_t end = skip_back(bytes, bytes.size(), true);
  while (end > 0) {
    const size_t begin = most == 0 ? 0 : skip_back(bytes, end, false);
    HEARTH_RETURN_IF_ERROR(add_part(budget, parts, text, begin, end));
    if (most-- == 0) break;
    end = skip_back(bytes, begin, true);
  }
  std::ranges::reverse(parts);
  return parts;
}

Result<std::vector<Value>> split_lines(Budget& budget, const OriginText& text, bool keep_ends) {
  const std::string& bytes = text.bytes();
  HEARTH_RETURN_IF_ERROR(budget.walk(text.size()));
  std::vector<Value> lines;
  size_t begin = 0;
  for (size_t i = 0; i < bytes.size();) {
    const Character character = character_at(bytes, i);
    const size_t line_end = i;
    i += character.size;
    if (!is_line_end(character.code_point)) continue;
    if (character.code_point == U'\r' && i < bytes.size() && bytes[i] == '\n') ++i;
    HEARTH_RETURN_IF_ERROR(add_part(budget, lines, text, begin, keep_ends ? i : line_end));
    begin = i;
  }
  if (begin < bytes.size()) HEARTH_RETURN_IF_ERROR(add_part(budget, lines, text, begin, bytes.size()));
  return lines;
}

Result<Value> justify(Budget& budget, const OriginText& text, int64_t width, const OriginText& fill, Side side) {
  if (count_characters(fill.bytes()) != 1) return invalid_argument("text is filled up with exactly one character");
  const auto size = static_cast<int64_t>(count_characters(text.bytes()));
  const int64_t missing = width > size ? width - size : 0;
  HEARTH_RETURN_IF_ERROR(budget.allocate(static_cast<uint64_t>(missing) * fill.size()));
  // Where str.center puts the odd one.
  const int64_t left = side == Side::kLeft ? 0 : side == Side::kRight ? missing : missing / 2 + (missing & width & 1);
  OriginText result;
  for (int64_t i = 0; i < left; ++i) result.append(fill);
  result.append(text);
  for (int64_t i = left; i < missing; ++i) result.append(fill);
  return make_text(budget, std::move(result));
}

Result<Value> join(Budget& budget, const OriginText& separator, const std::vector<Value>& items, bool only_strings) {
  TextBuilder builder(budget);
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) builder.append(separator);
    if (only_strings && !items[i].is_string()) {
      return invalid_argument("join needs strings, and item {} is a {}", i, items[i].type_name());
    }
    HEARTH_RETURN_IF_ERROR(append_str(budget, builder, items[i]));
  }
  return builder.finish();
}

}  // namespace hearth::jinja
