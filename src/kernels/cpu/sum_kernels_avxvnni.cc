#include "kernels/cpu/block_kernel.h"
#include "kernels/cpu/finish_kernel.h"
#include "kernels/cpu/sum_kernel.h"
#include "kernels/cpu/vector_avx2.h"

namespace hearth {
namespace avxvnni {
namespace {

struct Isa : avx2::Isa {
  static constexpr const char* kName = "avx_vnni";
  static constexpr int kBlockTileRows = 4;
  /// Each lane: c + a's four uint8 · b's four int8.
  static Vector fma(Vector a, Vector b, Vector c) {
    return reinterpret_cast<Vector>(_mm256_dpbusd_avx_epi32(reinterpret_cast<__m256i>(c), reinterpret_cast<__m256i>(a),
                                                            reinterpret_cast<__m256i>(b)));
  }
};

}  // namespace
}  // namespace avxvnni

extern const TileKernels kAvxVnniInt8Kernels;
constexpr TileKernels kAvxVnniInt8Kernels =
    sum_kernel_table<avxvnni::Isa, BlockFinisher<avxvnni::Isa, uint8_t, uint8_t, true>>(DType::kUInt8);

extern const BlockKernels kAvxVnniBlockKernels;
constexpr BlockKernels kAvxVnniBlockKernels = block_kernel_table<avx2::Isa, avxvnni::Isa>();

}  // namespace hearth
