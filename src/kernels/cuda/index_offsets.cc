#include "kernels/cuda/index_offsets.h"

#include "kernels/cuda/launch.h"
#include "kernels/cuda/walk.h"

namespace hearth::gpu {
namespace {

static_assert(Walk<1>::kMaxRank == kMaxRank && IndexOffsets::kMost == kMaxRank);

/// `count` numbers of the GPU's, when its work so far is done.
Status read_numbers(const GpuWork& gpu, const void* from, std::span<int64_t> to) {
  const DeviceMemory memory{const_cast<void*>(from), to.size_bytes()};
  HEARTH_RETURN_IF_ERROR(gpu.device->copy_to_host(*gpu.stream, std::as_writable_bytes(to), memory, 0));
  return gpu.stream->synchronize();
}

/// The element of `index` at a position of its shape, which is numbered in row-major order.
Result<int64_t> read_index(const GpuWork& gpu, const Tensor& index, int64_t number) {
  int64_t offset = 0;
  for (int d = index.rank() - 1; d >= 0; number /= index.size(d), --d)
    offset += number % index.size(d) * index.stride(d);
  int64_t value = 0;
  HEARTH_RETURN_IF_ERROR(read_numbers(gpu, index.data_as<int64_t>() + offset, std::span(&value, 1)));
  return value;
}

}  // namespace

Result<Offsets> add_offsets(const KernelContext& context, std::span<const int64_t> shape,
                            std::span<const int64_t> base_strides, std::span<const OffsetTerm> terms, bool wrap) {
  const GpuWork& gpu = *context.gpu;
  Offsets result;
  HEARTH_ASSIGN_OR_RETURN(result.offsets, context.pool->empty(DType::kInt64, shape));
  if (result.offsets.element_count() == 0) return result;
  IndexOffsets parameters{};
  parameters.dimensions = static_cast<int32_t>(terms.size());
  parameters.wrap = wrap ? 1 : 0;
  parameters.base = walk_of<1>(shape, {base_strides});
  for (size_t i = 0; i < terms.size(); ++i) {
    parameters.of_dimension[i] = {terms[i].index.data_as<int64_t>(), terms[i].size, terms[i].step};
    std::ranges::copy(terms[i].index.strides(), parameters.index_strides[i]);
  }
  constexpr std::array<int64_t, 1> kFlags{kMaxRank};
  HEARTH_ASSIGN_OR_RETURN(const Tensor first_outside, context.pool->empty(DType::kInt64, kFlags));
  HEARTH_RETURN_IF_ERROR(gpu.device->fill(*gpu.stream, {first_outside.data(), first_outside.byte_count()}, 0,
                                          first_outside.byte_count(), std::byte{kNoPosition & 0xFF}));
  HEARTH_RETURN_IF_ERROR(launch(gpu, "indexing", "add_offsets", shape_for_numbers(parameters.base.count),
                                result.offsets.data(), first_outside.data(), parameters));
  std::array<int64_t, kMaxRank> outside{};
  HEARTH_RETURN_IF_ERROR(read_numbers(gpu, first_outside.data(), outside));
  for (size_t i = 0; i < terms.size(); ++i) {
    if (outside[i] == kNoPosition) continue;
    HEARTH_ASSIGN_OR_RETURN(const int64_t value, read_index(gpu, terms[i].index, outside[i]));
    result.outside = {i, value};
    break;
  }
  return result;
}

Result<Tensor> index_offsets(std::string_view op, const KernelContext& context, const Tensor& self,
                             std::span<const DimensionIndex> indices, std::span<const int64_t> shape) {
  HEARTH_RETURN_IF_ERROR(check_on_gpu({&self}));
  std::vector<OffsetTerm> terms;
  for (const auto& [dimension, index] : indices) {
    HEARTH_RETURN_IF_ERROR(check_on_gpu({&index}));
    terms.push_back({index, self.size(dimension), self.stride(dimension)});
  }
  const Dimensions no_strides(shape.size(), 0);
  HEARTH_ASSIGN_OR_RETURN(const Offsets result, add_offsets(context, shape, no_strides, terms, /*wrap=*/true));
  if (!result.outside) return result.offsets;
  const auto [term, value] = *result.outside;
  return invalid_argument("{}: index {} is out of bounds for dimension {} with size {}", op, value,
                          indices[term].dimension, terms[term].size);
}

Result<Tensor> widened(const KernelContext& context, const Tensor& index) {
  HEARTH_RETURN_IF_ERROR(check_on_gpu({&index}));
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, context.pool->empty(DType::kInt64, index.shape()));
  const auto walk = walk_of<1>(index.shape(), {index.strides()});
  if (walk.count == 0) return result;
  HEARTH_RETURN_IF_ERROR(launch(*context.gpu, "indexing", "widen_indices", shape_for_numbers(walk.count), result.data(),
                                index.data(), walk));
  return result;
}

}  // namespace hearth::gpu
