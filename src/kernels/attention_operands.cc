#include "kernels/attention_operands.h"

#include <array>
#include <cmath>

#include "base/errors.h"
#include "kernels/operands.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

constexpr std::string_view kOp = "attention";

Status check_keys(std::string_view operand, const Tensor& tensor, const Tensor& query, int64_t keys) {
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, operand, tensor, query.dtype()));
  const bool fits = tensor.rank() == 4 && tensor.size(0) == query.size(0) && tensor.size(3) == query.size(3) &&
                    tensor.size(2) == keys &&
                    (tensor.size(1) == 0 ? query.size(1) == 0 : query.size(1) % tensor.size(1) == 0);
  if (fits) return {};
  return invalid_argument("{}: {} is {}, which does not go with query {} and {} keys", kOp, operand, describe(tensor),
                          describe(query), keys);
}

/// [B, H, L] with the heads innermost.
Result<Tensor> empty_logsumexp(MemoryPool& pool, const Tensor& query) {
  const std::array<int64_t, 3> shape{query.size(0), query.size(1), query.size(2)};
  const int64_t heads = std::max<int64_t>(shape[1], 1);
  const std::array<int64_t, 3> strides{heads * std::max<int64_t>(shape[2], 1), 1, heads};
  return pool.empty_strided(query.dtype() == DType::kFloat64 ? DType::kFloat64 : DType::kFloat32, shape, strides);
}

Status check_step(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& sinks,
                  const CachedAttentionParameters& parameters) {
  if (parameters.layer < 0) return invalid_argument("{}: {} is not a layer", kOp, parameters.layer);
  if (parameters.window < 0) return invalid_argument("{}: a window of {} tokens", kOp, parameters.window);
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "query", query));
  if (query.rank() != 3 || !is_floating(query.dtype())) {
    return invalid_argument("{}: query is {}, expected three dimensions of floating-point numbers", kOp,
                            describe(query));
  }
  for (const auto& [name, tensor] : {std::pair<std::string_view, const Tensor&>{"key", key}, {"value", value}}) {
    HEARTH_RETURN_IF_ERROR(check_dtype(kOp, name, tensor, query.dtype()));
    const bool fits = tensor.rank() == 3 && tensor.size(0) == query.size(0) && tensor.size(2) == query.size(2) &&
                      (tensor.size(1) == 0 ? query.size(1) == 0 : query.size(1) % tensor.size(1) == 0);
    if (!fits) {
      return invalid_argument("{}: {} is {}, which does not go with query {}", kOp, name, describe(tensor),
                              describe(query));
    }
  }
  if (sinks.defined() && (!is_floating(sinks.dtype()) || sinks.rank() != 1 || sinks.size(0) != query.size(1))) {
    return invalid_argument("{}: sinks are {}, expected one for each of {} heads", kOp, describe(sinks), query.size(1));
  }
  return {};
}

/// The context's sequences with their numbers of tokens, `tokens` in all; without any, one that keeps nothing.
Result<std::vector<StepSequence>> sequences_of(const KernelContext& context, int64_t tokens) {
  if (context.sequences.empty()) return std::vector{StepSequence{.tokens = tokens}};
  std::vector<StepSequence> sequences(context.sequences.begin(), context.sequences.end());
  if (sequences.size() == 1 && sequences[0].tokens == StepSequence::kAllTokens) sequences[0].tokens = tokens;
  int64_t sum = 0;
  for (const StepSequence& sequence : sequences) {
    if (sequence.tokens < 0) return invalid_argument("{}: a sequence of {} tokens", kOp, sequence.tokens);
    sum += sequence.tokens;
  }
  if (sum == tokens) return sequences;
  return invalid_argument("{}: the step has {} tokens, its {} sequences have {}", kOp, tokens, sequences.size(), sum);
}

/// `count` tokens of `rows` [tokens, heads, depth] from `first` on.
Result<Tensor> tokens_of(const Tensor& rows, int64_t first, int64_t count) {
  const std::array shape{count, rows.size(1), rows.size(2)};
  return Tensor::view(rows.storage(), rows.dtype(), shape, rows.strides(), rows.offset() + first * rows.stride(0));
}

}  // namespace

