#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "kernels/index_plan.h"

namespace hearth::gpu {

/// What an index adds to offsets.
struct OffsetTerm {
  Tensor index;  ///< int64, on the GPU.
  int64_t size;  ///< Indices lie below it.
  int64_t step;  ///< They are multiplied by it.
};

struct Offsets {
  Tensor offsets;  ///< int64, row-major.
  /// The first term with an index that is out of bounds, and that index; it added nothing.
  std::optional<std::pair<size_t, int64_t>> outside;
};

/// For each position of `shape`, which all indices have: the sum of what the terms add, and of the position by
/// `base_strides`. Negative indices count from the end when `wrap`. Waits for the GPU, to know about bounds.
Result<Offsets> add_offsets(const KernelContext& context, std::span<const int64_t> shape,
                            std::span<const int64_t> base_strides, std::span<const OffsetTerm> terms, bool wrap);

/// The offsets in `self` of an IndexPlan whose indices have been expanded to `shape`. kInvalidArgument names the first
/// index that is out of bounds, kUnavailable says what lies in the host's memory.
Result<Tensor> index_offsets(std::string_view op, const KernelContext& context, const Tensor& self,
                             std::span<const DimensionIndex> indices, std::span<const int64_t> shape);

/// A row-major int64 copy of an int32 tensor. kUnavailable for what lies in the host's memory.
Result<Tensor> widened(const KernelContext& context, const Tensor& index);

}  // namespace hearth::gpu
