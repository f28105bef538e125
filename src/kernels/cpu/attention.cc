#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/errors.h"
#include "kernels/attention_operands.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/profile.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
/// Fewer queries than this read keys and values where they lie: rearranging them would cost more than it saves.
constexpr int64_t kFewQueries = 8;
constexpr int64_t kQueriesOfBlock = 64;
constexpr int64_t kKeysOfBlock = 256;

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

/// Sizes that follow from the operands and the instruction set.
struct AttentionPlan {
  bool packs = false;  ///< Keys and values are rearranged in panels before the work starts.
  int64_t queries_of_block = 0;
  int64_t query_blocks = 0;
  int64_t panel = 0;         ///< Columns of a panel.
  int64_t padded_keys = 0;   ///< Keys, rounded up to whole panels.
  int64_t padded_depth = 0;  ///< Depth, rounded up to whole vectors.
  int64_t row_stride = 0;    ///< Of queries, sums and loaded values: an odd number of cache lines.
  int64_t scores_stride = 0;

  AttentionPlan(const MicroKernels& kernels, const AttentionOperands& operands) {
    packs = operands.queries >= kFewQueries;
    queries_of_block = std::min(round_up(kQueriesOfBlock, kernels.tile_rows), std::max<int64_t>(operands.queries, 1));
    query_blocks = (operands.queries + queries_of_block - 1) / queries_of_block;
    panel = kernels.panel_width();
    padded_keys = round_up(operands.keys, panel);
    padded_depth = round_up(operands.depth, kernels.lanes);
    constexpr int64_t kCacheLine = 16;
    row_stride = (round_up(operands.depth, kCacheLine) / kCacheLine | 1) * kCacheLine;
    scores_stride = kKeysOfBlock + kCacheLine;
  }

  int64_t packed_keys_size(int64_t depth) const { return depth * padded_keys; }
  int64_t packed_values_size(int64_t keys) const { return keys * padded_depth; }
  /// Floats that a member works with: queries, sums, scores, and the keys and values of a block.
  int64_t scratch_size() const {
    const int64_t loaded = packs ? 0 : 2 * kKeysOfBlock * row_stride;
    return queries_of_block * (2 * row_stride + scores_stride + 2) + loaded;
  }
};

template <typename T>
void load_rows(const T* from, int64_t row_stride, int64_t column_stride, int64_t rows, int64_t columns, float* to,
               int64_t to_stride) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      to[r * to_stride + c] = static_cast<float>(from[r * row_stride + c * column_stride]);
    }
    std::fill(to + r * to_stride + columns, to + (r + 1) * to_stride, 0.0F);
  }
}

template <typename M>
void add_mask(const M* mask, int64_t stride, int64_t count, float* scores) {
  for (int64_t i = 0; i < count; ++i) scores[i] += static_cast<float>(mask[i * stride]);
}

/// One call's work; its members compute blocks of queries of one head each.
template <typename T>
class Attention {
 public:
  Attention(const MicroKernels& kernels, const AttentionOperands& operands, const AttentionPlan& plan)
      : kernels_(kernels), operands_(operands), plan_(plan) {}

  Status run(const KernelContext& context) {
    const int64_t key_heads = operands_.heads / operands_.heads_per_key_head;
    const int64_t instances = plan_.packs ? operands_.batches * key_heads : 0;
    const int64_t keys_size = plan_.packed_keys_size(operands_.depth);
    const int64_t values_size = plan_.packed_values_size(operands_.keys);
    const int64_t floats = instances * (keys_size + values_size) + context.team->size() * plan_.scratch_size();
    HEARTH_ASSIGN_OR_RETURN(const StorageRef memory,
                            context.pool->allocate(static_cast<size_t>(floats) * sizeof(float)));
    packed_keys_ = reinterpret_cast<float*>(memory->data());
    packed_values_ = packed_keys_ + instances * keys_size;
    scratch_ = packed_values_ + instances * values_size;
    if (plan_.packs) pack(*context.team, key_heads);
    const int64_t items = operands_.batches * operands_.heads * plan_.query_blocks;
    context.team->parallel_for(items, 1, [&](int64_t begin, int64_t end) {
      for (int64_t item = begin; item < end; ++item) attend(item);
    });
    return {};
  }

