#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "text/utf8.h"

namespace hearth::jinja {

/// A character of UTF-8 text and how many bytes it takes.
struct Character {
  char32_t code_point;
  size_t size;
};

/// The character that begins at `position`, which must lie inside of well-formed text.
Character character_at(std::string_view text, size_t position);
/// The character that ends before `position`, which is at least 1.
Character character_before(std::string_view text, size_t position);
/// Where each character begins, and the text's size at the end.
std::vector<size_t> character_offsets(std::string_view text);

/// What Python's str methods of the same names say of a character.
bool is_space(char32_t character);
bool is_line_end(char32_t character);
bool is_alphabetic(char32_t character);
bool is_decimal(char32_t character);
bool is_numeric(char32_t character);
bool is_printable(char32_t character);
bool is_upper(char32_t character);
bool is_lower(char32_t character);
bool is_title(char32_t character);

/// Whether text has letters with a case, all of them small or large.
bool is_lower_text(std::string_view text);
bool is_upper_text(std::string_view text);

/// The mappings of one character to one; of those to several one is taken.
char32_t to_upper(char32_t character);
char32_t to_lower(char32_t character);
char32_t to_title(char32_t character);

}  // namespace hearth::jinja
