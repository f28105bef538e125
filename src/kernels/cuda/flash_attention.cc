#include "kernels/cuda/flash_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cuda/flash_attention_parameters.h"
#include "kernels/cuda/launch.h"

namespace hearth::gpu {
namespace {

constexpr int64_t kMostTokens = std::numeric_limits<int32_t>::max() / 2;
constexpr int64_t kMostBlocks = 65535;
constexpr int kFloat32Threads = 256;

bool has_shape(const Tensor& tensor, std::initializer_list<int64_t> shape) {
  return std::ranges::equal(tensor.shape(), shape);
}

/// What the code for GPUs relies on: every operand has the shape that its use says.
bool fits(const FlashAttention& o) {
  if (o.query.rank() != 4 || o.key.rank() != 4) return false;
  const int64_t batches = o.query.size(0);
  const int64_t heads = o.query.size(1);
  const int64_t queries = o.query.size(2);
  const int64_t depth = o.query.size(3);
  const int64_t key_heads = o.key.size(1);
  const int64_t keys = o.key.size(2);
  for (const Tensor* tensor : {&o.key, &o.value, &o.output, &o.mask}) {
    if (tensor->defined() && tensor->dtype() != o.query.dtype()) return false;
  }
  return (heads == 0 || (key_heads > 0 && heads % key_heads == 0)) &&
         has_shape(o.key, {batches, key_heads, keys, depth}) && has_shape(o.value, {batches, key_heads, keys, depth}) &&
         has_shape(o.output, {batches, heads, queries, depth}) &&
         (!o.mask.defined() || has_shape(o.mask, {batches, heads, queries, keys})) &&
         (!o.lengths.defined() ||
          (o.lengths.dtype() == DType::kInt64 && has_shape(o.lengths, {batches}) && queries == keys)) &&
         (!o.logsumexp.defined() ||
          (o.logsumexp.dtype() == DType::kFloat32 && has_shape(o.logsumexp, {batches, heads, queries}))) &&
         depth > 0 && depth <= 256 && std::max(queries, keys) <= kMostTokens &&
         std::max(batches, heads) <= kMostBlocks && o.scale > 0 && std::isfinite(o.scale);
}

/// Strides of dimensions that are not walked along do not matter.
bool has_vectors(const Tensor& rows) {
  constexpr int64_t kVector = 8;
  if (rows.size(3) % kVector != 0 || rows.stride(3) != 1) return false;
  for (int d = 0; d < 3; ++d) {
    if (rows.size(d) > 1 && rows.stride(d) % kVector != 0) return false;
  }
  return reinterpret_cast<uintptr_t>(rows.data()) % (kVector * 2) == 0;
}

AttentionRowsOnGpu rows_of(const Tensor& tensor) {
  AttentionRowsOnGpu rows{};
  std::ranges::copy(tensor.strides(), rows.strides);
  rows.vectors = has_vectors(tensor) ? 1 : 0;
  return rows;
}

/// Few large tiles take the fewest reads of keys and values, as long as every processor has one.
FlashTile choose_tile(const GpuWork& gpu, const Tensor& query) {
  const auto fitting = [&](const FlashTile& tile) { return tile.depth >= query.size(3); };
  const FlashTile* tile = std::ranges::find_if(kFlashTiles, fitting);
  const FlashTile* larger = tile + 1;
  if (larger == std::end(kFlashTiles) || larger->depth != tile->depth) return *tile;
  const int64_t blocks = (query.size(2) + larger->queries() - 1) / larger->queries() * query.size(1) * query.size(0);
  return query.size(2) > tile->queries() && blocks >= gpu.device->properties().compute_units ? *larger : *tile;
}

Status launch_tiles(const GpuWork& gpu, const FlashAttention& o, const std::string& family, const std::string& name,
                    int queries, int threads, int shared_bytes, const FlashAttentionShape& parameters) {
  const int64_t tiles = (o.query.size(2) + queries - 1) / queries;
  const auto heads = static_cast<uint32_t>(o.query.size(1));
  const auto batches = static_cast<uint32_t>(o.query.size(0));
  const LaunchShape shape{.grid = {static_cast<uint32_t>(tiles), heads, batches},
                          .block = {static_cast<uint32_t>(threads)},
                          .shared_bytes = static_cast<uint32_t>(shared_bytes)};
  return launch(gpu, family, name, shape, o.query.data(), o.key.data(), o.value.data(), o.mask.data(), o.lengths.data(),
                o.output.data(), o.logsumexp.data(), parameters);
}

}  // namespace

Status flash_attention(const GpuWork& gpu, const FlashAttention& operands) {
  const FlashAttention& o = operands;
  HEARTH_RETURN_IF_ERROR(check_on_gpu({&o.query, &o.key, &o.value, &o.mask, &o.lengths, &o.output, &o.logsumexp}));
  const DType dtype = o.query.dtype();
  if (!fits(o) || (dtype != DType::kBFloat16 && dtype != DType::kFloat16 && dtype != DType::kFloat32)) {
    return unavailable("no attention on GPUs for query {} and key {}", describe(o.query), describe(o.key));
  }
  if (o.output.element_count() == 0) return {};
  FlashAttentionShape shape{};
  shape.queries = static_cast<int32_t>(o.query.size(2));
  shape.keys = static_cast<int32_t>(o.key.size(2));
  shape.depth = static_cast<int32_t>(o.query.size(3));
  shape.heads_per_key_head = static_cast<int32_t>(o.query.size(1) / o.key.size(1));
  shape.causal = o.causal ? 1 : 0;
  shape.scale = static_cast<float>(o.scale);
  shape.query = rows_of(o.query);
  shape.key = rows_of(o.key);
  shape.value = rows_of(o.value);
  shape.output = rows_of(o.output);
  if (o.lengths.defined()) shape.lengths_stride = o.lengths.stride(0);
  if (o.mask.defined()) std::ranges::copy(o.mask.strides(), shape.mask_strides);
  if (o.logsumexp.defined()) std::ranges::copy(o.logsumexp.strides(), shape.logsumexp_strides);

  if (dtype == DType::kFloat32) {
    const int depth = *std::ranges::find_if(kFlashFloat32Depths, [&](int d) { return d >= shape.depth; });
    return launch_tiles(gpu, o, "flash_attention_float32", "attend_float32_" + std::to_string(depth),
                        kFlashFloat32Queries, kFloat32Threads, 0, shape);
  }
  const FlashTile tile = choose_tile(gpu, o.query);
  const std::string name = "attend_" + std::string(dtype_name(dtype)) + "_" + std::to_string(tile.depth) + "_" +
                           std::to_string(tile.row_tiles);
  return launch_tiles(gpu, o, "flash_attention", name, tile.queries(), 32 * FlashTile::kWarps, tile.shared_bytes(),
                      shape);
}

}  // namespace hearth::gpu
