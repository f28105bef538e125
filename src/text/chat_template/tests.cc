// Tests, what stands after `is`. Source: https://jinja.palletsprojects.com/en/stable/templates/#list-of-builtin-tests

#include "base/errors.h"
#include "text/chat_template/builtins.h"
#include "text/chat_template/characters.h"
#include "text/chat_template/methods.h"
#include "text/chat_template/operators.h"
#include "text/chat_template/parameters.h"
#include "text/chat_template/printing.h"

namespace hearth::jinja {
namespace {

bool is_undefined(const Value& value) { return value.is_undefined(); }
bool is_defined(const Value& value) { return !value.is_undefined(); }
bool is_none(const Value& value) { return value.is_none(); }
bool is_boolean(const Value& value) { return value.is_boolean(); }
bool is_false(const Value& value) { return value.is_boolean() && value.integer() == 0; }
bool is_true_itself(const Value& value) { return value.is_boolean() && value.integer() != 0; }
bool is_integer(const Value& value) { return value.is<int64_t>(); }
bool is_float(const Value& value) { return value.is<double>(); }
bool is_number(const Value& value) { return value.is_number(); }
bool is_string(const Value& value) { return value.is_string(); }
bool is_mapping(const Value& value) { return value.is_dictionary(); }
bool is_never(const Value&) { return false; }

bool is_sequence(const Value& value) {
  const Sequence* sequence = value.sequence();
  return value.is_undefined() || value.is_string() || value.is_dictionary() ||
         (sequence && sequence->is_subscriptable());
}

bool is_iterable(const Value& value) {
  const Object* object = value.object();
  return value.is_undefined() || value.is_string() || value.is_dictionary() || value.sequence() ||
         (object && object->kind == Object::Kind::kLoop);
}

bool is_callable(const Value& value) {
  const Object* object = value.object();
  return value.is_undefined() || value.method() ||
         (object && object->kind != Object::Kind::kNamespace && object->kind != Object::Kind::kCycler);
}

template <bool (*kIs)(const Value&)>
Result<Value> simple(Runtime&, const Value& self, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("this test", arguments, {}).status());
  return Value(kIs(self));
}

template <bool (*kIs)(std::string_view)>
Result<Value> about_text(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("this test", arguments, {}).status());
  HEARTH_ASSIGN_OR_RETURN(const OriginText text, to_text(runtime.budget, self));
  HEARTH_RETURN_IF_ERROR(runtime.budget.walk(text.size()));
  return Value(kIs(text.bytes()));
}

template <Comparison kComparison>
Result<Value> compared(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("this test", arguments, {"other"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const bool holds, compare(runtime.budget, kComparison, self, parameters.at(0)));
  return Value(holds);
}

Result<Value> has_remainder(Runtime& runtime, const Value& self, const Value& divisor, int64_t wanted) {
  if (self.is_string()) return invalid_argument("a str has no remainder");
  HEARTH_ASSIGN_OR_RETURN(const Value remainder, calculate(runtime.budget, BinaryOperator::kModulo, self, divisor));
  HEARTH_ASSIGN_OR_RETURN(const bool holds, equal(runtime.budget, remainder, Value(wanted)));
  return Value(holds);
}

template <int64_t kRemainder>
Result<Value> parity(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("this test", arguments, {}).status());
  return has_remainder(runtime, self, Value(int64_t{2}), kRemainder);
}

Result<Value> divisibleby(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("divisibleby", arguments, {"num"}, 1));
  return has_remainder(runtime, self, parameters.at(0), 0);
}

/// Identity; small values that are equal and of one type count as the same, as they are in CPython.
Result<Value> sameas(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("sameas", arguments, {"other"}, 1));
  const Value& other = parameters.at(0);
  if (self.sequence() || self.dictionary()) {
    return Value(self.sequence() == other.sequence() && self.dictionary() == other.dictionary());
  }
  if (self.type_name() != other.type_name()) return Value(false);
  HEARTH_ASSIGN_OR_RETURN(const bool same, equal(runtime.budget, self, other));
  return Value(same);
}

template <Function (*kFind)(std::string_view)>
Result<Value> is_name_of(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("this test", arguments, {}).status());
  HEARTH_RETURN_IF_ERROR(dictionary_key(runtime.budget, self).status());
  return Value(self.is_string() && kFind(self.text().bytes()) != nullptr);
}

constexpr NamedFunction kTests[] = {{"==", compared<Comparison::kEqual>},
                                    {"eq", compared<Comparison::kEqual>},
                                    {"equalto", compared<Comparison::kEqual>},
                                    {"!=", compared<Comparison::kNotEqual>},
                                    {"ne", compared<Comparison::kNotEqual>},
                                    {">", compared<Comparison::kGreater>},
                                    {"gt", compared<Comparison::kGreater>},
                                    {"greaterthan", compared<Comparison::kGreater>},
                                    {">=", compared<Comparison::kGreaterEqual>},
                                    {"ge", compared<Comparison::kGreaterEqual>},
                                    {"<", compared<Comparison::kLess>},
                                    {"lt", compared<Comparison::kLess>},
                                    {"lessthan", compared<Comparison::kLess>},
                                    {"<=", compared<Comparison::kLessEqual>},
                                    {"le", compared<Comparison::kLessEqual>},
                                    {"in", compared<Comparison::kIn>},
                                    {"boolean", simple<is_boolean>},
                                    {"callable", simple<is_callable>},
                                    {"defined", simple<is_defined>},
                                    {"divisibleby", divisibleby},
                                    {"escaped", simple<is_never>},
                                    {"even", parity<0>},
                                    {"false", simple<is_false>},
                                    {"filter", is_name_of<find_filter>},
                                    {"float", simple<is_float>},
                                    {"integer", simple<is_integer>},
                                    {"iterable", simple<is_iterable>},
                                    {"lower", about_text<is_lower_text>},
                                    {"mapping", simple<is_mapping>},
                                    {"none", simple<is_none>},
                                    {"number", simple<is_number>},
                                    {"odd", parity<1>},
                                    {"sameas", sameas},
                                    {"sequence", simple<is_sequence>},
                                    {"string", simple<is_string>},
                                    {"test", is_name_of<find_test>},
                                    {"true", simple<is_true_itself>},
                                    {"undefined", simple<is_undefined>},
                                    {"upper", about_text<is_upper_text>}};

}  // namespace

Function find_test(std::string_view name) { return find_named(kTests, name); }

}  // namespace hearth::jinja
