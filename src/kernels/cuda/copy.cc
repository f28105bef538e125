#include "kernels/cuda/copy.h"

#include <algorithm>

#include "kernels/cuda/copy_parameters.h"
#include "kernels/cuda/launch.h"

namespace hearth::gpu {
namespace {

static_assert(StridedCopy::kMaxRank == kMaxRank);

constexpr int64_t kThreads = 256;
constexpr int64_t kMostBlocks = 4096;

}  // namespace

Status copy_strided(const GpuWork& gpu, const Tensor& to, const Tensor& from) {
  HEARTH_RETURN_IF_ERROR(check_on_gpu({&to, &from}));
  if (to.dtype() != from.dtype() || !std::ranges::equal(to.shape(), from.shape()) || dtype_bits(to.dtype()) % 8 != 0) {
    return unavailable("{} is copied into {}", describe(from), describe(to));
  }
  StridedCopy copy{};
  copy.count = to.element_count();
  copy.rank = to.rank();
  if (copy.count == 0) return {};
  std::ranges::copy(to.shape(), copy.shape);
  std::ranges::copy(to.strides(), copy.to_strides);
  std::ranges::copy(from.strides(), copy.from_strides);
  const int64_t blocks = std::min((copy.count + kThreads - 1) / kThreads, kMostBlocks);
  return launch(gpu, "copy", "copy_" + std::to_string(dtype_bits(to.dtype()) / 8),
                {.grid = {static_cast<uint32_t>(blocks)}, .block = {kThreads}}, to.data(), from.data(), copy);
}

}  // namespace hearth::gpu
