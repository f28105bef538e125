#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hearth {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;
inline constexpr size_t kCodePoints = 0x110000;

/// What stands at a place of a text.
struct Utf8Step {
  char32_t code_point = kReplacementCharacter;
  size_t length = 1;   ///< Bytes of the character, or of the part that is none.
  bool valid = false;  ///< False: the bytes are no character and count as U+FFFD.
  bool cut = false;    ///< Not valid, and only because the text ends here.
};

/// Reads the character of `text` at `at`, which is less than its size. Bytes that are no character are taken as Unicode
/// recommends ("substitution of maximal subparts", section 3.9): as Python's errors="replace" does.
Utf8Step read_utf8(std::string_view text, size_t at);

/// The same for a text that is known to be valid, and faster.
inline Utf8Step read_valid_utf8(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const auto more = [&](size_t i) { return static_cast<char32_t>(byte(i) & 0x3F); };
  const char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true, false};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | more(1), 2, true, false};
  if (lead < 0xF0) return {(lead & 0x0F) << 12 | more(1) << 6 | more(2), 3, true, false};
  return {(lead & 0x07) << 18 | more(1) << 12 | more(2) << 6 | more(3), 4, true, false};
}

/// Whether no character is cut in two at `at`, which is at most the size of a valid text.
inline bool is_character_border(std::string_view text, size_t at) {
  return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
}

bool is_valid_utf8(std::string_view text);
/// The text with U+FFFD in place of each part that is no character.
std::string repaired_utf8(std::string_view text);
/// How many bytes at the end of `text` begin a character that further bytes may complete.
size_t cut_utf8_bytes(std::string_view text);
/// Appends a code point that is no surrogate.
void append_utf8(std::string& text, char32_t code_point);
/// How many characters a valid text has.
size_t count_characters(std::string_view text);

/// The code points of a text, or nothing when it is not valid.
std::optional<std::u32string> decode_utf8(std::string_view text);

}  // namespace hearth
