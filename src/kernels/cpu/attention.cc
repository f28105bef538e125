#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "kernels/attention_operands.h"
#include "kernels/cpu/attention_panels.h"
#include "kernels/cpu/attention_plan.h"
#include "kernels/cpu/attention_rows.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/cpu/tile_run.h"
#include "kernels/profile.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// The attention of a batch, or of a sequence of a step: items of work, each a block of queries of one head.
template <typename T>
class Attention {
 public:
  /// The operands and the plan outlive the object.
  Attention(const MicroKernels& kernels, const AttentionOperands& operands, const AttentionPlan& plan)
      : kernels_(kernels), operands_(operands), plan_(plan), panels_(kernels, operands, plan) {}

  const AttentionPlan& plan() const { return plan_; }
  int64_t items() const { return operands_.batches * operands_.heads * plan_.query_blocks; }
  /// Floats that panels take, and those that a member works with: a Block's, or what packing takes before.
  int64_t panels_size() const { return plan_.packs ? panels_.size() : 0; }
  int64_t scratch_size() const {
    const int64_t loaded = plan_.packs ? 0 : 2 * kKeysOfBlock * plan_.row_stride;
    const int64_t row = 3 * plan_.row_stride + plan_.scores_stride + plan_.weights_stride + 2;
    const int64_t block = plan_.queries_of_block * row + kKeysOfBlock + loaded;
    return plan_.packs ? std::max(block, plan_.packing_size()) : block;
  }

  /// Makes the panels in `memory`, where there are any. `scratch`: every member's, `step` floats apart.
  void pack(ThreadTeam& team, float* memory, float* scratch, int64_t step) {
    if (plan_.packs) panels_.pack(team, memory, scratch, step);
  }
  /// Computes an item. `scratch`: the member's.
  void attend(int64_t item, float* scratch, TileRun& tiles) const { attend(block_of(item, scratch), tiles); }

 private:
  /// A block of queries while it is worked on.
  struct Block {
    int64_t batch;
    int64_t head;
    int64_t key_head;
    int64_t query;
    int64_t queries;
    float* rows;     ///< [queries, row_stride]: the queries themselves, as elements.
    float* sums;     ///< [queries, row_stride]: values weighted so far.
    float* part;     ///< With pairs, [queries, row_stride]: values weighted in the block of keys at hand.
    float* scores;   ///< [queries, scores_stride]
    float* weights;  ///< With pairs, [queries, weights_stride]: the exponentials of scores, as elements.
    float* maxima;   ///< [queries]: largest scores so far.
    float* totals;   ///< [queries]: sums of weights so far.
    float* mask;     ///< [kKeysOfBlock]: a row of the mask as floats.
    float* keys;     ///< Unless packed: room for the keys of a block.
    float* values;   ///< Unless packed: room for the values of a block.
  };

  Block block_of(int64_t item, float* next) const {
    Block block{};
    const int64_t head = item / plan_.query_blocks;
    block.batch = head / operands_.heads;
    block.head = head % operands_.heads;
    block.key_head = block.head / operands_.heads_per_key_head;
    // The last queries see most keys when causal; they come first, so that no member starts a long block last.
    block.query = (plan_.query_blocks - 1 - item % plan_.query_blocks) * plan_.queries_of_block;
    block.queries = std::min(plan_.queries_of_block, operands_.queries - block.query);
    const auto take = [&](int64_t floats) { return std::exchange(next, next + floats); };
    block.rows = take(plan_.queries_of_block * plan_.row_stride);
    block.sums = take(plan_.queries_of_block * plan_.row_stride);
    block.part = take(plan_.queries_of_block * plan_.row_stride);
    block.scores = take(plan_.queries_of_block * plan_.scores_stride);
    block.weights = take(plan_.queries_of_block * plan_.weights_stride);
    block.maxima = take(plan_.queries_of_block);
    block.totals = take(plan_.queries_of_block);
    block.mask = take(kKeysOfBlock);
    block.keys = next;
    block.values = next + kKeysOfBlock * plan_.row_stride;
    return block;
  }

  void attend(const Block& block, TileRun& tiles) const {
    load_queries(block);
    std::fill(block.maxima, block.maxima + block.queries, -kInfinity);
    std::fill(block.totals, block.totals + block.queries, 0.0F);
    const int64_t end = operands_.keys_end(block.query + block.queries - 1);
    const int64_t begin = operands_.keys_begin(block.query) / kKeysOfBlock * kKeysOfBlock;
    for (int64_t key = begin; key < end; key += kKeysOfBlock) {
      const int64_t keys = std::min(kKeysOfBlock, end - key);
      const bool is_first = key == begin;
      if (plan_.packs) {
        multiply_keys(block, key, keys, tiles);
      } else {
        dot_keys(block, key, keys);
      }
      for (int64_t q = 0; q < block.queries; ++q) weigh(block, q, key, keys, is_first);
      add_values(block, key, keys, is_first, tiles);
    }
    for (int64_t q = 0; q < block.queries; ++q) store(block, q);
  }

