#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/chat_template/budget.h"
#include "text/chat_template/value.h"

namespace hearth::jinja {

/// The values that a call passes.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

/// What one rendering owns. Used from one thread.
struct Runtime {
  Runtime(const TemplateLimits& limits, const std::tm& local_time) : budget(limits), now(local_time) {}

  template <typename T, typename... Args>
  T* make(Args&&... args) {
    auto object = std::make_unique<T>(std::forward<Args>(args)...);
    T* pointer = object.get();
    objects.push_back(std::move(object));
    return pointer;
  }

  Budget budget;
  std::tm now;
  std::vector<std::unique_ptr<Object>> objects;
};

/// A method of a value, a filter (which gets the value that it filters) or a test.
using Function = Result<Value> (*)(Runtime& runtime, const Value& self, const Arguments& arguments);

/// A function that belongs to a value: `text.upper`.
struct Method {
  Value self;
  Function function;
};

/// namespace(…): attributes that templates may set.
struct NamespaceObject : Object {
  NamespaceObject() : Object(Kind::kNamespace) {}
  Dictionary attributes;
};

struct CyclerObject : Object {
  explicit CyclerObject(std::vector<Value> values) : Object(Kind::kCycler), items(std::move(values)) {}
  std::vector<Value> items;
  size_t position = 0;
};

struct JoinerObject : Object {
  explicit JoinerObject(Value text) : Object(Kind::kJoiner), separator(std::move(text)) {}
  Value separator;
  bool used = false;
};

/// A function that every template knows: `range`.
struct FunctionObject : Object {
  explicit FunctionObject(Function code) : Object(Kind::kFunction), function(code) {}
  Function function;
};

}  // namespace hearth::jinja
