#include "text/tokenizer/byte_level.h"

#include <array>

#include "text/utf8.h"

namespace hearth::tokenizer {
namespace {

constexpr size_t kAlphabetEnd = 0x144;
constexpr int kNoByte = -1;

constexpr bool is_printable(size_t byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xFF && byte != 0xAD);
}

struct Alphabet {
  std::array<char16_t, 256> character{};
  std::array<int, kAlphabetEnd> byte{};

  constexpr Alphabet() {
    byte.fill(kNoByte);
    char16_t next = 0x100;
    for (size_t i = 0; i < character.size(); ++i) {
      character[i] = is_printable(i) ? static_cast<char16_t>(i) : next++;
      byte[character[i]] = static_cast<int>(i);
    }
  }
};
constexpr Alphabet kAlphabet;

}  // namespace

void append_byte_characters(std::string_view text, std::string& out) {
  for (const char byte : text) append_utf8(out, kAlphabet.character[static_cast<unsigned char>(byte)]);
}

void append_bytes_of_characters(std::string_view text, std::string& out) {
  const size_t before = out.size();
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = read_valid_utf8(text, at);
    const int byte = step.code_point < kAlphabetEnd ? kAlphabet.byte[step.code_point] : kNoByte;
    if (byte == kNoByte) {
      out.resize(before);
      out.append(text);
      return;
    }
    out.push_back(static_cast<char>(byte));
    at += step.length;
  }
}

}  // namespace hearth::tokenizer
