#include "text/chat_template/formatting.h"

#include <fmt/format.h>

#include <cmath>

#include "base/errors.h"
#include "text/chat_template/characters.h"
#include "text/chat_template/printing.h"

namespace hearth::jinja {
namespace {

constexpr size_t kLargestField = 10'000;

std::string with_groups(const std::string& digits) {
  const size_t end = std::min(digits.find_first_not_of("0123456789"), digits.size());
  std::string grouped;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i < end && (end - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

std::string signed_text(bool negative, std::string digits, const FieldLayout& layout) {
  if (layout.grouping) digits = with_groups(digits);
  const char sign = negative ? '-' : layout.sign;
  return sign == '-' && !negative ? digits : fmt::format("{}{}", sign, digits);
}

std::string integer_digits(uint64_t magnitude, const FieldLayout& layout) {
  switch (layout.type) {
    case 'x':
      return fmt::format("{}{:x}", layout.alternate ? "0x" : "", magnitude);
    case 'X':
      return fmt::format("{}{:X}", layout.alternate ? "0X" : "", magnitude);
    case 'o':
      return fmt::format("{}{:o}", layout.alternate ? "0o" : "", magnitude);
    case 'b':
      return fmt::format("{}{:b}", layout.alternate ? "0b" : "", magnitude);
    default:
      return fmt::format("{}", magnitude);
  }
}

std::string real_digits(double magnitude, const FieldLayout& layout) {
  const int precision = static_cast<int>(layout.precision.value_or(6));
  switch (layout.type) {
    case 'e':
      return fmt::format("{:.{}e}", magnitude, precision);
    case 'E':
      return fmt::format("{:.{}E}", magnitude, precision);
    case 'g':
      return fmt::format("{:.{}g}", magnitude, std::max(precision, 1));
    case 'G':
      return fmt::format("{:.{}G}", magnitude, std::max(precision, 1));
    case '%':
      return fmt::format("{:.{}f}%", magnitude * 100, precision);
    case '\0': {
      if (!layout.precision) return float_text(magnitude);
      std::string text = fmt::format("{:.{}g}", magnitude, std::max(precision, 1));
      if (text.find_first_of(".einf") == std::string::npos) text += ".0";
      return text;
    }
    default:
      return fmt::format("{:.{}f}", magnitude, precision);
  }
}

}  // namespace

Result<std::string> number_text(const Value& value, const FieldLayout& layout) {
  if (layout.width > kLargestField || layout.precision.value_or(0) > kLargestField) {
    return invalid_argument("a field of a format is wider than {} characters", kLargestField);
  }
  const bool is_integer_type = std::string_view("dioxXbn").find(layout.type) != std::string_view::npos;
  if (value.is_integral() && (layout.type == '\0' || is_integer_type)) {
    const int64_t number = value.integer();
    const uint64_t magnitude = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
    return signed_text(number < 0, integer_digits(magnitude, layout), layout);
  }
  if (!value.is_number() || is_integer_type) {
    return invalid_argument("the format '{}' does not fit a {}", layout.type, value.type_name());
  }
  const double number = value.number();
  return signed_text(std::signbit(number), real_digits(std::fabs(number), layout), layout);
}

void append_padded(TextBuilder& builder, const OriginText& text, const FieldLayout& layout, char default_align) {
  const size_t size = count_characters(text.bytes());
  const size_t padding = std::min(layout.width, kLargestField) > size ? layout.width - size : 0;
  const char align = layout.align == '\0' ? default_align : layout.align;
  std::string fill;
  for (size_t i = 0; i < padding; ++i) append_utf8(fill, layout.fill);
  const size_t fill_size = padding == 0 ? 0 : fill.size() / padding;
  const bool has_sign = !text.empty() && (text.bytes()[0] == '-' || text.bytes()[0] == '+' || text.bytes()[0] == ' ');
  const size_t sign = align == '=' && has_sign ? 1 : 0;
  const size_t left = align == '<' ? 0 : align == '^' ? padding / 2 : padding;
  builder.append(text, 0, sign);
  builder.append(std::string_view(fill).substr(0, left * fill_size), true);
  builder.append(text, sign, text.size() - sign);
  builder.append(std::string_view(fill).substr(left * fill_size), true);
}

}  // namespace hearth::jinja
