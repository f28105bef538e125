#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kernels/operands.h"
#include "kernels/pooling.h"

namespace hearth {

/// The input positions begin, begin + step, ... below end that one output position looks at.
struct PoolWindow {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t padded_size = 0;  ///< Positions including those in the padding: what count_include_pad divides by.
};

/// A pooling's sizes and windows, always with three spatial dimensions (missing ones come first, size 1) and a batch.
struct PoolShape {
  Dimensions result;  ///< The result's shape, of x's rank.
  int64_t batch = 1;
  int64_t channels = 0;
  std::array<int64_t, 3> input{1, 1, 1};
  std::array<int64_t, 3> output{1, 1, 1};
  std::array<int64_t, 3> step{1, 1, 1};            ///< Dilation.
  std::array<std::vector<PoolWindow>, 3> windows;  ///< For each output position of each dimension.
};

/// Checks x and the parameters. kInvalidArgument names what does not fit.
Result<PoolShape> pool_shape(std::string_view op, int spatial_rank, const Tensor& x, const PoolParameters& parameters);
/// Windows that share the input evenly among `output_size` positions.
Result<PoolShape> adaptive_pool_shape(std::string_view op, int spatial_rank, const Tensor& x,
                                      std::span<const int64_t> output_size);

/// The strides of [N, C, D, H, W] for a tensor of rank spatial_rank + 1 or + 2, in elements; 0 where it lacks one.
std::array<int64_t, 5> pool_strides(int spatial_rank, const Tensor& tensor);

}  // namespace hearth
