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
                             .key = key,
                             .value = value,
                             .mask = {},
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

}  // namespace hearth
