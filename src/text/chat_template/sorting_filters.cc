// Filters that put items in order, or compare them with one another.

#include <algorithm>
#include <unordered_set>

#include "base/errors.h"
#include "text/chat_template/access.h"
#include "text/chat_template/methods.h"
#include "text/chat_template/operators.h"
#include "text/chat_template/parameters.h"
#include "text/chat_template/sorting.h"
#include "text/chat_template/text_functions.h"

namespace hearth::jinja {
namespace {

/// An item, and what it is sorted by.
struct Keyed {
  Value key;
  Value item;
  Value label = {};  ///< The key as it is written, of groups.
};

Result<Value> fold_case(Budget& budget, const Value& value, bool case_sensitive) {
  if (case_sensitive || !value.is_string()) return value;
  HEARTH_RETURN_IF_ERROR(budget.walk(value.text().size()));
  return make_text(budget, lower(value.text()));
}

Result<Value> key_of(Runtime& runtime, const Value& item, const Value& path, bool case_sensitive) {
  HEARTH_ASSIGN_OR_RETURN(const Value value, follow_path(runtime, item, path));
  return fold_case(runtime.budget, value, case_sensitive);
}

Result<std::vector<Keyed>> keyed(Runtime& runtime, const Value& input, const Value& path, bool case_sensitive) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime.budget, input));
  HEARTH_RETURN_IF_ERROR(runtime.budget.allocate(items.size() * sizeof(Keyed)));
  std::vector<Keyed> result;
  for (const Value& item : items) {
    HEARTH_ASSIGN_OR_RETURN(Value key, key_of(runtime, item, path, case_sensitive));
    result.push_back({std::move(key), item});
  }
  return result;
}

Status sort_keyed(Budget& budget, std::vector<Keyed>& items, bool descending) {
  return sort_stable(items, [&](const Keyed& a, const Keyed& b) {
    return descending ? less(budget, b.key, a.key) : less(budget, a.key, b.key);
  });
}

Result<Value> items_of(Runtime& runtime, std::vector<Keyed> sorted, bool trusted) {
  std::vector<Value> items;
  for (Keyed& entry : sorted) items.push_back(std::move(entry.item));
  return make_sequence(runtime.budget, Sequence::Kind::kList, std::move(items), trusted);
}

/// Keys by several attributes, "a,b": a list of the values.
Result<std::vector<Keyed>> keyed_by_list(Runtime& runtime, const Value& input, const OriginText& attributes,
                                         bool case_sensitive) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> paths, split(runtime.budget, attributes, ",", -1));
  HEARTH_ASSIGN_OR_RETURN(std::vector<Keyed> items, keyed(runtime, input, Value(), true));
  for (Keyed& entry : items) {
    std::vector<Value> keys;
    for (const Value& path : paths) {
      HEARTH_ASSIGN_OR_RETURN(Value key, key_of(runtime, entry.item, path, case_sensitive));
      keys.push_back(std::move(key));
    }
    HEARTH_ASSIGN_OR_RETURN(entry.key, make_sequence(runtime.budget, Sequence::Kind::kList, std::move(keys)));
  }
  return items;
}

Result<Value> sort(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("sort", arguments, {"reverse", "case_sensitive", "attribute"}));
  const bool case_sensitive = parameters.truth(1, false);
  const Value path = parameters.value_or_none(2);
  const bool by_list = path.is_string() && path.text().bytes().find(',') != std::string::npos;
  HEARTH_ASSIGN_OR_RETURN(std::vector<Keyed> items, by_list ? keyed_by_list(runtime, input, path.text(), case_sensitive)
                                                            : keyed(runtime, input, path, case_sensitive));
  HEARTH_RETURN_IF_ERROR(sort_keyed(runtime.budget, items, parameters.truth(0, false)));
  return items_of(runtime, std::move(items), input.is_string() || input.trusted());
}

