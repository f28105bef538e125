#include "kernels/index_plan.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "kernels/cuda/index_offsets.h"
#include "kernels/cuda/indexing.h"
#include "kernels/indexing.h"
#include "kernels/strided_walk.h"

namespace hearth {
namespace {

bool is_mask(const Tensor& tensor) { return tensor.dtype() == DType::kBool || tensor.dtype() == DType::kUInt8; }

Status add_mask(std::string_view op, const KernelContext& context, const Tensor& self, const Tensor& mask,
                std::vector<Tensor>& indices) {
  for (int i = 0; i < mask.rank(); ++i) {
    const auto dimension = static_cast<int>(indices.size()) + i;
    if (dimension >= self.rank() || mask.size(i) != self.size(dimension)) {
      return invalid_argument("{}: the mask {} for dimension {} does not fit {}", op, describe(mask), indices.size(),
                              describe(self));
    }
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor positions, (context.gpu ? gpu::nonzero : nonzero)(context, mask));
  for (int i = 0; i < mask.rank(); ++i) {
    HEARTH_ASSIGN_OR_RETURN(indices.emplace_back(), view_of(positions, positions.shape().first(1),
                                                            positions.strides().first(1), i * positions.stride(1)));
  }
  return {};
}

/// One index for each dimension of self: masks replaced by positions, missing ones undefined.
Result<std::vector<Tensor>> complete_indices(std::string_view op, const KernelContext& context, const Tensor& self,
                                             std::span<const Tensor> indices) {
  std::vector<Tensor> complete;
  for (const Tensor& index : indices) {
    if (!index.defined()) {
      complete.emplace_back();
    } else if (is_mask(index)) {
      HEARTH_RETURN_IF_ERROR(add_mask(op, context, self, index, complete));
    } else if (index.dtype() == DType::kInt64) {
      complete.push_back(index);
    } else if (index.dtype() == DType::kInt32) {
      HEARTH_ASSIGN_OR_RETURN(complete.emplace_back(), context.gpu ? gpu::widened(context, index)
                                                                   : row_major_as(*context.pool, index, DType::kInt64));
    } else {
      return invalid_argument("{}: index {} is {}, expected int64, int32, bool or uint8", op, complete.size(),
                              describe(index));
    }
  }
  if (complete.size() > static_cast<size_t>(self.rank())) {
    return invalid_argument("{}: {} indices are too many for {}", op, complete.size(), describe(self));
  }
  complete.resize(static_cast<size_t>(self.rank()));
  return complete;
}

/// Where the dimensions of the result come from.
struct Placement {
  std::vector<int> sliced_before;
  std::vector<int> indexed;
  std::vector<int> sliced_after;
};

/// Indexed dimensions side by side stay where they are; else they come first.
Placement place_dimensions(std::span<const Tensor> indices) {
  Placement placement;
  bool side_by_side = true;
  for (int i = 0; i < static_cast<int>(indices.size()); ++i) {
    if (indices[static_cast<size_t>(i)].defined()) {
      side_by_side = side_by_side && (placement.indexed.empty() || placement.indexed.back() == i - 1);
      placement.indexed.push_back(i);
    } else {
      (placement.indexed.empty() ? placement.sliced_before : placement.sliced_after).push_back(i);
    }
  }
  if (side_by_side) return placement;
  auto& after = placement.sliced_after;
  after.insert(after.begin(), placement.sliced_before.begin(), placement.sliced_before.end());
  placement.sliced_before.clear();
  return placement;
}

/// Adds index · stride to every offset, with negative indices wrapped.
Status add_offsets(std::string_view op, const Tensor& self, const DimensionIndex& of, const Tensor& offsets) {
  const int64_t size = self.size(of.dimension);
  const int64_t* from = of.index.data_as<int64_t>();
  int64_t* to = offsets.data_as<int64_t>();
  std::optional<int64_t> outside;
  StridedWalk<2>(of.index.shape(), {of.index.strides(), offsets.strides()}).run([&](int64_t, const auto& at) {
    const int64_t value = from[at[0]];
    if (value < -size || value >= size) {
      if (!outside) outside = value;
      return;
    }
    to[at[1]] += (value < 0 ? value + size : value) * self.stride(of.dimension);
  });
  if (!outside) return {};
  return invalid_argument("{}: index {} is out of bounds for dimension {} with size {}", op, *outside, of.dimension,
                          size);
}

/// The offsets, of `shape`, to which the indices have been expanded.
Result<Tensor> index_offsets(std::string_view op, const KernelContext& context, const Tensor& self,
                             std::span<const DimensionIndex> indices, std::span<const int64_t> shape) {
  if (context.gpu) return gpu::index_offsets(op, context, self, indices, shape);
  HEARTH_ASSIGN_OR_RETURN(Tensor offsets, context.pool->empty(DType::kInt64, shape));
  std::fill_n(offsets.data_as<int64_t>(), offsets.element_count(), 0);
  for (const DimensionIndex& index : indices) HEARTH_RETURN_IF_ERROR(add_offsets(op, self, index, offsets));
  return offsets;
}

}  // namespace

Result<IndexPlan> index_plan(std::string_view op, const KernelContext& context, const Tensor& self,
                             std::span<const Tensor> indices) {
  HEARTH_RETURN_IF_ERROR(check_defined(op, "self", self));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> complete, complete_indices(op, context, self, indices));
  const Placement placement = place_dimensions(complete);
  Dimensions index_shape;
  for (const int d : placement.indexed) {
    HEARTH_ASSIGN_OR_RETURN(index_shape, broadcast_shapes(op, index_shape, complete[static_cast<size_t>(d)].shape()));
  }
  std::vector<DimensionIndex> expanded;
  for (const int d : placement.indexed) {
    HEARTH_ASSIGN_OR_RETURN(Tensor index, expand(op, "index", complete[static_cast<size_t>(d)], index_shape));
    expanded.push_back({d, std::move(index)});
  }
  IndexPlan plan;
  HEARTH_ASSIGN_OR_RETURN(plan.index_offsets, index_offsets(op, context, self, expanded, index_shape));
  plan.first_indexed = static_cast<int>(placement.sliced_before.size());

