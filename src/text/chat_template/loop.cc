#include "text/chat_template/loop.h"

#include "base/errors.h"
#include "text/chat_template/operators.h"

namespace hearth::jinja {
namespace {

LoopObject& loop_of(const Value& value) { return *static_cast<LoopObject*>(value.object()); }

Result<Value> cycle(Runtime&, const Value& self, const Arguments& arguments) {
  const std::vector<Value>& values = arguments.positional;
  if (values.empty() || !arguments.named.empty()) return invalid_argument("loop.cycle needs values to cycle through");
  return values[static_cast<size_t>(loop_of(self).index) % values.size()];
}

Result<Value> changed(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Value now, make_sequence(runtime.budget, Sequence::Kind::kTuple, arguments.positional));
  LoopObject& loop = loop_of(self);
  bool same = false;
  if (loop.changed) {
    HEARTH_ASSIGN_OR_RETURN(same, equal(runtime.budget, *loop.changed, now));
  }
  loop.changed = now;
  return Value(!same);
}

Value neighbour(const std::optional<Value>& item, const char* missing) {
  return item ? *item : Value::undefined(missing);
}

}  // namespace

Result<std::optional<Value>> LoopObject::peek() {
  if (ahead.empty() && source) {
    HEARTH_ASSIGN_OR_RETURN(std::optional<Value> item, source->next());
    if (item) ahead.push_back(*std::move(item));
  }
  return ahead.empty() ? std::nullopt : std::optional(ahead.front());
}

Result<bool> LoopObject::advance() {
  HEARTH_ASSIGN_OR_RETURN(std::optional<Value> item, peek());
  if (!item) return false;
  ahead.pop_front();
  ++index;
  previous = std::exchange(current, std::move(item));
  return true;
}

Result<size_t> LoopObject::length() {
  if (!size && source) size = source->size();
  if (!size && source) {
    while (true) {
      HEARTH_ASSIGN_OR_RETURN(std::optional<Value> item, source->next());
      if (!item) break;
      ahead.push_back(*std::move(item));
    }
    size = static_cast<size_t>(index + 1) + ahead.size();
  }
  return size.value_or(0);
}

Result<std::optional<Value>> loop_attribute(LoopObject& loop, std::string_view name) {
  const auto number = [](int64_t value) { return std::optional(Value(value)); };
  if (name == "index") return number(loop.index + 1);
  if (name == "index0") return number(loop.index);
  if (name == "first") return std::optional(Value(loop.index == 0));
  if (name == "depth") return number(1);
  if (name == "depth0") return number(0);
  if (name == "previtem") return std::optional(neighbour(loop.previous, "there is no previous item"));
  if (name == "last" || name == "nextitem") {
    HEARTH_ASSIGN_OR_RETURN(const std::optional<Value> next, loop.peek());
    return name == "last" ? std::optional(Value(!next)) : std::optional(neighbour(next, "there is no next item"));
  }
  if (name == "length" || name == "revindex" || name == "revindex0") {
    HEARTH_ASSIGN_OR_RETURN(const size_t size, loop.length());
    const auto length = static_cast<int64_t>(size);
    return number(name == "length" ? length : name == "revindex" ? length - loop.index : length - loop.index - 1);
  }
  if (name == "cycle" || name == "changed") {
    const Value self(static_cast<Object*>(&loop));
    return std::optional(Value(std::make_shared<const Method>(Method{self, name == "cycle" ? cycle : changed})));
  }
  return std::optional<Value>();
}

}  // namespace hearth::jinja