Result<Value> dictsort(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("dictsort", arguments, {"case_sensitive", "by", "reverse"}));
  HEARTH_ASSIGN_OR_RETURN(const OriginText by, parameters.text(1));
  if (!by.empty() && by.bytes() != "key" && by.bytes() != "value") {
    return invalid_argument("dictsort: 'by' must be key or value");
  }
  if (!input.is_dictionary()) return invalid_argument("dictsort needs a dictionary, not a {}", input.type_name());
  std::vector<Keyed> sorted;
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> pairs, dictionary_items(runtime.budget, input));
  for (const Value& pair : pairs) {
    const Value& subject = pair.sequence()->items[by.bytes() == "value" ? 1 : 0];
    HEARTH_ASSIGN_OR_RETURN(Value key, fold_case(runtime.budget, subject, parameters.truth(0, false)));
    sorted.push_back({std::move(key), pair});
  }
  HEARTH_RETURN_IF_ERROR(sort_keyed(runtime.budget, sorted, parameters.truth(2, false)));
  return items_of(runtime, std::move(sorted), input.trusted());
}

template <bool kLargest>
Result<Value> extreme(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("this filter", arguments, {"case_sensitive", "attribute"}));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Keyed> items,
                          keyed(runtime, input, parameters.value_or_none(1), parameters.truth(0, false)));
  if (items.empty()) return Value::undefined("there is no smallest or largest item: the sequence is empty");
  const Keyed* best = items.data();
  for (const Keyed& candidate : items) {
    HEARTH_ASSIGN_OR_RETURN(const bool better, kLargest ? less(runtime.budget, best->key, candidate.key)
                                                        : less(runtime.budget, candidate.key, best->key));
    if (better) best = &candidate;
  }
  return best->item;
}

Result<Value> unique(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("unique", arguments, {"case_sensitive", "attribute"}));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Keyed> items,
                          keyed(runtime, input, parameters.value_or_none(1), parameters.truth(0, false)));
  std::unordered_set<std::string> seen;
  std::vector<Value> kept;
  for (const Keyed& entry : items) {
    HEARTH_ASSIGN_OR_RETURN(std::string identity, dictionary_key(runtime.budget, entry.key));
    if (seen.insert(std::move(identity)).second) kept.push_back(entry.item);
  }
  return make_sequence(runtime.budget, Sequence::Kind::kIterator, std::move(kept), input.trusted());
}

Result<Value> groupby(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("groupby", arguments, {"attribute", "default", "case_sensitive"}, 1));
  const bool case_sensitive = parameters.truth(2, false);
  HEARTH_ASSIGN_OR_RETURN(std::vector<Keyed> items, keyed(runtime, input, parameters.at(0), true));
  for (Keyed& entry : items) {
    if (entry.key.is_undefined() && parameters.has(1)) entry.key = parameters.at(1);
    entry.label = entry.key;
    HEARTH_ASSIGN_OR_RETURN(entry.key, fold_case(runtime.budget, entry.key, case_sensitive));
  }
  HEARTH_RETURN_IF_ERROR(sort_keyed(runtime.budget, items, false));
  std::vector<Value> groups;
  for (size_t i = 0; i < items.size();) {
    std::vector<Value> group;
    const size_t begin = i;
    for (bool same = true; same;) {
      group.push_back(items[i++].item);
      if (i == items.size()) break;
      HEARTH_ASSIGN_OR_RETURN(same, equal(runtime.budget, items[begin].key, items[i].key));
    }
    HEARTH_ASSIGN_OR_RETURN(Value list,
                            make_sequence(runtime.budget, Sequence::Kind::kList, std::move(group), input.trusted()));
    HEARTH_ASSIGN_OR_RETURN(Value pair, make_sequence(runtime.budget, Sequence::Kind::kTuple,
                                                      {items[begin].label, std::move(list)}, input.trusted()));
    groups.push_back(std::move(pair));
  }
  return make_sequence(runtime.budget, Sequence::Kind::kList, std::move(groups), input.trusted());
}

constexpr NamedFunction kFilters[] = {{"dictsort", dictsort},  {"groupby", groupby}, {"max", extreme<true>},
                                      {"min", extreme<false>}, {"sort", sort},       {"unique", unique}};

}  // namespace

Function find_sorting_filter(std::string_view name) { return find_named(kFilters, name); }

}  // namespace hearth::jinja
