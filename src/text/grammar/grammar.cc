#include "text/grammar/grammar.h"

#include <algorithm>
#include <utility>

namespace hearth {

ExpressionId Grammar::add(Expression expression) {
  expressions_.push_back(std::move(expression));
  return static_cast<ExpressionId>(expressions_.size() - 1);
}

bool Grammar::is_nothing(ExpressionId id) const {
  return expressions_[id].kind == Kind::kAlternatives && expressions_[id].parts.empty();
}

ExpressionId Grammar::bytes(std::string_view bytes) {
  return add({.kind = Kind::kBytes, .may_be_empty = bytes.empty(), .bytes = std::string(bytes)});
}

ExpressionId Grammar::character(CodePointSet characters) {
  if (characters.empty()) return nothing();
  return add({.kind = Kind::kCharacter, .characters = std::move(characters)});
}

ExpressionId Grammar::sequence(const std::vector<ExpressionId>& parts) {
  if (parts.size() == 1) return parts[0];
  if (std::ranges::any_of(parts, [&](ExpressionId part) { return is_nothing(part); })) return nothing();
  const bool empty = std::ranges::all_of(parts, [&](ExpressionId part) { return expressions_[part].may_be_empty; });
  return add({.kind = Kind::kSequence, .may_be_empty = empty, .parts = parts});
}

ExpressionId Grammar::alternatives(const std::vector<ExpressionId>& parts) {
  std::vector<ExpressionId> possible;
  std::ranges::copy_if(parts, std::back_inserter(possible), [&](ExpressionId part) { return !is_nothing(part); });
  if (possible.size() == 1) return possible[0];
  const bool empty = std::ranges::any_of(possible, [&](ExpressionId part) { return expressions_[part].may_be_empty; });
  return add({.kind = Kind::kAlternatives, .may_be_empty = empty, .parts = std::move(possible)});
}

ExpressionId Grammar::repeat(ExpressionId part, uint32_t least, uint32_t most) {
  if (least > most) return nothing();
  if (is_nothing(part)) return least == 0 ? empty() : part;
  if (most == 0) return empty();
  if (least == 1 && most == 1) return part;
  // An empty turn changes nothing, so that the least number is reached at once; turns that count must not be empty.
  if (expressions_[part].may_be_empty) {
    least = 0;
    if (constexpr uint32_t kMostCopies = 64; most != kUnlimited && most <= kMostCopies) {
      return sequence(std::vector<ExpressionId>(most, part));
    }
  }
  return add({.kind = Kind::kRepeat, .may_be_empty = least == 0, .parts = {part}, .least = least, .most = most});
}

ExpressionId Grammar::reference(RuleId rule) { return add({.kind = Kind::kReference, .rule = rule}); }

RuleId Grammar::add_rule(std::string name) {
  const ExpressionId undefined = nothing();
  rules_.push_back({std::move(name), undefined});
  return static_cast<RuleId>(rules_.size() - 1);
}

}  // namespace hearth
