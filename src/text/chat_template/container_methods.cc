// The methods of dictionaries, lists, tuples and cyclers.

#include "base/errors.h"
#include "text/chat_template/builtins.h"
#include "text/chat_template/methods.h"
#include "text/chat_template/operators.h"
#include "text/chat_template/parameters.h"

namespace hearth::jinja {
namespace {

Result<Value> get(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("get", arguments, {"key", "default"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const std::string identity, dictionary_key(runtime.budget, parameters.at(0)));
  const Value* found = self.dictionary()->find(identity);
  return found ? *found : parameters.value_or_none(1);
}

Result<Value> keys(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("keys", arguments, {}).status());
  HEARTH_ASSIGN_OR_RETURN(std::vector<Value> items, iterate(runtime.budget, self));
  return make_sequence(runtime.budget, Sequence::Kind::kKeys, std::move(items), self.trusted());
}

Result<Value> values(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("values", arguments, {}).status());
  HEARTH_RETURN_IF_ERROR(runtime.budget.allocate(self.dictionary()->entries.size() * sizeof(Value)));
  std::vector<Value> items;
  for (const auto& entry : self.dictionary()->entries) items.push_back(entry.second);
  return make_sequence(runtime.budget, Sequence::Kind::kValues, std::move(items), self.trusted());
}

Result<Value> items(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("items", arguments, {}).status());
  HEARTH_ASSIGN_OR_RETURN(std::vector<Value> pairs, dictionary_items(runtime.budget, self));
  return make_sequence(runtime.budget, Sequence::Kind::kItems, std::move(pairs), self.trusted());
}

Result<Value> copy(Runtime&, const Value& self, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("copy", arguments, {}).status());
  return self;
}

Result<Value> index(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("index", arguments, {"value"}, 1));
  const std::vector<Value>& candidates = self.sequence()->items;
  for (size_t i = 0; i < candidates.size(); ++i) {
    HEARTH_ASSIGN_OR_RETURN(const bool same, equal(runtime.budget, candidates[i], parameters.at(0)));
    if (same) return Value(static_cast<int64_t>(i));
  }
  return invalid_argument("the value is not in the {}", self.type_name());
}

Result<Value> count(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("count", arguments, {"value"}, 1));
  int64_t total = 0;
  for (const Value& candidate : self.sequence()->items) {
    HEARTH_ASSIGN_OR_RETURN(const bool same, equal(runtime.budget, candidate, parameters.at(0)));
    total += same ? 1 : 0;
  }
  return Value(total);
}

Result<Value> next(Runtime&, const Value& self, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("next", arguments, {}).status());
  auto& cycler = *static_cast<CyclerObject*>(self.object());
  Value item = cycler.items[cycler.position];
  cycler.position = (cycler.position + 1) % cycler.items.size();
  return item;
}

Result<Value> reset(Runtime&, const Value& self, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("reset", arguments, {}).status());
  static_cast<CyclerObject*>(self.object())->position = 0;
  return Value();
}

constexpr NamedFunction kDictionaryMethods[] = {
    {"copy", copy}, {"get", get}, {"items", items}, {"keys", keys}, {"values", values}};
constexpr NamedFunction kSequenceMethods[] = {{"copy", copy}, {"count", count}, {"index", index}};
constexpr NamedFunction kCyclerMethods[] = {{"next", next}, {"reset", reset}};

}  // namespace

Result<std::vector<Value>> dictionary_items(Budget& budget, const Value& dictionary) {
  std::vector<Value> pairs;
  for (const auto& [key, value] : dictionary.dictionary()->entries) {
    HEARTH_ASSIGN_OR_RETURN(Value pair,
                            make_sequence(budget, Sequence::Kind::kTuple, {key, value}, dictionary.trusted()));
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

Function find_method(const Value& self, std::string_view name) {
  if (self.is_string()) {
    const Function change = find_string_method(name);
    return change ? change : find_string_query(name);
  }
  if (self.is_dictionary()) return find_named(kDictionaryMethods, name);
  const Sequence* sequence = self.sequence();
  if (sequence && sequence->is_subscriptable()) {
    const bool can_copy = sequence->kind == Sequence::Kind::kList;
    return name == "copy" && !can_copy ? nullptr : find_named(kSequenceMethods, name);
  }
  const Object* object = self.object();
  return object && object->kind == Object::Kind::kCycler ? find_named(kCyclerMethods, name) : nullptr;
}

}  // namespace hearth::jinja
