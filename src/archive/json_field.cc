#include "archive/json_field.h"

#include <cmath>
#include <set>

namespace hearth {

Result<std::string_view> JsonField::string() const {
  std::string_view value;
  if (element_.get(value) != simdjson::SUCCESS) return error("a string is needed");
  return value;
}

Result<int64_t> JsonField::integer(int64_t least, int64_t most) const {
  int64_t value = 0;
  if (element_.get(value) != simdjson::SUCCESS) return error("a whole number is needed");
  if (value < least || value > most) return error("{} is not within {} and {}", value, least, most);
  return value;
}

Result<bool> JsonField::boolean() const {
  bool value = false;
  if (element_.get(value) != simdjson::SUCCESS) return error("true or false is needed");
  return value;
}

Result<double> JsonField::number() const {
  double value = 0;
  if (element_.get(value) != simdjson::SUCCESS || !std::isfinite(value)) return error("a number is needed");
  return value;
}

Result<JsonField> JsonField::member(std::string_view key) const {
  HEARTH_ASSIGN_OR_RETURN(std::optional<JsonField> found, find(key));
  if (!found) return error("'{}' is missing", key);
  return *std::move(found);
}

Result<std::optional<JsonField>> JsonField::find(std::string_view key) const {
  simdjson::dom::object object;
  if (element_.get(object) != simdjson::SUCCESS) return error("an object is needed");
  std::optional<JsonField> found;
  for (const simdjson::dom::key_value_pair pair : object) {
    if (pair.key != key) continue;
    // Readers differ in which of two members they take, so neither is.
    if (found) return error("'{}' occurs twice", key);
    found.emplace(pair.value, fmt::format("{}.{}", path_, key));
  }
  return found;
}

Result<std::vector<JsonField>> JsonField::array() const {
  simdjson::dom::array array;
  if (element_.get(array) != simdjson::SUCCESS) return error("an array is needed");
  std::vector<JsonField> fields;
  for (const simdjson::dom::element element : array) {
    fields.emplace_back(element, fmt::format("{}[{}]", path_, fields.size()));
  }
  return fields;
}

Result<std::vector<std::pair<std::string_view, JsonField>>> JsonField::members() const {
  simdjson::dom::object object;
  if (element_.get(object) != simdjson::SUCCESS) return error("an object is needed");
  std::vector<std::pair<std::string_view, JsonField>> fields;
  std::set<std::string_view> keys;
  for (const simdjson::dom::key_value_pair pair : object) {
    if (!keys.insert(pair.key).second) return error("'{}' occurs twice", pair.key);
    fields.emplace_back(pair.key, JsonField(pair.value, fmt::format("{}.{}", path_, pair.key)));
  }
  return fields;
}

}  // namespace hearth
