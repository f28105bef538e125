#include "kernels/cuda/indexing.h"

#include <limits>

#include "kernels/cuda/copy.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/prefix_sums.h"
#include "kernels/cuda/walk.h"
#include "kernels/index_plan.h"
#include "kernels/visit.h"

namespace hearth::gpu {
namespace {

constexpr int64_t kMostElements = std::numeric_limits<int32_t>::max() / 2;

std::string element_bytes(const Tensor& tensor) { return std::to_string(dtype_bits(tensor.dtype()) / 8); }

/// kUnavailable unless elements are whole bytes that some function moves, and lie on the GPU.
Status check_elements(const Tensor& tensor) {
  if (!tensor.defined() || dtype_bits(tensor.dtype()) % 8 != 0) return unavailable("indexing {}", describe(tensor));
  return check_on_gpu({&tensor});
}

Status check_real(const Tensor& tensor) {
  const auto visit = [](auto) { return Status(); };
  return visit_real_dtype(tensor.dtype(), visit).ok() ? Status() : unavailable("zeros of {}", describe(tensor));
}

/// The row-major numbers of the elements that are not zero, int64, after waiting for how many they are. `self` has a
/// real dtype.
Result<Tensor> nonzero_numbers(const KernelContext& context, const Tensor& self) {
  const GpuWork& gpu = *context.gpu;
  const auto walk = walk_of<1>(self.shape(), {self.strides()});
  if (walk.count > kMostElements) return unavailable("elements that are not zero among {}", walk.count);
  const int64_t tiles = (walk.count + NonzeroTile::kElements - 1) / NonzeroTile::kElements;
  // A zero's sign does not matter.
  const int ignored_bits = is_floating(self.dtype()) ? 1 : 0;
  HEARTH_ASSIGN_OR_RETURN(const Tensor starts,
                          context.pool->empty(DType::kInt32, std::array<int64_t, 2>{1, tiles + 1}));
  HEARTH_RETURN_IF_ERROR(launch(gpu, "indexing", "count_nonzero_" + element_bytes(self),
                                {.grid = {static_cast<uint32_t>(tiles + 1)}, .block = {NonzeroTile::kThreads}},
                                self.data(), starts.data(), ignored_bits, walk));
  HEARTH_RETURN_IF_ERROR(prefix_sums(gpu, starts));
  int32_t count = 0;
  HEARTH_RETURN_IF_ERROR(gpu.device->copy_to_host(*gpu.stream, std::as_writable_bytes(std::span(&count, 1)),
                                                  {starts.data(), starts.byte_count()},
                                                  static_cast<size_t>(tiles) * sizeof(int32_t)));
  HEARTH_RETURN_IF_ERROR(gpu.stream->synchronize());
  HEARTH_ASSIGN_OR_RETURN(const Tensor numbers, context.pool->empty(DType::kInt64, std::array<int64_t, 1>{count}));
  if (count == 0) return numbers;
  HEARTH_RETURN_IF_ERROR(launch(gpu, "indexing", "list_nonzero_" + element_bytes(self),
                                {.grid = {static_cast<uint32_t>(tiles)}, .block = {NonzeroTile::kThreads}}, self.data(),
                                starts.data(), numbers.data(), ignored_bits, walk));
  return numbers;
}

}  // namespace

Result<Tensor> clone(const KernelContext& context, const Tensor& self) {
  HEARTH_RETURN_IF_ERROR(check_elements(self));
  HEARTH_ASSIGN_OR_RETURN(const Tensor copy, empty_like(*context.pool, self, self.dtype()));
  HEARTH_RETURN_IF_ERROR(copy_strided(*context.gpu, copy, self));
  return copy;
}

Result<Tensor> index(const KernelContext& context, const Tensor& self, std::span<const Tensor> indices) {
  HEARTH_RETURN_IF_ERROR(check_elements(self));
  HEARTH_ASSIGN_OR_RETURN(const IndexPlan plan, index_plan("index", context, self, indices));
  HEARTH_ASSIGN_OR_RETURN(const Tensor result,
                          context.pool->empty_strided(self.dtype(), plan.shape, plan.result_strides));
  const auto walk = walk_of<3>(plan.shape, {result.strides(), plan.self_strides, plan.offsets.strides()});
  if (walk.count == 0) return result;
  HEARTH_RETURN_IF_ERROR(launch(*context.gpu, "indexing", "take_" + element_bytes(self), shape_for_numbers(walk.count),
                                result.data(), self.data(), plan.offsets.data(), walk));
  return result;
}

Result<Tensor> nonzero(const KernelContext& context, const Tensor& self) {
  HEARTH_RETURN_IF_ERROR(check_elements(self));
  HEARTH_RETURN_IF_ERROR(check_real(self));
  HEARTH_ASSIGN_OR_RETURN(const Tensor numbers, nonzero_numbers(context, self));
  const int64_t count = numbers.size(0);
  const std::array<int64_t, 2> shape{count, self.rank()};
  const std::array<int64_t, 2> strides{1, std::max<int64_t>(count, 1)};
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, context.pool->empty_strided(DType::kInt64, shape, strides));
  if (result.element_count() == 0) return result;
  HEARTH_RETURN_IF_ERROR(launch(*context.gpu, "indexing", "split_numbers", shape_for_numbers(count), result.data(),
                                numbers.data(), count, walk_of<1>(self.shape(), {self.strides()})));
  return result;
}

Result<Tensor> masked_select(const KernelContext& context, const Tensor& self, const Tensor& mask) {
  constexpr std::string_view kOp = "masked_select";
  HEARTH_RETURN_IF_ERROR(check_elements(self));
  HEARTH_RETURN_IF_ERROR(check_elements(mask));
  if (mask.dtype() != DType::kBool && mask.dtype() != DType::kUInt8) return unavailable("mask {}", describe(mask));
  HEARTH_ASSIGN_OR_RETURN(const Dimensions shape, broadcast_shapes(kOp, self.shape(), mask.shape()));
  HEARTH_ASSIGN_OR_RETURN(const Tensor from, expand(kOp, "self", self, shape));
  HEARTH_ASSIGN_OR_RETURN(const Tensor picks, expand(kOp, "mask", mask, shape));
  HEARTH_ASSIGN_OR_RETURN(const Tensor numbers, nonzero_numbers(context, picks));
  const int64_t count = numbers.size(0);
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, context.pool->empty(self.dtype(), std::span(&count, 1)));
  if (count == 0) return result;
  HEARTH_RETURN_IF_ERROR(launch(*context.gpu, "indexing", "take_numbered_" + element_bytes(self),
                                shape_for_numbers(count), result.data(), from.data(), numbers.data(), count,
                                walk_of<1>(shape, {from.strides()})));
  return result;
}

}  // namespace hearth::gpu
