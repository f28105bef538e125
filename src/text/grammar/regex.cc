#include "text/grammar/regex.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/errors.h"
#include "text/grammar/regex_escapes.h"
#include "text/grammar/text_cursor.h"
#include "text/utf8.h"

namespace hearth {
namespace {

constexpr size_t kLargest = size_t{64} << 10;
constexpr int kDeepest = 64;

Regex character(CodePointSet set) { return {.kind = Regex::Kind::kCharacter, .characters = std::move(set)}; }

class RegexParser {
 public:
  explicit RegexParser(std::u32string pattern) : cursor_(std::move(pattern)) {}

  Result<Regex> parse() {
    HEARTH_ASSIGN_OR_RETURN(Regex regex, parse_alternatives(0));
    if (!cursor_.at_end()) return error("')' without '('");
    return regex;
  }

 private:
  template <typename... Args>
  Status error(fmt::format_string<Args...> format, Args&&... args) const {
    return regex_error(cursor_, fmt::format(format, std::forward<Args>(args)...));
  }

  Result<Regex> parse_alternatives(int depth) {
    if (depth > kDeepest) return error("more than {} groups inside one another", kDeepest);
    Regex regex{.kind = Regex::Kind::kAlternatives};
    do {
      Regex sequence;
      while (!cursor_.at_end() && cursor_.peek() != U'|' && cursor_.peek() != U')') {
        HEARTH_ASSIGN_OR_RETURN(Regex term, parse_term(depth));
        sequence.parts.push_back(std::move(term));
      }
      regex.parts.push_back(std::move(sequence));
    } while (cursor_.take_if(U'|'));
    if (regex.parts.size() > 1) return regex;
    Regex only = std::move(regex.parts[0]);
    return only;
  }

  Result<Regex> parse_term(int depth) {
    if (cursor_.take_if(U'^')) return Regex{.kind = Regex::Kind::kBegin};
    if (cursor_.take_if(U'$')) return Regex{.kind = Regex::Kind::kEnd};
    HEARTH_ASSIGN_OR_RETURN(Regex atom, parse_atom(depth));
    return parse_quantifier(std::move(atom));
  }

  Result<Regex> parse_atom(int depth) {
    const char32_t c = cursor_.take();
    switch (c) {
      case U'.':
        return character(regex_any_character());
      case U'(':
        return parse_group(depth);
      case U'[':
        return parse_class();
      case U'\\': {
        HEARTH_ASSIGN_OR_RETURN(CodePointSet set, parse_regex_escape(cursor_, false));
        return character(std::move(set));
      }
      case U'*':
      case U'+':
      case U'?':
        return error("'{}' has nothing to repeat", static_cast<char>(c));
      case U'{':
      case U'}':
      case U']':
        return error("'{}' stands alone: write '\\{}'", static_cast<char>(c), static_cast<char>(c));
      default:
        return character(CodePointSet::of(c));
    }
  }

  Result<Regex> parse_group(int depth) {
    if (cursor_.take_if(U'?') && !cursor_.take_if(U':')) {
      const bool named = cursor_.peek() == U'<' && cursor_.peek(1) != U'=' && cursor_.peek(1) != U'!';
      if (!named) return error("looking ahead or behind and flags are not supported");
      while (!cursor_.at_end() && cursor_.peek() != U'>') cursor_.take();
      if (!cursor_.take_if(U'>')) return error("'>' is needed after the group's name");
    }
    HEARTH_ASSIGN_OR_RETURN(Regex group, parse_alternatives(depth + 1));
    if (!cursor_.take_if(U')')) return error("')' is needed");
    return group;
  }

  Result<Regex> parse_class() {
    const bool negated = cursor_.take_if(U'^');
    CodePointSet set;
    while (!cursor_.take_if(U']')) {
      HEARTH_ASSIGN_OR_RETURN(const CodePointSet first, parse_class_member());
      if (cursor_.peek() != U'-' || cursor_.peek(1) == U']' || cursor_.peek(1) == U'\0') {
        set = set.united(first);
        continue;
      }
      cursor_.take();
      HEARTH_ASSIGN_OR_RETURN(const CodePointSet last, parse_class_member());
      const std::optional<char32_t> low = only_member(first);
      const std::optional<char32_t> high = only_member(last);
      if (!low || !high || *low > *high) return error("a range of characters that has no beginning or end");
      set = set.united({{*low, *high}});
    }
    return character(negated ? set.complement() : set);
  }

  Result<CodePointSet> parse_class_member() {
    if (cursor_.at_end()) return error("']' is needed");
    const char32_t c = cursor_.take();
    if (c == U'\\') return parse_regex_escape(cursor_, true);
    return CodePointSet::of(c);
  }

  static std::optional<char32_t> only_member(const CodePointSet& set) {
    if (set.ranges().size() != 1 || set.ranges()[0].first != set.ranges()[0].last) return std::nullopt;
    return set.ranges()[0].first;
  }