  const size_t rank = placement.sliced_before.size() + index_shape.size() + placement.sliced_after.size();
  if (rank > kMaxRank) return invalid_argument("{}: the result would have {} dimensions", op, rank);
  Dimensions offset_strides;
  // TensorIterator orders the result's dimensions by the strides of self and of each index.
  std::vector<Dimensions> operand_strides(placement.indexed.size());
  const auto add_sliced = [&](std::span<const int> dimensions) {
    for (const int d : dimensions) {
      plan.shape.push_back(self.size(d));
      plan.self_strides.push_back(self.stride(d));
      offset_strides.push_back(0);
      for (Dimensions& strides : operand_strides) strides.push_back(0);
    }
  };
  add_sliced(placement.sliced_before);
  for (size_t i = 0; i < index_shape.size(); ++i) {
    plan.shape.push_back(index_shape[i]);
    plan.self_strides.push_back(0);
    offset_strides.push_back(plan.index_offsets.strides()[i]);
  }
  for (size_t i = 0; i < placement.indexed.size(); ++i) {
    const Tensor& index = expanded[i].index;
    operand_strides[i].insert(operand_strides[i].end(), index.strides().begin(), index.strides().end());
  }
  add_sliced(placement.sliced_after);
  HEARTH_ASSIGN_OR_RETURN(plan.offsets, view_of(plan.index_offsets, plan.shape, offset_strides, 0));

  std::vector<std::span<const int64_t>> strides{plan.self_strides};
  strides.insert(strides.end(), operand_strides.begin(), operand_strides.end());
  Dimensions element_sizes(strides.size(), sizeof(int64_t));
  element_sizes[0] = dtype_bits(self.dtype()) / 8;
  plan.result_strides = elementwise_strides(plan.shape, strides, element_sizes);
  return plan;
}

}  // namespace hearth
