#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "text/chat_template/runtime.h"

namespace hearth::jinja {

struct NamedFunction {
  std::string_view name;
  Function function;
};

template <size_t kSize>
Function find_named(const NamedFunction (&table)[kSize], std::string_view name) {
  const auto* found = std::ranges::find(table, name, &NamedFunction::name);
  return found == std::end(table) ? nullptr : found->function;
}

/// The tables that find_method(), find_filter() and find_test() look into; null when they have no such name.
Function find_string_method(std::string_view name);
Function find_string_query(std::string_view name);
Function find_text_filter(std::string_view name);
Function find_number_filter(std::string_view name);
Function find_sequence_filter(std::string_view name);
Function find_selecting_filter(std::string_view name);
Function find_sorting_filter(std::string_view name);

/// Tuples of key and value.
Result<std::vector<Value>> dictionary_items(Budget& budget, const Value& dictionary);

}  // namespace hearth::jinja
