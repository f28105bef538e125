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

Result<Tensor> by_token(const Tensor& result) {
  const std::array shape{result.size(2), result.size(1), result.size(3)};
  const std::array strides{result.stride(2), result.stride(1), result.stride(3)};
  return Tensor::view(result.storage(), result.dtype(), shape, strides, result.offset());
}

Result<AttentionOperands> cached_attention_operands(const KernelContext& context, const Tensor& query,
                                                    const Tensor& key, const Tensor& value, const Tensor& sinks,
                                                    const CachedAttentionParameters& parameters) {
  HEARTH_RETURN_IF_ERROR(check_step(query, key, value, sinks, parameters));
  const int64_t tokens = query.size(0);
  const int64_t past = context.cache ? context.cache->length() : 0;
  AttentionOperands operands{.batches = 1,
                             .heads = query.size(1),
                             .heads_per_key_head = key.size(1) == 0 ? 1 : query.size(1) / key.size(1),
                             .queries = tokens,
                             .keys = past + tokens,
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
                             .sinks = {},
                             .result = {}};
  if (context.cache) {
    HEARTH_RETURN_IF_ERROR(context.cache->append(*context.pool, parameters.layer, key, value, parameters.window));
    const KeyValueCache::Layer& layer = context.cache->layer(parameters.layer);
    operands.key = AttentionRows(layer.keys, layer.first_page);
    operands.value = AttentionRows(layer.values, layer.first_page);
  } else {
    HEARTH_ASSIGN_OR_RETURN(const Tensor keys, by_head(key, 0, tokens));
    HEARTH_ASSIGN_OR_RETURN(const Tensor values, by_head(value, 0, tokens));
    operands.key = AttentionRows(keys);
    operands.value = AttentionRows(values);
  }
  HEARTH_ASSIGN_OR_RETURN(operands.query, by_head(query, 0, tokens));
  if (sinks.defined()) {
    HEARTH_ASSIGN_OR_RETURN(operands.sinks, row_major_as(*context.pool, sinks, DType::kFloat32));
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor output, context.pool->empty(query.dtype(), query.shape()));
  HEARTH_ASSIGN_OR_RETURN(operands.result.output, by_head(output, 0, tokens));
  return operands;
}

}  // namespace hearth
