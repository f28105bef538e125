#include "text/grammar/json_value.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "text/grammar/json_text.h"

namespace hearth {
namespace {

constexpr size_t kDeepest = 64;

JsonValue number_of(double value) {
  constexpr double kExact = 0x1p53;
  const bool whole = std::floor(value) == value && std::abs(value) < kExact;
  std::string text = whole ? fmt::format("{}", static_cast<int64_t>(value)) : fmt::format("{}", value);
  return {.kind = JsonValue::Kind::kNumber, .number = value, .text = std::move(text)};
}

template <typename T>
JsonValue integer_of(T value) {
  return {.kind = JsonValue::Kind::kNumber, .number = static_cast<double>(value), .text = fmt::format("{}", value)};
}

Result<JsonValue> convert(const simdjson::dom::element& element);

Result<JsonValue> convert_object(const simdjson::dom::object& object) {
  JsonValue result = JsonValue::object();
  std::vector<std::string_view> keys;
  for (const simdjson::dom::key_value_pair member : object) {
    HEARTH_ASSIGN_OR_RETURN(JsonValue value, convert(member.value));
    result.members.emplace_back(member.key, std::move(value));
    keys.push_back(member.key);
  }
  std::ranges::sort(keys);
  const auto twice = std::ranges::adjacent_find(keys);
  if (twice != keys.end()) return invalid_argument("JSON: the key '{}' occurs twice in an object", *twice);
  return result;
}

Result<JsonValue> convert(const simdjson::dom::element& element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::BOOL:
      return JsonValue::of(element.get_bool().value_unsafe());
    case element_type::INT64:
      return integer_of(element.get_int64().value_unsafe());
    case element_type::UINT64:
      return integer_of(element.get_uint64().value_unsafe());
    case element_type::DOUBLE:
      return number_of(element.get_double().value_unsafe());
    case element_type::STRING:
      return JsonValue::of(std::string(element.get_string().value_unsafe()));
    case element_type::OBJECT:
      return convert_object(element.get_object().value_unsafe());
    case element_type::ARRAY: {
      JsonValue result = JsonValue::array();
      const simdjson::dom::array items = element.get_array().value_unsafe();
      for (const simdjson::dom::element item : items) {
        HEARTH_ASSIGN_OR_RETURN(JsonValue value, convert(item));
        result.items.push_back(std::move(value));
      }
      return result;
    }
    default:
      return JsonValue();
  }
}

void append_json(std::string& json, const JsonValue& value) {
  switch (value.kind) {
    case JsonValue::Kind::kNull:
      json += "null";
      return;
    case JsonValue::Kind::kBoolean:
      json += value.boolean ? "true" : "false";
      return;
    case JsonValue::Kind::kNumber:
      json += value.text;
      return;
    case JsonValue::Kind::kString:
      json += json_quoted(value.text);
      return;
    case JsonValue::Kind::kArray:
      json += '[';
      for (const JsonValue& item : value.items) {
        if (&item != value.items.data()) json += ',';
        append_json(json, item);
      }
      json += ']';
      return;
    case JsonValue::Kind::kObject:
      json += '{';
      for (const auto& member : value.members) {
        if (&member != value.members.data()) json += ',';
        json += json_quoted(member.first) + ':';
        append_json(json, member.second);
      }
      json += '}';
      return;
  }
}

}  // namespace

bool JsonValue::is_whole_number() const { return kind == Kind::kNumber && std::floor(number) == number; }

const JsonValue* JsonValue::find(std::string_view key) const {
  const auto place =
      std::ranges::find(members, key, [](const auto& member) -> std::string_view { return member.first; });
  return place == members.end() ? nullptr : &place->second;
}

void JsonValue::set(std::string_view key, JsonValue value) {
  if (JsonValue* existing = find(key)) {
    *existing = std::move(value);
  } else {
    members.emplace_back(key, std::move(value));
  }
}

void JsonValue::remove(std::string_view key) {
  std::erase_if(members, [&](const auto& member) { return member.first == key; });
}

std::string JsonValue::to_json() const {
  std::string json;
  append_json(json, *this);
  return json;
}

bool equal(const JsonValue& a, const JsonValue& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case JsonValue::Kind::kNull:
      return true;
    case JsonValue::Kind::kBoolean:
      return a.boolean == b.boolean;
    case JsonValue::Kind::kNumber:
    case JsonValue::Kind::kString:
      return a.text == b.text;
    case JsonValue::Kind::kArray:
      return std::ranges::equal(a.items, b.items, equal);
    case JsonValue::Kind::kObject:
      break;
  }
  return a.members.size() == b.members.size() && std::ranges::all_of(a.members, [&](const auto& member) {
           const JsonValue* other = b.find(member.first);
           return other != nullptr && equal(member.second, *other);
         });
}

std::string json_quoted(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x20 || c == '"' || c == '\\') {
      json += json_escape(byte);
    } else {
      json += c;
    }
  }
  return json + '"';
}

Result<JsonValue> parse_json(std::string_view json) {
  simdjson::dom::parser parser;
  if (parser.allocate(std::max<size_t>(json.size(), 64), kDeepest) != simdjson::SUCCESS) {
    return error(StatusCode::kOutOfMemory, "JSON: no memory for {} bytes", json.size());
  }
  const simdjson::padded_string padded(json);
  simdjson::dom::element root;
  if (const auto problem = parser.parse(padded).get(root); problem != simdjson::SUCCESS) {
    return invalid_argument("it is not JSON: {}", simdjson::error_message(problem));
  }
  return convert(root);
}

}  // namespace hearth
