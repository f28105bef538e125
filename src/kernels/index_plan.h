#pragma once

#include <span>
#include <string_view>

#include "kernels/context.h"
#include "kernels/operands.h"

namespace hearth {

/// The index of one dimension.
struct DimensionIndex {
  int dimension;
  Tensor index;  ///< int64
};

/// An advanced index, reduced to element offsets: result element p is self[base(p) + offsets(p)], where base follows
/// `self_strides` and offsets lie in a tensor that repeats over the sliced dimensions.
struct IndexPlan {
  Dimensions shape;           ///< Of the result.
  Dimensions self_strides;    ///< 0 in the indexed dimensions.
  Tensor offsets;             ///< int64, of shape `shape`, stride 0 in the sliced dimensions.
  Dimensions result_strides;  ///< As at::index lays its result out.
  Tensor index_offsets;       ///< The offsets of the dimensions that the indices give, row-major.
  int first_indexed = 0;      ///< The first of these dimensions.
};

/// kInvalidArgument names the index that does not fit or is out of bounds. On the GPU for a run there.
Result<IndexPlan> index_plan(std::string_view op, const KernelContext& context, const Tensor& self,
                             std::span<const Tensor> indices);

}  // namespace hearth
