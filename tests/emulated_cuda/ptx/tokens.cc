#include "emulated_cuda/ptx/tokens.h"

#include "base/errors.h"

namespace hearth::ptx {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool begins_word(char c) { return is_letter(c) || c == '_' || c == '$' || c == '%' || c == '.'; }
bool continues_word(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '$' || c == '.'; }

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> run() {
    std::vector<Token> tokens;
    while (true) {
      HEARTH_RETURN_IF_ERROR(skip_blanks());
      if (at_ == text_.size()) break;
      HEARTH_ASSIGN_OR_RETURN(const Token token, next());
      tokens.push_back(token);
    }
    tokens.push_back({TokenKind::kEnd, {}, line_});
    return tokens;
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  Status skip_blanks() {
    while (at_ < text_.size()) {
      const char c = peek();
      if (c == '\n') ++line_;
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        ++at_;
      } else if (c == '/' && peek(1) == '/') {
        while (at_ < text_.size() && peek() != '\n') ++at_;
      } else if (c == '/' && peek(1) == '*') {
        HEARTH_RETURN_IF_ERROR(skip_block_comment());
      } else {
        break;
      }
    }
    return {};
  }

  Status skip_block_comment() {
    const uint32_t first_line = line_;
    const size_t end = text_.find("*/", at_ + 2);
    if (end == std::string_view::npos) return invalid_file("PTX line {}: a comment has no end", first_line);
    for (; at_ < end; ++at_) {
      if (peek() == '\n') ++line_;
    }
    at_ = end + 2;
    return {};
  }

  Result<Token> next() {
    const size_t begin = at_;
    const char c = peek();
    if (begins_word(c)) {
      skip_word();
      return Token{TokenKind::kWord, text_.substr(begin, at_ - begin), line_};
    }
    if (is_digit(c)) {
      while (continues_word(peek()) || ((peek() == '+' || peek() == '-') && is_decimal_exponent(begin))) ++at_;
      return Token{TokenKind::kNumber, text_.substr(begin, at_ - begin), line_};
    }
    if (c == '"') return string();
    constexpr std::string_view kPunctuation = "{}[]()<>,;:@!|+-=*&~?/#";
    if (kPunctuation.find(c) == std::string_view::npos) {
      return invalid_file("PTX line {}: the byte 0x{:02x} begins nothing that is known", line_,
                          static_cast<unsigned char>(c));
    }
    ++at_;
    return Token{TokenKind::kPunctuation, text_.substr(begin, 1), line_};
  }

  // A word may have "::" inside, as in "L2::cache_hint"; a single colon ends a label. ".reg.b16" is two words.
  void skip_word() {
    const bool directive = peek() == '.';
    ++at_;
    while (true) {
      if (directive && peek() == '.') return;
      if (continues_word(peek())) {
        ++at_;
      } else if (peek() == ':' && peek(1) == ':' && continues_word(peek(2))) {
        at_ += 2;
      } else {
        return;
      }
    }
  }

  // Whether what was read from `begin` is a decimal number up to its 'e': "1e" of "1e-5", but not "0x1e".
  bool is_decimal_exponent(size_t begin) const {
    const char last = text_[at_ - 1];
    return (last == 'e' || last == 'E') &&
           !(at_ - begin > 1 && (text_[begin + 1] == 'x' || text_[begin + 1] == 'X' || text_[begin + 1] == 'f' ||
                                 text_[begin + 1] == 'F' || text_[begin + 1] == 'd' || text_[begin + 1] == 'D'));
  }

  Result<Token> string() {
    const size_t begin = ++at_;
    while (at_ < text_.size() && peek() != '"' && peek() != '\n') ++at_;
    if (peek() != '"') return invalid_file("PTX line {}: a string has no end", line_);
    return Token{TokenKind::kString, text_.substr(begin, at_++ - begin), line_};
  }

  std::string_view text_;
  size_t at_ = 0;
  uint32_t line_ = 1;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view text) { return Tokenizer(text).run(); }

}  // namespace hearth::ptx
