#pragma once

#include <optional>

#include "base/errors.h"
#include "hearth/tensor.h"
#include "kernels/cpu/parallel_copy.h"

namespace hearth {

/// The step between rows when all but the last dimension of `tensor` can be seen as one.
inline std::optional<int64_t> uniform_row_stride(const Tensor& tensor) {
  int64_t stride = 0;
  int64_t rows = 1;
  for (int i = tensor.rank() - 2; i >= 0; --i) {
    if (tensor.size(i) == 1) continue;
    if (rows == 1) {
      stride = tensor.stride(i);
    } else if (tensor.stride(i) != stride * rows) {
      return std::nullopt;
    }
    rows *= tensor.size(i);
  }
  return stride;
}

/// True when rows of adjacent elements are evenly spaced.
inline bool is_rows(const Tensor& tensor) {
  const int last = tensor.rank() - 1;
  return (tensor.size(last) == 1 || tensor.stride(last) == 1) && uniform_row_stride(tensor).has_value();
}

/// `tensor` itself when it is rows, else a row-major copy.
inline Result<Tensor> as_rows(const KernelContext& context, const Tensor& tensor) {
  if (is_rows(tensor)) return tensor;
  return row_major_copy(context, tensor);
}

}  // namespace hearth
