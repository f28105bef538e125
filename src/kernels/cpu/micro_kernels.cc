#include "kernels/cpu/micro_kernels.h"

#include <array>
#include <utility>
#include <vector>

#include "base/cpu_features.h"
#include "kernels/cpu/micro_kernel_table.h"
#include "kernels/cpu/vector_portable.h"

namespace hearth {

#if defined(__x86_64__)
extern const MicroKernels kAvx2MicroKernels;
extern const MicroKernels kAvx512MicroKernels;
extern const TileKernels kAvx512BFloat16Kernels;
extern const TileKernels kAmxBFloat16Kernels;
#endif

namespace {

constexpr MicroKernels kPortableMicroKernels = micro_kernel_table<portable::Isa>();

thread_local const MicroKernels* scoped_kernels = nullptr;

std::vector<MicroKernels> detect() {
  std::vector<MicroKernels> found;
#if defined(__x86_64__)
  const CpuFeatures& cpu = cpu_features();
  const auto add = [&](bool available, const MicroKernels& kernels, const char* name, const TileKernels* bfloat16) {
    if (!available) return;
    found.push_back(kernels);
    found.back().name = name;
    found.back().bfloat16 = bfloat16;
  };
  add(cpu.avx512 && cpu.amx_bf16, kAvx512MicroKernels, "amx", &kAmxBFloat16Kernels);
  add(cpu.avx512_bf16_is_fast, kAvx512MicroKernels, "avx512_bf16", &kAvx512BFloat16Kernels);
  add(cpu.avx512, kAvx512MicroKernels, "avx512", nullptr);
  add(cpu.avx512_bf16 && !cpu.avx512_bf16_is_fast, kAvx512MicroKernels, "avx512_bf16", &kAvx512BFloat16Kernels);
  add(cpu.avx2, kAvx2MicroKernels, "avx2", nullptr);
#endif
  found.push_back(kPortableMicroKernels);
  return found;
}

}  // namespace

std::span<const MicroKernels> available_micro_kernels() {
  static const std::vector<MicroKernels> found = detect();
  return found;
}

const MicroKernels& micro_kernels() { return scoped_kernels ? *scoped_kernels : available_micro_kernels().front(); }

ScopedMicroKernels::ScopedMicroKernels(const MicroKernels& kernels)
    : previous_(std::exchange(scoped_kernels, &kernels)) {}

ScopedMicroKernels::~ScopedMicroKernels() { scoped_kernels = previous_; }

}  // namespace hearth
