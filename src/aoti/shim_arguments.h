#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "aoti/abi.h"
#include "aoti/run_context.h"
#include "base/errors.h"

namespace hearth {

/// A list argument; empty when its count is negative.
inline std::span<const int64_t> list_of(const int64_t* begin, int64_t count) {
  return {begin, static_cast<size_t>(std::max(count, int64_t{0}))};
}

/// kInvalidArgument unless a tensor can have `rank` dimensions.
inline Status check_rank(int64_t rank) {
  if (rank >= 0 && rank <= kMaxRank) return {};
  return invalid_argument("a tensor of rank {} was asked for; the most is {}", rank, kMaxRank);
}

/// An optional argument, which is a pointer to its value.
template <typename T>
std::optional<T> optional_of(const T* value) {
  return value ? std::optional(*value) : std::nullopt;
}

/// An optional dtype. kInvalidArgument when Hearth does not know it.
inline Result<std::optional<DType>> optional_dtype_of(const int32_t* dtype) {
  if (dtype == nullptr) return std::optional<DType>();
  if (!is_dtype(*dtype)) return invalid_argument("{} is not a dtype that Hearth knows", *dtype);
  return std::optional(static_cast<DType>(*dtype));
}

/// A list of tensors, or of optional ones.
template <typename Handle>
std::vector<Tensor> tensors_of(const Handle* handles, int64_t count) {
  std::vector<Tensor> tensors;
  tensors.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) tensors.push_back(tensor_of(handles[i]));
  return tensors;
}

/// Hands two results out as new handles that the caller owns.
inline Status return_tensors(Result<std::pair<Tensor, Tensor>> result, AtenTensorHandle* first,
                             AtenTensorHandle* second) {
  if (!result.ok()) return result.status();
  HEARTH_RETURN_IF_ERROR(return_tensor(std::move(result->first), first));
  return return_tensor(std::move(result->second), second);
}

}  // namespace hearth
