#include "kernels/cpu/micro_kernel_table.h"
#include "kernels/cpu/vector_avx512.h"

namespace hearth {

extern const MicroKernels kAvx512MicroKernels;
constexpr MicroKernels kAvx512MicroKernels = micro_kernel_table<avx512::Isa>();

}  // namespace hearth
