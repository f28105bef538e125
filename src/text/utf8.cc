#include "text/utf8.h"

#include <algorithm>

namespace hearth {
namespace {

struct Lead {
  size_t length;               ///< 0: begins no character.
  unsigned char second_least;  ///< What the second byte may be.
  unsigned char second_most;
  unsigned char bits;
};

Lead lead_of(unsigned char byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF, 0x1F};
  if (byte == 0xE0) return {3, 0xA0, 0xBF, 0x0F};
  if (byte == 0xED) return {3, 0x80, 0x9F, 0x0F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF, 0x0F};
  if (byte == 0xF0) return {4, 0x90, 0xBF, 0x07};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF, 0x07};
  if (byte == 0xF4) return {4, 0x80, 0x8F, 0x07};
  return {0, 0, 0, 0};
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

Utf8Step read_utf8(std::string_view text, size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return {first, 1, true, false};
  const Lead lead = lead_of(first);
  if (lead.length == 0) return {};
  char32_t code_point = first & lead.bits;
  for (size_t i = 1; i < lead.length; ++i) {
    if (at + i == text.size()) return {kReplacementCharacter, i, false, true};
    const auto byte = static_cast<unsigned char>(text[at + i]);
    const unsigned char least = i == 1 ? lead.second_least : 0x80;
    const unsigned char most = i == 1 ? lead.second_most : 0xBF;
    if (byte < least || byte > most) return {kReplacementCharacter, i, false, false};
    code_point = code_point << 6 | (byte & 0x3FU);
  }
  return {code_point, lead.length, true, false};
}

bool is_valid_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = read_utf8(text, at);
    if (!step.valid) return false;
    at += step.length;
  }
  return true;
}

std::string repaired_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = read_utf8(text, at);
    if (step.valid) {
      result.append(text.substr(at, step.length));
    } else {
      append_utf8(result, kReplacementCharacter);
    }
    at += step.length;
  }
  return result;
}

size_t cut_utf8_bytes(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    if (is_continuation(text[text.size() - back])) continue;
    const Utf8Step step = read_utf8(text, text.size() - back);
    return step.cut && step.length == back ? back : 0;
  }
  return 0;
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto put = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

size_t count_characters(std::string_view text) {
  return text.size() - static_cast<size_t>(std::ranges::count_if(text, is_continuation));
}

std::optional<std::u32string> decode_utf8(std::string_view text) {
  std::u32string code_points;
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = read_utf8(text, at);
    if (!step.valid) return std::nullopt;
    code_points.push_back(step.code_point);
    at += step.length;
  }
  return code_points;
}

}  // namespace hearth
