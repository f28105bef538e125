#include "kernels/block_linear.h"

#include <algorithm>

#include "base/errors.h"
#include "kernels/cpu/converted.h"
#include "kernels/cpu/linear_rows.h"
#include "kernels/cpu/result_sink.h"
#include "kernels/operands.h"
#include "kernels/profile.h"

namespace hearth {
namespace {

constexpr std::string_view kOp = "linear";
/// Panels whose results are finished together, when they stay in the cache beside each other.
constexpr int64_t kMostPanels = 4;
constexpr int64_t kCachedPanelBytes = 256 * 1024;
constexpr int64_t kMostTileRows = 16;
/// What a member of the team takes at once, at least: to begin at another place of memory has its price.
constexpr int64_t kLeastWork = 64 * 1024;

/// Small layers, which take little of the time, are multiplied as well as floats would be.
BlockPrecision precision_for(int64_t columns, int64_t depth) {
  constexpr int64_t kSmallDepth = 256;
  constexpr int64_t kSmall = 1 << 20;
  const bool is_small = depth <= kSmallDepth || columns <= kSmall / depth;
  return is_small ? BlockPrecision::kThreeBytes : BlockPrecision::kTwoBytes;
}

Dimensions result_shape(const Tensor& x, const BlockWeights& weight) {
  Dimensions shape = to_dimensions(x.shape());
  shape.back() = weight.rows;
  return shape;
}

Status check_operands(const Tensor& x, const BlockWeights& weight, const Tensor& bias, const Tensor& residual) {
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "x", x));
  if (!is_fast_dtype(x.dtype()) || x.rank() == 0) {
    return invalid_argument("{}: x is {}, expected float32, bfloat16 or float16 with at least one dimension", kOp,
                            describe(x));
  }
  HEARTH_RETURN_IF_ERROR(check_block_weights(kOp, weight, x.size(x.rank() - 1)));
  if (bias.defined()) {
    if (bias.dtype() != DType::kFloat32) HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "bias", bias, x.dtype()));
    HEARTH_RETURN_IF_ERROR(check_shape(kOp, "bias", bias, std::array{weight.rows}));
  }
  if (!residual.defined()) return {};
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "residual", residual, x.dtype()));
  return check_shape(kOp, "residual", residual, result_shape(x, weight));
}

/// Rows of x as integers: tiles of `tile_rows` rows, the last of fewer, as BlockGroup [groups][rows of the tile].
struct QuantizedRows {
  Tensor bytes;
  BlockPrecision precision = BlockPrecision::kTwoBytes;
  int64_t rows = 0;
  int64_t groups = 0;
  int64_t tile_rows = 0;

  int64_t rows_of_tile(int64_t first) const { return std::min(tile_rows, rows - first); }
  /// Where the tile that begins with row `first` lies.
  std::byte* tile(int64_t first) const {
    return bytes.data_as<std::byte>() + first * groups * block_group_bytes(precision);
  }
};

/// x: rows of float32.
Result<QuantizedRows> quantize_rows(const KernelContext& context, const BlockKernels& kernels, const Tensor& x,
                                    int64_t rows, int64_t groups, BlockPrecision precision) {
  QuantizedRows result{{}, precision, rows, groups, kernels.tile_rows};
  const int64_t size = block_group_bytes(precision);
  HEARTH_ASSIGN_OR_RETURN(result.bytes, context.pool->empty(DType::kUInt8, std::array{rows, groups, size}));
  const auto quantize = kernels.quantize[static_cast<size_t>(precision)];
  const int64_t depth = x.size(x.rank() - 1);
  const int64_t row_stride = *uniform_row_stride(x);
  constexpr int64_t kNumbersOfChunk = 16 * 1024;
  context.team->parallel_for(rows, kNumbersOfChunk / std::max<int64_t>(depth, 1), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const int64_t first = r - r % result.tile_rows;
      quantize(x.data_as<float>() + r * row_stride, depth, groups, result.tile(first) + (r - first) * size,
               result.rows_of_tile(first) * size);
    }
  });
  return result;
}

