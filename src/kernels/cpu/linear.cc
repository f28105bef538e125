#include "kernels/linear.h"

#include <array>
#include <optional>
#include <vector>

#include "base/errors.h"
#include "kernels/cpu/converted.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/linear_bfloat16.h"
#include "kernels/cpu/linear_rows.h"
#include "kernels/cpu/matrix_vector.h"
#include "kernels/cpu/pack.h"
#include "kernels/cpu/parallel_copy.h"
#include "kernels/matmul_operands.h"
#include "kernels/profile.h"

namespace hearth {
namespace {

using Operands = MatmulOperands<float>;

/// Rows of a product up to which a changing right operand is read where it lies: packing it would cost more than it
/// gains.
constexpr int64_t kRowsNotWorthPacking = 8;

PanelSource panel_source(const Operands& operands) {
  PanelSource source;
  source.data = operands.b.data;
  source.instances = operands.batches;
  source.instance_stride = operands.b.batch_stride;
  source.depth_sizes[3] = operands.depth;
  source.depth_strides[3] = operands.b.row_stride;
  source.columns = operands.columns;
  source.column_stride = operands.b.column_stride;
  return source;
}

/// True when tiles can be stored to out itself: its columns are adjacent.
bool is_direct_result(const Operands& operands) {
  const MatrixView<float>& out = operands.out;
  return operands.columns == 1 ||
         (out.column_stride == 1 && (operands.rows == 1 || out.row_stride >= operands.columns));
}

/// self when it only repeats one dense row: a bias.
bool is_bias(const Operands& operands) {
  return operands.self.row_stride == 0 && operands.self.column_stride == 1 && operands.self.batch_stride == 0;
}

/// A fresh row-major tensor of the result's shape.
Result<Tensor> empty_product(const KernelContext& context, const Operands& operands) {
  const std::array<int64_t, 3> shape{operands.batches, operands.rows, operands.columns};
  return context.pool->empty(DType::kFloat32, shape);
}

/// beta · self as a row-major tensor.
Result<Tensor> scaled_self(const KernelContext& context, const Operands& operands, float beta) {
  HEARTH_ASSIGN_OR_RETURN(Tensor scaled, empty_product(context, operands));
  parallel_copy(*context.team, scaled.shape(), operands.self.data, operands.self.strides(), scaled.data_as<float>(),
                scaled.strides());
  if (beta == 1) return scaled;
  auto* values = scaled.data_as<float>();
  for (int64_t i = 0; i < scaled.element_count(); ++i) values[i] *= beta;
  return scaled;
}

/// Sets what is added to the product: self as a bias, as a matrix in place, or a scaled copy of it, which is returned.
/// A self that shares memory with out is copied, because out holds partial sums before self is added.
Result<Tensor> set_self(const KernelContext& context, const Operands& operands, bool self_is_apart, float beta,
                        Gemm& gemm) {
  const MatrixView<float>& self = operands.self;
  if (!self.data) return Tensor();
  if (beta == 1 && self_is_apart && is_bias(operands)) {
    gemm.bias = self.data;
    return Tensor();
  }
  if (beta == 1 && self_is_apart && self.column_stride == 1) {
    gemm.residual = self.data;
    gemm.residual_instance = self.batch_stride;
    gemm.residual_row = self.row_stride;
    return Tensor();
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor scaled, scaled_self(context, operands, beta));
  gemm.residual = scaled.data_as<float>();
  gemm.residual_instance = scaled.stride(0);
  gemm.residual_row = scaled.stride(1);
  return scaled;
}

/// The right operand as it lies when few rows will use it and whole vectors can be read, else as panels.
Result<Tensor> set_right_operand(const KernelContext& context, const MicroKernels& kernels, const Tensor& b,
                                 const Operands& operands, Gemm& gemm) {
  const bool in_place = !b.storage()->is_constant() && operands.rows <= kRowsNotWorthPacking &&
                        operands.b.column_stride == 1 && operands.b.row_stride > 0 &&
                        operands.columns % kernels.lanes == 0;
  if (in_place) {
    gemm.b = operands.b.data;
    gemm.b_instance = operands.b.batch_stride;
    gemm.b_row = operands.b.row_stride;
    return b;
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor panels,
                          packed_panels(context, kernels, b, "[batch, depth, columns]", panel_source(operands)));
  gemm.b = panels.data_as<float>();
  gemm.b_instance = packed_instance_size(kernels, operands.depth, operands.columns);
  return panels;
}

Status multiply(const KernelContext& context, const Operands& operands, const Tensor& b, bool self_is_apart, float beta,
                float alpha) {
  if (operands.batches == 0 || operands.rows == 0 || operands.columns == 0) return {};
  const MicroKernels& kernels = micro_kernels();
  Gemm gemm;
  gemm.instances = operands.batches;
  gemm.rows = operands.rows;
  gemm.columns = operands.columns;
  gemm.depth = operands.depth;
  gemm.alpha = alpha;
  gemm.a = operands.a.data;
  gemm.a_instance = operands.a.batch_stride;
  gemm.a_row = operands.a.row_stride;
  gemm.a_depth = operands.depth == 1 ? 1 : operands.a.column_stride;
  HEARTH_ASSIGN_OR_RETURN(const Tensor right, set_right_operand(context, kernels, b, operands, gemm));
  HEARTH_ASSIGN_OR_RETURN(const Tensor scaled, set_self(context, operands, self_is_apart, beta, gemm));
  gemm.c = operands.out.data;
  gemm.c_instance = operands.out.batch_stride;
  gemm.c_row = operands.out.row_stride;
  if (is_direct_result(operands)) return run_gemm(context, kernels, gemm);

  HEARTH_ASSIGN_OR_RETURN(Tensor product, empty_product(context, operands));
  gemm.c = product.data_as<float>();
  gemm.c_instance = product.stride(0);
  gemm.c_row = product.stride(1);
  HEARTH_RETURN_IF_ERROR(run_gemm(context, kernels, gemm));
  parallel_copy(*context.team, product.shape(), gemm.c, product.strides(), operands.out.data, operands.out.strides());
  return {};
}

bool are_apart(const Tensor& self, const Tensor& out) { return self.storage().get() != out.storage().get(); }

/// linear of float32 operands into `y`; the weight may also be bfloat16 or float16.
Status linear_float32(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& residual, Activation activation, const Tensor& y) {
  const MicroKernels& kernels = micro_kernels();
  Gemm gemm;
  gemm.depth = weight.size(1);
  gemm.columns = weight.size(0);
  gemm.activation = activation;
  gemm.rows = y.element_count() / gemm.columns;
  gemm.c = y.data_as<float>();
  gemm.c_row = gemm.columns;

  HEARTH_ASSIGN_OR_RETURN(const Tensor x_rows, as_rows(context, x));
  gemm.a = x_rows.data_as<float>();
  gemm.a_row = *uniform_row_stride(x_rows);

  HEARTH_ASSIGN_OR_RETURN(const Tensor column_bias, dense_bias(context, bias));
  gemm.bias = column_bias.data_as<float>();
  Tensor residual_rows;
  if (residual.defined()) {
    HEARTH_ASSIGN_OR_RETURN(residual_rows, as_rows(context, residual));
    gemm.residual = residual_rows.data_as<float>();
    gemm.residual_row = *uniform_row_stride(residual_rows);
  }
  if (gemm.columns == 1 && weight.dtype() == DType::kFloat32 && weight.stride(1) == 1) {
    multiply_by_vector(*context.team, kernels,
                       {.a = gemm.a,
                        .rows = gemm.rows,
                        .depth = gemm.depth,
                        .a_row = gemm.a_row,
                        .vector = weight.data_as<float>(),
                        .bias = gemm.bias,
                        .residual = gemm.residual,
                        .residual_row = gemm.residual_row,
                        .y = gemm.c,
                        .activation = activation});
    return {};
  }

  PanelSource source;
  source.data = weight.data();
  source.dtype = weight.dtype();
  source.depth_sizes[3] = gemm.depth;
  source.depth_strides[3] = weight.stride(1);
  source.columns = gemm.columns;
  source.column_stride = weight.stride(0);
  HEARTH_ASSIGN_OR_RETURN(const Tensor panels, packed_panels(context, kernels, weight, "[columns, depth]", source));
  gemm.b = panels.data_as<float>();
  return run_gemm(context, kernels, gemm);
}

/// linear of bfloat16 or float16 operands in float32, rounded at the end.
Status linear_widened(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& residual, Activation activation, const Tensor& y) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor rows, to_float32(context, x));
  HEARTH_ASSIGN_OR_RETURN(const Tensor added, to_float32(context, residual));
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, context.pool->empty(DType::kFloat32, y.shape()));
  HEARTH_RETURN_IF_ERROR(linear_float32(context, rows, weight, bias, added, activation, result));
  return from_float32(context, result, y);
}

