#include "kernels/cpu/block_kernel.h"
#include "kernels/cpu/finish_kernel.h"
#include "kernels/cpu/sum_kernel.h"
#include "kernels/cpu/vector_avx2.h"

namespace hearth {
namespace avx2int8 {
namespace {

/// Without an instruction for four products of bytes: those of the even and of the odd ones as 16-bit numbers, because
/// vpmaddubsw would saturate.
struct Isa : avx2::Isa {
  static constexpr const char* kName = "avx2";
  static constexpr int kBlockTileRows = 4;
  static constexpr int kTileRows = 4;

  /// Each lane: c + a's four uint8 · b's four int8.
  static Vector fma(Vector a, Vector b, Vector c) {
    const auto bytes_a = reinterpret_cast<__m256i>(a);
    const auto bytes_b = reinterpret_cast<__m256i>(b);
    const __m256i even = _mm256_madd_epi16(_mm256_and_si256(bytes_a, _mm256_set1_epi16(0xFF)),
                                           _mm256_srai_epi16(_mm256_slli_epi16(bytes_b, 8), 8));
    const __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(bytes_a, 8), _mm256_srai_epi16(bytes_b, 8));
    const __m256i sums = _mm256_add_epi32(even, odd);
    return reinterpret_cast<Vector>(_mm256_add_epi32(reinterpret_cast<__m256i>(c), sums));
  }

  /// The same for a's below 16, whose products with int8 numbers vpmaddubsw can add.
  static Vector fma_nibbles(Vector a, Vector b, Vector c) {
    const __m256i pairs = _mm256_maddubs_epi16(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b));
    const __m256i sums = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    return reinterpret_cast<Vector>(_mm256_add_epi32(reinterpret_cast<__m256i>(c), sums));
  }
};

}  // namespace
}  // namespace avx2int8

extern const TileKernels kAvx2Int8Kernels;
constexpr TileKernels kAvx2Int8Kernels =
    sum_kernel_table<avx2int8::Isa, BlockFinisher<avx2int8::Isa, uint8_t, uint8_t, true>>(DType::kUInt8);

extern const BlockKernels kAvx2BlockKernels;
constexpr BlockKernels kAvx2BlockKernels = block_kernel_table<avx2::Isa, avx2int8::Isa>();

}  // namespace hearth
