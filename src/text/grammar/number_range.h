#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hearth/status.h"
#include "text/grammar/grammar.h"

namespace hearth {

/// A bound of numbers: its decimal digits as a JSON document has them, exponent and all.
struct NumberBound {
  std::string text;
  bool exclusive = false;
};

struct NumberRange {
  std::optional<NumberBound> least{};
  std::optional<NumberBound> most{};
};

/// The integers of a range, in decimal digits, without "-0".
Result<ExpressionId> integers_between(Grammar& grammar, const NumberRange& range);
/// The multiples of `factor`, 1 or more, in a range.
Result<ExpressionId> multiples_between(Grammar& grammar, int64_t factor, const NumberRange& range);
/// Decimal numbers of a range without exponent. They have so few digits after the point that a float64 tells them from
/// an exclusive bound.
Result<ExpressionId> decimals_between(Grammar& grammar, const NumberRange& range);

}  // namespace hearth
