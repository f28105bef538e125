// Filters that take sequences apart or make them.

#include <algorithm>

#include "base/errors.h"
#include "text/chat_template/access.h"
#include "text/chat_template/methods.h"
#include "text/chat_template/operators.h"
#include "text/chat_template/parameters.h"

namespace hearth::jinja {
namespace {

Result<Value> list_of(Runtime& runtime, std::vector<Value> items, bool trusted) {
  return make_sequence(runtime.budget, Sequence::Kind::kList, std::move(items), trusted);
}

Result<Value> iterator_of(Runtime& runtime, std::vector<Value> items, bool trusted) {
  return make_sequence(runtime.budget, Sequence::Kind::kIterator, std::move(items), trusted);
}

/// The origin of a list of the characters of a string is that of lists in the template.
bool container_trust(const Value& input) { return input.is_string() || input.trusted(); }

Result<Value> attribute(Runtime&, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("attr", arguments, {"name"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const OriginText name, parameters.text(0));
  if (input.is_undefined()) return invalid_argument("{}", input.undefined_message());
  HEARTH_ASSIGN_OR_RETURN(std::optional<Value> found, find_attribute(input, name.bytes()));
  if (found) return *std::move(found);
  return Value::undefined("the value has no such attribute");
}

Result<Value> first(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("first", arguments, {}).status());
  const Sequence* sequence = input.sequence();
  if (sequence && sequence->kind == Sequence::Kind::kIterator && sequence->consumed < sequence->items.size()) {
    return sequence->items[sequence->consumed++];
  }
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime.budget, input));
  return items.empty() ? Value::undefined("there is no first item: the sequence is empty") : items.front();
}

Result<Value> last(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("last", arguments, {}).status());
  const Sequence* sequence = input.sequence();
  if (sequence && sequence->kind == Sequence::Kind::kIterator) {
    return invalid_argument("last cannot be taken of a {}", input.type_name());
  }
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime.budget, input));
  return items.empty() ? Value::undefined("there is no last item: the sequence is empty") : items.back();
}

Result<Value> list(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("list", arguments, {}).status());
  HEARTH_ASSIGN_OR_RETURN(std::vector<Value> items, iterate(runtime.budget, input));
  return list_of(runtime, std::move(items), container_trust(input));
}

Result<Value> items(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("items", arguments, {}).status());
  if (input.is_undefined()) return iterator_of(runtime, {}, true);
  if (!input.is_dictionary()) return invalid_argument("items needs a dictionary, not a {}", input.type_name());
  HEARTH_ASSIGN_OR_RETURN(std::vector<Value> pairs, dictionary_items(runtime.budget, input));
  return iterator_of(runtime, std::move(pairs), input.trusted());
}

Result<Value> reverse(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("reverse", arguments, {}).status());
  if (input.is_string()) return get_slice(runtime.budget, input, Value(), Value(), Value(int64_t{-1}));
  HEARTH_ASSIGN_OR_RETURN(std::vector<Value> reversed, iterate(runtime.budget, input));
  std::ranges::reverse(reversed);
  return iterator_of(runtime, std::move(reversed), input.trusted());
}

Result<Value> batch(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("batch", arguments, {"linecount", "fill_with"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const int64_t size, parameters.integer(0, 1));
  if (size < 1) return invalid_argument("batch: 'linecount' must be at least 1");
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> all, iterate(runtime.budget, input));
  std::vector<Value> batches;
  std::vector<Value> current;
  for (size_t i = 0; i < all.size(); ++i) {
    current.push_back(all[i]);
    const bool full = static_cast<int64_t>(current.size()) == size;
    if (!full && i + 1 < all.size()) continue;
    if (!full && parameters.has(1)) {
      const uint64_t missing = static_cast<uint64_t>(size) - current.size();
      HEARTH_RETURN_IF_ERROR(runtime.budget.allocate(missing > 0x1p40 ? missing : missing * sizeof(Value)));
      current.resize(static_cast<size_t>(size), parameters.at(1));
    }
    HEARTH_ASSIGN_OR_RETURN(Value list, list_of(runtime, std::move(current), container_trust(input)));
    batches.push_back(std::move(list));
    current.clear();
  }
  return iterator_of(runtime, std::move(batches), container_trust(input));
}

Result<Value> slice(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("slice", arguments, {"slices", "fill_with"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const int64_t count, parameters.integer(0, 1));
  if (count < 1) return invalid_argument("slice: 'slices' must be at least 1");
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> all, iterate(runtime.budget, input));
  const auto slices = static_cast<size_t>(count);
  std::vector<Value> result;
  auto begin = all.begin();
  for (size_t i = 0; i < slices; ++i) {
    const size_t size = all.size() / slices + (i < all.size() % slices ? 1 : 0);
    std::vector<Value> part(begin, begin + static_cast<ptrdiff_t>(size));
    begin += static_cast<ptrdiff_t>(size);
    if (parameters.has(1) && i >= all.size() % slices) part.push_back(parameters.at(1));
    HEARTH_ASSIGN_OR_RETURN(Value list, list_of(runtime, std::move(part), container_trust(input)));
    result.push_back(std::move(list));
  }
  return iterator_of(runtime, std::move(result), container_trust(input));
}

constexpr NamedFunction kFilters[] = {{"attr", attribute}, {"batch", batch}, {"first", first},     {"items", items},
                                      {"last", last},      {"list", list},   {"reverse", reverse}, {"slice", slice}};

}  // namespace

Function find_sequence_filter(std::string_view name) { return find_named(kFilters, name); }

}  // namespace hearth::jinja
