#include "kernels/cpu/depthwise_kernel.h"
#include "kernels/cpu/finish_kernel.h"
#include "kernels/cpu/sum_kernel.h"
#include "kernels/cpu/vector_avx512.h"
#include "kernels/cpu/winograd_kernel.h"

namespace hearth {
namespace avx512bf16 {
namespace {

struct PairIsa : avx512::Isa {
  static constexpr const char* kName = "avx512_bf16";
  /// Each lane: c + a's two bfloat16 · b's two. Subnormal numbers count as 0.
  static Vector fma(Vector a, Vector b, Vector c) {
    return _mm512_dpbf16_ps(c, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
};

struct RoundingIsa : avx512::Isa {
  /// Subnormal numbers become 0.
  static Halves narrow_bfloat16(Vector value) { return reinterpret_cast<Halves>(_mm512_cvtneps_pbh(value)); }
};

}  // namespace
}  // namespace avx512bf16

extern const TileKernels kAvx512BFloat16Kernels;
constexpr TileKernels kAvx512BFloat16Kernels =
    sum_kernel_table<avx512bf16::PairIsa, BlockFinisher<avx512bf16::RoundingIsa, BFloat16, BFloat16, false>>(
        DType::kBFloat16);
extern const BFloat16Loops kAvx512BFloat16Loops;
constexpr BFloat16Loops kAvx512BFloat16Loops{
    convolve_depthwise<avx512bf16::RoundingIsa>,
    transform_winograd_input<avx512bf16::RoundingIsa>,
    transform_winograd_output<avx512bf16::RoundingIsa>,
    finish<avx512bf16::RoundingIsa>,
    convert_elements<avx512bf16::RoundingIsa, float, BFloat16>,
};

}  // namespace hearth
