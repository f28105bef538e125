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
#endif

namespace {

constexpr MicroKernels kPortableMicroKernels = micro_kernel_table<portable::Isa>();

thread_local const MicroKernels* scoped_kernels = nullptr;

std::vector<const MicroKernels*> detect() {
  std::vector<const MicroKernels*> found;
#if defined(__x86_64__)
  if (cpu_features().avx512) found.push_back(&kAvx512MicroKernels);
  if (cpu_features().avx2) found.push_back(&kAvx2MicroKernels);
#endif
  found.push_back(&kPortableMicroKernels);
  return found;
}

}  // namespace

std::span<const MicroKernels* const> available_micro_kernels() {
  static const std::vector<const MicroKernels*> found = detect();
  return found;
}

const MicroKernels& micro_kernels() { return scoped_kernels ? *scoped_kernels : *available_micro_kernels().front(); }

ScopedMicroKernels::ScopedMicroKernels(const MicroKernels& kernels)
    : previous_(std::exchange(scoped_kernels, &kernels)) {}

ScopedMicroKernels::~ScopedMicroKernels() { scoped_kernels = previous_; }

}  // namespace hearth
