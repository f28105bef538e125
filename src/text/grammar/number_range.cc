#include "text/grammar/number_range.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/errors.h"
#include "text/grammar/decimal.h"

namespace hearth {
namespace {

/// Decimal digits up to which a float64 tells all numbers apart.
constexpr size_t kExactDigits = 15;
constexpr int64_t kMostListed = 1000;
constexpr int64_t kLargestFactor = 1000;

ExpressionId digit(Grammar& grammar, char first = '0', char last = '9') {
  if (first > last) return grammar.nothing();
  return grammar.character({{static_cast<char32_t>(first), static_cast<char32_t>(last)}});
}

ExpressionId digits(Grammar& grammar, size_t least, uint32_t most) {
  return grammar.repeat(digit(grammar), static_cast<uint32_t>(least), most);
}

/// Digit strings from `low` to `high`, which are as long as each other.
ExpressionId digits_between(Grammar& grammar, const std::string& low, const std::string& high) {
  if (low > high) return grammar.nothing();
  const size_t size = low.size();
  if (low == std::string(size, '0') && high == std::string(size, '9')) {
    return digits(grammar, size, static_cast<uint32_t>(size));
  }
  const std::string low_rest = low.substr(1);
  const std::string high_rest = high.substr(1);
  if (low[0] == high[0]) {
    return grammar.sequence({digit(grammar, low[0], low[0]), digits_between(grammar, low_rest, high_rest)});
  }
  const std::string zeros(size - 1, '0');
  const std::string nines(size - 1, '9');
  const auto with = [&](char first, char last, ExpressionId rest) {
    return grammar.sequence({digit(grammar, first, last), rest});
  };
  return grammar.alternatives({
      with(low[0], low[0], digits_between(grammar, low_rest, nines)),
      with(static_cast<char>(low[0] + 1), static_cast<char>(high[0] - 1), digits_between(grammar, zeros, nines)),
      with(high[0], high[0], digits_between(grammar, zeros, high_rest)),
  });
}

/// Whole numbers from `low` to `high` (without end if it is none), digits without leading zeros; zero is "0".
ExpressionId wholes_between(Grammar& grammar, const std::string& low, const std::optional<std::string>& high) {
  std::vector<ExpressionId> ways;
  const size_t longest = high ? high->size() : low.size();
  for (size_t size = low.size(); size <= longest; ++size) {
    const std::string first = size == low.size() ? low : '1' + std::string(size - 1, '0');
    const std::string last = high && size == longest ? *high : std::string(size, '9');
    ways.push_back(digits_between(grammar, first, last));
  }
  if (!high) ways.push_back(grammar.sequence({digit(grammar, '1'), digits(grammar, low.size(), kUnlimited)}));
  return grammar.alternatives(ways);
}

/// The whole number beyond a positive decimal, toward zero or away from it.
Result<int64_t> whole_of(const NumberBound& bound, bool upward) {
  const std::optional<Decimal> decimal = parse_decimal(bound.text);
  int64_t value = 0;
  const char* begin = decimal ? decimal->whole.data() : nullptr;
  const bool small = decimal && decimal->whole.size() <= 18;
  if (!small) return invalid_argument("the bound {} has too many digits", bound.text);
  std::from_chars(begin, begin + decimal->whole.size(), value);
  if (decimal->negative) value = -value;
  if (!decimal->fraction.empty()) {
    // The whole part was cut towards zero.
    if (upward && !decimal->negative) ++value;
    if (!upward && decimal->negative) --value;
  } else if (bound.exclusive) {
    value += upward ? 1 : -1;
  }
  return value;
}

struct WholeRange {
  std::optional<int64_t> least{};
  std::optional<int64_t> most{};
};

Result<WholeRange> whole_range(const NumberRange& range) {
  WholeRange result;
  if (range.least) {
    HEARTH_ASSIGN_OR_RETURN(result.least, whole_of(*range.least, true));
  }
  if (range.most) {
    HEARTH_ASSIGN_OR_RETURN(result.most, whole_of(*range.most, false));
  }
  return result;
}

/// Numbers that begin at zero or above, both bounds: what lies between two absolute values.
struct Magnitudes {
  Decimal low{};
  bool low_exclusive = false;
  std::optional<Decimal> high{};
  bool high_exclusive = false;
  size_t places = 0;  ///< The most digits after the point.
};

/// Fractions of numbers whose whole part is a bound's: they follow the bound's digits until they leave them.
class Fractions {
 public:
  Fractions(Grammar& grammar, const Magnitudes& range, bool at_low, bool at_high)
      : grammar_(grammar), range_(range), at_low_(at_low), at_high_(at_high) {
    low_ = padded(range.low.fraction);
    if (range.high) high_ = padded(range.high->fraction);
  }

  ExpressionId expression() {
    const ExpressionId point = grammar_.sequence({grammar_.bytes("."), digit_at(0, at_low_, at_high_)});
    return may_stop(0, at_low_, at_high_) ? grammar_.optional(point) : point;
  }

