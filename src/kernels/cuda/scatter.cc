#include <algorithm>
#include <array>
#include <functional>

#include "kernels/cuda/copy.h"
#include "kernels/cuda/index_offsets.h"
#include "kernels/cuda/indexing.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/sorting.h"
#include "kernels/cuda/walk.h"
#include "kernels/index_plan.h"
#include "kernels/visit.h"
#include "tensor/copy.h"
#include "tensor/layout.h"

namespace hearth::gpu {
namespace {

static_assert(kJoinMinimum == static_cast<int>(Reduction::kMinimum));

/// Values that join elements of `to`: those at position p of `targets` in column c join the element at targets[p] plus
/// the column's offset.
struct Join {
  Tensor to;
  Tensor targets;               ///< int64, row-major, of any shape.
  Tensor values;                ///< Its strides do not matter.
  Dimensions position_strides;  ///< Of values, over the shape of targets.
  Dimensions columns;
  Dimensions to_column_strides;
  Dimensions value_column_strides;
};

/// kUnavailable for dtypes whose values are not joined.
Result<std::string> join_function(DType dtype, Reduction reduction) {
  if (reduction == Reduction::kReplace) return "replace_" + std::to_string(dtype_bits(dtype) / 8);
  switch (dtype) {
    case DType::kFloat32:
    case DType::kFloat64:
    case DType::kFloat16:
    case DType::kBFloat16:
    case DType::kInt8:
    case DType::kUInt8:
    case DType::kInt16:
    case DType::kInt32:
    case DType::kInt64:
    case DType::kBool:
      return "join_" + std::string(dtype_name(dtype));
    default:
      return unavailable("values of dtype {} are not joined on a GPU", dtype_name(dtype));
  }
}

Status check_elements(const Tensor& tensor) {
  if (!tensor.defined() || dtype_bits(tensor.dtype()) % 8 != 0) return unavailable("scatter: {}", describe(tensor));
  return check_on_gpu({&tensor});
}

/// `function` is of join_function().
Status run_join(const KernelContext& context, const std::string& function, const Join& join, Reduction reduction,
                bool include_self) {
  JoinShape shape{};
  shape.kind = static_cast<int32_t>(reduction);
  shape.include_self = include_self ? 1 : 0;
  shape.positions = walk_of<1>(join.targets.shape(), {join.position_strides});
  shape.columns = walk_of<2>(join.columns, {join.to_column_strides, join.value_column_strides});
  const int64_t count = shape.positions.count * shape.columns.count;
  if (count == 0) return {};
  HEARTH_ASSIGN_OR_RETURN(const Tensor flat, view_of(join.targets, std::span(&shape.positions.count, 1),
                                                     std::array<int64_t, 1>{1}, join.targets.offset()));
  const auto extent = element_extent(join.to.shape(), join.to.strides()).as<int64_t>();
  if (!extent) return unavailable("scatter into {}", describe(join.to));
  HEARTH_ASSIGN_OR_RETURN(const SortedLines sorted, sort_numbers(context, flat, *extent));
  return launch(*context.gpu, "scatter", function, shape_for_numbers(count), join.to.data(), join.values.data(),
                sorted.first.data(), sorted.second.data(), shape);
}

}  // namespace

Status index_put_in_place(const KernelContext& context, const Tensor& self, std::span<const Tensor> indices,
                          const Tensor& values, bool accumulate) {
  constexpr std::string_view kOp = "index_put";
  const Reduction reduction = accumulate ? Reduction::kSum : Reduction::kReplace;
  HEARTH_RETURN_IF_ERROR(check_elements(self));
  HEARTH_RETURN_IF_ERROR(check_on_gpu({&values}));
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "values", values, self.dtype()));
  HEARTH_ASSIGN_OR_RETURN(const std::string function, join_function(self.dtype(), reduction));
  HEARTH_ASSIGN_OR_RETURN(const IndexPlan plan, index_plan(kOp, context, self, indices));
  HEARTH_ASSIGN_OR_RETURN(const Tensor source, expand(kOp, "values", values, plan.shape));
  Join join{.to = self,
            .targets = plan.index_offsets,
            .values = source,
            .position_strides = {},
            .columns = {},
            .to_column_strides = {},
            .value_column_strides = {}};
  for (int d = 0; d < source.rank(); ++d) {
    if (d >= plan.first_indexed && d < plan.first_indexed + plan.index_offsets.rank()) {
      join.position_strides.push_back(source.stride(d));
    } else {
      join.columns.push_back(source.size(d));
      join.to_column_strides.push_back(plan.self_strides[static_cast<size_t>(d)]);
      join.value_column_strides.push_back(source.stride(d));
    }
  }
  return run_join(context, function, join, reduction, /*include_self=*/true);
}

