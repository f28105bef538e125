#include "text/tokenizer/white_space.h"

#include "text/utf8.h"

namespace hearth::tokenizer {

bool is_white_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

std::string_view without_leading_space(std::string_view text) {
  while (!text.empty()) {
    const Utf8Step step = read_valid_utf8(text, 0);
    if (!is_white_space(step.code_point)) break;
    text.remove_prefix(step.length);
  }
  return text;
}

std::string_view without_trailing_space(std::string_view text) {
  while (!text.empty()) {
    size_t last = text.size() - 1;
    while (!is_character_border(text, last)) --last;
    if (!is_white_space(read_valid_utf8(text, last).code_point)) break;
    text.remove_suffix(text.size() - last);
  }
  return text;
}

}  // namespace hearth::tokenizer
