#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hearth::jinja {

/// What Python's int(text, base) reads: white space around, a sign, single underscores among the digits, a prefix that
/// fits the base. Nothing when it is no such number, or beyond 64 bits.
std::optional<int64_t> parse_integer(std::string_view text, int64_t base);
/// What Python's float(text) reads.
std::optional<double> parse_float(std::string_view text);
/// Python's round(number, digits): exact, halves to even.
double round_half_even(double number, int64_t digits);

}  // namespace hearth::jinja
