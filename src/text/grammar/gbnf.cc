#include "text/grammar/gbnf.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/errors.h"
#include "text/grammar/text_cursor.h"
#include "text/utf8.h"

namespace hearth {
namespace {

constexpr size_t kLargest = size_t{256} << 10;
constexpr int kDeepest = 64;

bool is_name_character(char32_t c) {
  return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z') || (c >= U'0' && c <= U'9') || c == U'-' || c == U'_';
}

class GbnfParser {
 public:
  explicit GbnfParser(std::u32string text) : cursor_(std::move(text)) { rule_named("root"); }

  Result<Grammar> parse() {
    for (skip_space(true); !cursor_.at_end(); skip_space(true)) HEARTH_RETURN_IF_ERROR(parse_rule());
    for (const auto& [name, entry] : rules_) {
      if (!entry.defined) return invalid_argument("gbnf: rule '{}' is used but not defined", name);
    }
    return std::move(grammar_);
  }

 private:
  struct Entry {
    RuleId rule;
    bool defined = false;
  };

  template <typename... Args>
  Status error(fmt::format_string<Args...> format, Args&&... args) const {
    return invalid_argument("gbnf: line {}: {}", cursor_.line(), fmt::format(format, std::forward<Args>(args)...));
  }

  Entry& rule_named(const std::string& name) {
    const auto place = rules_.find(name);
    if (place != rules_.end()) return place->second;
    return rules_.emplace(name, Entry{grammar_.add_rule(name)}).first->second;
  }

  /// Spaces and comments, line ends too if they do not end the rule.
  void skip_space(bool lines) {
    while (!cursor_.at_end()) {
      const char32_t c = cursor_.peek();
      if (c == U'#') {
        while (!cursor_.at_end() && cursor_.peek() != U'\n' && cursor_.peek() != U'\r') cursor_.take();
      } else if (c == U' ' || c == U'\t' || (lines && (c == U'\n' || c == U'\r'))) {
        cursor_.take();
      } else {
        return;
      }
    }
  }

  std::string take_name() {
    std::string name;
    while (!cursor_.at_end() && is_name_character(cursor_.peek())) name += static_cast<char>(cursor_.take());
    return name;
  }

  Status parse_rule() {
    const std::string name = take_name();
    if (name.empty()) return error("a rule's name is needed");
    skip_space(false);
    if (!cursor_.take_if(U"::=")) return error("'::=' is needed after '{}'", name);
    skip_space(true);
    Entry& entry = rule_named(name);
    if (entry.defined) return error("rule '{}' is defined twice", name);
    entry.defined = true;
    HEARTH_ASSIGN_OR_RETURN(const ExpressionId expression, parse_alternatives(0));
    grammar_.define(entry.rule, expression);
    if (cursor_.at_end() || cursor_.peek() == U'\n' || cursor_.peek() == U'\r') return {};
    return error("rule '{}' should end here", name);
  }

  Result<ExpressionId> parse_alternatives(int depth) {
    if (depth > kDeepest) return error("more than {} groups inside one another", kDeepest);
    std::vector<ExpressionId> alternatives;
    do {
      skip_space(true);
      HEARTH_ASSIGN_OR_RETURN(const ExpressionId sequence, parse_sequence(depth));
      alternatives.push_back(sequence);
    } while (cursor_.take_if(U'|'));
    return grammar_.alternatives(alternatives);
  }

  Result<ExpressionId> parse_sequence(int depth) {
    std::vector<ExpressionId> parts;
    for (skip_space(depth > 0); !cursor_.at_end(); skip_space(depth > 0)) {
      HEARTH_ASSIGN_OR_RETURN(const std::optional<ExpressionId> item, parse_item(depth));
      if (!item) break;
      HEARTH_ASSIGN_OR_RETURN(const ExpressionId repeated, parse_repetitions(*item));
      parts.push_back(repeated);
    }
    return grammar_.sequence(parts);
  }

  /// Nothing where the sequence is over.
  Result<std::optional<ExpressionId>> parse_item(int depth) {
    if (is_name_character(cursor_.peek())) return std::optional(grammar_.reference(rule_named(take_name()).rule));
    if (cursor_.take_if(U'.')) return std::optional(grammar_.character(CodePointSet::all()));
    if (cursor_.take_if(U'"')) return parse_literal();
    if (cursor_.take_if(U'[')) return parse_class();
    if (!cursor_.take_if(U'(')) return std::optional<ExpressionId>();
    HEARTH_ASSIGN_OR_RETURN(const ExpressionId group, parse_alternatives(depth + 1));
    skip_space(true);
    if (!cursor_.take_if(U')')) return error("')' is needed");
    return std::optional(group);
  }

