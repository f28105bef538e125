#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "kernels/context.h"
#include "kernels/operands.h"

namespace hearth {

/// A row-major matrix of doubles.
struct Matrix {
  double* data;
  int64_t rows;
  int64_t columns;

  double& operator()(int64_t row, int64_t column) const { return data[row * columns + column]; }
};

/// A batch of matrices in float64, row-major: what linear algebra computes on.
class Batch {
 public:
  explicit Batch(Tensor tensor) : tensor_(std::move(tensor)) {}

  const Tensor& tensor() const { return tensor_; }
  int64_t rows() const { return tensor_.size(tensor_.rank() - 2); }
  int64_t columns() const { return tensor_.size(tensor_.rank() - 1); }
  int64_t count() const;
  Matrix at(int64_t index) const { return {tensor_.data_as<double>() + index * rows() * columns(), rows(), columns()}; }
  /// The leading dimensions, and these after them.
  Dimensions shape(std::initializer_list<int64_t> last) const;

 private:
  Tensor tensor_;
};

/// A copy of matrices of float32 or float64. kInvalidArgument names `op` where `a` is something else.
Result<Batch> read_batch(std::string_view op, const KernelContext& context, const Tensor& a);
/// The same of square ones.
Result<Batch> read_square(std::string_view op, const KernelContext& context, const Tensor& a);
/// Zeros.
Result<Batch> new_batch(const KernelContext& context, const Dimensions& shape);
/// In `dtype`, each matrix column-major.
Result<Tensor> column_major(const KernelContext& context, const Batch& batch, DType dtype);
/// A view with the last two dimensions exchanged.
Result<Tensor> transposed(const Tensor& tensor);

}  // namespace hearth
