#pragma once

#include <optional>
#include <string_view>

#include "hearth/status.h"
#include "text/chat_template/runtime.h"
#include "text/chat_template/value.h"

namespace hearth::jinja {

/// `value.name`: an attribute or method, else the item of that name, else undefined. Methods that would change the
/// value are undefined, and say so when they are called. kInvalidArgument when the value itself is undefined.
Result<Value> get_attribute(Runtime& runtime, const Value& value, std::string_view name);
/// `value[key]`: an item, else the attribute of that name, else undefined.
Result<Value> get_item(Runtime& runtime, const Value& value, const Value& key);
/// `value[start:stop:step]`; each may be none. kInvalidArgument for values without slices.
Result<Value> get_slice(Budget& budget, const Value& value, const Value& start, const Value& stop, const Value& step);
/// The attribute of a method or an object alone, without looking for an item.
Result<std::optional<Value>> find_attribute(const Value& value, std::string_view name);

/// What the filters `map`, `sort` and others take for an attribute: `a.b.0`, or a number, or none for the value.
Result<Value> follow_path(Runtime& runtime, Value value, const Value& path);

}  // namespace hearth::jinja
