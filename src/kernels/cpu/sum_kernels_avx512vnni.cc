#include <cstring>

#include "kernels/cpu/block_kernel.h"
#include "kernels/cpu/finish_kernel.h"
#include "kernels/cpu/sum_kernel.h"
#include "kernels/cpu/vector_avx512.h"

namespace hearth {
namespace avx512vnni {
namespace {

struct Isa : avx512::Isa {
  static constexpr const char* kName = "avx512_vnni";
  static constexpr int kBlockTileRows = 8;
  /// Each lane: c + a's four uint8 · b's four int8.
  static Vector fma(Vector a, Vector b, Vector c) {
    return reinterpret_cast<Vector>(
        _mm512_dpbusd_epi32(reinterpret_cast<__m512i>(c), reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
  }
  /// The same for one quad of b in all lanes, which the instruction reads from memory.
  static Vector fma_quad(Vector a, const int8_t* b, Vector c) {
    int32_t quad;
    std::memcpy(&quad, b, sizeof(quad));
    return fma(a, reinterpret_cast<Vector>(_mm512_set1_epi32(quad)), c);
  }
};

}  // namespace
}  // namespace avx512vnni

extern const TileKernels kAvx512VnniInt8Kernels;
constexpr TileKernels kAvx512VnniInt8Kernels =
    sum_kernel_table<avx512vnni::Isa, BlockFinisher<avx512vnni::Isa, uint8_t, uint8_t, true>>(DType::kUInt8);

extern const BlockKernels kAvx512VnniBlockKernels;
constexpr BlockKernels kAvx512VnniBlockKernels = block_kernel_table<avx512::Isa, avx512vnni::Isa>();

}  // namespace hearth
