#include "kernels/cpu/linear_bfloat16.h"

#include <cstring>

#include "base/errors.h"
#include "kernels/cpu/converted.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/linear_rows.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/cpu/pack.h"
#include "kernels/cpu/result_sink.h"

namespace hearth {
namespace {

/// bfloat16 numbers that one element of a product holds.
constexpr int64_t kPair = 2;

/// A bfloat16 matrix as a left operand, its rows filled up with zeros to the depth that the kernels want.
class FilledRows final : public BlockSource {
 public:
  explicit FilledRows(const MatrixView<BFloat16>& matrix, int64_t depth) : matrix_(matrix), depth_(depth) {}

  void gather(int64_t instance, int64_t row, int64_t rows, int64_t, int64_t depth, float* to,
              int64_t to_stride) const override {
    for (int64_t r = 0; r < rows; ++r) {
      const BFloat16* from = &matrix_.at(instance, row + r, 0);
      auto* line = reinterpret_cast<BFloat16*>(to + r * to_stride);
      if (matrix_.column_stride == 1) {
        if (depth_ > 0) std::memcpy(line, from, static_cast<size_t>(depth_) * sizeof(BFloat16));
      } else {
        for (int64_t k = 0; k < depth_; ++k) line[k] = from[k * matrix_.column_stride];
      }
      std::fill(line + depth_, line + depth * kPair, BFloat16());
    }
  }

 private:
  MatrixView<BFloat16> matrix_;
  int64_t depth_;
};

/// True when the kernels can read the matrix where it lies.
bool lies_in_pairs(const MatrixView<BFloat16>& matrix, int64_t depth, int64_t grouped_depth) {
  return matrix.column_stride == 1 && depth == grouped_depth * kPair && matrix.row_stride % kPair == 0 &&
         matrix.batch_stride % kPair == 0 && reinterpret_cast<uintptr_t>(matrix.data) % alignof(float) == 0;
}

PanelSource panel_source(const MatmulOperands<BFloat16>& operands) {
  PanelSource source;
  source.data = operands.b.data;
  source.dtype = DType::kBFloat16;
  source.instances = operands.batches;
  source.instance_stride = operands.b.batch_stride;
  source.depth_sizes[3] = operands.depth;
  source.depth_strides[3] = operands.b.row_stride;
  source.columns = operands.columns;
  source.column_stride = operands.b.column_stride;
  return source;
}

/// Multiplies into `sink`, whose result and what is added to it are set.
Status multiply(const KernelContext& context, const MatmulOperands<BFloat16>& operands, const Tensor& b,
                const std::string& role, ResultSink& sink) {
  const TileKernels& kernels = *micro_kernels().bfloat16;
  const PanelSource source = panel_source(operands);
  HEARTH_ASSIGN_OR_RETURN(const Tensor panels, packed_groups(context, kernels, b, role, source));
  sink.set_plain_rows(operands.rows);
  Gemm gemm;
  gemm.instances = operands.batches;
  gemm.rows = operands.rows;
  gemm.columns = operands.columns;
  gemm.depth = grouped_depth(kernels, source);
  gemm.b = panels.data_as<float>();
  gemm.b_instance = packed_instance_size(kernels, gemm.depth, gemm.columns);
  gemm.sink = &sink;
  const FilledRows rows(operands.a, operands.depth);
  if (lies_in_pairs(operands.a, operands.depth, gemm.depth)) {
    gemm.a = reinterpret_cast<const float*>(operands.a.data);
    gemm.a_instance = operands.a.batch_stride / kPair;
    gemm.a_row = operands.a.row_stride / kPair;
  } else {
    gemm.blocks = &rows;
  }
  return run_gemm(context, kernels, gemm);
}

RowsInMemory rows_of(const MatrixView<BFloat16>& matrix) {
  return {reinterpret_cast<std::byte*>(matrix.data), matrix.batch_stride, matrix.row_stride, DType::kBFloat16};
}

bool is_bias(const MatmulOperands<BFloat16>& operands) {
  return operands.self.row_stride == 0 && operands.self.batch_stride == 0;
}

}  // namespace

Status linear_bfloat16(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                       const Tensor& residual, Activation activation, const Tensor& y) {
  MatmulOperands<BFloat16> operands;
  operands.columns = weight.size(0);
  operands.depth = weight.size(1);
  operands.rows = y.element_count() / operands.columns;
  HEARTH_ASSIGN_OR_RETURN(const Tensor x_rows, as_rows(context, x));
  operands.a = {x_rows.data_as<BFloat16>(), 0, *uniform_row_stride(x_rows), 1};
  operands.b = {weight.data_as<BFloat16>(), 0, weight.stride(1), weight.stride(0)};
  ResultSink sink(micro_kernels());
  sink.result = {static_cast<std::byte*>(y.data()), 0, operands.columns, DType::kBFloat16};
  sink.activation = activation;
  HEARTH_ASSIGN_OR_RETURN(const Tensor column_bias, dense_bias(context, bias));
  sink.bias = column_bias.data_as<float>();
  Tensor residual_rows;
  if (residual.defined()) {
    HEARTH_ASSIGN_OR_RETURN(residual_rows, as_rows(context, residual));
    sink.residual = {static_cast<std::byte*>(residual_rows.data()), 0, *uniform_row_stride(residual_rows),
                     DType::kBFloat16};
  }
  return multiply(context, operands, weight, "[columns, depth]", sink);
}

bool suits_matmul_bfloat16(const MatmulOperands<BFloat16>& operands, double beta, double alpha) {
  if (!micro_kernels().bfloat16 || alpha != 1) return false;
  const MatrixView<BFloat16>& out = operands.out;
  if (operands.columns > 1 && out.column_stride != 1) return false;
  if (operands.rows > 1 && out.row_stride < operands.columns) return false;
  return !operands.self.data || (beta == 1 && operands.self.column_stride == 1);
}

Status matmul_bfloat16(const KernelContext& context, const MatmulOperands<BFloat16>& operands, const Tensor& b) {
  ResultSink sink(micro_kernels());
  sink.result = rows_of(operands.out);
  Tensor bias;
  if (operands.self.data && is_bias(operands)) {
    HEARTH_ASSIGN_OR_RETURN(bias, context.pool->empty(DType::kFloat32, std::array{operands.columns}));
    micro_kernels().widen_bfloat16(operands.self.data, bias.data_as<float>(), operands.columns);
    sink.bias = bias.data_as<float>();
  } else {
    sink.residual = rows_of(operands.self);
  }
  return multiply(context, operands, b, "[batch, depth, columns]", sink);
}

}  // namespace hearth
