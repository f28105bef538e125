#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "kernels/context.h"

namespace hearth {

/// Parameters of a pooling with D spatial dimensions (2 or 3); each span has D entries, or one that stands for all. An
/// empty stride means the kernel size.
struct PoolParameters {
  std::span<const int64_t> kernel;
  std::span<const int64_t> stride;
  std::span<const int64_t> padding;
  std::span<const int64_t> dilation = {};  ///< Maximum only; empty means 1.
  bool ceil_mode = false;
  bool count_include_pad = true;                 ///< Average only.
  std::optional<int64_t> divisor_override = {};  ///< Average only; not 0.
};

/// Values and int64 positions of one shape.
using ValuesAndIndices = std::pair<Tensor, Tensor>;

// x: [N, C, spatial...] or [C, spatial...], any strides; results have fresh storage, in channels-last order where
// PyTorch keeps it. kInvalidArgument names the operand or parameter that does not fit.

/// torch.max_pool{2,3}d with indices: the position of each maximum in its flattened input plane, the first one when
/// several are equal; NaN wins. Every real dtype but bool.
Result<ValuesAndIndices> max_pool(const KernelContext& context, int spatial_rank, const Tensor& x,
                                  const PoolParameters& parameters);
/// torch.avg_pool{2,3}d, floating dtypes and int64.
Result<Tensor> average_pool(const KernelContext& context, int spatial_rank, const Tensor& x,
                            const PoolParameters& parameters);
/// torch.nn.functional.adaptive_max_pool{2,3}d with indices, floating dtypes.
Result<ValuesAndIndices> adaptive_max_pool(const KernelContext& context, int spatial_rank, const Tensor& x,
                                           std::span<const int64_t> output_size);
/// torch.nn.functional.adaptive_avg_pool{2,3}d, floating dtypes.
Result<Tensor> adaptive_average_pool(const KernelContext& context, int spatial_rank, const Tensor& x,
                                     std::span<const int64_t> output_size);

}  // namespace hearth
