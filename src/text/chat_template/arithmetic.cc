#include <cmath>
#include <limits>

#include "base/errors.h"
#include "text/chat_template/formatting.h"
#include "text/chat_template/operators.h"
#include "text/chat_template/text_builder.h"

namespace hearth::jinja {
namespace {

Status overflow() { return invalid_argument("the result does not fit in 64 bits"); }
Status division_by_zero() { return invalid_argument("division by zero"); }

std::string_view symbol(BinaryOperator operation) {
  switch (operation) {
    case BinaryOperator::kAdd:
      return "+";
    case BinaryOperator::kSubtract:
      return "-";
    case BinaryOperator::kMultiply:
      return "*";
    case BinaryOperator::kDivide:
      return "/";
    case BinaryOperator::kFloorDivide:
      return "//";
    case BinaryOperator::kModulo:
      return "%";
    case BinaryOperator::kPower:
      return "**";
  }
  return "";
}

double real_power(double base, double exponent) { return std::pow(base, exponent); }

Result<Value> integer_power(int64_t base, int64_t exponent, bool trusted) {
  if (exponent < 0) {
    if (base == 0) return division_by_zero();
    return Value(real_power(static_cast<double>(base), static_cast<double>(exponent)), trusted);
  }
  int64_t result = 1;
  while (exponent > 0) {
    if (exponent % 2 == 1 && __builtin_mul_overflow(result, base, &result)) return overflow();
    exponent /= 2;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return overflow();
  }
  return Value(result, trusted);
}

Result<Value> calculate_integers(BinaryOperator operation, int64_t a, int64_t b, bool trusted) {
  int64_t result = 0;
  switch (operation) {
    case BinaryOperator::kAdd:
      if (__builtin_add_overflow(a, b, &result)) return overflow();
      return Value(result, trusted);
    case BinaryOperator::kSubtract:
      if (__builtin_sub_overflow(a, b, &result)) return overflow();
      return Value(result, trusted);
    case BinaryOperator::kMultiply:
      if (__builtin_mul_overflow(a, b, &result)) return overflow();
      return Value(result, trusted);
    case BinaryOperator::kPower:
      return integer_power(a, b, trusted);
    default:
      break;
  }
  if (b == 0) return division_by_zero();
  if (operation == BinaryOperator::kDivide) return Value(static_cast<double>(a) / static_cast<double>(b), trusted);
  if (b == -1)
    return calculate_integers(BinaryOperator::kMultiply, operation == BinaryOperator::kModulo ? 0 : a, b, trusted);
  // Python rounds down, C++ to zero.
  const bool rounds = a % b != 0 && (a < 0) != (b < 0);
  if (operation == BinaryOperator::kModulo) return Value(a % b + (rounds ? b : 0), trusted);
  return Value(a / b - (rounds ? 1 : 0), trusted);
}

/// The remainder of a / b with the sign of b.
double real_modulo(double a, double b) {
  const double remainder = std::fmod(a, b);
  if (remainder == 0) return std::copysign(0.0, b);
  return (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

/// a / b rounded down; the steps are CPython's, so that the last bit is the same.
double real_floor_divide(double a, double b) {
  double remainder = std::fmod(a, b);
  double quotient = (a - remainder) / b;
  if (remainder != 0 && (remainder < 0) != (b < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

Result<double> calculate_reals(BinaryOperator operation, double a, double b) {
  switch (operation) {
    case BinaryOperator::kAdd:
      return a + b;
    case BinaryOperator::kSubtract:
      return a - b;
    case BinaryOperator::kMultiply:
      return a * b;
    case BinaryOperator::kPower: {
      if (a == 0 && b < 0) return division_by_zero();
      const double result = real_power(a, b);
      if (std::isnan(result) && !std::isnan(a) && !std::isnan(b)) {
        return invalid_argument("the power of a negative number is not a real number");
      }
      if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) return overflow();
      return result;
    }
    default:
      break;
  }
  if (b == 0) return division_by_zero();
  if (operation == BinaryOperator::kDivide) return a / b;
  return operation == BinaryOperator::kModulo ? real_modulo(a, b) : real_floor_divide(a, b);
}

Result<Value> concatenate(Budget& budget, const Value& a, const Value& b) {
  if (a.is_string()) {
    TextBuilder builder(budget);
    builder.append(a.text());
    builder.append(b.text());
    return builder.finish();
  }
  std::vector<Value> items;
  const std::vector<Value>& first = a.sequence()->items;
  const std::vector<Value>& second = b.sequence()->items;
  HEARTH_RETURN_IF_ERROR(budget.allocate((first.size() + second.size()) * sizeof(Value)));
  items.insert(items.end(), first.begin(), first.end());
  items.insert(items.end(), second.begin(), second.end());
  return make_sequence(budget, a.sequence()->kind, std::move(items), a.trusted() && b.trusted());
}

bool is_ordinary(const Sequence* sequence) {
  return sequence && (sequence->kind == Sequence::Kind::kList || sequence->kind == Sequence::Kind::kTuple);
}

bool can_concatenate(const Value& a, const Value& b) {
  if (a.is_string() || b.is_string()) return a.is_string() && b.is_string();
  return is_ordinary(a.sequence()) && is_ordinary(b.sequence()) && a.sequence()->kind == b.sequence()->kind;
}

Result<Value> repeat(Budget& budget, const Value& value, int64_t count) {
  const uint64_t times = count > 0 ? static_cast<uint64_t>(count) : 0;
  const uint64_t size = value.is_string() ? value.text().size() : value.sequence()->items.size() * sizeof(Value);
  uint64_t total = 0;
  if (__builtin_mul_overflow(times, std::max<uint64_t>(size, 1), &total)) total = std::numeric_limits<uint64_t>::max();
  HEARTH_RETURN_IF_ERROR(budget.allocate(total));
  if (value.is_string()) {
    OriginText text;
    for (uint64_t i = 0; i < times; ++i) text.append(value.text());
    return make_text(budget, std::move(text));
  }
  std::vector<Value> items;
  const std::vector<Value>& part = value.sequence()->items;
  for (uint64_t i = 0; i < times; ++i) items.insert(items.end(), part.begin(), part.end());
  return make_sequence(budget, value.sequence()->kind, std::move(items), value.trusted());
}

}  // namespace

Result<Value> calculate(Budget& budget, BinaryOperator operation, const Value& a, const Value& b) {
  if (operation == BinaryOperator::kModulo && a.is_string()) return format_percent(budget, a.text(), b);
  if (a.is_undefined() || b.is_undefined()) {
    return invalid_argument("{}", (a.is_undefined() ? a : b).undefined_message());
  }
  const bool trusted = a.trusted() && b.trusted();
  if (a.is_integral() && b.is_integral()) return calculate_integers(operation, a.integer(), b.integer(), trusted);
  if (a.is_number() && b.is_number()) {
    HEARTH_ASSIGN_OR_RETURN(const double result, calculate_reals(operation, a.number(), b.number()));
    return Value(result, trusted);
  }
  if (operation == BinaryOperator::kAdd && can_concatenate(a, b)) return concatenate(budget, a, b);
  if (operation == BinaryOperator::kMultiply) {
    if ((a.is_string() || is_ordinary(a.sequence())) && b.is_integral()) return repeat(budget, a, b.integer());
    if ((b.is_string() || is_ordinary(b.sequence())) && a.is_integral()) return repeat(budget, b, a.integer());
  }
  return invalid_argument("'{}' cannot be used with a {} and a {}", symbol(operation), a.type_name(), b.type_name());
}

Result<Value> negate(const Value& value) {
  if (value.is_undefined()) return invalid_argument("{}", value.undefined_message());
  if (value.is_integral()) return calculate_integers(BinaryOperator::kSubtract, 0, value.integer(), value.trusted());
  if (value.is_number()) return Value(-value.number(), value.trusted());
  return invalid_argument("'-' cannot be used with a {}", value.type_name());
}

}  // namespace hearth::jinja
