#include "kernels/cuda/matmul.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/cpu/linear_rows.h"
#include "kernels/cuda/copy.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/product.h"
#include "kernels/matmul_operands.h"
#include "kernels/operands.h"

namespace hearth::gpu {
namespace {

/// Numbers of rows, columns and so on: with room for the kernels to count a tile beyond them.
constexpr int64_t kMostSize = std::numeric_limits<int32_t>::max() - 65536;

template <typename Number>
Matrices matrices_of(const MatrixView<Number>& view) {
  return {view.data, view.batch_stride, view.row_stride, view.column_stride};
}

Status set_sizes(int64_t batches, int64_t rows, int64_t columns, int64_t depth, Product& product) {
  if (std::max({batches, rows, columns, depth}) > kMostSize) {
    return unavailable("a product of {} times {} by {} by {} is too large for a GPU", batches, rows, depth, columns);
  }
  product.batches = static_cast<int32_t>(batches);
  product.rows = static_cast<int32_t>(rows);
  product.columns = static_cast<int32_t>(columns);
  product.depth = static_cast<int32_t>(depth);
  return {};
}

/// Results are stored while others' self may still have to be read: it is `out` itself, or lies apart.
bool suits_in_place(const Tensor& self, const Tensor& out) {
  if (!self.defined() || self.storage().get() != out.storage().get()) return true;
  return self.data() == out.data() && std::ranges::equal(self.shape(), out.shape()) &&
         std::ranges::equal(self.strides(), out.strides());
}

template <typename Number>
Status multiply(const KernelContext& context, int rank, const Tensor& out, const Tensor& self, const Tensor& a,
                const Tensor& b, double beta, double alpha) {
  HEARTH_ASSIGN_OR_RETURN(const auto operands, matmul_operands<Number>(rank, out, self, a, b, beta));
  Product product{};
  HEARTH_RETURN_IF_ERROR(set_sizes(operands.batches, operands.rows, operands.columns, operands.depth, product));
  product.a = matrices_of(operands.a);
  product.b = matrices_of(operands.b);
  product.out = matrices_of(operands.out);
  product.added = matrices_of(operands.self);
  product.alpha = static_cast<float>(alpha);
  product.beta = static_cast<float>(beta);
  return run_product(context, out.dtype(), product);
}

Status multiply(const KernelContext& context, int rank, const Tensor& out, const Tensor& self, const Tensor& a,
                const Tensor& b, double beta, double alpha) {
  const Tensor added = beta == 0 ? Tensor() : self;
  HEARTH_RETURN_IF_ERROR(check_defined("matmul", "out", out));
  HEARTH_RETURN_IF_ERROR(check_on_gpu({&out, &added, &a, &b}));
  if (!product_family(out.dtype())) return unavailable("a product of {}", dtype_name(out.dtype()));
  if (!suits_in_place(added, out)) return unavailable("a product whose result overlaps what is added");
  const auto multiply_numbers = out.dtype() == DType::kFloat32    ? multiply<float>
                                : out.dtype() == DType::kBFloat16 ? multiply<BFloat16>
                                                                  : multiply<Float16>;
  return multiply_numbers(context, rank, out, added, a, b, beta, alpha);
}

/// All dimensions but the last seen as one, of a copy when they are not evenly spaced.
Result<Matrices> as_rows(const KernelContext& context, const Tensor& tensor, Tensor& copy) {
  copy = tensor;
  if (!uniform_row_stride(tensor)) {
    HEARTH_ASSIGN_OR_RETURN(copy, context.pool->empty(tensor.dtype(), tensor.shape()));
    HEARTH_RETURN_IF_ERROR(copy_strided(*context.gpu, copy, tensor));
  }
  return Matrices{copy.data(), 0, *uniform_row_stride(copy), copy.stride(copy.rank() - 1)};
}

}  // namespace

Status matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a, const Tensor& b,
              double beta, double alpha) {
  return multiply(context, 2, out, self, a, b, beta, alpha);
}

Status batched_matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a,
                      const Tensor& b, double beta, double alpha) {
  return multiply(context, 3, out, self, a, b, beta, alpha);
}

Result<Tensor> sum_of_matmuls(const KernelContext& context, const Tensor& self, const Tensor& a, const Tensor& b,
                              double beta, double alpha) {
  HEARTH_RETURN_IF_ERROR(check_defined("addbmm", "batch1", a));
  HEARTH_RETURN_IF_ERROR(check_defined("addbmm", "batch2", b));
  if (a.rank() != 3 || b.rank() != 3 || a.size(0) != b.size(0) || a.size(0) == 0) {
    return invalid_argument("addbmm: batches {} and {} do not fit", describe(a), describe(b));
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor result, context.pool->empty(a.dtype(), std::array{a.size(1), b.size(2)}));
  const auto matrix_of = [](const Tensor& batch, int64_t index) {
    return view_of(batch, batch.shape().subspan(1), batch.strides().subspan(1),
                   batch.offset() + index * batch.stride(0));
  };
  for (int64_t i = 0; i < a.size(0); ++i) {
    HEARTH_ASSIGN_OR_RETURN(const Tensor left, matrix_of(a, i));
    HEARTH_ASSIGN_OR_RETURN(const Tensor right, matrix_of(b, i));
    HEARTH_RETURN_IF_ERROR(matmul(context, result, i == 0 ? self : result, left, right, i == 0 ? beta : 1.0, alpha));
  }
  return result;
}

Result<Tensor> linear(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& residual, Activation activation) {
  HEARTH_RETURN_IF_ERROR(check_on_gpu({&x, &weight, &bias, &residual}));
  HEARTH_RETURN_IF_ERROR(check_linear(x, weight, bias, residual));
  std::vector<int64_t> shape(x.shape().begin(), x.shape().end());
  shape.back() = weight.size(0);
  HEARTH_ASSIGN_OR_RETURN(Tensor y, context.pool->empty(x.dtype(), shape));
  if (y.element_count() == 0) return y;
  Product product{};
  HEARTH_RETURN_IF_ERROR(set_sizes(1, y.element_count() / weight.size(0), weight.size(0), weight.size(1), product));
  Tensor x_rows;
  Tensor residual_rows;
  HEARTH_ASSIGN_OR_RETURN(product.a, as_rows(context, x, x_rows));
  product.b = {weight.data(), 0, weight.stride(1), weight.stride(0)};
  product.out = {y.data(), 0, weight.size(0), 1};
  if (residual.defined()) {
    HEARTH_ASSIGN_OR_RETURN(product.added, as_rows(context, residual, residual_rows));
  }
  if (bias.defined()) product.bias = {bias.data(), 0, 0, bias.stride(0)};
  product.bias_is_float32 = bias.defined() && bias.dtype() == DType::kFloat32 ? 1 : 0;
  product.activation = static_cast<int32_t>(activation);
  product.alpha = 1;
  product.beta = 1;
  HEARTH_RETURN_IF_ERROR(run_product(context, x.dtype(), product));
  return y;
}

}  // namespace hearth::gpu
