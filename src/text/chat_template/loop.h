#pragma once

#include <deque>
#include <optional>

#include "text/chat_template/runtime.h"

namespace hearth::jinja {

/// The variable `loop`. Items are looked at one ahead at the most, so that a loop's condition sees what its body did.
struct LoopObject : Object {
  /// The next item that the loop's condition lets pass, nothing at the end.
  class Source {
   public:
    virtual ~Source() = default;
    virtual Result<std::optional<Value>> next() = 0;
    /// How many items there are altogether, if nobody needs to look at them.
    virtual std::optional<size_t> size() const = 0;
  };

  explicit LoopObject(Source& items) : Object(Kind::kLoop), source(&items) {}

  /// Goes on to the next item; false at the end.
  Result<bool> advance();
  /// The item after this one, without going on.
  Result<std::optional<Value>> peek();
  Result<size_t> length();

  Source* source;      ///< Lives as long as the loop runs; null afterwards.
  int64_t index = -1;  ///< From 0.
  std::optional<Value> previous;
  std::optional<Value> current;
  std::deque<Value> ahead;  ///< Items that were looked at before their turn, the next one first.
  std::optional<size_t> size;
  std::optional<Value> changed;  ///< What `loop.changed` was called with last.
};

/// `loop.name`; nothing when loops have no such attribute.
Result<std::optional<Value>> loop_attribute(LoopObject& loop, std::string_view name);

}  // namespace hearth::jinja
