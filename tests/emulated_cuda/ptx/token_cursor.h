#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "emulated_cuda/ptx/tokens.h"

namespace hearth::ptx {

/// Walks over the tokens of a text. Beyond the end it stays at the token of kind kEnd.
class TokenCursor {
 public:
  explicit TokenCursor(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& peek(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  uint32_t line() const { return peek().line; }
  bool at_end() const { return peek().kind == TokenKind::kEnd; }

  Token next() {
    const Token token = peek();
    if (!at_end()) ++at_;
    return token;
  }
  bool at(std::string_view text) const { return peek().kind != TokenKind::kString && peek().text == text && !at_end(); }
  bool take(std::string_view text) {
    if (!at(text)) return false;
    ++at_;
    return true;
  }
  Status expect(std::string_view text) {
    if (take(text)) return {};
    return unexpected(fmt::format("'{}'", text));
  }
  Result<std::string_view> expect_word(std::string_view what) {
    if (peek().kind != TokenKind::kWord) return unexpected(what);
    return next().text;
  }
  /// What `.loc` and `.file` have: all that stands in their line.
  void skip_line() {
    for (const uint32_t line = this->line(); !at_end() && this->line() == line;) ++at_;
  }
  Status unexpected(std::string_view wanted) const {
    if (at_end()) return invalid_file("PTX line {}: the text ends where {} should be", line(), wanted);
    return invalid_file("PTX line {}: '{}' where {} should be", line(), peek().text.substr(0, 80), wanted);
  }

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace hearth::ptx
