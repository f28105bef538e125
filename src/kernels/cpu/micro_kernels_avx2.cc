#include "kernels/cpu/micro_kernel_table.h"
#include "kernels/cpu/vector_avx2.h"

namespace hearth {

extern const MicroKernels kAvx2MicroKernels;
constexpr MicroKernels kAvx2MicroKernels = micro_kernel_table<avx2::Isa>();

}  // namespace hearth