Status matmul_float32(const KernelContext& context, int rank, const Tensor& out, const Tensor& self, const Tensor& a,
                      const Tensor& b, double beta, double alpha) {
  HEARTH_ASSIGN_OR_RETURN(const Operands operands, matmul_operands<float>(rank, out, self, a, b, beta));
  return multiply(context, operands, b, are_apart(self, out), static_cast<float>(beta), static_cast<float>(alpha));
}

/// The same for bfloat16 or float16 operands, rounded at the end.
Status matmul_widened(const KernelContext& context, int rank, const Tensor& out, const Tensor& self, const Tensor& a,
                      const Tensor& b, double beta, double alpha) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor left, to_float32(context, a));
  HEARTH_ASSIGN_OR_RETURN(const Tensor right, to_float32(context, b));
  HEARTH_ASSIGN_OR_RETURN(const Tensor added, to_float32(context, beta == 0 ? Tensor() : self));
  HEARTH_ASSIGN_OR_RETURN(const Tensor product, context.pool->empty(DType::kFloat32, out.shape()));
  HEARTH_RETURN_IF_ERROR(matmul_float32(context, rank, product, added, left, right, beta, alpha));
  return from_float32(context, product, out);
}

Status matmul_of_rank(const KernelContext& context, int rank, const Tensor& out, const Tensor& self, const Tensor& a,
                      const Tensor& b, double beta, double alpha) {
  if (out.defined() && !is_fast_dtype(out.dtype())) return converted_matmul(context, out, self, a, b, beta, alpha);
  if (out.defined() && a.rank() == rank) {
    count_operations(out.dtype(), 2.0 * static_cast<double>(out.element_count() * a.size(rank - 1)));
  }
  if (!out.defined() || out.dtype() == DType::kFloat32) {
    return matmul_float32(context, rank, out, self, a, b, beta, alpha);
  }
  if (out.dtype() == DType::kFloat16) {
    HEARTH_RETURN_IF_ERROR(matmul_operands<Float16>(rank, out, self, a, b, beta).status());
    return matmul_widened(context, rank, out, self, a, b, beta, alpha);
  }
  HEARTH_ASSIGN_OR_RETURN(const auto operands, matmul_operands<BFloat16>(rank, out, self, a, b, beta));
  if (out.element_count() == 0) return {};
  const bool suits = are_apart(self, out) && suits_matmul_bfloat16(operands, beta, alpha);
  return suits ? matmul_bfloat16(context, operands, b) : matmul_widened(context, rank, out, self, a, b, beta, alpha);
}

}  // namespace

Result<Tensor> linear(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& residual, Activation activation) {
  HEARTH_RETURN_IF_ERROR(check_linear(x, weight, bias, residual));
  std::vector<int64_t> shape(x.shape().begin(), x.shape().end());
  shape.back() = weight.size(0);
  HEARTH_ASSIGN_OR_RETURN(Tensor y, context.pool->empty(x.dtype(), shape));
  if (y.element_count() == 0) return y;
  count_operations(x.dtype(), 2.0 * static_cast<double>(y.element_count() * weight.size(1)));
  const auto compute = x.dtype() == DType::kFloat32                                ? linear_float32
                       : x.dtype() == DType::kBFloat16 && micro_kernels().bfloat16 ? linear_bfloat16
                                                                                   : linear_widened;
  HEARTH_RETURN_IF_ERROR(compute(context, x, weight, bias, residual, activation, y));
  return y;
}

Status matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a, const Tensor& b,
              double beta, double alpha) {
  return matmul_of_rank(context, 2, out, self, a, b, beta, alpha);
}

Status batched_matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a,
                      const Tensor& b, double beta, double alpha) {
  return matmul_of_rank(context, 3, out, self, a, b, beta, alpha);
}

}  // namespace hearth