 private:
  std::string padded(const std::string& fraction) const {
    return fraction + std::string(range_.places - fraction.size(), '0');
  }

  static bool zeros_from(const std::string& digits, size_t index) {
    return digits.find_first_not_of('0', index) == std::string::npos;
  }

  bool may_stop(size_t index, bool at_low, bool at_high) const {
    if (at_low && (!zeros_from(low_, index) || range_.low_exclusive)) return false;
    return !at_high || !zeros_from(high_, index) || !range_.high_exclusive;
  }

  ExpressionId digit_at(size_t index, bool at_low, bool at_high) {
    if (index == range_.places) return grammar_.nothing();
    const auto left = static_cast<uint32_t>(range_.places - index);
    if (!at_low && !at_high) return digits(grammar_, 1, left);
    const char first = at_low ? low_[index] : '0';
    const char last = at_high ? high_[index] : '9';
    std::vector<ExpressionId> ways;
    for (char d = first; d <= last; ++d) {
      const bool low_goes_on = at_low && d == first;
      const bool high_goes_on = at_high && d == last;
      const ExpressionId more = digit_at(index + 1, low_goes_on, high_goes_on);
      const ExpressionId rest = may_stop(index + 1, low_goes_on, high_goes_on) ? grammar_.optional(more) : more;
      ways.push_back(grammar_.sequence({digit(grammar_, d, d), rest}));
    }
    return grammar_.alternatives(ways);
  }

