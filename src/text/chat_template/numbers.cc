#include "text/chat_template/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "text/chat_template/characters.h"

namespace hearth::jinja {
namespace {

/// Without white space around; nothing when underscores stand elsewhere than single between digits.
std::optional<std::string> clean(std::string_view text) {
  while (!text.empty() && is_space(character_at(text, 0).code_point)) text.remove_prefix(character_at(text, 0).size);
  while (!text.empty() && is_space(character_before(text, text.size()).code_point)) {
    text.remove_suffix(character_before(text, text.size()).size);
  }
  std::string digits;
  const auto is_part = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      digits += text[i];
    } else if (i == 0 || i + 1 == text.size() || !is_part(text[i - 1]) || !is_part(text[i + 1])) {
      return std::nullopt;
    }
  }
  return digits;
}

int64_t prefix_base(std::string_view digits) {
  if (digits.size() < 3 || digits[0] != '0') return 0;
  const char letter = static_cast<char>(digits[1] | 0x20);
  return letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
}

}  // namespace

std::optional<int64_t> parse_integer(std::string_view text, int64_t base) {
  const std::optional<std::string> cleaned = clean(text);
  if (!cleaned || base < 0 || base == 1 || base > 36) return std::nullopt;
  std::string_view digits = *cleaned;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  const int64_t prefix = prefix_base(digits);
  if (prefix != 0 && (base == 0 || base == prefix)) {
    digits.remove_prefix(2);
    base = prefix;
  }
  if (base == 0) {
    const bool is_zero = digits.find_first_not_of('0') == std::string_view::npos;
    if (digits.starts_with('0') && !is_zero) return std::nullopt;
    base = 10;
  }
  if (digits.starts_with('-')) return std::nullopt;
  const std::string number = fmt::format("{}{}", negative ? "-" : "", digits);
  int64_t value = 0;
  const auto [end, failure] =
      std::from_chars(number.data(), number.data() + number.size(), value, static_cast<int>(base));
  if (failure != std::errc() || end != number.data() + number.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_float(std::string_view text) {
  const std::optional<std::string> cleaned = clean(text);
  if (!cleaned || cleaned->empty()) return std::nullopt;
  std::string_view digits = *cleaned;
  const bool has_sign = digits.starts_with('-') || digits.starts_with('+');
  const double sign = digits.starts_with('-') ? -1 : 1;
  if (has_sign) digits.remove_prefix(1);
  if (digits.starts_with('-') || digits.find('(') != std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size()) return std::nullopt;
  // The library leaves what is too large or too small as it was.
  if (failure == std::errc::result_out_of_range) return sign * std::strtod(std::string(digits).c_str(), nullptr);
  return failure == std::errc() ? std::optional(sign * value) : std::nullopt;
}

double round_half_even(double number, int64_t digits) {
  if (!std::isfinite(number) || digits > 330) return number;
  if (digits < -330) return std::copysign(0.0, number);
  if (digits >= 0) {
    const std::string text = fmt::format("{:.{}f}", number, digits);
    double rounded = 0;
    std::from_chars(text.data(), text.data() + text.size(), rounded);
    return rounded;
  }
  const double scale = std::pow(10.0, static_cast<double>(-digits));
  return std::nearbyint(number / scale) * scale;
}

}  // namespace hearth::jinja
