#pragma once

#include <string>
#include <string_view>

#include "archive/json_field.h"
#include "archive/manifest.h"

namespace hearth {

/// The parts of a manifest, each parsed and validated as far as it can be by itself.
Result<RecordSpec> parse_record(const JsonField& field);
Result<TensorSpec> parse_tensor(const JsonField& field);
Result<MethodSpec> parse_method(const JsonField& field);
Result<PipelineSpec> parse_pipeline(const JsonField& field);
Result<Golden> parse_golden(const JsonField& field);

/// A dimension of the grammar in docs/archive-format.md: an integer, "s", "k*s", "s+c" or "k*s+c"; null where
/// `may_be_unknown`.
Result<Dimension> parse_dimension(const JsonField& field, bool may_be_unknown);

/// True for a letter or '_' followed by at most 63 letters, digits or '_'.
bool is_identifier(std::string_view name);

/// Every element of an array through `parse`.
template <typename T, typename Parse>
Result<std::vector<T>> parse_array(const JsonField& field, Parse parse) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<JsonField> elements, field.array());
  std::vector<T> values;
  for (const JsonField& element : elements) {
    HEARTH_ASSIGN_OR_RETURN(T value, parse(element));
    values.push_back(std::move(value));
  }
  return values;
}

/// Every member of an object through `parse`, by its key.
template <typename T, typename Parse>
Result<std::map<std::string, T>> parse_map(const JsonField& field, Parse parse) {
  HEARTH_ASSIGN_OR_RETURN(const auto members, field.members());
  std::map<std::string, T> values;
  for (const auto& [key, member] : members) {
    HEARTH_ASSIGN_OR_RETURN(T value, parse(member));
    values.emplace(key, std::move(value));
  }
  return values;
}

/// A required member that is a string.
Result<std::string> string_member(const JsonField& field, std::string_view key);

}  // namespace hearth
