#include "kernels/linear.h"

#include <array>
#include <vector>

#include "base/errors.h"
#include "kernels/matmul_operands.h"

namespace hearth::reference {
namespace {

/// Elements from the start of `tensor` to the first of its last dimension's row number `row`.
int64_t row_offset(const Tensor& tensor, int64_t row) {
  int64_t offset = 0;
  for (int i = tensor.rank() - 2; i >= 0; --i) {
    offset += row % tensor.size(i) * tensor.stride(i);
    row /= tensor.size(i);
  }
  return offset;
}

template <typename T>
double dot(const T* a, int64_t a_stride, const T* b, int64_t b_stride, int64_t count) {
  double sum = 0;
  for (int64_t k = 0; k < count; ++k) sum += static_cast<double>(a[k * a_stride]) * b[k * b_stride];
  return sum;
}

template <typename T>
void multiply(const MatmulOperands<T>& operands, double beta, double alpha) {
  const auto& [batches, rows, columns, depth, out, self, a, b] = operands;
  for (int64_t batch = 0; batch < batches; ++batch) {
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = 0; column < columns; ++column) {
        double value = alpha * dot<T>(a.data + batch * a.batch_stride + row * a.row_stride, a.column_stride,
                                      b.data + batch * b.batch_stride + column * b.column_stride, b.row_stride, depth);
        if (beta != 0) value += beta * self.at(batch, row, column);
        out.at(batch, row, column) = static_cast<T>(value);
      }
    }
  }
}

Status multiply(int rank, const Tensor& out, const Tensor& self, const Tensor& a, const Tensor& b, double beta,
                double alpha) {
  if (out.defined() && out.dtype() == DType::kFloat64) {
    HEARTH_ASSIGN_OR_RETURN(const auto operands, matmul_operands<double>(rank, out, self, a, b, beta));
    multiply(operands, beta, alpha);
    return {};
  }
  HEARTH_ASSIGN_OR_RETURN(const auto operands, matmul_operands<float>(rank, out, self, a, b, beta));
  multiply(operands, beta, alpha);
  return {};
}

}  // namespace

Result<Tensor> linear(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& residual, Activation activation) {
  HEARTH_RETURN_IF_ERROR(check_linear(x, weight, bias, residual));
  const int64_t depth = weight.size(1);
  const int64_t columns = weight.size(0);
  std::vector<int64_t> shape(x.shape().begin(), x.shape().end());
  shape.back() = columns;
  HEARTH_ASSIGN_OR_RETURN(Tensor y, context.pool->empty(DType::kFloat32, shape));
  if (columns == 0) return y;
  const int last = x.rank() - 1;
  for (int64_t row = 0; row < y.element_count() / columns; ++row) {
    const float* x_row = x.data_as<float>() + row_offset(x, row);
    for (int64_t column = 0; column < columns; ++column) {
      const float* weight_row = weight.data_as<float>() + column * weight.stride(0);
      double value = dot(x_row, x.stride(last), weight_row, weight.stride(1), depth);
      if (bias.defined()) value += bias.data_as<float>()[column * bias.stride(0)];
      if (residual.defined())
        value += residual.data_as<float>()[row_offset(residual, row) + column * residual.stride(last)];
      y.data_as<float>()[row * columns + column] = apply_activation(activation, static_cast<float>(value));
    }
  }
  return y;
}

Status matmul(const KernelContext&, const Tensor& out, const Tensor& self, const Tensor& a, const Tensor& b,
              double beta, double alpha) {
  return multiply(2, out, self, a, b, beta, alpha);
}

Status batched_matmul(const KernelContext&, const Tensor& out, const Tensor& self, const Tensor& a, const Tensor& b,
                      double beta, double alpha) {
  return multiply(3, out, self, a, b, beta, alpha);
}

}  // namespace hearth::reference
