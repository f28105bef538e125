#include <array>

#include "kernels/cpu/block_kernel.h"
#include "kernels/cpu/sum_kernel.h"
#include "kernels/cpu/vector_portable.h"

namespace hearth {
namespace {

struct Int8Isa : portable::Isa {
  static constexpr int kBlockTileRows = 1;
  /// Each lane: c + a's four uint8 · b's four int8.
  static Vector fma(Vector a, Vector b, Vector c) {
    const auto bytes_a = std::bit_cast<std::array<uint8_t, 16>>(a);
    const auto bytes_b = std::bit_cast<std::array<int8_t, 16>>(b);
    auto sums = reinterpret_cast<Integer>(c);
    for (size_t i = 0; i < bytes_a.size(); ++i) sums[i / 4] += int32_t{bytes_a[i]} * bytes_b[i];
    return reinterpret_cast<Vector>(sums);
  }
};

}  // namespace

extern const TileKernels kPortableInt8Kernels;
constexpr TileKernels kPortableInt8Kernels = sum_kernel_table<Int8Isa>();

extern const BlockKernels kPortableBlockKernels;
constexpr BlockKernels kPortableBlockKernels = block_kernel_table<portable::Isa, Int8Isa>();

}  // namespace hearth