  void load_queries(const Block& block) const {
    const Tensor& query = operands_.query;
    const T* from = head_of<T>(query, block.batch, block.head) + block.query * query.stride(2);
    for (int64_t q = 0; q < block.queries; ++q) {
      load_elements(kernels_, plan_.pairs, from + q * query.stride(2), query.stride(3), operands_.depth,
                    plan_.key_elements, block.rows + q * plan_.row_stride);
    }
  }

  /// A product of a block's rows with one panel: c = a · b, or c += a · b.
  struct PanelProduct {
    const float* a;
    int64_t a_stride;
    const float* b;
    int64_t b_stride;
    int64_t depth;  ///< In elements.
    float* c;
    int64_t c_stride;
    int64_t rows;
    int64_t columns;
  };

  /// `adds` with tiles of floats only.
  void multiply(const PanelProduct& product, bool adds, TileRun& tiles) const {
    TileArguments tile;
    tile.a_stride = product.a_stride;
    tile.b_stride = product.b_stride;
    tile.c_stride = product.c_stride;
    tile.columns = static_cast<int>(product.columns);
    tile.low = -kInfinity;
    tile.high = kInfinity;
    tile.first = !adds;
    const int64_t lanes = plan_.tiles->lanes;
    const int vectors = static_cast<int>((product.columns + lanes - 1) / lanes);
    for (int64_t row = 0; row < product.rows; row += plan_.tiles->tile_rows) {
      const DepthRun run{product.a + row * product.a_stride, product.b, product.depth};
      tile.runs = &run;
      tile.run_count = 1;
      tile.c = product.c + row * product.c_stride;
      tiles.compute(static_cast<int>(std::min<int64_t>(plan_.tiles->tile_rows, product.rows - row)), vectors, tile);
    }
  }

  void multiply_keys(const Block& block, int64_t first, int64_t keys, TileRun& tiles) const {
    for (int64_t key = 0; key < keys; key += plan_.panel) {
      multiply({.a = block.rows,
                .a_stride = plan_.row_stride,
                .b = panels_.keys(block.batch, block.key_head, first + key),
                .b_stride = plan_.panel,
                .depth = plan_.key_elements,
                .c = block.scores + key,
                .c_stride = plan_.scores_stride,
                .rows = block.queries,
                .columns = std::min(plan_.panel, keys - key)},
               /*adds=*/false, tiles);
    }
  }

  struct Rows {
    const float* data = nullptr;
    int64_t stride = 0;
  };

  /// Rows of keys or values as floats: where they lie, if they are floats, or in `room`, each filled up with zeros to
  /// whole vectors.
  Rows rows_of(const AttentionRows& source, const Block& block, int64_t first, int64_t count, bool in_vectors,
               float* room) const {
    const bool fits = !in_vectors || plan_.padded_depth == operands_.depth;
    if (source.dtype() == DType::kFloat32 && source.element_stride() == 1 && fits) {
      return {source.at<float>(block.batch, block.key_head, first), source.row_stride()};
    }
    for (int64_t i = 0; i < count; ++i) {
      float* row = room + i * plan_.row_stride;
      load_row(kernels_, source, block.batch, block.key_head, first + i, operands_.depth, row);
      std::fill(row + operands_.depth, row + plan_.padded_depth, 0.0F);
    }
    return {room, plan_.row_stride};
  }

  void dot_keys(const Block& block, int64_t first, int64_t keys) const {
    const auto rows = rows_of(operands_.key, block, first, keys, /*in_vectors=*/false, block.keys);
    for (int64_t i = 0; i < keys; ++i) {
      for (int64_t q = 0; q < block.queries; ++q) {
        block.scores[q * plan_.scores_stride + i] =
            kernels_.dot_product(block.rows + q * plan_.row_stride, rows.data + i * rows.stride, operands_.depth);
      }
    }
  }

