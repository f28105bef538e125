#include "kernels/cuda/prefix_sums.h"

#include "kernels/cuda/launch.h"

namespace hearth::gpu {

Status prefix_sums(const GpuWork& gpu, const Tensor& counts) {
  if (counts.element_count() == 0) return {};
  return launch(gpu, "prefix_sums", "prefix_sums", {.grid = {static_cast<uint32_t>(counts.size(0))}, .block = {1024}},
                counts.data(), counts.size(1));
}

}  // namespace hearth::gpu
