#include "text/grammar/decimal.h"

#include <charconv>

namespace hearth {

std::optional<Decimal> parse_decimal(std::string_view text) {
  constexpr int kMostDigits = 40;
  Decimal decimal{.negative = text.starts_with('-')};
  if (decimal.negative) text.remove_prefix(1);
  int exponent = 0;
  if (const size_t mark = text.find_first_of("eE"); mark != std::string_view::npos) {
    std::string_view digits = text.substr(mark + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    if (std::from_chars(digits.data(), digits.data() + digits.size(), exponent).ec != std::errc()) return std::nullopt;
    text = text.substr(0, mark);
  }
  const size_t point = text.find('.');
  std::string digits(text.substr(0, point));
  exponent += static_cast<int>(digits.size());
  if (point != std::string_view::npos) digits += text.substr(point + 1);
  // 0.digits × 10^exponent from here on.
  if (exponent > kMostDigits || exponent < -kMostDigits) return std::nullopt;
  if (exponent < 0) digits.insert(0, static_cast<size_t>(-exponent), '0');
  const auto whole_digits = static_cast<size_t>(exponent < 0 ? 0 : exponent);
  if (digits.size() < whole_digits) digits.append(whole_digits - digits.size(), '0');
  decimal.whole = digits.substr(0, whole_digits);
  decimal.fraction = digits.substr(whole_digits);
  decimal.whole.erase(0, std::min(decimal.whole.find_first_not_of('0'), decimal.whole.size()));
  decimal.fraction.erase(decimal.fraction.find_last_not_of('0') + 1);
  if (decimal.is_zero()) decimal.negative = false;
  return decimal;
}

}  // namespace hearth