  /// The mask of query `q` for `keys` keys from `first` on as floats; null for none.
  const float* mask_row(const Block& block, int64_t q, int64_t first, int64_t keys) const {
    const Tensor& mask = operands_.mask;
    if (!mask.defined()) return nullptr;
    const float* row = block.mask;
    (void)visit_floating_dtype("attention", mask.dtype(), [&]<typename M>(TypeTag<M>) -> Status {
      const M* from =
          head_of<M>(mask, block.batch, block.head) + (block.query + q) * mask.stride(2) + first * mask.stride(3);
      if constexpr (std::is_same_v<M, float>) {
        if (mask.stride(3) == 1) {
          row = from;
          return {};
        }
      }
      load_row(kernels_, from, mask.stride(3), keys, block.mask);
      return {};
    });
    return row;
  }

  /// Turns a query's products with keys into weights relative to the largest score so far, and makes what was summed
  /// before relative to it.
  void weigh(const Block& block, int64_t q, int64_t first, int64_t keys, bool is_first) const {
    const int64_t query = block.query + q;
    const int64_t begin = std::clamp<int64_t>(operands_.keys_begin(query) - first, 0, keys);
    const int64_t end = std::clamp<int64_t>(operands_.keys_end(query) - first, begin, keys);
    float* scores = block.scores + q * plan_.scores_stride + begin;
    const float before = block.maxima[q];
    auto scale = static_cast<float>(operands_.scale);
    if (operands_.soft_cap > 0) {
      kernels_.soft_cap(scores, scale, static_cast<float>(operands_.soft_cap), end - begin);
      scale = 1;
    }
    const float* mask = mask_row(block, q, first + begin, end - begin);
    const float maximum = kernels_.scale_scores(scores, mask, scale, end - begin, before);
    block.maxima[q] = maximum;
    // No key in sight yet: exponentials relative to -infinity would be NaN.
    const float base = maximum == -kInfinity ? 0.0F : maximum;
    const float total = kernels_.exponentiate(scores, end - begin, base);
    round_weights(block, q, begin, end, keys);
    if (is_first) {
      block.totals[q] = total;
      return;
    }
    const float shrink = before == -kInfinity ? 0.0F : std::exp(before - base);
    block.totals[q] = block.totals[q] * shrink + total;
    if (shrink == 1.0F) return;
    float* sums = block.sums + q * plan_.row_stride;
    for (int64_t e = 0; e < operands_.depth; ++e) sums[e] *= shrink;
  }

  /// Weights of keys that are not seen become 0; with pairs all become elements.
  void round_weights(const Block& block, int64_t q, int64_t begin, int64_t end, int64_t keys) const {
    float* scores = block.scores + q * plan_.scores_stride;
    const int64_t count = plan_.pairs ? 2 * plan_.elements(keys) : keys;
    std::fill(scores, scores + begin, 0.0F);
    std::fill(scores + end, scores + count, 0.0F);
    if (!plan_.pairs) return;
    float* weights = block.weights + q * plan_.weights_stride;
    kernels_.narrow_bfloat16(scores, reinterpret_cast<BFloat16*>(weights), count);
  }

  void add_values(const Block& block, int64_t first, int64_t keys, bool is_first, TileRun& tiles) const {
    const auto loaded =
        plan_.packs ? Rows{} : rows_of(operands_.value, block, first, keys, /*in_vectors=*/true, block.values);
    float* to = plan_.pairs && !is_first ? block.part : block.sums;
    for (int64_t column = 0; column < operands_.depth; column += plan_.panel) {
      multiply({.a = plan_.pairs ? block.weights : block.scores,
                .a_stride = plan_.pairs ? plan_.weights_stride : plan_.scores_stride,
                .b = plan_.packs ? panels_.values(block.batch, block.key_head, first, column) : loaded.data + column,
                .b_stride = plan_.packs ? panels_.values_width(column) : loaded.stride,
                .depth = plan_.elements(keys),
                .c = to + column,
                .c_stride = plan_.row_stride,
                .rows = block.queries,
                .columns = std::min(plan_.panel, operands_.depth - column)},
               /*adds=*/!plan_.pairs && !is_first, tiles);
    }
    if (to == block.sums) return;
    for (int64_t i = 0; i < block.queries * plan_.row_stride; ++i) block.sums[i] += block.part[i];
  }

  void store(const Block& block, int64_t q) const {
    const Tensor& output = operands_.result.output;
    const Tensor& logsumexp = operands_.result.logsumexp;
    const bool saw_none = block.maxima[q] == -kInfinity && !is_nan(block.totals[q]);
    const float scale = saw_none ? 0.0F : 1.0F / (block.totals[q] + sink_of(block, q));
    float* sums = block.sums + q * plan_.row_stride;
    for (int64_t e = 0; e < operands_.depth; ++e) sums[e] = saw_none ? 0.0F : sums[e] * scale;
    const int64_t query = block.query + q;
    T* row = head_of<T>(output, block.batch, block.head) + query * output.stride(2);
    store_row(kernels_, sums, operands_.depth, row, output.stride(3));
    if (!logsumexp.defined()) return;
    float* log = logsumexp.data_as<float>() + block.batch * logsumexp.stride(0) + block.head * logsumexp.stride(1);
    log[query * logsumexp.stride(2)] = saw_none ? 0.0F : block.maxima[q] + std::log(block.totals[q]);
  }

