// Filters that make numbers, and `default`.

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "text/chat_template/access.h"
#include "text/chat_template/methods.h"
#include "text/chat_template/numbers.h"
#include "text/chat_template/operators.h"
#include "text/chat_template/parameters.h"

namespace hearth::jinja {
namespace {

Result<Value> absolute(Runtime&, const Value& input, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("abs", arguments, {}).status());
  if (!input.is_number()) return invalid_argument("abs needs a number, not a {}", input.type_name());
  if (!input.is_integral()) return Value(std::fabs(input.number()), input.trusted());
  return input.integer() < 0 ? negate(input) : Result<Value>(Value(input.integer(), input.trusted()));
}

Result<Value> default_filter(Runtime&, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("default", arguments, {"default_value", "boolean"}));
  if (!input.is_undefined() && (is_true(input) || !parameters.truth(1, false))) return input;
  return parameters.find(0) ? parameters.at(0) : make_text("", true);
}

Result<Value> to_int(Runtime&, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("int", arguments, {"default", "base"}));
  HEARTH_ASSIGN_OR_RETURN(const int64_t base, parameters.integer(1, 10));
  if (input.is_undefined()) return invalid_argument("{}", input.undefined_message());
  if (input.is_integral()) return Value(input.integer(), input.trusted());
  std::optional<double> real;
  if (input.is_string()) {
    if (const std::optional<int64_t> number = parse_integer(input.text().bytes(), base)) {
      return Value(*number, input.trusted());
    }
    real = parse_float(input.text().bytes());
  } else if (input.is_number()) {
    real = input.number();
  }
  if (real && std::isfinite(*real)) {
    if (std::fabs(*real) >= 0x1p63) return invalid_argument("int: the number does not fit in 64 bits");
    return Value(static_cast<int64_t>(*real), input.trusted());
  }
  if (input.is<double>() && std::isinf(input.number())) return invalid_argument("int: infinity is no whole number");
  return parameters.find(0) ? parameters.at(0) : Value(int64_t{0});
}

Result<Value> to_float(Runtime&, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("float", arguments, {"default"}));
  if (input.is_undefined()) return invalid_argument("{}", input.undefined_message());
  if (input.is_number()) return Value(input.number(), input.trusted());
  if (input.is_string()) {
    if (const std::optional<double> real = parse_float(input.text().bytes())) return Value(*real, input.trusted());
  }
  return parameters.find(0) ? parameters.at(0) : Value(0.0);
}

Result<Value> round_integer(const Value& input, int64_t digits) {
  if (digits >= 0) return Value(input.integer(), input.trusted());
  if (digits < -18) return Value(int64_t{0}, input.trusted());
  int64_t unit = 1;
  for (int64_t i = digits; i < 0; ++i) unit *= 10;
  const int64_t rest = input.integer() % unit;
  const int64_t base = input.integer() - rest;
  const int64_t twice = rest < 0 ? -rest * 2 : rest * 2;
  const bool up = twice > unit || (twice == unit && (base / unit) % 2 != 0);
  int64_t result = base;
  if (up && __builtin_add_overflow(base, rest < 0 ? -unit : unit, &result)) {
    return invalid_argument("round: the result does not fit in 64 bits");
  }
  return Value(result, input.trusted());
}

Result<Value> round(Runtime&, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("round", arguments, {"precision", "method"}));
  HEARTH_ASSIGN_OR_RETURN(const int64_t digits, parameters.integer(0, 0));
  HEARTH_ASSIGN_OR_RETURN(const OriginText given, parameters.text(1));
  const std::string method = given.empty() ? "common" : given.bytes();
  if (method != "common" && method != "ceil" && method != "floor") {
    return invalid_argument("round: the method must be common, ceil or floor");
  }
  if (!input.is_number()) return invalid_argument("round needs a number, not a {}", input.type_name());
  if (method == "common") {
    if (input.is_integral()) return round_integer(input, digits);
    return Value(round_half_even(input.number(), digits), input.trusted());
  }
  const double scale = std::pow(10.0, static_cast<double>(digits));
  const double scaled = input.number() * scale;
  if (!std::isfinite(scaled)) return invalid_argument("round: the number is too large");
  return Value((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale, input.trusted());
}

Result<Value> length_filter(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("length", arguments, {}).status());
  HEARTH_ASSIGN_OR_RETURN(const int64_t size, length(runtime.budget, input));
  return Value(size);
}

Result<Value> sum(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("sum", arguments, {"attribute", "start"}));
  Value total = parameters.find(1) ? parameters.at(1) : Value(int64_t{0});
  if (total.is_string()) return invalid_argument("sum cannot add strings: use the filter 'join'");
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime.budget, input));
  for (const Value& item : items) {
    HEARTH_ASSIGN_OR_RETURN(const Value term, follow_path(runtime, item, parameters.value_or_none(0)));
    HEARTH_ASSIGN_OR_RETURN(total, calculate(runtime.budget, BinaryOperator::kAdd, total, term));
  }
  return total;
}

constexpr NamedFunction kFilters[] = {{"abs", absolute},           {"count", length_filter}, {"d", default_filter},
                                      {"default", default_filter}, {"float", to_float},      {"int", to_int},
                                      {"length", length_filter},   {"round", round},         {"sum", sum}};

}  // namespace

Function find_number_filter(std::string_view name) { return find_named(kFilters, name); }

}  // namespace hearth::jinja
