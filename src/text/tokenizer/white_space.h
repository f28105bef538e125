#pragma once

#include <string_view>

namespace hearth::tokenizer {

/// Unicode's property White_Space, which is the same in all its versions since 6.3.
bool is_white_space(char32_t code_point);
/// The part of a valid text that is left without white space at its start.
std::string_view without_leading_space(std::string_view text);
std::string_view without_trailing_space(std::string_view text);

}  // namespace hearth::tokenizer