namespace {

/// A tensor on the GPU with one element, `value` in `dtype`.
Result<Tensor> scalar(const KernelContext& context, DType dtype, double value) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor from, Tensor::borrow(DType::kFloat64, {}, &value));
  HEARTH_ASSIGN_OR_RETURN(const Tensor converted, context.host_pool().empty(dtype, {}));
  HEARTH_RETURN_IF_ERROR(copy_strided(converted, from));
  HEARTH_ASSIGN_OR_RETURN(Tensor result, context.pool->empty(dtype, {}));
  HEARTH_RETURN_IF_ERROR(context.gpu->device->copy_to_device(*context.gpu->stream, {result.data(), result.byte_count()},
                                                             0,
                                                             {converted.data_as<std::byte>(), converted.byte_count()}));
  return result;
}

/// `source` has the shape of index at least, with these strides.
Status scatter_along(const KernelContext& context, const Tensor& out, const Tensor& self, int64_t dimension,
                     const Tensor& index, const Tensor& source, std::span<const int64_t> source_strides,
                     Reduction reduction, bool include_self) {
  constexpr std::string_view kOp = "scatter";
  HEARTH_ASSIGN_OR_RETURN(const std::string function, join_function(out.dtype(), reduction));
  HEARTH_ASSIGN_OR_RETURN(const int d, wrap_dimension(kOp, dimension, self.rank()));
  HEARTH_ASSIGN_OR_RETURN(const Tensor wide,
                          index.dtype() == DType::kInt64 ? Result<Tensor>(index) : widened(context, index));
  const Tensor target = at_least_1d(out);
  const Tensor places = at_least_1d(wide);
  Dimensions base_strides = to_dimensions(target.strides());
  base_strides[static_cast<size_t>(d)] = 0;
  base_strides.resize(static_cast<size_t>(places.rank()));
  const OffsetTerm term{places, target.size(d), target.stride(d)};
  HEARTH_ASSIGN_OR_RETURN(const Offsets offsets,
                          add_offsets(context, places.shape(), base_strides, std::span(&term, 1), /*wrap=*/false));
  if (offsets.outside) {
    return invalid_argument("{}: index {} is out of bounds for size {}", kOp, offsets.outside->second, term.size);
  }
  if (out.data() != self.data()) HEARTH_RETURN_IF_ERROR(copy_strided(*context.gpu, out, self));
  return run_join(context, function,
                  {.to = target,
                   .targets = offsets.offsets,
                   .values = source,
                   .position_strides = to_dimensions(source_strides),
                   .columns = {},
                   .to_column_strides = {},
                   .value_column_strides = {}},
                  reduction, include_self);
}

bool fits(const Tensor& out, const Tensor& self, int64_t dimension, const Tensor& index) {
  if (!out.defined() || out.dtype() != self.dtype() || !std::ranges::equal(out.shape(), self.shape())) return false;
  if (!index.defined() || (index.dtype() != DType::kInt64 && index.dtype() != DType::kInt32)) return false;
  const Result<int> d = wrap_dimension("scatter", dimension, self.rank());
  const Tensor places = at_least_1d(index);
  const Tensor target = at_least_1d(self);
  if (!d.ok() || places.rank() != target.rank()) return false;
  for (int i = 0; i < target.rank(); ++i) {
    if (i != *d && places.size(i) > target.size(i)) return false;
  }
  return true;
}

bool source_fits(const Tensor& self, const Tensor& index, const Tensor& source) {
  if (!source.defined() || source.dtype() != self.dtype()) return false;
  const Tensor places = at_least_1d(index);
  const Tensor values = at_least_1d(source);
  return places.rank() == values.rank() &&
         std::ranges::equal(places.shape(), values.shape(), std::ranges::less_equal());
}

/// kUnavailable for operands that do not fit, of which the host says how.
Status check_scatter(const Tensor& out, const Tensor& self, int64_t dimension, const Tensor& index,
                     const Tensor* source) {
  HEARTH_RETURN_IF_ERROR(check_elements(self));
  HEARTH_RETURN_IF_ERROR(check_on_gpu({&out, &index}));
  if (source != nullptr) HEARTH_RETURN_IF_ERROR(check_on_gpu({source}));
  if (fits(out, self, dimension, index) && (source == nullptr || source_fits(self, index, *source))) return {};
  return unavailable("scatter: {} into {}", describe(index), describe(self));
}

}  // namespace

Status scatter(const KernelContext& context, const Tensor& out, const Tensor& self, int64_t dimension,
               const Tensor& index, const Tensor& source, Reduction reduction, bool include_self) {
  HEARTH_RETURN_IF_ERROR(check_scatter(out, self, dimension, index, &source));
  return scatter_along(context, out, self, dimension, index, source, at_least_1d(source).strides(), reduction,
                       include_self);
}

Status scatter_value(const KernelContext& context, const Tensor& out, const Tensor& self, int64_t dimension,
                     const Tensor& index, double value) {
  HEARTH_RETURN_IF_ERROR(check_scatter(out, self, dimension, index, nullptr));
  HEARTH_ASSIGN_OR_RETURN(const Tensor source, scalar(context, self.dtype(), value));
  const Dimensions no_strides(static_cast<size_t>(at_least_1d(index).rank()), 0);
  return scatter_along(context, out, self, dimension, index, source, no_strides, Reduction::kReplace, true);
}

}  // namespace hearth::gpu
