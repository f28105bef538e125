#include "text/chat_template/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/errors.h"
#include "text/chat_template/characters.h"

namespace hearth::jinja {

Status syntax_error(Position position, std::string_view message) {
  return invalid_file("line {}, column {}: {}", position.line, position.column, message);
}

namespace {

using Kind = Token::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }

/// One kind of line end, and none at the end of the file.
std::string normalize_lines(std::string_view source) {
  std::string result;
  result.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    result += source[i] == '\r' ? '\n' : source[i];
  }
  if (result.ends_with('\n')) result.pop_back();
  return result;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(normalize_lines(source)) {}

  Result<std::vector<Token>> run() {
    while (position_ < source_.size()) HEARTH_RETURN_IF_ERROR(read_data());
    add(Kind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return std::string_view(source_).substr(position_); }
  bool at(std::string_view text) const { return rest().starts_with(text); }
  Position here() const { return {line_, static_cast<uint32_t>(position_ - line_begin_ + 1)}; }
  void add(Kind kind, std::string_view text) { tokens_.push_back({kind, std::string(text), here()}); }

  void advance(size_t count) {
    for (const size_t end = position_ + count; position_ < end; ++position_) {
      if (source_[position_] != '\n') continue;
      ++line_;
      line_begin_ = position_ + 1;
    }
  }

  size_t space_at(size_t offset) const {
    size_t end = position_ + offset;
    while (end < source_.size()) {
      const Character character = character_at(source_, end);
      if (!is_space(character.code_point)) break;
      end += character.size;
    }
    return end - position_ - offset;
  }

  /// How long the end of a tag here is, with the white space that it takes along; nothing when there is none.
  std::optional<size_t> end_of_tag(std::string_view end, bool is_print, size_t offset = 0) const {
    std::string_view text = rest();
    text.remove_prefix(std::min(offset, text.size()));
    if (text.starts_with('-') && text.substr(1).starts_with(end)) {
      return 1 + end.size() + space_at(offset + 1 + end.size());
    }
    if (!is_print && text.starts_with('+') && text.substr(1).starts_with(end)) return 1 + end.size();
    if (!text.starts_with(end)) return std::nullopt;
    const bool trims = !is_print && text.substr(end.size()).starts_with('\n');
    return end.size() + (trims ? 1 : 0);
  }

  void finish_tag(size_t size) {
    advance(size);
    line_starting_ = size > 0 && source_[position_ - 1] == '\n';
  }

  /// Adds `text`, which a tag with this sign follows, without the white space that the tag takes along.
  void add_data(std::string_view text, char sign, bool is_print) {
    if (sign == '-') {
      while (!text.empty()) {
        const Character last = character_before(text, text.size());
        if (!is_space(last.code_point)) break;
        text.remove_suffix(last.size);
      }
    } else if (sign != '+' && !is_print) {
      const size_t line = text.rfind('\n') + 1;
      if ((line > 0 || line_starting_) && is_blank(text.substr(line))) text = text.substr(0, line);
    }
    if (!text.empty()) add(Kind::kData, text);
  }

  static bool is_blank(std::string_view text) {
    for (size_t i = 0; i < text.size();) {
      const Character character = character_at(text, i);
      if (!is_space(character.code_point)) return false;
      i += character.size;
    }
    return true;
  }

  size_t find_tag() const {
    for (size_t i = position_; (i = source_.find('{', i)) != std::string::npos; ++i) {
      const char next = i + 1 < source_.size() ? source_[i + 1] : '\0';
      if (next == '{' || next == '%' || next == '#') return i;
    }
    return std::string::npos;
  }

  char sign_at(size_t position) const {
    const char sign = position < source_.size() ? source_[position] : '\0';
    return sign == '-' || sign == '+' ? sign : '\0';
  }

  /// Text up to the next tag, and the tag.
  Status read_data() {
    const size_t tag = find_tag();
    if (tag == std::string::npos) {
      add(Kind::kData, rest());
      advance(rest().size());
      return {};
    }
    const char kind = source_[tag + 1];
    const char sign = sign_at(tag + 2);
    const size_t size = sign == '\0' ? 2 : 3;
    add_data(rest().substr(0, tag - position_), sign, kind == '{');
    advance(tag - position_);
    if (kind == '#') return read_comment(size);
    if (kind == '%') {
      if (const std::optional<size_t> raw = raw_begin(size)) return read_raw(*raw);
    }
    add(kind == '{' ? Kind::kPrintBegin : Kind::kBlockBegin, "");
    advance(size);
    return read_tag(kind == '{');
  }

  Status read_comment(size_t begin) {
    const Position start = here();
    advance(begin);
    const size_t end = source_.find("#}", position_);
    if (end == std::string::npos) return syntax_error(start, "the comment has no end: add '#}'");
    const char sign = end > position_ ? sign_at(end - 1) : '\0';
    advance(end - position_ - (sign == '\0' ? 0 : 1));
    finish_tag(*end_of_tag("#}", false));
    return {};
  }

  /// How long '{% raw %}' here is, whose opening has `size` bytes; nothing when this is another tag.
  std::optional<size_t> raw_begin(size_t size) const {
    size += space_at(size);
    if (!rest().substr(size).starts_with("raw")) return std::nullopt;
    size += 3;
    size += space_at(size);
    if (rest().substr(size).starts_with("-%}")) return size + 3 + space_at(size + 3);
    return rest().substr(size).starts_with("%}") ? std::optional(size + 2) : std::nullopt;
  }

  Status read_raw(size_t begin) {
    const Position start = here();
    finish_tag(begin);
    for (size_t tag = position_; (tag = source_.find("{%", tag)) != std::string::npos; ++tag) {
      const char sign = sign_at(tag + 2);
      size_t offset = tag - position_ + (sign == '\0' ? 2 : 3);
      offset += space_at(offset);
      if (!rest().substr(offset).starts_with("endraw")) continue;
      offset += 6;
      offset += space_at(offset);
      const std::optional<size_t> end = end_of_tag("%}", false, offset);
      if (!end) continue;
      add_data(rest().substr(0, tag - position_), sign, false);
      finish_tag(offset + *end);
      return {};
    }
    return syntax_error(start, "the raw block has no end: add '{% endraw %}'");
  }

  /// The inside of a tag, and its end.
  Status read_tag(bool is_print) {
    const Position start = here();
    std::vector<char> open;
    while (position_ < source_.size()) {
      const std::optional<size_t> end = end_of_tag(is_print ? "}}" : "%}", is_print);
      if (end && open.empty()) {
        add(is_print ? Kind::kPrintEnd : Kind::kBlockEnd, "");
        finish_tag(*end);
        return {};
      }
      if (const size_t space = space_at(0); space > 0) {
        advance(space);
      } else if (is_digit(source_[position_])) {
        read_number();
      } else if (is_name_start(source_[position_])) {
        add_and_advance(Kind::kName, name_size());
      } else if (at("'") || at("\"")) {
        HEARTH_RETURN_IF_ERROR(read_string());
      } else {
        HEARTH_RETURN_IF_ERROR(read_operator(open));
      }
    }
    return syntax_error(start, is_print ? "the tag has no end: add '}}'" : "the tag has no end: add '%}'");
  }

  void add_and_advance(Kind kind, size_t size) {
    add(kind, rest().substr(0, size));
    advance(size);
  }

  size_t name_size() const {
    const std::string_view text = rest();
    return static_cast<size_t>(std::ranges::find_if_not(text, is_name_part) - text.begin());
  }

  /// How many digits of this base, with single underscores among them, follow at `offset`.
  size_t digits(size_t offset, bool (*belongs)(char)) const {
    const std::string_view text = rest();
    size_t end = offset;
    while (end < text.size() && (belongs(text[end]) || (text[end] == '_' && end > offset && text[end - 1] != '_' &&
                                                        end + 1 < text.size() && belongs(text[end + 1])))) {
      ++end;
    }
    return end - offset;
  }

  std::optional<size_t> float_size() const {
    const std::string_view text = rest();
    size_t size = digits(0, is_digit);
    bool is_float = false;
    if (size < text.size() && text[size] == '.') {
      const size_t fraction = digits(size + 1, is_digit);
      if (fraction > 0) size += 1 + fraction;
      is_float = fraction > 0;
    }
    if (size < text.size() && (text[size] == 'e' || text[size] == 'E')) {
      const size_t sign = size + 1 < text.size() && (text[size + 1] == '+' || text[size + 1] == '-') ? 1 : 0;
      const size_t exponent = digits(size + 1 + sign, is_digit);
      if (exponent > 0) return size + 1 + sign + exponent;
    }
    return is_float ? std::optional(size) : std::nullopt;
  }

  size_t integer_size() const {
    const std::string_view text = rest();
    const char base = text[0] == '0' && text.size() > 1 ? static_cast<char>(text[1] | 0x20) : '\0';
    const auto is_binary = [](char c) { return c == '0' || c == '1'; };
    const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
    const auto is_hexadecimal = [](char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); };
    const auto is_zero = [](char c) { return c == '0'; };
    const size_t prefixed = base == 'b'   ? digits(2, is_binary)
                            : base == 'o' ? digits(2, is_octal)
                            : base == 'x' ? digits(2, is_hexadecimal)
                                          : 0;
    if (prefixed > 0) return 2 + prefixed;
    return text[0] == '0' ? digits(0, is_zero) : digits(0, is_digit);
  }

