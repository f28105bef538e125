#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hearth/status.h"

namespace hearth {

/// A JSON document that keeps the order of members and can be changed.
struct JsonValue {
  enum class Kind : uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  double number = 0;
  std::string text{};              ///< kString: what it says. kNumber: as it is written, the shortest way.
  std::vector<JsonValue> items{};  ///< kArray.
  std::vector<std::pair<std::string, JsonValue>> members{};  ///< kObject.

  static JsonValue of(bool value) { return {.kind = Kind::kBoolean, .boolean = value}; }
  static JsonValue of(std::string text) { return {.kind = Kind::kString, .text = std::move(text)}; }
  static JsonValue array(std::vector<JsonValue> items = {}) {
    return {.kind = Kind::kArray, .items = std::move(items)};
  }
  static JsonValue object() { return {.kind = Kind::kObject}; }

  bool is(Kind wanted) const { return kind == wanted; }
  bool is_whole_number() const;
  /// The member, or null.
  const JsonValue* find(std::string_view key) const;
  JsonValue* find(std::string_view key) { return const_cast<JsonValue*>(std::as_const(*this).find(key)); }
  /// Adds a member or replaces it.
  void set(std::string_view key, JsonValue value);
  void remove(std::string_view key);
  /// As JSON without white space, characters as they are.
  std::string to_json() const;
};

/// True for values that JSON Schema holds equal: numbers by value, members in any order.
bool equal(const JsonValue& a, const JsonValue& b);

/// kInvalidArgument when it is no JSON, nested deeper than 64, or a key occurs twice in an object.
Result<JsonValue> parse_json(std::string_view json);

/// A text in quotes, with the escapes that it needs.
std::string json_quoted(std::string_view text);

}  // namespace hearth