void multiply(const KernelContext& context, const BlockKernels& kernels, const QuantizedRows& x,
              const BlockWeights& weight, const ResultSink& sink) {
  const int64_t panel_bytes = weight.blocks_of_panel() * block_bytes(weight.format);
  const int64_t together = std::clamp<int64_t>(kCachedPanelBytes / std::max<int64_t>(panel_bytes, 1), 1, kMostPanels);
  const BlockKernels::Tile* tiles = kernels.tiles[static_cast<size_t>(x.precision)][static_cast<size_t>(weight.format)];
  const int64_t grain = kLeastWork / std::max<int64_t>(panel_bytes * x.rows, 1) + 1;
  context.team->parallel_for(weight.panel_count(), grain, [&](int64_t begin, int64_t end) {
    float sums[kMostTileRows * kMostPanels * kBlockRows];
    for (int64_t first = begin; first < end; first += together) {
      const int64_t panels = std::min(together, end - first);
      for (int64_t row = 0; row < x.rows; row += x.tile_rows) {
        BlockTile tile{x.tile(row), nullptr, weight.blocks_of_panel(), nullptr, kMostPanels * kBlockRows};
        for (int64_t p = 0; p < panels; ++p) {
          tile.panel = weight.panel(first + p);
          tile.result = sums + p * kBlockRows;
          tiles[x.rows_of_tile(row) - 1](tile);
        }
        const int64_t column = first * kBlockRows;
        const int64_t columns = std::min(panels * kBlockRows, weight.rows - column);
        sink.store(0, row, x.rows_of_tile(row), column, columns, sums, tile.result_row);
      }
    }
  });
}

}  // namespace

Result<Tensor> block_linear(const KernelContext& context, const Tensor& x, const BlockWeights& weight,
                            const Tensor& bias, const Tensor& residual, Activation activation) {
  HEARTH_RETURN_IF_ERROR(check_operands(x, weight, bias, residual));
  const bool is_half = x.dtype() == DType::kFloat16;
  HEARTH_ASSIGN_OR_RETURN(const Tensor y,
                          context.pool->empty(is_half ? DType::kFloat32 : x.dtype(), result_shape(x, weight)));
  if (y.element_count() == 0) return is_half ? row_major_as(*context.pool, y, x.dtype()) : Result<Tensor>(y);
  const int64_t rows = y.element_count() / weight.rows;
  const int64_t depth = x.size(x.rank() - 1);
  count_operations(DType::kInt8, 2.0 * static_cast<double>(y.element_count() * depth));

  HEARTH_ASSIGN_OR_RETURN(const Tensor numbers, to_float32(context, x));
  HEARTH_ASSIGN_OR_RETURN(const Tensor rows_of_x, as_rows(context, numbers));
  const BlockKernels& kernels = *micro_kernels().blocks;
  HEARTH_ASSIGN_OR_RETURN(const QuantizedRows left,
                          quantize_rows(context, kernels, rows_of_x, rows, weight.blocks_of_panel() * kBlockGroups,
                                        precision_for(weight.rows, depth)));
  ResultSink sink(micro_kernels());
  sink.set_plain_rows(rows);
  sink.activation = activation;
  sink.result = {static_cast<std::byte*>(y.data()), 0, weight.rows, y.dtype()};
  HEARTH_ASSIGN_OR_RETURN(const Tensor dense, dense_bias(context, bias));
  sink.bias = dense.data_as<float>();
  Tensor added;
  if (residual.defined()) {
    HEARTH_ASSIGN_OR_RETURN(added, is_half ? to_float32(context, residual) : Result<Tensor>(residual));
    HEARTH_ASSIGN_OR_RETURN(added, as_rows(context, added));
    sink.residual = {static_cast<std::byte*>(added.data()), 0, *uniform_row_stride(added), added.dtype()};
  }
  multiply(context, kernels, left, weight, sink);
  return is_half ? row_major_as(*context.pool, y, x.dtype()) : Result<Tensor>(y);
}

}  // namespace hearth