  void read_number() {
    const bool after_dot = position_ > 0 && source_[position_ - 1] == '.';
    const std::optional<size_t> floating = after_dot ? std::nullopt : float_size();
    const size_t size = floating ? *floating : integer_size();
    std::string text(rest().substr(0, size));
    std::erase(text, '_');
    add(floating ? Kind::kFloat : Kind::kInteger, text);
    advance(size);
  }

  Status read_string() {
    const Position start = here();
    const char quote = source_[position_];
    size_t end = position_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) return syntax_error(start, "the string has no end: add a quote");
    HEARTH_ASSIGN_OR_RETURN(const std::string value,
                            unescape(std::string_view(source_).substr(position_ + 1, end - position_ - 1), start));
    add(Kind::kString, value);
    advance(end + 1 - position_);
    return {};
  }

  Status read_operator(std::vector<char>& open) {
    static constexpr std::array<std::string_view, 26> kOperators = {"**", "//", "==", "!=", ">=", "<=", "+", "-", "/",
                                                                    "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                                                    ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};
    const auto* found = std::ranges::find_if(kOperators, [&](std::string_view text) { return at(text); });
    if (found == kOperators.end()) {
      const std::string_view character = rest().substr(0, character_at(source_, position_).size);
      return syntax_error(here(), fmt::format("'{}' has no meaning inside of a tag", character));
    }
    const char first = found->front();
    if (first == '(' || first == '[' || first == '{') {
      open.push_back(first == '(' ? ')' : first == '[' ? ']' : '}');
    } else if (first == ')' || first == ']' || first == '}') {
      if (open.empty() || open.back() != first) {
        return syntax_error(here(), fmt::format("'{}' closes nothing that is open", first));
      }
      open.pop_back();
    }
    add_and_advance(Kind::kOperator, found->size());
    return {};
  }

  std::string source_;
  size_t position_ = 0;
  uint32_t line_ = 1;
  size_t line_begin_ = 0;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace hearth::jinja
