#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hearth {

/// Reads a text of code points one after the other, for the parsers of grammars and regular expressions.
class TextCursor {
 public:
  explicit TextCursor(std::u32string text) : text_(std::move(text)) {}

  bool at_end() const { return position_ == text_.size(); }
  size_t position() const { return position_; }
  /// The next code point, or 0 at the end; `ahead` of them further on.
  char32_t peek(size_t ahead = 0) const { return ahead < text_.size() - position_ ? text_[position_ + ahead] : U'\0'; }
  /// Must not be at the end.
  char32_t take() { return text_[position_++]; }
  /// Takes the next one if it is this.
  bool take_if(char32_t wanted) {
    if (at_end() || text_[position_] != wanted) return false;
    ++position_;
    return true;
  }
  /// Takes the whole of `wanted`, or nothing.
  bool take_if(std::u32string_view wanted) {
    if (std::u32string_view(text_).substr(position_, wanted.size()) != wanted) return false;
    position_ += wanted.size();
    return true;
  }
  /// Exactly `digits` hexadecimal digits, at most 8.
  std::optional<char32_t> take_hexadecimal(size_t digits) {
    char32_t value = 0;
    for (size_t i = 0; i < digits; ++i) {
      const std::optional<char32_t> digit = hexadecimal(peek());
      if (at_end() || !digit) return std::nullopt;
      value = value << 4 | *digit;
      ++position_;
    }
    return value;
  }
  /// Decimal digits, at least one, of a number up to a million.
  std::optional<uint32_t> take_count() {
    constexpr uint32_t kMost = 1'000'000;
    if (peek() < U'0' || peek() > U'9') return std::nullopt;
    uint32_t value = 0;
    while (peek() >= U'0' && peek() <= U'9') {
      value = value * 10 + static_cast<uint32_t>(take() - U'0');
      if (value > kMost) return std::nullopt;
    }
    return value;
  }
  /// The number of the line where it is, from 1.
  size_t line() const {
    size_t line = 1;
    for (size_t i = 0; i < position_; ++i) line += text_[i] == U'\n' ? 1 : 0;
    return line;
  }

 private:
  static std::optional<char32_t> hexadecimal(char32_t c) {
    if (c >= U'0' && c <= U'9') return c - U'0';
    if (c >= U'a' && c <= U'f') return c - U'a' + 10;
    if (c >= U'A' && c <= U'F') return c - U'A' + 10;
    return std::nullopt;
  }

  std::u32string text_;
  size_t position_ = 0;
};

}  // namespace hearth
