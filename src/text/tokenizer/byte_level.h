#pragma once

#include <string>
#include <string_view>

namespace hearth::tokenizer {

/// GPT-2's alphabet: a printable character for each of the 256 bytes. Printable Latin-1 characters stand for
/// themselves, the other bytes, in order, for U+0100 and following.

/// Appends the characters of the bytes of `text`.
void append_byte_characters(std::string_view text, std::string& out);

/// Appends the bytes that a valid text stands for; its own bytes when one of its characters is outside of the alphabet.
void append_bytes_of_characters(std::string_view text, std::string& out);

}  // namespace hearth::tokenizer
