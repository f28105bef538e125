#include "kernels/cpu/micro_kernels.h"

#include <array>
#include <utility>
#include <vector>

#include "base/cpu_features.h"
#include "kernels/cpu/micro_kernel_table.h"
#include "kernels/cpu/vector_portable.h"

namespace hearth {

extern const TileKernels kPortableInt8Kernels;
extern const BlockKernels kPortableBlockKernels;
#if defined(__x86_64__)
extern const MicroKernels kAvx2MicroKernels;
extern const MicroKernels kAvx512MicroKernels;
extern const TileKernels kAmxBFloat16Kernels;
extern const TileKernels kAmxInt8Kernels;
extern const TileKernels kAvx2Int8Kernels;
extern const TileKernels kAvx512BFloat16Kernels;
extern const BFloat16Loops kAvx512BFloat16Loops;
extern const TileKernels kAvx512VnniInt8Kernels;
extern const TileKernels kAvxVnniInt8Kernels;
extern const BlockKernels kAvx2BlockKernels;
extern const BlockKernels kAvx512VnniBlockKernels;
extern const BlockKernels kAvxVnniBlockKernels;
#endif

namespace {

constexpr MicroKernels kPortableMicroKernels = micro_kernel_table<portable::Isa>();

thread_local const MicroKernels* scoped_kernels = nullptr;

MicroKernels with(MicroKernels kernels, const char* name, const TileKernels* bfloat16, const TileKernels& int8,
                  const BlockKernels& blocks) {
  kernels.name = name;
  kernels.bfloat16 = bfloat16;
  kernels.int8 = &int8;
  kernels.blocks = &blocks;
  return kernels;
}

#if defined(__x86_64__)
MicroKernels with(MicroKernels kernels, const BFloat16Loops& loops) {
  kernels.depthwise = loops.depthwise;
  kernels.transform_winograd_input = loops.transform_winograd_input;
  kernels.transform_winograd_output = loops.transform_winograd_output;
  kernels.finish = loops.finish;
  kernels.narrow_bfloat16 = loops.narrow_bfloat16;
  return kernels;
}
#endif

std::vector<MicroKernels> detect() {
  std::vector<MicroKernels> found;
#if defined(__x86_64__)
  const CpuFeatures& cpu = cpu_features();
  const TileKernels& int8 = cpu.avx512_vnni ? kAvx512VnniInt8Kernels : kAvx2Int8Kernels;
  const BlockKernels& blocks = cpu.avx512_vnni ? kAvx512VnniBlockKernels : kAvx2BlockKernels;
  const MicroKernels rounding = with(kAvx512MicroKernels, kAvx512BFloat16Loops);
  const MicroKernels with_bfloat16 = with(rounding, "avx512_bf16", &kAvx512BFloat16Kernels, int8, blocks);
  if (cpu.avx512_bf16 && cpu.amx_bf16 && cpu.amx_int8) {
    found.push_back(with(rounding, "amx", &kAmxBFloat16Kernels, kAmxInt8Kernels, blocks));
  }
  if (cpu.avx512_bf16_is_fast) found.push_back(with_bfloat16);
  if (cpu.avx512) found.push_back(with(kAvx512MicroKernels, "avx512", nullptr, int8, blocks));
  if (cpu.avx512_bf16 && !cpu.avx512_bf16_is_fast) found.push_back(with_bfloat16);
  if (cpu.avx_vnni)
    found.push_back(with(kAvx2MicroKernels, "avx_vnni", nullptr, kAvxVnniInt8Kernels, kAvxVnniBlockKernels));
  if (cpu.avx2) found.push_back(with(kAvx2MicroKernels, "avx2", nullptr, kAvx2Int8Kernels, kAvx2BlockKernels));
#endif
  found.push_back(
      with(kPortableMicroKernels, kPortableMicroKernels.name, nullptr, kPortableInt8Kernels, kPortableBlockKernels));
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
