#include "kernels/pool_windows.h"

#include <algorithm>
#include <limits>

#include "base/errors.h"

namespace hearth {
namespace {

/// Keeps products of two parameters and a size far from overflow.
constexpr int64_t kLargestParameter = std::numeric_limits<int32_t>::max();

/// Fills the sizes that every pooling takes from x.
Result<PoolShape> shape_of_input(std::string_view op, int spatial_rank, const Tensor& x) {
  HEARTH_RETURN_IF_ERROR(check_defined(op, "x", x));
  if (x.rank() != spatial_rank + 1 && x.rank() != spatial_rank + 2) {
    return invalid_argument("{}: x is {}, expected {} or {} dimensions", op, describe(x), spatial_rank + 1,
                            spatial_rank + 2);
  }
  const int first_spatial = x.rank() - spatial_rank;
  PoolShape shape;
  shape.result = to_dimensions(x.shape());
  if (first_spatial == 2) shape.batch = x.size(0);
  shape.channels = x.size(first_spatial - 1);
  for (int i = 0; i < spatial_rank; ++i) {
    const auto d = static_cast<size_t>(3 - spatial_rank + i);
    shape.input[d] = x.size(first_spatial + i);
    if (shape.input[d] == 0) return invalid_argument("{}: x is {}: there is nothing to pool", op, describe(x));
  }
  if (spatial_rank == 2) shape.windows[0].push_back({0, 1, 1});
  return shape;
}

Result<std::array<int64_t, 3>> read_parameter(std::string_view op, std::string_view name,
                                              std::span<const int64_t> values, int rank, int64_t least) {
  std::array<int64_t, 3> result{};
  const auto count = static_cast<size_t>(rank);
  if (values.size() != 1 && values.size() != count) {
    return invalid_argument("{}: {} has {} entries, expected 1 or {}", op, name, values.size(), rank);
  }
  for (size_t i = 0; i < count; ++i) {
    const int64_t value = values.size() == 1 ? values[0] : values[i];
    if (value < least || value > kLargestParameter) {
      return invalid_argument("{}: {} is {}, expected at least {}", op, name, value, least);
    }
    result[3 - count + i] = value;
  }
  return result;
}

/// Output positions along one dimension: the last window must start inside of the input or the padding before it.
int64_t output_positions(int64_t input, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation,
                         bool ceil_mode) {
  const int64_t room = input + 2 * padding - dilation * (kernel - 1) - 1;
  if (room < 0) return ceil_mode && room > -stride ? 1 : 0;
  int64_t positions = room / stride + 1;
  if (ceil_mode && room % stride != 0 && positions * stride < input + padding) ++positions;
  return positions;
}

/// The window of output position `position` before padding is cut off: [start, start + reach).
PoolWindow window_at(int64_t position, int64_t input, int64_t kernel, int64_t stride, int64_t padding,
                     int64_t dilation) {
  const int64_t start = position * stride - padding;
  const int64_t end = start + (kernel - 1) * dilation + 1;
  const int64_t skipped = start < 0 ? (-start + dilation - 1) / dilation : 0;
  return {start + skipped * dilation, std::min(end, input), std::min(end, input + padding) - start};
}

}  // namespace

Result<PoolShape> pool_shape(std::string_view op, int spatial_rank, const Tensor& x, const PoolParameters& parameters) {
  constexpr std::array<int64_t, 1> kOne{1};
  const std::span<const int64_t> dilations = parameters.dilation.empty() ? kOne : parameters.dilation;
  const std::span<const int64_t> strides = parameters.stride.empty() ? parameters.kernel : parameters.stride;
  HEARTH_ASSIGN_OR_RETURN(PoolShape shape, shape_of_input(op, spatial_rank, x));
  HEARTH_ASSIGN_OR_RETURN(const auto kernel, read_parameter(op, "kernel_size", parameters.kernel, spatial_rank, 1));
  HEARTH_ASSIGN_OR_RETURN(const auto stride, read_parameter(op, "stride", strides, spatial_rank, 1));
  HEARTH_ASSIGN_OR_RETURN(const auto padding, read_parameter(op, "padding", parameters.padding, spatial_rank, 0));
  HEARTH_ASSIGN_OR_RETURN(const auto dilation, read_parameter(op, "dilation", dilations, spatial_rank, 1));
  for (int i = 0; i < spatial_rank; ++i) {
    const auto d = static_cast<size_t>(3 - spatial_rank + i);
    if (padding[d] > kernel[d] / 2) {
      return invalid_argument("{}: padding {} is more than half of kernel_size {}", op, padding[d], kernel[d]);
    }
    shape.step[d] = dilation[d];
    shape.output[d] =
        output_positions(shape.input[d], kernel[d], stride[d], padding[d], dilation[d], parameters.ceil_mode);
    if (shape.output[d] <= 0) {
      return invalid_argument("{}: x is {}: the kernel of size {} does not fit into it", op, describe(x), kernel[d]);
    }
    for (int64_t position = 0; position < shape.output[d]; ++position) {
      shape.windows[d].push_back(window_at(position, shape.input[d], kernel[d], stride[d], padding[d], dilation[d]));
    }
    shape.result[shape.result.size() - 3 + d] = shape.output[d];
  }
  return shape;
}

Result<PoolShape> adaptive_pool_shape(std::string_view op, int spatial_rank, const Tensor& x,
                                      std::span<const int64_t> output_size) {
  HEARTH_ASSIGN_OR_RETURN(PoolShape shape, shape_of_input(op, spatial_rank, x));
  HEARTH_ASSIGN_OR_RETURN(const auto output, read_parameter(op, "output_size", output_size, spatial_rank, 0));
  for (int i = 0; i < spatial_rank; ++i) {
    const auto d = static_cast<size_t>(3 - spatial_rank + i);
    shape.output[d] = output[d];
    for (int64_t position = 0; position < output[d]; ++position) {
      const int64_t begin = position * shape.input[d] / output[d];
      const int64_t end = ((position + 1) * shape.input[d] + output[d] - 1) / output[d];
      shape.windows[d].push_back({begin, end, end - begin});
    }
    shape.result[shape.result.size() - 3 + d] = output[d];
  }
  return shape;
}

std::array<int64_t, 5> pool_strides(int spatial_rank, const Tensor& tensor) {
  std::array<int64_t, 5> strides{};
  for (int i = 1; i <= tensor.rank(); ++i) {
    const int slot = i <= spatial_rank ? 5 - i : spatial_rank + 2 - i;
    strides[static_cast<size_t>(slot)] = tensor.stride(tensor.rank() - i);
  }
  return strides;
}

}  // namespace hearth
