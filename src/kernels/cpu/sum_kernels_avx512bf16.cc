#include "kernels/cpu/sum_kernel.h"
#include "kernels/cpu/vector_avx512.h"

namespace hearth {
namespace avx512bf16 {
namespace {

struct Isa : avx512::Isa {
  static constexpr const char* kName = "avx512_bf16";
  /// Each lane: c + a's two bfloat16 · b's two. Subnormal numbers count as 0.
  static Vector fma(Vector a, Vector b, Vector c) {
    return _mm512_dpbf16_ps(c, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
};

}  // namespace
}  // namespace avx512bf16

extern const TileKernels kAvx512BFloat16Kernels;
constexpr TileKernels kAvx512BFloat16Kernels = sum_kernel_table<avx512bf16::Isa>();

}  // namespace hearth
