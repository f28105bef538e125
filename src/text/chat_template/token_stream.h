#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "text/chat_template/token.h"

namespace hearth::jinja {

/// Tokens to be read one after the other, the last of which is kEnd.
class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[index_]; }
  const Token& following() const { return tokens_[std::min(index_ + 1, tokens_.size() - 1)]; }
  Token take() {
    Token token = tokens_[index_];
    if (token.kind != Token::Kind::kEnd) ++index_;
    return token;
  }
  bool take_if_operator(const char* characters) { return take_if(current().is_operator(characters)); }
  bool take_if_name(const char* name) { return take_if(current().is_name(name)); }
  bool at_any_name(const std::vector<const char*>& names) const {
    return std::ranges::any_of(names, [&](const char* name) { return current().is_name(name); });
  }

  Status fail(std::string_view message) const { return syntax_error(current().position, message); }
  /// "… is expected, not X".
  Status unexpected(std::string_view wanted) const {
    return fail(fmt::format("{} is expected, not {}", wanted, description(current())));
  }
  Status expect_operator(const char* characters) {
    return take_if_operator(characters) ? Status() : unexpected(fmt::format("'{}'", characters));
  }
  Status expect_name(const char* name) { return take_if_name(name) ? Status() : unexpected(fmt::format("'{}'", name)); }
  Status expect(Token::Kind kind, std::string_view wanted) {
    return take_if(current().kind == kind) ? Status() : unexpected(wanted);
  }
  Result<std::string> expect_identifier() {
    if (current().kind != Token::Kind::kName) return unexpected("a name");
    return take().text;
  }

 private:
  bool take_if(bool wanted) {
    if (wanted) take();
    return wanted;
  }
  static std::string description(const Token& token) {
    switch (token.kind) {
      case Token::Kind::kData:
        return "text";
      case Token::Kind::kPrintBegin:
        return "'{{'";
      case Token::Kind::kPrintEnd:
        return "'}}'";
      case Token::Kind::kBlockBegin:
        return "'{%'";
      case Token::Kind::kBlockEnd:
        return "'%}'";
      case Token::Kind::kEnd:
        return "the end of the template";
      default:
        return fmt::format("'{}'", token.text);
    }
  }

  std::vector<Token> tokens_;
  size_t index_ = 0;
};

}  // namespace hearth::jinja
