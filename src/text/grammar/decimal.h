#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hearth {

/// A decimal number without exponent: digits before and after its point, neither with zeros that say nothing, so that
/// zero has none and is not negative.
struct Decimal {
  bool negative = false;
  std::string whole{};
  std::string fraction{};

  bool is_zero() const { return whole.empty() && fraction.empty(); }
};

/// A number as JSON writes it, or nothing when it would have more than 40 digits.
std::optional<Decimal> parse_decimal(std::string_view text);

}  // namespace hearth
