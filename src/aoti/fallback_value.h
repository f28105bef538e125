#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "base/errors.h"
#include "kernels/context.h"

namespace hearth {

/// An argument of an operator that is called by name: nothing (None), a tensor, a number, a list.
using FallbackValue = std::variant<std::monostate, Tensor, std::vector<Tensor>, int64_t, std::vector<int64_t>, bool,
                                   double, std::vector<double>, std::string, DType>;

/// An operator as the executor calls it; arguments that are left out at the end have their type's default value.
/// kInvalidArgument when a value is of another kind than the operator takes.
using FallbackFunction = Result<std::vector<Tensor>> (*)(const KernelContext&, std::span<const FallbackValue>);

/// Reads a FallbackValue into a T: false where it is of another kind.
template <typename T>
bool read_fallback(const FallbackValue& value, T& into) {
  const T* held = std::get_if<T>(&value);
  if (held != nullptr) into = *held;
  return held != nullptr;
}
/// None is an undefined tensor.
inline bool read_fallback(const FallbackValue& value, Tensor& into) {
  const Tensor* held = std::get_if<Tensor>(&value);
  if (held != nullptr) into = *held;
  return held != nullptr || std::holds_alternative<std::monostate>(value);
}
inline bool read_fallback(const FallbackValue& value, double& into) {
  if (const auto* whole = std::get_if<int64_t>(&value)) {
    into = static_cast<double>(*whole);
  } else if (const auto* number = std::get_if<double>(&value)) {
    into = *number;
  } else {
    return false;
  }
  return true;
}
template <typename T>
bool read_fallback(const FallbackValue& value, std::optional<T>& into) {
  if (std::holds_alternative<std::monostate>(value)) return true;
  return read_fallback(value, into.emplace());
}

namespace fallback_detail {

inline void append(std::vector<Tensor>& tensors, Tensor tensor) { tensors.push_back(std::move(tensor)); }
template <typename... Tensors>
void append(std::vector<Tensor>& tensors, std::tuple<Tensors...> several) {
  std::apply([&](auto&&... each) { (tensors.push_back(std::move(each)), ...); }, std::move(several));
}
inline void append(std::vector<Tensor>& tensors, std::pair<Tensor, Tensor> both) {
  tensors.push_back(std::move(both.first));
  tensors.push_back(std::move(both.second));
}

template <typename R, typename... Args, size_t... I>
Result<std::vector<Tensor>> call(Result<R> (*function)(const KernelContext&, Args...), const KernelContext& context,
                                 std::span<const FallbackValue> values, std::index_sequence<I...>) {
  if (values.size() > sizeof...(Args)) {
    return invalid_argument("{} arguments were given, the operator takes {}", values.size(), sizeof...(Args));
  }
  std::tuple<std::decay_t<Args>...> arguments{};
  size_t wrong = 0;
  const bool good = ((I >= values.size() || (read_fallback(values[I], std::get<I>(arguments)) && ++wrong > 0)) && ...);
  if (!good) return invalid_argument("argument {} is of a kind that the operator does not take", wrong);
  Result<R> result = function(context, std::move(std::get<I>(arguments))...);
  if (!result.ok()) return result.status();
  std::vector<Tensor> tensors;
  append(tensors, *std::move(result));
  return tensors;
}

template <typename R, typename... Args>
constexpr size_t count_arguments(Result<R> (*)(const KernelContext&, Args...)) {
  return sizeof...(Args);
}

template <typename R, typename... Args>
Result<std::vector<Tensor>> call_all(Result<R> (*function)(const KernelContext&, Args...), const KernelContext& context,
                                     std::span<const FallbackValue> values) {
  return call(function, context, values, std::index_sequence_for<Args...>());
}

}  // namespace fallback_detail

/// `kFunction`, a plain function of a context and typed arguments, as a FallbackFunction.
template <auto kFunction>
Result<std::vector<Tensor>> as_fallback(const KernelContext& context, std::span<const FallbackValue> values) {
  return fallback_detail::call_all(kFunction, context, values);
}

/// The number of arguments that `kFunction` takes after the context.
template <auto kFunction>
inline constexpr size_t kFallbackArguments = fallback_detail::count_arguments(kFunction);

}  // namespace hearth
