#include <cstring>

#include "base/errors.h"
#include "kernels/cpu/column_offsets.h"
#include "kernels/cpu/converted.h"
#include "kernels/cpu/linear_rows.h"
#include "kernels/cpu/result_sink.h"
#include "kernels/profile.h"
#include "kernels/quantized_operands.h"

namespace hearth {
namespace {

constexpr int64_t kGroup = 4;
/// The zero point of rows that are quantised here: int8 numbers as uint8.
constexpr int32_t kMiddle = 128;
constexpr float kLargest = 127;
constexpr int64_t kRowsOfChunk = 8;

/// A left operand: rows of bytes that are whole groups, and what they are scaled by.
struct ByteRows {
  Tensor bytes;
  int64_t row = 0;    ///< In groups.
  Tensor row_scales;  ///< Undefined: 1.
};

Result<ByteRows> empty_rows(const KernelContext& context, int64_t rows, int64_t depth) {
  HEARTH_ASSIGN_OR_RETURN(Tensor bytes, context.pool->empty(DType::kUInt8, std::array{rows, depth * kGroup}));
  return ByteRows{std::move(bytes), depth, Tensor()};
}

/// Each row of float32 numbers as bytes; `depth` is the operand's in groups, of which the weight's last may be zeros.
Result<ByteRows> quantized_rows(const KernelContext& context, const Tensor& x, int64_t rows, int64_t depth) {
  HEARTH_ASSIGN_OR_RETURN(ByteRows result, empty_rows(context, rows, depth));
  HEARTH_ASSIGN_OR_RETURN(result.row_scales, context.pool->empty(DType::kFloat32, std::array{rows}));
  const int64_t count = x.size(x.rank() - 1);
  const int64_t x_row = *uniform_row_stride(x);
  const MicroKernels& kernels = micro_kernels();
  context.team->parallel_for(rows, kRowsOfChunk, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float* numbers = x.data_as<float>() + r * x_row;
      auto* bytes = result.bytes.data_as<uint8_t>() + r * depth * kGroup;
      const float largest = kernels.largest_magnitude(numbers, count);
      const float scale = largest > 0 ? largest / kLargest : 1;
      result.row_scales.data_as<float>()[r] = scale;
      kernels.quantize(numbers, {scale, kMiddle}, bytes, count);
      std::memset(bytes + count, 0, static_cast<size_t>(depth * kGroup - count));
    }
  });
  return result;
}

/// Rows of bytes in place where they are whole groups, else a copy.
Result<ByteRows> byte_rows(const KernelContext& context, const Tensor& x, int64_t rows, int64_t depth) {
  const int64_t count = x.size(x.rank() - 1);
  const int64_t x_row = *uniform_row_stride(x);
  const bool aligned = reinterpret_cast<uintptr_t>(x.data()) % alignof(float) == 0;
  if (count == depth * kGroup && x_row % kGroup == 0 && aligned) return ByteRows{x, x_row / kGroup, Tensor()};
  HEARTH_ASSIGN_OR_RETURN(ByteRows result, empty_rows(context, rows, depth));
  for (int64_t r = 0; r < rows; ++r) {
    auto* bytes = result.bytes.data_as<uint8_t>() + r * depth * kGroup;
    if (count > 0) std::memcpy(bytes, x.data_as<uint8_t>() + r * x_row, static_cast<size_t>(count));
    std::memset(bytes + count, 0, static_cast<size_t>(depth * kGroup - count));
  }
  return result;
}

Status multiply(const KernelContext& context, const Tensor& x, const QuantizedLayer& layer, ResultSink& sink) {
  constexpr const char* kRole = "[columns, depth]";
  const TileKernels& kernels = *micro_kernels().int8;
  const PanelSource source = panel_source_of(layer.weight, 1);
  const bool is_bytes = x.dtype() == DType::kUInt8;
  HEARTH_ASSIGN_OR_RETURN(const Tensor offsets,
                          column_offsets(context, layer.weight, kRole, source, is_bytes ? layer.x_zero : kMiddle));
  HEARTH_ASSIGN_OR_RETURN(const Tensor panels, packed_groups(context, kernels, layer.weight, kRole, source));
  HEARTH_ASSIGN_OR_RETURN(const Tensor scales, dense_bias(context, layer.scales));
  Gemm gemm;
  gemm.rows = sink.line_rows;
  gemm.columns = layer.weight.size(0);
  gemm.depth = grouped_depth(kernels, source);
  HEARTH_ASSIGN_OR_RETURN(const Tensor rows_of_x, as_rows(context, x));
  HEARTH_ASSIGN_OR_RETURN(const ByteRows left,
                          (is_bytes ? byte_rows : quantized_rows)(context, rows_of_x, gemm.rows, gemm.depth));
  gemm.a = static_cast<const float*>(left.bytes.data());
  gemm.a_row = left.row;
  gemm.b = panels.data_as<float>();
  gemm.sink = &sink;
  sink.integers = {offsets.data_as<int32_t>(), scales.data_as<float>(),
                   left.row_scales.defined() ? left.row_scales.data_as<float>() : nullptr};
  return run_gemm(context, kernels, gemm);
}

}  // namespace

Result<Tensor> quantized_linear(const KernelContext& context, const Tensor& x, const QuantizedLayer& layer) {
  HEARTH_RETURN_IF_ERROR(check_quantized_linear(x, layer));
  HEARTH_ASSIGN_OR_RETURN(Tensor y, context.pool->empty(result_dtype(layer), linear_result_sizes(x, layer)));
  if (y.element_count() == 0) return y;
  const int64_t columns = layer.weight.size(0);
  count_operations(DType::kInt8, 2.0 * static_cast<double>(y.element_count() * layer.weight.size(1)));
  ResultSink sink(micro_kernels());
  sink.set_plain_rows(y.element_count() / columns);
  sink.activation = layer.activation;
  sink.result = {static_cast<std::byte*>(y.data()), 0, columns, y.dtype(), layer.y_affine.value_or(Affine())};
  HEARTH_ASSIGN_OR_RETURN(const Tensor bias, dense_bias(context, layer.bias));
  sink.bias = bias.data_as<float>();
  Tensor residual;
  if (layer.residual.defined()) {
    HEARTH_ASSIGN_OR_RETURN(residual, as_rows(context, layer.residual));
    sink.residual = {static_cast<std::byte*>(residual.data()), 0, *uniform_row_stride(residual), residual.dtype(),
                     layer.residual_affine};
  }
  HEARTH_RETURN_IF_ERROR(multiply(context, x, layer, sink));
  return y;
}

}  // namespace hearth