  Grammar& grammar_;
  const Magnitudes& range_;
  bool at_low_;
  bool at_high_;
  std::string low_;
  std::string high_;
};

std::string written(const std::string& whole) { return whole.empty() ? "0" : whole; }

/// The whole number after or before one, as digits.
std::string neighbour(const std::string& whole, int64_t step) {
  int64_t value = 0;
  std::from_chars(whole.data(), whole.data() + whole.size(), value);
  return fmt::format("{}", value + step);
}

ExpressionId magnitudes(Grammar& grammar, const Magnitudes& range) {
  const std::string low = written(range.low.whole);
  const auto fractions = [&](bool at_low, bool at_high) {
    return Fractions(grammar, range, at_low, at_high).expression();
  };
  if (range.high && low == written(range.high->whole)) {
    if (range.low.fraction > range.high->fraction) return grammar.nothing();
    return grammar.sequence({grammar.bytes(low), fractions(true, true)});
  }
  std::vector<ExpressionId> ways{grammar.sequence({grammar.bytes(low), fractions(true, false)})};
  const std::string next = neighbour(low, 1);
  if (!range.high) {
    ways.push_back(grammar.sequence({wholes_between(grammar, next, std::nullopt), fractions(false, false)}));
    return grammar.alternatives(ways);
  }
  const std::string high = written(range.high->whole);
  if (low.size() > high.size() || (low.size() == high.size() && low > high)) return grammar.nothing();
  if (next != high) {
    const ExpressionId between = wholes_between(grammar, next, neighbour(high, -1));
    ways.push_back(grammar.sequence({between, fractions(false, false)}));
  }
  ways.push_back(grammar.sequence({grammar.bytes(high), fractions(false, true)}));
  return grammar.alternatives(ways);
}

struct DecimalBound {
  Decimal value;
  bool exclusive;
};

Result<std::optional<DecimalBound>> decimal_bound(const std::optional<NumberBound>& bound) {
  if (!bound) return std::optional<DecimalBound>();
  const std::optional<Decimal> decimal = parse_decimal(bound->text);
  if (!decimal || decimal->whole.size() > kExactDigits || decimal->fraction.size() > 2 * kExactDigits) {
    return invalid_argument("the bound {} has too many digits", bound->text);
  }
  if (bound->exclusive && decimal->whole.size() + decimal->fraction.size() > kExactDigits) {
    return invalid_argument("the exclusive bound {} has more than {} digits", bound->text, kExactDigits);
  }
  return std::optional(DecimalBound{*decimal, bound->exclusive});
}

/// The part of a range at zero and above, or with `negative` the absolute values of that below zero.
ExpressionId side(Grammar& grammar, std::optional<DecimalBound> low, std::optional<DecimalBound> high, bool negative,
                  size_t places) {
  if (negative) std::swap(low, high);
  Magnitudes range{.places = places};
  if (low && low->value.negative == negative) {
    range.low = low->value;
    range.low_exclusive = low->exclusive;
  }
  // "-0" is not written.
  if (negative && range.low.is_zero()) range.low_exclusive = true;
  if (high) {
    if (high->value.negative != negative) return grammar.nothing();
    range.high = high->value;
    range.high_exclusive = high->exclusive;
  }
  const ExpressionId digits = magnitudes(grammar, range);
  return negative ? grammar.sequence({grammar.bytes("-"), digits}) : digits;
}

/// Digits of multiples of a factor: what is left of the digits so far when they are divided by it is the state.
ExpressionId all_multiples(Grammar& grammar, int64_t factor, bool zero, bool negative) {
  std::vector<RuleId> rules;
  for (int64_t i = 0; i < factor; ++i) rules.push_back(grammar.add_rule(fmt::format("multiple of {}", factor)));
  const auto next = [&](int64_t left, char d) {
    const int64_t after = (left * 10 + (d - '0')) % factor;
    return grammar.sequence({digit(grammar, d, d), grammar.reference(rules[static_cast<size_t>(after)])});
  };
  for (int64_t left = 0; left < factor; ++left) {
    std::vector<ExpressionId> ways;
    if (left == 0) ways.push_back(grammar.empty());
    for (char d = '0'; d <= '9'; ++d) ways.push_back(next(left, d));
    grammar.define(rules[static_cast<size_t>(left)], grammar.alternatives(ways));
  }
  std::vector<ExpressionId> starts;
  for (char d = '1'; d <= '9'; ++d) starts.push_back(next(0, d));
  const ExpressionId magnitude = grammar.alternatives(starts);
  std::vector<ExpressionId> ways{magnitude};
  if (zero) ways.push_back(grammar.bytes("0"));
  if (negative) ways.push_back(grammar.sequence({grammar.bytes("-"), magnitude}));
  return grammar.alternatives(ways);
}

}  // namespace

Result<ExpressionId> integers_between(Grammar& grammar, const NumberRange& range) {
  HEARTH_ASSIGN_OR_RETURN(const WholeRange whole, whole_range(range));
  const auto text = [](int64_t value) { return fmt::format("{}", value); };
  std::vector<ExpressionId> ways;
  if (!whole.most || *whole.most >= 0) {
    const int64_t low = std::max<int64_t>(whole.least.value_or(0), 0);
    const std::optional<std::string> high = whole.most ? std::optional(text(*whole.most)) : std::nullopt;
    if (!whole.most || low <= *whole.most) ways.push_back(wholes_between(grammar, text(low), high));
  }
  if (!whole.least || *whole.least < 0) {
    const int64_t low = std::max<int64_t>(-whole.most.value_or(-1), 1);
    const std::optional<std::string> high = whole.least ? std::optional(text(-*whole.least)) : std::nullopt;
    if (!whole.least || low <= -*whole.least) {
      ways.push_back(grammar.sequence({grammar.bytes("-"), wholes_between(grammar, text(low), high)}));
    }
  }
  return grammar.alternatives(ways);
}

Result<ExpressionId> multiples_between(Grammar& grammar, int64_t factor, const NumberRange& range) {
  if (factor == 1) return integers_between(grammar, range);
  HEARTH_ASSIGN_OR_RETURN(const WholeRange whole, whole_range(range));
  if (whole.least && whole.most) {
    if (*whole.least > *whole.most) return grammar.nothing();
    const int64_t distance = *whole.least % factor;
    const int64_t first = distance > 0 ? *whole.least - distance + factor : *whole.least - distance;
    if (first > *whole.most) return grammar.nothing();
    if ((*whole.most - first) / factor < kMostListed) {
      std::vector<ExpressionId> listed;
      for (int64_t value = first; value <= *whole.most; value += factor) {
        listed.push_back(grammar.bytes(fmt::format("{}", value)));
      }
      return grammar.alternatives(listed);
    }
  }
  if (whole.most || (whole.least && *whole.least != 0 && *whole.least != 1)) {
    return invalid_argument("multipleOf: between bounds there may be {} multiples at most", kMostListed);
  }
  if (factor > kLargestFactor) return invalid_argument("multipleOf: {} is more than {}", factor, kLargestFactor);
  return all_multiples(grammar, factor, whole.least != 1, !whole.least);
}

Result<ExpressionId> decimals_between(Grammar& grammar, const NumberRange& range) {
  HEARTH_ASSIGN_OR_RETURN(const std::optional<DecimalBound> least, decimal_bound(range.least));
  HEARTH_ASSIGN_OR_RETURN(const std::optional<DecimalBound> most, decimal_bound(range.most));
  size_t whole_digits = 1;
  size_t places = 0;
  for (const std::optional<DecimalBound>& bound : {least, most}) {
    if (!bound) continue;
    whole_digits = std::max(whole_digits, bound->value.whole.size());
    places = std::max(places, bound->value.fraction.size());
  }
  places = std::max(places, kExactDigits - whole_digits);
  const bool exclusive = (least && least->exclusive) || (most && most->exclusive);
  if (exclusive && places + whole_digits > kExactDigits) {
    return invalid_argument("the bounds have more than {} digits together, and one is exclusive", kExactDigits);
  }
  std::vector<ExpressionId> ways;
  ways.push_back(side(grammar, least, most, false, places));
  ways.push_back(side(grammar, least, most, true, places));
  return grammar.alternatives(ways);
}

}  // namespace hearth