 private:
  /// A block of queries while it is worked on.
  struct Block {
    int64_t batch;
    int64_t head;
    int64_t key_head;
    int64_t query;
    int64_t queries;
    float* rows;    ///< [queries, row_stride]: the queries themselves.
    float* sums;    ///< [queries, row_stride]: values weighted so far.
    float* scores;  ///< [queries, scores_stride]
    float* maxima;  ///< [queries]: largest scores so far.
    float* totals;  ///< [queries]: sums of weights so far.
    float* keys;    ///< Unless packed: room for the keys of a block.
    float* values;  ///< Unless packed: room for the values of a block.
  };

  /// Keys as panels [depth, panel], values as panels [keys, panel].
  void pack(ThreadTeam& team, int64_t key_heads) {
    const int64_t panels = plan_.padded_keys / plan_.panel;
    team.parallel_for(operands_.batches * key_heads * panels, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t instance = i / panels;
        pack_panel(instance, instance / key_heads, instance % key_heads, i % panels * plan_.panel);
      }
    });
  }

  void pack_panel(int64_t instance, int64_t batch, int64_t head, int64_t first) {
    const auto& [key, value, depth] = std::tie(operands_.key, operands_.value, operands_.depth);
    const int64_t count = std::min(plan_.panel, operands_.keys - first);
    const T* k = head_of<T>(key, batch, head) + first * key.stride(2);
    float* keys = packed_keys_ + instance * plan_.packed_keys_size(depth) + first * depth;
    for (int64_t i = 0; i < plan_.panel; ++i) {
      for (int64_t e = 0; e < depth; ++e) {
        keys[e * plan_.panel + i] = i < count ? static_cast<float>(k[i * key.stride(2) + e * key.stride(3)]) : 0.0F;
      }
    }
    const T* v = head_of<T>(value, batch, head) + first * value.stride(2);
    float* values = packed_values_ + instance * plan_.packed_values_size(operands_.keys);
    for (int64_t column = 0; column < depth; column += plan_.panel) {
      const int64_t width = std::min(plan_.panel, plan_.padded_depth - column);
      load_rows(v + column * value.stride(3), value.stride(2), value.stride(3), count, std::min(width, depth - column),
                values + column * operands_.keys + first * width, width);
    }
  }

  void attend(int64_t item) const {
    Block block = block_of(item);
    const Tensor& query = operands_.query;
    load_rows(head_of<T>(query, block.batch, block.head) + block.query * query.stride(2), query.stride(2),
              query.stride(3), block.queries, operands_.depth, block.rows, plan_.row_stride);
    std::fill(block.maxima, block.maxima + block.queries, -kInfinity);
    std::fill(block.totals, block.totals + block.queries, 0.0F);
    std::fill(block.sums, block.sums + block.queries * plan_.row_stride, 0.0F);
    const int64_t visible = operands_.visible_keys(block.query + block.queries);
    for (int64_t key = 0; key < visible; key += kKeysOfBlock) {
      const int64_t keys = std::min(kKeysOfBlock, visible - key);
      compute_scores(block, key, keys);
      weigh(block, key, keys);
      add_values(block, key, keys);
    }
    store(block);
  }

  Block block_of(int64_t item) const {
    Block block{};
    const int64_t head = item / plan_.query_blocks;
    block.batch = head / operands_.heads;
    block.head = head % operands_.heads;
    block.key_head = block.head / operands_.heads_per_key_head;
    // The last queries see most keys when causal; they come first, so that no member starts a long block last.
    block.query = (plan_.query_blocks - 1 - item % plan_.query_blocks) * plan_.queries_of_block;
    block.queries = std::min(plan_.queries_of_block, operands_.queries - block.query);
    block.rows = scratch_ + ThreadTeam::current_member() * plan_.scratch_size();
    block.sums = block.rows + plan_.queries_of_block * plan_.row_stride;
    block.scores = block.sums + plan_.queries_of_block * plan_.row_stride;
    block.maxima = block.scores + plan_.queries_of_block * plan_.scores_stride;
    block.totals = block.maxima + plan_.queries_of_block;
    block.keys = block.totals + plan_.queries_of_block;
    block.values = block.keys + kKeysOfBlock * plan_.row_stride;
    return block;
  }

  void compute_scores(const Block& block, int64_t first, int64_t keys) const {
    if (plan_.packs) {
      multiply_keys(block, first, keys);
    } else {
      dot_keys(block, first, keys);
    }
    if (operands_.mask.defined()) mask_scores(block, first, keys);
    if (!operands_.causal) return;
    for (int64_t q = 0; q < block.queries; ++q) {
      const int64_t visible = std::clamp<int64_t>(block.query + q + 1 - first, 0, keys);
      std::fill(block.scores + q * plan_.scores_stride + visible, block.scores + q * plan_.scores_stride + keys,
                -kInfinity);
    }
  }

  /// A product of `rows` rows with one panel: c = alpha · a · b, or c += a · b.
  struct PanelProduct {
    const float* a;
    int64_t a_stride;
    const float* b;
    int64_t b_stride;
    int64_t depth;
    float* c;
    int64_t c_stride;
    int64_t rows;
    int64_t columns;
  };

  void multiply(const PanelProduct& product, float alpha, bool adds) const {
    TileArguments tile;
    tile.a_stride = product.a_stride;
    tile.b_stride = product.b_stride;
    tile.c_stride = product.c_stride;
    tile.columns = static_cast<int>(product.columns);
    tile.alpha = alpha;
    tile.low = -kInfinity;
    tile.high = kInfinity;
    tile.first = !adds;
    const int vectors = static_cast<int>((product.columns + kernels_.lanes - 1) / kernels_.lanes);
    for (int64_t row = 0; row < product.rows; row += kernels_.tile_rows) {
      const DepthRun run{product.a + row * product.a_stride, product.b, product.depth};
      tile.runs = &run;
      tile.run_count = 1;
      tile.c = product.c + row * product.c_stride;
      kernels_.compute_tile(static_cast<int>(std::min<int64_t>(kernels_.tile_rows, product.rows - row)), vectors, tile);
    }
  }

  void multiply_keys(const Block& block, int64_t first, int64_t keys) const {
    const float* packed = packed_keys_ + instance_of(block) * plan_.packed_keys_size(operands_.depth);
    for (int64_t key = 0; key < keys; key += plan_.panel) {
      multiply({.a = block.rows,
                .a_stride = plan_.row_stride,
                .b = packed + (first + key) * operands_.depth,
                .b_stride = plan_.panel,
                .depth = operands_.depth,
                .c = block.scores + key,
                .c_stride = plan_.scores_stride,
                .rows = block.queries,
                .columns = std::min(plan_.panel, keys - key)},
               static_cast<float>(operands_.scale), /*adds=*/false);
    }
  }

  void dot_keys(const Block& block, int64_t first, int64_t keys) const {
    const Tensor& key = operands_.key;
    const T* from = head_of<T>(key, block.batch, block.key_head) + first * key.stride(2);
    const float* rows = block.keys;
    int64_t stride = plan_.row_stride;
    if constexpr (std::is_same_v<T, float>) {
      if (key.stride(3) == 1) {
        rows = from;
        stride = key.stride(2);
      }
    }
    if (rows == block.keys) {
      load_rows(from, key.stride(2), key.stride(3), keys, operands_.depth, block.keys, plan_.row_stride);
    }
    for (int64_t i = 0; i < keys; ++i) {
      for (int64_t q = 0; q < block.queries; ++q) {
        block.scores[q * plan_.scores_stride + i] =
            static_cast<float>(operands_.scale) *
            kernels_.dot_product(block.rows + q * plan_.row_stride, rows + i * stride, operands_.depth);
      }
    }
  }

  void mask_scores(const Block& block, int64_t first, int64_t keys) const {
    const Tensor& mask = operands_.mask;
    const auto add = [&]<typename M>(TypeTag<M>) -> Status {
      const M* from = head_of<M>(mask, block.batch, block.head) + block.query * mask.stride(2) + first * mask.stride(3);
      for (int64_t q = 0; q < block.queries; ++q) {
        add_mask(from + q * mask.stride(2), mask.stride(3), keys, block.scores + q * plan_.scores_stride);
      }
      return {};
    };
    (void)visit_floating_dtype("attention", mask.dtype(), add);
  }

  /// Turns scores into weights relative to the largest score so far, and makes what was summed before relative to it.
  void weigh(const Block& block, int64_t first, int64_t keys) const {
    for (int64_t q = 0; q < block.queries; ++q) {
      float* scores = block.scores + q * plan_.scores_stride;
      const float before = block.maxima[q];
      float maximum = before;
      for (int64_t i = 0; i < keys; ++i) maximum = scores[i] > maximum ? scores[i] : maximum;
      block.maxima[q] = maximum;
      // No key in sight yet: exponentials relative to -infinity would be NaN.
      const float base = maximum == -kInfinity ? 0.0F : maximum;
      const float total = kernels_.exponentiate(scores, keys, base);
      if (first == 0) {
        block.totals[q] = total;
        continue;
      }
      const float shrink = before == -kInfinity ? 0.0F : std::exp(before - base);
      block.totals[q] = block.totals[q] * shrink + total;
      float* sums = block.sums + q * plan_.row_stride;
      if (shrink == 1.0F) continue;
      for (int64_t e = 0; e < operands_.depth; ++e) sums[e] *= shrink;
    }
  }

  void add_values(const Block& block, int64_t first, int64_t keys) const {
    const LoadedValues loaded = plan_.packs ? LoadedValues{} : load_values(block, first, keys);
    const float* packed = packed_values_ + instance_of(block) * plan_.packed_values_size(operands_.keys);
    for (int64_t column = 0; column < operands_.depth; column += plan_.panel) {
      const int64_t width = std::min(plan_.panel, plan_.padded_depth - column);
      multiply({.a = block.scores,
                .a_stride = plan_.scores_stride,
                .b = plan_.packs ? packed + column * operands_.keys + first * width : loaded.data + column,
                .b_stride = plan_.packs ? width : loaded.stride,
                .depth = keys,
                .c = block.sums + column,
                .c_stride = plan_.row_stride,
                .rows = block.queries,
                .columns = std::min(plan_.panel, operands_.depth - column)},
               1, /*adds=*/true);
    }
  }

  struct LoadedValues {
    const float* data = nullptr;
    int64_t stride = 0;
  };

  LoadedValues load_values(const Block& block, int64_t first, int64_t keys) const {
    const Tensor& value = operands_.value;
    const T* from = head_of<T>(value, block.batch, block.key_head) + first * value.stride(2);
    if constexpr (std::is_same_v<T, float>) {
      if (value.stride(3) == 1 && plan_.padded_depth == operands_.depth) return {from, value.stride(2)};
    }
    load_rows(from, value.stride(2), value.stride(3), keys, operands_.depth, block.values, plan_.row_stride);
    return {block.values, plan_.row_stride};
  }

  int64_t instance_of(const Block& block) const {
    return block.batch * (operands_.heads / operands_.heads_per_key_head) + block.key_head;
  }

  void store(const Block& block) const {
    const Tensor& output = operands_.result.output;
    const Tensor& logsumexp = operands_.result.logsumexp;
    T* out = head_of<T>(output, block.batch, block.head) + block.query * output.stride(2);
    float* log = logsumexp.data_as<float>() + block.batch * logsumexp.stride(0) + block.head * logsumexp.stride(1) +
                 block.query * logsumexp.stride(2);
    for (int64_t q = 0; q < block.queries; ++q) {
      const bool saw_none = block.maxima[q] == -kInfinity && !is_nan(block.totals[q]);
      const float scale = saw_none ? 0.0F : 1.0F / block.totals[q];
      const float* sums = block.sums + q * plan_.row_stride;
      for (int64_t e = 0; e < operands_.depth; ++e) {
        out[q * output.stride(2) + e * output.stride(3)] = static_cast<T>(saw_none ? 0.0F : sums[e] * scale);
      }
      log[q * logsumexp.stride(2)] = saw_none ? 0.0F : block.maxima[q] + std::log(block.totals[q]);
    }
  }

  const MicroKernels& kernels_;
  const AttentionOperands& operands_;
  const AttentionPlan& plan_;
  float* packed_keys_ = nullptr;
  float* packed_values_ = nullptr;
  float* scratch_ = nullptr;
};

}  // namespace

Result<AttentionResult> attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                  const Tensor& value, const Tensor& mask, const AttentionParameters& parameters) {
  if (query.defined() && query.dtype() == DType::kFloat64) {
    return reference::attention(context, query, key, value, mask, parameters);
  }
  HEARTH_ASSIGN_OR_RETURN(const AttentionOperands operands,
                          attention_operands(context, query, key, value, mask, parameters));
  // Queries against keys, and the weights against the values.
  count_operations(DType::kFloat32, 4.0 * static_cast<double>(query.element_count() * key.size(2)));
  const MicroKernels& kernels = micro_kernels();
  const AttentionPlan plan(kernels, operands);
  HEARTH_RETURN_IF_ERROR(visit_floating_dtype("attention", query.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    return Attention<T>(kernels, operands, plan).run(context);
  }));
  return operands.result;
}

}  // namespace hearth