  /// What the head's sink adds to a query's weights, relative to their largest score as they are.
  float sink_of(const Block& block, int64_t q) const {
    if (!operands_.sinks.defined()) return 0;
    return std::exp(operands_.sinks.data_as<float>()[block.head] - block.maxima[q]);
  }

  const MicroKernels& kernels_;
  const AttentionOperands& operands_;
  const AttentionPlan& plan_;
  AttentionPanels panels_;
};

/// Shares the items of several attentions among the team, and waits. Their panels are there at the same time.
template <typename T>
Status attend_together(const KernelContext& context, std::span<Attention<T>> parts) {
  if (parts.empty()) return {};
  int64_t scratch_size = 0;
  int64_t panels_size = 0;
  int64_t items = 0;
  for (const Attention<T>& part : parts) {
    scratch_size = std::max(scratch_size, part.scratch_size());
    panels_size += part.panels_size();
    items += part.items();
  }
  const int64_t floats = panels_size + context.team->size() * scratch_size;
  HEARTH_ASSIGN_OR_RETURN(const StorageRef memory, context.pool->allocate(static_cast<size_t>(floats) * sizeof(float)));
  auto* panels = reinterpret_cast<float*>(memory->data());
  float* scratch = panels + panels_size;
  for (Attention<T>& part : parts) {
    part.pack(*context.team, panels, scratch, scratch_size);
    panels += part.panels_size();
  }
  context.team->parallel_for(items, 1, [&](int64_t begin, int64_t end) {
    float* own = scratch + ThreadTeam::current_member() * scratch_size;
    TileRun tiles(*parts[0].plan().tiles);
    int64_t first = 0;
    for (const Attention<T>& part : parts) {
      for (int64_t i = std::max(begin, first); i < std::min(end, first + part.items()); ++i) {
        part.attend(i - first, own, tiles);
      }
      first += part.items();
    }
  });
  return {};
}

/// Sequences with many queries have work enough for the team, and panels, which come and go one after the other;
/// those with few are worked on together.
Status attend_all(const KernelContext& context, std::span<const AttentionOperands> sequences) {
  if (sequences.empty()) return {};
  const MicroKernels& kernels = micro_kernels();
  std::vector<AttentionPlan> plans;
  for (const AttentionOperands& operands : sequences) {
    const AttentionPlan& plan = plans.emplace_back(kernels, operands);
    // Queries against keys, and the weights against the values.
    count_operations(plan.pairs ? DType::kBFloat16 : DType::kFloat32,
                     4.0 * static_cast<double>(operands.query.element_count() * operands.keys));
  }
  return visit_floating_dtype("attention", sequences[0].query.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    std::vector<Attention<T>> few;
    for (size_t i = 0; i < sequences.size(); ++i) {
      Attention<T> part(kernels, sequences[i], plans[i]);
      if (plans[i].packs) {
        HEARTH_RETURN_IF_ERROR(attend_together(context, std::span(&part, 1)));
      } else {
        few.push_back(std::move(part));
      }
    }
    return attend_together(context, std::span(few));
  });
}

bool is_double(const Tensor& query) { return query.defined() && query.dtype() == DType::kFloat64; }

}  // namespace

Result<AttentionResult> attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                  const Tensor& value, const Tensor& mask, const AttentionParameters& parameters) {
  if (is_double(query)) return reference::attention(context, query, key, value, mask, parameters);
  HEARTH_ASSIGN_OR_RETURN(const AttentionOperands operands,
                          attention_operands(context, query, key, value, mask, parameters));
  HEARTH_RETURN_IF_ERROR(attend_all(context, std::span(&operands, 1)));
  return operands.result;
}

Result<Tensor> cached_attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                const Tensor& value, const Tensor& sinks, const CachedAttentionParameters& parameters) {
  if (is_double(query)) return reference::cached_attention(context, query, key, value, sinks, parameters);
  HEARTH_ASSIGN_OR_RETURN(const CachedAttentionOperands operands,
                          cached_attention_operands(context, query, key, value, sinks, parameters));
  HEARTH_RETURN_IF_ERROR(attend_all(context, operands.sequences));
  return operands.output;
}

}  // namespace hearth
