#include "kernels/pooling.h"

#include <algorithm>
#include <limits>

#include "base/errors.h"
#include "kernels/pool_windows.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

using Position = std::array<int64_t, 3>;

/// One output element's windows.
struct Cell {
  const PoolWindow& depth;
  const PoolWindow& height;
  const PoolWindow& width;
};

/// Calls body(cell, batch, channel, output position) for every output element, shared out over the team; channels go
/// innermost when they are adjacent in memory.
template <typename Body>
void for_each_cell(ThreadTeam& team, const PoolShape& shape, bool channels_adjacent, Body body) {
  const int64_t outer_channels = channels_adjacent ? 1 : shape.channels;
  const int64_t inner_channels = channels_adjacent ? shape.channels : 1;
  const int64_t rows = shape.batch * outer_channels * shape.output[0] * shape.output[1];
  team.parallel_for(rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      Position at{row / shape.output[1] % shape.output[0], row % shape.output[1], 0};
      const int64_t image = row / (shape.output[0] * shape.output[1]);
      for (at[2] = 0; at[2] < shape.output[2]; ++at[2]) {
        const Cell cell{shape.windows[0][static_cast<size_t>(at[0])], shape.windows[1][static_cast<size_t>(at[1])],
                        shape.windows[2][static_cast<size_t>(at[2])]};
        for (int64_t c = 0; c < inner_channels; ++c) {
          body(cell, image / outer_channels, channels_adjacent ? c : image % outer_channels, at);
        }
      }
    }
  });
}

/// Calls body(offset of the element in its plane, index of the element in a row-major plane).
template <typename Body>
void for_each_input(const PoolShape& shape, const Cell& cell, const std::array<int64_t, 5>& strides, Body body) {
  for (int64_t z = cell.depth.begin; z < cell.depth.end; z += shape.step[0]) {
    for (int64_t y = cell.height.begin; y < cell.height.end; y += shape.step[1]) {
      for (int64_t x = cell.width.begin; x < cell.width.end; x += shape.step[2]) {
        body(z * strides[2] + y * strides[3] + x * strides[4], (z * shape.input[1] + y) * shape.input[2] + x);
      }
    }
  }
}

int64_t offset_of(const std::array<int64_t, 5>& strides, int64_t batch, int64_t channel, const Position& at) {
  return batch * strides[0] + channel * strides[1] + at[0] * strides[2] + at[1] * strides[3] + at[2] * strides[4];
}

/// A result in the order of memory that PyTorch gives it: some of its operators keep channels-last, others never do.
enum class ResultOrder { kRowMajor, kAsInput };
Result<Tensor> empty_result(const KernelContext& context, DType dtype, int spatial_rank, const Tensor& x,
                            const PoolShape& shape, ResultOrder order) {
  if (order == ResultOrder::kAsInput && x.rank() == spatial_rank + 2 && is_channels_last(x.shape(), x.strides())) {
    return context.pool->empty_strided(dtype, shape.result, channels_last_strides(shape.result));
  }
  return context.pool->empty(dtype, shape.result);
}

/// The order of operators that keep channels-last with two spatial dimensions only.
ResultOrder order_of_2d(int spatial_rank) { return spatial_rank == 2 ? ResultOrder::kAsInput : ResultOrder::kRowMajor; }

template <typename T>
T lowest() {
  if constexpr (std::numeric_limits<T>::has_infinity) return -std::numeric_limits<T>::infinity();
  return std::numeric_limits<T>::lowest();
}

template <typename T>
void take_maxima(const KernelContext& context, int spatial_rank, const Tensor& x, const PoolShape& shape,
                 const ValuesAndIndices& result) {
  const auto in = pool_strides(spatial_rank, x);
  const auto out = pool_strides(spatial_rank, result.first);
  const T* from = x.data_as<T>();
  const bool channels_adjacent = in[1] == 1 && shape.channels > 1;
  for_each_cell(*context.team, shape, channels_adjacent,
                [&](const Cell& cell, int64_t batch, int64_t channel, const Position& at) {
                  const T* plane = from + batch * in[0] + channel * in[1];
                  auto best = lowest<Compute<T>>();
                  int64_t best_index =
                      (cell.depth.begin * shape.input[1] + cell.height.begin) * shape.input[2] + cell.width.begin;
                  for_each_input(shape, cell, in, [&](int64_t offset, int64_t index) {
                    const Compute<T> value = plane[offset];
                    if (!(value > best) && !is_nan(value)) return;
                    best = value;
                    best_index = index;
                  });
                  const int64_t to = offset_of(out, batch, channel, at);
                  result.first.data_as<T>()[to] = static_cast<T>(best);
                  result.second.data_as<int64_t>()[to] = best_index;
                });
}