  Result<Regex> parse_quantifier(Regex atom) {
    Regex repeat{.kind = Regex::Kind::kRepeat, .least = 0, .most = kUnlimited};
    if (cursor_.take_if(U'{')) {
      HEARTH_RETURN_IF_ERROR(parse_bounds(repeat));
    } else if (cursor_.take_if(U'+')) {
      repeat.least = 1;
    } else if (cursor_.take_if(U'?')) {
      repeat.most = 1;
    } else if (!cursor_.take_if(U'*')) {
      return atom;
    }
    // What matches as a whole is the same for a lazy one.
    cursor_.take_if(U'?');
    repeat.parts.push_back(std::move(atom));
    return repeat;
  }

  Status parse_bounds(Regex& repeat) {
    const std::optional<uint32_t> least = cursor_.take_count();
    if (!least) return error("a number up to a million is needed after '{{'");
    repeat.least = repeat.most = *least;
    if (cursor_.take_if(U',')) {
      repeat.most = kUnlimited;
      if (cursor_.peek() != U'}') {
        const std::optional<uint32_t> most = cursor_.take_count();
        if (!most) return error("a number up to a million or '}}' is needed after ','");
        repeat.most = *most;
      }
    }
    if (!cursor_.take_if(U'}')) return error("'}}' is needed");
    return repeat.least <= repeat.most ? Status() : error("a repetition's most is less than its least");
  }

  TextCursor cursor_;
};

bool has_anchor(const Regex& regex) {
  return regex.kind == Regex::Kind::kBegin || regex.kind == Regex::Kind::kEnd ||
         std::ranges::any_of(regex.parts, has_anchor);
}

/// Anything may stand there.
Regex anything() {
  Regex repeat{.kind = Regex::Kind::kRepeat, .least = 0, .most = kUnlimited};
  repeat.parts.push_back(character(CodePointSet::all()));
  return repeat;
}

/// Takes anchors away that stand at the ends, and adds what may stand there without them.
Result<Regex> without_anchors(Regex regex, bool open_before, bool open_after) {
  if (regex.kind == Regex::Kind::kAlternatives) {
    for (Regex& part : regex.parts) {
      HEARTH_ASSIGN_OR_RETURN(part, without_anchors(std::move(part), open_before, open_after));
    }
    return regex;
  }
  Regex sequence;
  if (regex.kind == Regex::Kind::kSequence) {
    sequence.parts = std::move(regex.parts);
  } else {
    sequence.parts.push_back(std::move(regex));
  }
  std::vector<Regex>& parts = sequence.parts;
  while (!parts.empty() && parts.front().kind == Regex::Kind::kBegin) {
    open_before = false;
    parts.erase(parts.begin());
  }
  while (!parts.empty() && parts.back().kind == Regex::Kind::kEnd) {
    open_after = false;
    parts.pop_back();
  }
  if (parts.size() == 1 && has_anchor(parts[0]) && parts[0].kind != Regex::Kind::kRepeat) {
    return without_anchors(std::move(parts[0]), open_before, open_after);
  }
  if (std::ranges::any_of(parts, has_anchor)) {
    return invalid_argument("regular expression: '^' and '$' are supported at the ends of its alternatives only");
  }
  if (open_before) parts.insert(parts.begin(), anything());
  if (open_after) parts.push_back(anything());
  return sequence;
}

ExpressionId add_to(Grammar& grammar, const Regex& regex) {
  if (regex.kind == Regex::Kind::kCharacter) return grammar.character(regex.characters);
  std::vector<ExpressionId> parts;
  for (const Regex& part : regex.parts) parts.push_back(add_to(grammar, part));
  if (regex.kind == Regex::Kind::kRepeat) return grammar.repeat(parts[0], regex.least, regex.most);
  return regex.kind == Regex::Kind::kSequence ? grammar.sequence(parts) : grammar.alternatives(parts);
}

}  // namespace

Result<Regex> parse_regex(std::string_view pattern, RegexMeaning meaning) {
  if (pattern.size() > kLargest) {
    return invalid_argument("regular expression: it has {} bytes, the most is {}", pattern.size(), kLargest);
  }
  std::optional<std::u32string> code_points = decode_utf8(pattern);
  if (!code_points) return invalid_argument("regular expression: it is no valid UTF-8");
  HEARTH_ASSIGN_OR_RETURN(Regex regex, RegexParser(*std::move(code_points)).parse());
  const bool open = meaning == RegexMeaning::kSearch;
  return without_anchors(std::move(regex), open, open);
}

Result<Grammar> regex_grammar(std::string_view pattern) {
  HEARTH_ASSIGN_OR_RETURN(const Regex regex, parse_regex(pattern, RegexMeaning::kWhole));
  Grammar grammar;
  const RuleId root = grammar.add_rule("regular expression");
  grammar.define(root, add_to(grammar, regex));
  return grammar;
}

}  // namespace hearth
