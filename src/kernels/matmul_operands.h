#pragma once

#include <array>
#include <cstdint>

#include "hearth/status.h"
#include "hearth/tensor.h"
#include "tensor/float16.h"

namespace hearth {

/// A matrix of float, double, BFloat16 or Float16, or a batch of equal ones: strides in elements, 0 where a dimension
/// repeats.
template <typename T>
struct MatrixView {
  T* data = nullptr;
  int64_t batch_stride = 0;
  int64_t row_stride = 0;
  int64_t column_stride = 0;

  std::array<int64_t, 3> strides() const { return {batch_stride, row_stride, column_stride}; }
  T& at(int64_t batch, int64_t row, int64_t column) const {
    return data[batch * batch_stride + row * row_stride + column * column_stride];
  }
};

/// The operands of a matrix product: a is [batches, rows, depth], b [batches, depth, columns], out and self
/// [batches, rows, columns]; self.data is null where there is none.
template <typename T>
struct MatmulOperands {
  int64_t batches = 1;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t depth = 0;
  MatrixView<T> out;
  MatrixView<T> self;
  MatrixView<T> a;
  MatrixView<T> b;
};

/// Checks the operands of matmul (`rank` 2) or batched_matmul (3) and reduces them to views. kInvalidArgument names the
/// operand whose dtype, rank or size does not fit. T: as MatrixView.
template <typename T>
Result<MatmulOperands<T>> matmul_operands(int rank, const Tensor& out, const Tensor& self, const Tensor& a,
                                          const Tensor& b, double beta);

/// Checks the operands of linear: all of float32, bfloat16 or float16. kInvalidArgument names the one whose dtype, rank
/// or size does not fit.
Status check_linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual);

}  // namespace hearth