Result<AttentionOperands> attention_operands(const KernelContext& context, const Tensor& query, const Tensor& key,
                                             const Tensor& value, const Tensor& mask,
                                             const AttentionParameters& parameters) {
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "query", query));
  if (query.rank() != 4 || !is_floating(query.dtype())) {
    return invalid_argument("{}: query is {}, expected four dimensions of floating-point numbers", kOp,
                            describe(query));
  }
  const int64_t keys = key.defined() && key.rank() == 4 ? key.size(2) : 0;
  HEARTH_RETURN_IF_ERROR(check_keys("key", key, query, keys));
  HEARTH_RETURN_IF_ERROR(check_keys("value", value, query, keys));
  if (value.size(1) != key.size(1)) {
    return invalid_argument("{}: value is {}, but key is {}", kOp, describe(value), describe(key));
  }
  AttentionOperands operands{.batches = query.size(0),
                             .heads = query.size(1),
                             .heads_per_key_head = key.size(1) == 0 ? 1 : query.size(1) / key.size(1),
                             .queries = query.size(2),
                             .keys = keys,
                             .depth = query.size(3),
                             .scale = parameters.scale.value_or(1 / std::sqrt(static_cast<double>(query.size(3)))),
                             .causal = parameters.causal,
                             .query = query,
                             .key = AttentionRows(key),
                             .value = AttentionRows(value),
                             .mask = {},
                             .sinks = {},
                             .result = {}};
  if (mask.defined()) {
    const std::array<int64_t, 4> shape{operands.batches, operands.heads, operands.queries, keys};
    if (!is_floating(mask.dtype())) {
      return invalid_argument("{}: mask is {}, expected floating-point numbers to add", kOp, describe(mask));
    }
    HEARTH_ASSIGN_OR_RETURN(operands.mask, expand(kOp, "mask", mask, shape));
  }
  HEARTH_ASSIGN_OR_RETURN(operands.result.output, empty_like(*context.pool, query, query.dtype()));
  HEARTH_ASSIGN_OR_RETURN(operands.result.logsumexp, empty_logsumexp(*context.pool, query));
  return operands;
}

Result<CachedAttentionOperands> cached_attention_operands(const KernelContext& context, const Tensor& query,
                                                          const Tensor& key, const Tensor& value, const Tensor& sinks,
                                                          const CachedAttentionParameters& parameters) {
  HEARTH_RETURN_IF_ERROR(check_step(query, key, value, sinks, parameters));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<StepSequence> sequences, sequences_of(context, query.size(0)));
  CachedAttentionOperands result;
  HEARTH_ASSIGN_OR_RETURN(result.output, context.pool->empty(query.dtype(), query.shape()));
  Tensor dense_sinks;
  if (sinks.defined()) {
    HEARTH_ASSIGN_OR_RETURN(dense_sinks, row_major_as(*context.pool, sinks, DType::kFloat32));
  }
  int64_t first = 0;
  for (const StepSequence& sequence : sequences) {
    const int64_t past = sequence.cache ? sequence.cache->length() : 0;
    AttentionOperands operands{.batches = 1,
                               .heads = query.size(1),
                               .heads_per_key_head = key.size(1) == 0 ? 1 : query.size(1) / key.size(1),
                               .queries = sequence.tokens,
                               .keys = past + sequence.tokens,
                               .depth = query.size(2),
                               .scale = parameters.scale,
                               .causal = true,
                               .past = past,
                               .window = parameters.window,
                               .soft_cap = parameters.soft_cap,
                               .query = {},
                               .key = {},
                               .value = {},
                               .mask = {},
                               .sinks = dense_sinks,
                               .result = {}};
    if (sequence.cache) {
      HEARTH_ASSIGN_OR_RETURN(const Tensor keys, tokens_of(key, first, sequence.tokens));
      HEARTH_ASSIGN_OR_RETURN(const Tensor values, tokens_of(value, first, sequence.tokens));
      MemoryPool& pool = sequence.pool ? *sequence.pool : *context.pool;
      HEARTH_RETURN_IF_ERROR(sequence.cache->append(pool, parameters.layer, keys, values, parameters.window));
      const KeyValueCache::Layer& layer = sequence.cache->layer(parameters.layer);
      operands.key = AttentionRows(layer.keys, layer.first_page);
      operands.value = AttentionRows(layer.values, layer.first_page);
    } else {
      HEARTH_ASSIGN_OR_RETURN(const Tensor keys, by_head(key, first, sequence.tokens));
      HEARTH_ASSIGN_OR_RETURN(const Tensor values, by_head(value, first, sequence.tokens));
      operands.key = AttentionRows(keys);
      operands.value = AttentionRows(values);
    }
    HEARTH_ASSIGN_OR_RETURN(operands.query, by_head(query, first, sequence.tokens));
    HEARTH_ASSIGN_OR_RETURN(operands.result.output, by_head(result.output, first, sequence.tokens));
    result.sequences.push_back(std::move(operands));
    first += sequence.tokens;
  }
  return result;
}

}  // namespace hearth
