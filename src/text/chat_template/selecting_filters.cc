// Filters that apply a filter or a test to each item.

#include "base/errors.h"
#include "text/chat_template/access.h"
#include "text/chat_template/builtins.h"
#include "text/chat_template/methods.h"
#include "text/chat_template/operators.h"
#include "text/chat_template/parameters.h"

namespace hearth::jinja {
namespace {

/// The function of the name that is the argument at `index`; the arguments after it are the function's own.
Result<Function> named_function(const Arguments& arguments, size_t index, Function (*find)(std::string_view),
                                Arguments& own) {
  const Value& name = arguments.positional[index];
  const Function function = name.is_string() ? find(name.text().bytes()) : nullptr;
  if (!function) return invalid_argument("there is no filter or test of the name that was given");
  own.positional.assign(arguments.positional.begin() + static_cast<ptrdiff_t>(index) + 1, arguments.positional.end());
  own.named = arguments.named;
  return function;
}

/// These filters take whatever is false for nothing to do, a number too.
Result<std::vector<Value>> items_to_filter(Budget& budget, const Value& input) {
  return is_true(input) ? iterate(budget, input) : std::vector<Value>();
}

Result<Value> map_attribute(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("map", arguments, {"attribute", "default"}, 1));
  HEARTH_ASSIGN_OR_RETURN(std::vector<Value> items, items_to_filter(runtime.budget, input));
  for (Value& item : items) {
    HEARTH_ASSIGN_OR_RETURN(item, follow_path(runtime, item, parameters.at(0)));
    if (item.is_undefined() && parameters.has(1)) item = parameters.at(1);
  }
  return make_sequence(runtime.budget, Sequence::Kind::kIterator, std::move(items), input.trusted());
}

Result<Value> map(Runtime& runtime, const Value& input, const Arguments& arguments) {
  if (arguments.positional.empty()) return map_attribute(runtime, input, arguments);
  Arguments own;
  HEARTH_ASSIGN_OR_RETURN(const Function function, named_function(arguments, 0, find_filter, own));
  HEARTH_ASSIGN_OR_RETURN(std::vector<Value> items, items_to_filter(runtime.budget, input));
  for (Value& item : items) {
    Nesting nesting(runtime.budget);
    HEARTH_RETURN_IF_ERROR(nesting.enter());
    HEARTH_ASSIGN_OR_RETURN(item, function(runtime, item, own));
  }
  return make_sequence(runtime.budget, Sequence::Kind::kIterator, std::move(items), input.trusted());
}

template <bool kWanted, bool kByAttribute>
Result<Value> select(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const size_t skipped = kByAttribute ? 1 : 0;
  if (arguments.positional.size() < skipped) return invalid_argument("the filter needs the name of an attribute");
  Function test = nullptr;
  Arguments own;
  if (arguments.positional.size() > skipped) {
    HEARTH_ASSIGN_OR_RETURN(test, named_function(arguments, skipped, find_test, own));
  }
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> items, items_to_filter(runtime.budget, input));
  std::vector<Value> kept;
  for (const Value& item : items) {
    Value subject = item;
    if (kByAttribute) {
      HEARTH_ASSIGN_OR_RETURN(subject, follow_path(runtime, item, arguments.positional[0]));
    }
    HEARTH_RETURN_IF_ERROR(runtime.budget.step());
    if (test) {
      HEARTH_ASSIGN_OR_RETURN(subject, test(runtime, subject, own));
    }
    if (is_true(subject) == kWanted) kept.push_back(item);
  }
  return make_sequence(runtime.budget, Sequence::Kind::kIterator, std::move(kept), input.trusted());
}

constexpr NamedFunction kFilters[] = {{"map", map},
                                      {"reject", select<false, false>},
                                      {"rejectattr", select<false, true>},
                                      {"select", select<true, false>},
                                      {"selectattr", select<true, true>}};

}  // namespace

Function find_selecting_filter(std::string_view name) { return find_named(kFilters, name); }

Function find_filter(std::string_view name) {
  for (const auto find :
       {find_text_filter, find_number_filter, find_sequence_filter, find_selecting_filter, find_sorting_filter}) {
    if (const Function function = find(name)) return function;
  }
  return nullptr;
}

}  // namespace hearth::jinja
