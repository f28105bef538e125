#include "kernels/cuda/integer_matmul.h"

#include <algorithm>
#include <limits>
#include <string>

#include "kernels/cpu/linear_rows.h"
#include "kernels/cuda/copy.h"
#include "kernels/cuda/integer_matmul_parameters.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/product.h"
#include "kernels/integer_matmul.h"
#include "kernels/operands.h"
#include "kernels/quantized_operands.h"

namespace hearth::gpu {
namespace {

constexpr int64_t kMostSize = std::numeric_limits<int32_t>::max() - 65536;
constexpr int64_t kPieceBytes = 16;
constexpr int64_t kMostRows = 8;  // Of the kernels that are made for few.
constexpr int64_t kLargeSide = 128;
constexpr int64_t kSmallSide = 64;
constexpr uint32_t kThreads = 128;
constexpr uint32_t kQuantizeThreads = 128;

int64_t ceiling(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Room for `rows` rows of `depth` bytes, each from a 16-byte boundary on, seen without the gaps between them.
Result<Tensor> empty_rows(MemoryPool& pool, DType dtype, int64_t rows, int64_t depth) {
  const int64_t stride = ceiling(std::max<int64_t>(depth, 1), kPieceBytes) * kPieceBytes;
  return pool.empty_strided(dtype, std::array{rows, depth}, std::array{stride, int64_t{1}});
}

bool are_pieces(const Tensor& rows) {
  return reinterpret_cast<uintptr_t>(rows.data()) % kPieceBytes == 0 && (rows.size(1) == 1 || rows.stride(1) == 1) &&
         (rows.size(0) == 1 || rows.stride(0) % kPieceBytes == 0);
}

/// A matrix of bytes as the kernels read it: itself, or a copy.
Result<Tensor> as_pieces(const KernelContext& context, const Tensor& rows) {
  if (are_pieces(rows)) return rows;
  HEARTH_ASSIGN_OR_RETURN(Tensor copy, empty_rows(*context.pool, rows.dtype(), rows.size(0), rows.size(1)));
  HEARTH_RETURN_IF_ERROR(copy_strided(*context.gpu, copy, rows));
  return copy;
}

/// The same for a weight [columns, depth].
Result<Tensor> weight_as_pieces(const KernelContext& context, const Tensor& weight) {
  if (are_pieces(weight) || weight.element_count() == 0) return weight;
  if (!weight.storage()->is_constant()) return as_pieces(context, weight);
  return context.packed->get(weight, "GPU bytes [columns, depth]", [&](const Tensor& constant) -> Result<Tensor> {
    HEARTH_ASSIGN_OR_RETURN(Tensor copy, as_pieces(context, constant));
    HEARTH_RETURN_IF_ERROR(context.gpu->stream->synchronize());
    return copy;
  });
}

/// a: [rows, depth] and b: [columns, depth], both in pieces.
Result<IntegerProduct> product_of(const Tensor& a, const Tensor& b) {
  if (std::max({a.size(0), b.size(0), a.size(1)}) > kMostSize) {
    return unavailable("a product of {} and {} is too large for a GPU", describe(a), describe(b));
  }
  IntegerProduct product{};
  product.rows = static_cast<int32_t>(a.size(0));
  product.columns = static_cast<int32_t>(b.size(0));
  product.depth = static_cast<int32_t>(a.size(1));
  product.a = a.data();
  product.b = b.data();
  // Kernels form addresses beyond an only row, which have to be aligned although they are not read.
  product.a_row_stride = a.size(0) == 1 ? 0 : a.stride(0);
  product.b_column_stride = b.size(0) == 1 ? 0 : b.stride(0);
  return product;
}

Status run(const GpuWork& gpu, DType a_dtype, const IntegerProduct& product) {
  if (product.rows == 0 || product.columns == 0) return {};
  const std::string sign = a_dtype == DType::kUInt8 ? "_unsigned" : "_signed";
  const int compute_units = gpu.device->properties().compute_units;
  if (product.rows <= kMostRows && suits_row_kernels(product.columns, product.depth, compute_units)) {
    int64_t rows = 1;
    while (rows < product.rows) rows *= 2;
    return launch(gpu, "integer_matmul", "rows_" + std::to_string(rows) + sign,
                  {.grid = {static_cast<uint32_t>(ceiling(product.columns, 2))}, .block = {kThreads}}, product);
  }
  const auto tiles_of = [&](int64_t side) { return ceiling(product.rows, side) * ceiling(product.columns, side); };
  const bool large = std::min(product.rows, product.columns) > kSmallSide && tiles_of(kLargeSide) >= compute_units;
  const int64_t side = large ? kLargeSide : kSmallSide;
  if (tiles_of(side) > std::numeric_limits<int32_t>::max()) {
    return unavailable("a product of {} by {} has too many tiles for one launch", product.rows, product.columns);
  }
  // Stages of both operands, 64 bytes deep, and the sums of b's columns.
  const int64_t stages = large ? 3 : 4;
  return launch(gpu, "integer_matmul", (large ? "large" : "small") + sign,
                {.grid = {static_cast<uint32_t>(tiles_of(side))},
                 .block = {kThreads},
                 .shared_bytes = static_cast<uint32_t>(stages * 64 * 2 * side + side * 4)},
                product);
}

/// `x` with all dimensions but the last seen as one, itself or a copy.
Result<Tensor> as_matrix(const KernelContext& context, const Tensor& x, int64_t rows) {
  const int64_t depth = x.size(x.rank() - 1);
  if (const auto stride = uniform_row_stride(x)) {
    return view_of(x, std::array{rows, depth}, std::array{*stride, x.stride(x.rank() - 1)}, x.offset());
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor copy, context.pool->empty(x.dtype(), x.shape()));
  HEARTH_RETURN_IF_ERROR(copy_strided(*context.gpu, copy, x));
  return view_of(copy, std::array{rows, depth}, std::array{depth, int64_t{1}}, copy.offset());
}

struct QuantizedRows {
  Tensor bytes;   ///< [rows, depth]
  Tensor scales;  ///< [rows]; undefined: 1.
};

Result<QuantizedRows> quantized_rows(const KernelContext& context, const Tensor& x) {
  QuantizedRows quantized;
  if (x.dtype() == DType::kUInt8) {
    HEARTH_ASSIGN_OR_RETURN(quantized.bytes, as_pieces(context, x));
    return quantized;
  }
  if (std::max(x.size(0), x.size(1)) > kMostSize) return unavailable("{} is too large for a GPU", describe(x));
  HEARTH_ASSIGN_OR_RETURN(quantized.bytes, empty_rows(*context.pool, DType::kInt8, x.size(0), x.size(1)));
  HEARTH_ASSIGN_OR_RETURN(quantized.scales, context.pool->empty(DType::kFloat32, std::array{x.size(0)}));
  const RowQuantization rows{.x = x.data_as<float>(),
                             .row_stride = x.stride(0),
                             .column_stride = x.stride(1),
                             .rows = static_cast<int32_t>(x.size(0)),
                             .columns = static_cast<int32_t>(x.size(1)),
                             .bytes = quantized.bytes.data_as<int8_t>(),
                             .bytes_stride = quantized.bytes.stride(0),
                             .scales = quantized.scales.data_as<float>()};
  HEARTH_RETURN_IF_ERROR(launch(*context.gpu, "integer_matmul", "quantize_rows",
                                {.grid = {static_cast<uint32_t>(rows.rows)}, .block = {kQuantizeThreads}}, rows));
  return quantized;
}

void set_finish(const QuantizedLayer& layer, const Tensor& residual, IntegerProduct& product) {
  product.result = layer.y_affine ? IntegerProduct::kBytes : IntegerProduct::kFloats;
  product.activation = static_cast<int32_t>(layer.activation);
  product.column_scales = layer.scales.data_as<float>();
  product.column_scales_stride = layer.scales.stride(0);
  if (layer.bias.defined()) {
    product.bias = layer.bias.data_as<float>();
    product.bias_stride = layer.bias.stride(0);
  }
  if (residual.defined()) {
    product.residual = {residual.data(), 0, residual.stride(0), residual.stride(1)};
    product.residual_is_bytes = residual.dtype() == DType::kUInt8 ? 1 : 0;
    product.residual_zero = layer.residual_affine.zero;
    product.residual_scale = layer.residual_affine.scale;
  }
  if (layer.y_affine) {
    product.y_factor = 1 / layer.y_affine->scale;
    product.y_zero = static_cast<float>(layer.y_affine->zero);
  }
}

}  // namespace

Status integer_matmul(const KernelContext& context, const Tensor& out, const Tensor& a, const Tensor& b) {
  HEARTH_RETURN_IF_ERROR(check_on_gpu({&out, &a, &b}));
  HEARTH_RETURN_IF_ERROR(check_integer_matmul(out, a, b));
  if (out.element_count() == 0) return {};
  HEARTH_ASSIGN_OR_RETURN(const Tensor columns, view_of(b, std::array{b.size(1), b.size(0)},
                                                        std::array{b.stride(1), b.stride(0)}, b.offset()));
  HEARTH_ASSIGN_OR_RETURN(const Tensor left, as_pieces(context, a));
  HEARTH_ASSIGN_OR_RETURN(const Tensor right, weight_as_pieces(context, columns));
  HEARTH_ASSIGN_OR_RETURN(IntegerProduct product, product_of(left, right));
  product.result = IntegerProduct::kSums;
  product.out = {out.data(), 0, out.stride(0), out.stride(1)};
  return run(*context.gpu, a.dtype(), product);
}

Result<Tensor> quantized_linear(const KernelContext& context, const Tensor& x, const QuantizedLayer& layer) {
  HEARTH_RETURN_IF_ERROR(check_on_gpu({&x, &layer.weight, &layer.scales, &layer.bias, &layer.residual}));
  HEARTH_RETURN_IF_ERROR(check_quantized_linear(x, layer));
  HEARTH_ASSIGN_OR_RETURN(Tensor y, context.pool->empty(result_dtype(layer), linear_result_sizes(x, layer)));
  if (y.element_count() == 0) return y;
  const int64_t columns = layer.weight.size(0);
  const int64_t row_count = y.element_count() / columns;
  HEARTH_ASSIGN_OR_RETURN(const Tensor rows, as_matrix(context, x, row_count));
  Tensor residual;
  if (layer.residual.defined()) {
    HEARTH_ASSIGN_OR_RETURN(residual, as_matrix(context, layer.residual, row_count));
  }
  HEARTH_ASSIGN_OR_RETURN(const QuantizedRows quantized, quantized_rows(context, rows));
  HEARTH_ASSIGN_OR_RETURN(const Tensor weight, weight_as_pieces(context, layer.weight));
  HEARTH_ASSIGN_OR_RETURN(IntegerProduct product, product_of(quantized.bytes, weight));
  set_finish(layer, residual, product);
  product.row_scales = quantized.scales.data_as<float>();
  if (x.dtype() == DType::kUInt8) product.a_zero = layer.x_zero;
  product.out = {y.data(), 0, columns, 1};
  HEARTH_RETURN_IF_ERROR(run(*context.gpu, quantized.bytes.dtype(), product));
  return y;
}

}  // namespace hearth::gpu
