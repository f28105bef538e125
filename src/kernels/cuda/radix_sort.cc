#include "kernels/cuda/radix_sort.h"

#include <array>
#include <utility>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/prefix_sums.h"
#include "kernels/cuda/radix_sort_parameters.h"

namespace hearth::gpu {
namespace {

constexpr int64_t kMostLines = 65535;
constexpr int64_t kMostKeys = int64_t{1} << 30;
constexpr int kDigitBits = 8;
static_assert(1 << kDigitBits == RadixPass::kDigits);

struct KeysWithPositions {
  Tensor keys;
  Tensor positions;
};

Result<KeysWithPositions> empty_like_keys(const KernelContext& context, const Tensor& keys) {
  KeysWithPositions made;
  HEARTH_ASSIGN_OR_RETURN(made.keys, context.pool->empty(keys.dtype(), keys.shape()));
  HEARTH_ASSIGN_OR_RETURN(made.positions, context.pool->empty(DType::kInt32, keys.shape()));
  return made;
}

}  // namespace

Result<Tensor> radix_sort(const KernelContext& context, const Tensor& keys, int bits) {
  const int64_t lines = keys.size(0);
  const int64_t length = keys.size(1);
  if (lines > kMostLines || length > kMostKeys) return unavailable("sorting {} on a GPU", describe(keys));
  const int64_t tiles = (length + RadixPass::kTile - 1) / RadixPass::kTile;
  const std::string suffix = std::to_string(dtype_bits(keys.dtype()) / 8);
  const LaunchShape shape{.grid = {static_cast<uint32_t>(tiles), static_cast<uint32_t>(lines)},
                          .block = {RadixPass::kThreads}};
  HEARTH_ASSIGN_OR_RETURN(const Tensor counts,
                          context.pool->empty(DType::kInt32, std::array{lines, RadixPass::kDigits * tiles}));
  HEARTH_ASSIGN_OR_RETURN(KeysWithPositions to, empty_like_keys(context, keys));
  HEARTH_ASSIGN_OR_RETURN(KeysWithPositions from, empty_like_keys(context, keys));
  from.keys = keys;
  RadixPass pass{.length = static_cast<int32_t>(length), .tiles = static_cast<int32_t>(tiles), .shift = 0};
  // The first pass numbers the positions itself; one of no bits does nothing else.
  void* positions = nullptr;
  for (pass.shift = 0; pass.shift == 0 || pass.shift < bits; pass.shift += kDigitBits) {
    HEARTH_RETURN_IF_ERROR(
        launch(*context.gpu, "radix_sort", "count_digits_" + suffix, shape, from.keys.data(), counts.data(), pass));
    HEARTH_RETURN_IF_ERROR(prefix_sums(*context.gpu, counts));
    HEARTH_RETURN_IF_ERROR(launch(*context.gpu, "radix_sort", "move_by_digit_" + suffix, shape, from.keys.data(),
                                  positions, to.keys.data(), to.positions.data(), counts.data(), pass));
    std::swap(from, to);
    positions = from.positions.data();
  }
  return from.positions;
}

}  // namespace hearth::gpu