Result<ValuesAndIndices> maximum(const KernelContext& context, std::string_view op, int spatial_rank, const Tensor& x,
                                 const PoolShape& shape, ResultOrder order) {
  if (x.dtype() == DType::kBool) return invalid_argument("{}: x is {}; bool has no maximum", op, describe(x));
  ValuesAndIndices result;
  HEARTH_ASSIGN_OR_RETURN(result.first, empty_result(context, x.dtype(), spatial_rank, x, shape, order));
  HEARTH_ASSIGN_OR_RETURN(result.second, empty_result(context, DType::kInt64, spatial_rank, x, shape, order));
  HEARTH_RETURN_IF_ERROR(visit_real_dtype(x.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    take_maxima<T>(context, spatial_rank, x, shape, result);
    return {};
  }));
  return result;
}

/// divisor(cell) is what the sum over a cell is divided by.
template <typename T, typename Divisor>
void take_averages(const KernelContext& context, int spatial_rank, const Tensor& x, const PoolShape& shape,
                   const Tensor& result, Divisor divisor) {
  const auto in = pool_strides(spatial_rank, x);
  const auto out = pool_strides(spatial_rank, result);
  const T* from = x.data_as<T>();
  const bool channels_adjacent = in[1] == 1 && shape.channels > 1;
  for_each_cell(*context.team, shape, channels_adjacent,
                [&](const Cell& cell, int64_t batch, int64_t channel, const Position& at) {
                  const T* plane = from + batch * in[0] + channel * in[1];
                  Compute<T> sum{};
                  for_each_input(shape, cell, in, [&](int64_t offset, int64_t) { sum += plane[offset]; });
                  result.data_as<T>()[offset_of(out, batch, channel, at)] =
                      static_cast<T>(sum / static_cast<Compute<T>>(divisor(cell)));
                });
}

}  // namespace

Result<ValuesAndIndices> max_pool(const KernelContext& context, int spatial_rank, const Tensor& x,
                                  const PoolParameters& parameters) {
  HEARTH_ASSIGN_OR_RETURN(const PoolShape shape, pool_shape("max_pool", spatial_rank, x, parameters));
  return maximum(context, "max_pool", spatial_rank, x, shape, ResultOrder::kAsInput);
}

Result<ValuesAndIndices> adaptive_max_pool(const KernelContext& context, int spatial_rank, const Tensor& x,
                                           std::span<const int64_t> output_size) {
  HEARTH_ASSIGN_OR_RETURN(const PoolShape shape,
                          adaptive_pool_shape("adaptive_max_pool", spatial_rank, x, output_size));
  return maximum(context, "adaptive_max_pool", spatial_rank, x, shape, order_of_2d(spatial_rank));
}

Result<Tensor> average_pool(const KernelContext& context, int spatial_rank, const Tensor& x,
                            const PoolParameters& parameters) {
  constexpr std::string_view kOp = "avg_pool";
  HEARTH_ASSIGN_OR_RETURN(const PoolShape shape, pool_shape(kOp, spatial_rank, x, parameters));
  if (parameters.divisor_override == 0) return invalid_argument("{}: divisor_override must not be 0", kOp);
  const auto divisor = [&](const Cell& cell) -> int64_t {
    if (parameters.divisor_override) return *parameters.divisor_override;
    if (parameters.count_include_pad) {
      return cell.depth.padded_size * cell.height.padded_size * cell.width.padded_size;
    }
    return (cell.depth.end - cell.depth.begin) * (cell.height.end - cell.height.begin) *
           (cell.width.end - cell.width.begin);
  };
  HEARTH_ASSIGN_OR_RETURN(const Tensor result,
                          empty_result(context, x.dtype(), spatial_rank, x, shape, order_of_2d(spatial_rank)));
  const auto average = [&]<typename T>(TypeTag<T>) -> Status {
    take_averages<T>(context, spatial_rank, x, shape, result, divisor);
    return {};
  };
  if (x.dtype() == DType::kInt64) {
    HEARTH_RETURN_IF_ERROR(average(TypeTag<int64_t>{}));
  } else {
    HEARTH_RETURN_IF_ERROR(visit_floating_dtype(kOp, x.dtype(), average));
  }
  return result;
}

Result<Tensor> adaptive_average_pool(const KernelContext& context, int spatial_rank, const Tensor& x,
                                     std::span<const int64_t> output_size) {
  constexpr std::string_view kOp = "adaptive_avg_pool";
  HEARTH_ASSIGN_OR_RETURN(const PoolShape shape, adaptive_pool_shape(kOp, spatial_rank, x, output_size));
  HEARTH_ASSIGN_OR_RETURN(const Tensor result,
                          empty_result(context, x.dtype(), spatial_rank, x, shape, order_of_2d(spatial_rank)));
  HEARTH_RETURN_IF_ERROR(visit_floating_dtype(kOp, x.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    take_averages<T>(context, spatial_rank, x, shape, result, [](const Cell& cell) {
      return cell.depth.padded_size * cell.height.padded_size * cell.width.padded_size;
    });
    return {};
  }));
  return result;
}

}  // namespace hearth
