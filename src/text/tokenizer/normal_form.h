#pragma once

#include <string>
#include <string_view>

#include "hearth/status.h"

namespace hearth::tokenizer {

/// Unicode's normal forms, by the number that a table gives them.
enum class NormalForm : unsigned char { kNfc = 0, kNfd = 1, kNfkc = 2, kNfkd = 3 };

/// Appends a valid text in a normal form, as this machine's utf8proc has it.
/// kInvalidArgument when the text is too long for it, kOutOfMemory.
Status append_normal_form(std::string_view text, NormalForm form, std::string& out);

/// How many bytes of a valid text, which is not empty, its first grapheme cluster (UAX 29, extended) has.
size_t grapheme_length(std::string_view text);

}  // namespace hearth::tokenizer