  Result<std::optional<ExpressionId>> parse_literal() {
    std::string bytes;
    while (!cursor_.take_if(U'"')) {
      HEARTH_ASSIGN_OR_RETURN(const char32_t code_point, parse_character("\""));
      append_utf8(bytes, code_point);
    }
    return std::optional(grammar_.bytes(bytes));
  }

  Result<std::optional<ExpressionId>> parse_class() {
    const bool negated = cursor_.take_if(U'^');
    std::vector<CodePointRange> ranges;
    while (!cursor_.take_if(U']')) {
      HEARTH_ASSIGN_OR_RETURN(const char32_t first, parse_character("]"));
      char32_t last = first;
      if (cursor_.peek() == U'-' && cursor_.peek(1) != U']') {
        cursor_.take();
        HEARTH_ASSIGN_OR_RETURN(last, parse_character("]"));
      }
      if (last < first) return error("a range of characters that ends before it begins");
      ranges.push_back({first, last});
    }
    const CodePointSet set(ranges);
    return std::optional(grammar_.character(negated ? set.complement() : set));
  }

  /// A character of a literal or class, which `closing` should end.
  Result<char32_t> parse_character(std::string_view closing) {
    if (cursor_.at_end() || cursor_.peek() == U'\n') return error("'{}' is needed before the line ends", closing);
    const char32_t plain = cursor_.take();
    if (plain != U'\\') return plain;
    if (cursor_.at_end()) return error("nothing follows '\\'");
    const char32_t escape = cursor_.take();
    switch (escape) {
      case U'n':
        return U'\n';
      case U'r':
        return U'\r';
      case U't':
        return U'\t';
      case U'x':
        return parse_code_point(2);
      case U'u':
        return parse_code_point(4);
      case U'U':
        return parse_code_point(8);
      case U'\\':
      case U'"':
      case U'[':
      case U']':
      case U'-':
      case U'^':
        return escape;
      default:
        break;
    }
    std::string name;
    append_utf8(name, escape);
    return error("'\\{}' means nothing", name);
  }

  Result<char32_t> parse_code_point(size_t digits) {
    const std::optional<char32_t> code_point = cursor_.take_hexadecimal(digits);
    if (!code_point) return error("{} hexadecimal digits are needed", digits);
    if (!CodePointSet::all().contains(*code_point)) return error("U+{:X} is no character", uint32_t{*code_point});
    return *code_point;
  }

  Result<ExpressionId> parse_repetitions(ExpressionId item) {
    int count = 0;
    for (;;) {
      uint32_t least = 0;
      uint32_t most = kUnlimited;
      if (cursor_.take_if(U'{')) {
        HEARTH_RETURN_IF_ERROR(parse_bounds(least, most));
      } else if (cursor_.take_if(U'+')) {
        least = 1;
      } else if (cursor_.take_if(U'?')) {
        most = 1;
      } else if (!cursor_.take_if(U'*')) {
        return item;
      }
      if (++count > kDeepest) return error("more than {} repetitions of one another", kDeepest);
      item = grammar_.repeat(item, least, most);
    }
  }

  /// What follows '{': "2}", "2,}" or "2,5}".
  Status parse_bounds(uint32_t& least, uint32_t& most) {
    skip_space(true);
    const std::optional<uint32_t> first = cursor_.take_count();
    if (!first) return error("a number up to a million is needed after '{{'");
    least = most = *first;
    skip_space(true);
    if (cursor_.take_if(U',')) {
      skip_space(true);
      most = kUnlimited;
      if (cursor_.peek() != U'}') {
        const std::optional<uint32_t> last = cursor_.take_count();
        if (!last) return error("a number up to a million or '}}' is needed after ','");
        most = *last;
      }
      skip_space(true);
    }
    if (!cursor_.take_if(U'}')) return error("'}}' is needed");
    return least <= most ? Status() : error("{{{},{}}}: the most is less than the least", least, most);
  }

  TextCursor cursor_;
  Grammar grammar_;
  std::map<std::string, Entry> rules_;
};

}  // namespace

Result<Grammar> parse_gbnf(std::string_view text) {
  if (text.size() > kLargest) return invalid_argument("gbnf: it has {} bytes, the most is {}", text.size(), kLargest);
  std::optional<std::u32string> code_points = decode_utf8(text);
  if (!code_points) return invalid_argument("gbnf: the text is no valid UTF-8");
  return GbnfParser(*std::move(code_points)).parse();
}

}  // namespace hearth
