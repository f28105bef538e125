#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "hearth/status.h"
#include "text/chat_template/runtime.h"

namespace hearth::jinja {

/// The arguments of a call, in the order of the parameters' names. Asked for by index; a fallback stands for what the
/// caller did not give.
class Parameters {
 public:
  /// kInvalidArgument, naming `function`, for too many arguments, unknown names, and too few: the first `required` must
  /// be given.
  static Result<Parameters> bind(std::string_view function, const Arguments& arguments,
                                 std::initializer_list<std::string_view> names, size_t required = 0);

  /// Null when it was not given.
  const Value* find(size_t index) const { return values_[index]; }
  bool has(size_t index) const { return values_[index] && !values_[index]->is_none(); }
  /// Only of those that were given.
  const Value& at(size_t index) const { return *values_[index]; }
  Value value_or_none(size_t index) const { return values_[index] ? *values_[index] : Value(); }
  bool truth(size_t index, bool fallback) const;
  /// kInvalidArgument when it is no whole number; none counts as not given.
  Result<int64_t> integer(size_t index, int64_t fallback) const;
  /// kInvalidArgument when it is no string; empty when it was not given.
  Result<OriginText> text(size_t index) const;

 private:
  std::string_view function_;
  std::vector<std::string_view> names_;
  std::vector<const Value*> values_;
};

}  // namespace hearth::jinja
