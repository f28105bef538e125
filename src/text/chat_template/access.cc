#include "text/chat_template/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/errors.h"
#include "text/chat_template/builtins.h"
#include "text/chat_template/characters.h"
#include "text/chat_template/loop.h"
#include "text/chat_template/macro.h"
#include "text/chat_template/operators.h"

namespace hearth::jinja {
namespace {

constexpr std::array<std::string_view, 8> kListChanges = {"append", "clear",  "extend",  "insert",
                                                          "pop",    "remove", "reverse", "sort"};
constexpr std::array<std::string_view, 5> kDictionaryChanges = {"clear", "pop", "popitem", "setdefault", "update"};

bool is_unsafe(const Value& value, std::string_view name) {
  if (name.starts_with("__") && name.ends_with("__")) return true;
  if (value.is_dictionary()) return std::ranges::find(kDictionaryChanges, name) != kDictionaryChanges.end();
  const Sequence* sequence = value.sequence();
  return sequence && sequence->kind == Sequence::Kind::kList &&
         std::ranges::find(kListChanges, name) != kListChanges.end();
}

Result<std::optional<Value>> object_attribute(Object& object, std::string_view name) {
  switch (object.kind) {
    case Object::Kind::kLoop:
      return loop_attribute(static_cast<LoopObject&>(object), name);
    case Object::Kind::kNamespace: {
      const Value* found = static_cast<NamespaceObject&>(object).attributes.find(string_key(name));
      return found ? std::optional(*found) : std::nullopt;
    }
    case Object::Kind::kMacro: {
      const MacroDefinition& macro = *static_cast<MacroObject&>(object).definition;
      return name == "name" ? std::optional(make_text(macro.name, true)) : std::nullopt;
    }
    case Object::Kind::kCycler: {
      auto& cycler = static_cast<CyclerObject&>(object);
      if (name == "current") return std::optional(cycler.items[cycler.position]);
      break;
    }
    default:
      break;
  }
  return std::optional<Value>();
}

Result<std::optional<Value>> find_item(Runtime& runtime, const Value& value, const Value& key) {
  if (const Dictionary* dictionary = value.dictionary()) {
    const Result<std::string> identity = dictionary_key(runtime.budget, key);
    if (!identity.ok()) return std::optional<Value>();
    const Value* found = dictionary->find(*identity);
    return found ? std::optional(*found) : std::nullopt;
  }
  if (!key.is_integral()) return std::optional<Value>();
  const Sequence* sequence = value.sequence();
  if (!value.is_string() && !(sequence && sequence->is_subscriptable())) return std::optional<Value>();
  HEARTH_ASSIGN_OR_RETURN(const int64_t size, length(runtime.budget, value));
  const int64_t index = key.integer() < 0 ? key.integer() + size : key.integer();
  if (index < 0 || index >= size) return std::optional<Value>();
  if (sequence) return std::optional(sequence->items[static_cast<size_t>(index)]);
  HEARTH_ASSIGN_OR_RETURN(const Value character,
                          get_slice(runtime.budget, value, Value(index), Value(index + 1), Value()));
  return std::optional(character);
}

Value missing(const Value& value, const Value& key) {
  if (key.is_string()) {
    return Value::undefined(fmt::format("a {} has no attribute '{}'", value.type_name(), key.text().bytes()));
  }
  if (key.is_integral()) {
    return Value::undefined(fmt::format("a {} has no element {}", value.type_name(), key.integer()));
  }
  return Value::undefined(fmt::format("a {} has no element of that kind", value.type_name()));
}

/// Start, step and how many of the indices of a slice; Python's rules for what lies outside.
struct Range {
  int64_t start;
  int64_t step;
  size_t count;
};

Result<int64_t> slice_bound(const Value& bound, int64_t fallback, int64_t size, bool backwards) {
  if (bound.is_none()) return fallback;
  if (!bound.is_integral()) return invalid_argument("a slice needs whole numbers, not a {}", bound.type_name());
  const int64_t index = bound.integer() < 0 ? bound.integer() + size : bound.integer();
  return backwards ? std::clamp<int64_t>(index, -1, size - 1) : std::clamp<int64_t>(index, 0, size);
}

Result<Range> slice_range(const Value& start, const Value& stop, const Value& step, int64_t size) {
  if (!step.is_none() && !step.is_integral()) return invalid_argument("the step of a slice is no whole number");
  // More than the whole length is as good as the whole length, and cannot overflow.
  const int64_t by = step.is_none() ? 1 : std::clamp(step.integer(), -size - 1, size + 1);
  if (by == 0) return invalid_argument("the step of a slice is zero");
  const bool backwards = by < 0;
  HEARTH_ASSIGN_OR_RETURN(const int64_t first, slice_bound(start, backwards ? size - 1 : 0, size, backwards));
  HEARTH_ASSIGN_OR_RETURN(const int64_t last, slice_bound(stop, backwards ? -1 : size, size, backwards));
  const int64_t distance = backwards ? first - last : last - first;
  const int64_t stride = backwards ? -by : by;
  return Range{first, by, distance > 0 ? static_cast<size_t>((distance - 1) / stride + 1) : 0};
}

Result<Value> slice_text(Budget& budget, const OriginText& text, const Range& range) {
  HEARTH_RETURN_IF_ERROR(budget.walk(text.size()));
  const std::vector<size_t> offsets = character_offsets(text.bytes());
  if (range.step == 1) {
    const auto first = static_cast<size_t>(range.start);
    if (range.count == 0) return make_text("", true);
    return make_text(budget, text.part(offsets[first], offsets[first + range.count] - offsets[first]));
  }
  OriginText result;
  for (size_t i = 0; i < range.count; ++i) {
    const auto index = static_cast<size_t>(range.start + static_cast<int64_t>(i) * range.step);
    result.append(text, offsets[index], offsets[index + 1] - offsets[index]);
  }
  return make_text(budget, std::move(result));
}

}  // namespace

Result<std::optional<Value>> find_attribute(const Value& value, std::string_view name) {
  if (is_unsafe(value, name)) {
    return std::optional(Value::undefined(
        fmt::format("access to '{}' of a {} is refused: templates cannot change values", name, value.type_name())));
  }
  if (value.object()) {
    HEARTH_ASSIGN_OR_RETURN(std::optional<Value> found, object_attribute(*value.object(), name));
    if (found) return found;
  }
  if (const Function function = find_method(value, name)) {
    return std::optional(Value(std::make_shared<const Method>(Method{value, function}), value.trusted()));
  }
  return std::optional<Value>();
}

Result<Value> get_attribute(Runtime& runtime, const Value& value, std::string_view name) {
  if (value.is_undefined()) return invalid_argument("{}", value.undefined_message());
  HEARTH_ASSIGN_OR_RETURN(std::optional<Value> found, find_attribute(value, name));
  if (found) return *std::move(found);
  const Value key = make_text(name, true);
  HEARTH_ASSIGN_OR_RETURN(found, find_item(runtime, value, key));
  return found ? *std::move(found) : missing(value, key);
}

Result<Value> get_item(Runtime& runtime, const Value& value, const Value& key) {
  if (value.is_undefined()) return invalid_argument("{}", value.undefined_message());
  HEARTH_ASSIGN_OR_RETURN(std::optional<Value> found, find_item(runtime, value, key));
  if (!found && key.is_string()) {
    HEARTH_ASSIGN_OR_RETURN(found, find_attribute(value, key.text().bytes()));
  }
  return found ? *std::move(found) : missing(value, key);
}

Result<Value> get_slice(Budget& budget, const Value& value, const Value& start, const Value& stop, const Value& step) {
  if (value.is_undefined()) return invalid_argument("{}", value.undefined_message());
  const Sequence* sequence = value.sequence();
  if (!value.is_string() && !(sequence && sequence->is_subscriptable())) {
    return invalid_argument("a {} cannot be sliced", value.type_name());
  }
  HEARTH_ASSIGN_OR_RETURN(const int64_t size, length(budget, value));
  HEARTH_ASSIGN_OR_RETURN(const Range range, slice_range(start, stop, step, size));
  if (value.is_string()) return slice_text(budget, value.text(), range);
  HEARTH_RETURN_IF_ERROR(budget.allocate(range.count * sizeof(Value)));
  std::vector<Value> items;
  for (size_t i = 0; i < range.count; ++i) {
    items.push_back(sequence->items[static_cast<size_t>(range.start + static_cast<int64_t>(i) * range.step)]);
  }
  const bool is_tuple = sequence->kind == Sequence::Kind::kTuple;
  return make_sequence(budget, is_tuple ? Sequence::Kind::kTuple : Sequence::Kind::kList, std::move(items),
                       value.trusted());
}

Result<Value> follow_path(Runtime& runtime, Value value, const Value& path) {
  if (path.is_none()) return value;
  if (!path.is_string()) return get_item(runtime, value, path);
  std::string_view rest = path.text().bytes();
  while (true) {
    const size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view part = rest.substr(0, dot);
    int64_t number = 0;
    const auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), number);
    const bool is_number = failure == std::errc() && end == part.data() + part.size() && !part.starts_with('-');
    HEARTH_ASSIGN_OR_RETURN(value, get_item(runtime, value, is_number ? Value(number) : make_text(part, true)));
    if (dot == rest.size()) return value;
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace hearth::jinja
