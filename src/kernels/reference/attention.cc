#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/attention_operands.h"
#include "kernels/visit.h"

namespace hearth::reference {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A row's element of any floating dtype.
Result<double> element(const Tensor& tensor, int64_t offset) {
  return visit_floating_dtype("attention", tensor.dtype(), [&]<typename T>(TypeTag<T>) -> Result<double> {
    return static_cast<double>(tensor.data_as<T>()[offset]);
  });
}

/// An element of the row of keys or values at one position.
double element(const AttentionRows& rows, int64_t batch, int64_t head, int64_t position, int64_t number) {
  const auto of = [&]<typename T>(TypeTag<T>) {
    return static_cast<double>(rows.at<T>(batch, head, position)[number * rows.element_stride()]);
  };
  switch (rows.dtype()) {
    case DType::kFloat32:
      return of(TypeTag<float>{});
    case DType::kFloat64:
      return of(TypeTag<double>{});
    case DType::kFloat16:
      return of(TypeTag<Float16>{});
    case DType::kBFloat16:
      return of(TypeTag<BFloat16>{});
    default:
      return (of(TypeTag<uint8_t>{}) - CachePage::kZero) * static_cast<double>(rows.scale(head, position));
  }
}

/// One query of one head.
struct Row {
  int64_t batch;
  int64_t head;
  int64_t query;
};

/// scale · query · key + mask, for each key, and the head's sink; -infinity for those out of sight.
template <typename T>
std::vector<double> scores_of(const AttentionOperands& operands, const Row& row) {
  const auto& [query, key, mask] = std::tie(operands.query, operands.key, operands.mask);
  const T* q = head_of<T>(query, row.batch, row.head) + row.query * query.stride(2);
  std::vector<double> scores(static_cast<size_t>(operands.keys), -kInfinity);
  for (int64_t i = operands.keys_begin(row.query); i < operands.keys_end(row.query); ++i) {
    const int64_t key_head = row.head / operands.heads_per_key_head;
    double sum = 0;
    for (int64_t e = 0; e < operands.depth; ++e) {
      sum += static_cast<double>(q[e * query.stride(3)]) * element(key, row.batch, key_head, i, e);
    }
    sum *= operands.scale;
    if (operands.soft_cap > 0) sum = operands.soft_cap * std::tanh(sum / operands.soft_cap);
    if (mask.defined()) {
      sum += *element(mask, row.batch * mask.stride(0) + row.head * mask.stride(1) + row.query * mask.stride(2) +
                                i * mask.stride(3));
    }
    scores[static_cast<size_t>(i)] = sum;
  }
  if (operands.sinks.defined()) scores.push_back(static_cast<double>(operands.sinks.data_as<float>()[row.head]));
  return scores;
}

/// Turns scores into their exponentials relative to the largest. Returns the logarithm of their sum, and the sum.
std::pair<double, double> exponentiate(std::vector<double>& scores) {
  double maximum = -kInfinity;
  for (const double score : scores) maximum = score > maximum || std::isnan(score) ? score : maximum;
  if (maximum == -kInfinity) {
    std::ranges::fill(scores, 0.0);
    return {0, 1};
  }
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - maximum);
  return {maximum + std::log(sum), sum};
}

template <typename T>
void attend(const AttentionOperands& operands, const Row& row) {
  const AttentionRows& value = operands.value;
  const Tensor& output = operands.result.output;
  std::vector<double> weights = scores_of<T>(operands, row);
  const auto [logsumexp, sum] = exponentiate(weights);
  T* out = head_of<T>(output, row.batch, row.head) + row.query * output.stride(2);
  for (int64_t e = 0; e < operands.depth; ++e) {
    double total = 0;
    for (int64_t i = 0; i < operands.keys; ++i) {
      const double weight = weights[static_cast<size_t>(i)];
      if (weight == 0) continue;
      total += weight * element(value, row.batch, row.head / operands.heads_per_key_head, i, e);
    }
    out[e * output.stride(3)] = static_cast<T>(static_cast<Compute<T>>(total / sum));
  }
  const Tensor& log = operands.result.logsumexp;
  if (!log.defined()) return;
  const int64_t at = row.batch * log.stride(0) + row.head * log.stride(1) + row.query * log.stride(2);
  if (log.dtype() == DType::kFloat64) {
    log.data_as<double>()[at] = logsumexp;
  } else {
    log.data_as<float>()[at] = static_cast<float>(logsumexp);
  }
}

Status attend_all(const KernelContext& context, const AttentionOperands& operands) {
  return visit_floating_dtype("attention", operands.query.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    const int64_t rows_of_batch = operands.heads * operands.queries;
    context.team->parallel_for(operands.batches * rows_of_batch, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        attend<T>(operands, {i / rows_of_batch, i / operands.queries % operands.heads, i % operands.queries});
      }
    });
    return {};
  });
}

}  // namespace

Result<Tensor> cached_attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                const Tensor& value, const Tensor& sinks, const CachedAttentionParameters& parameters) {
  HEARTH_ASSIGN_OR_RETURN(const CachedAttentionOperands operands,
                          cached_attention_operands(context, query, key, value, sinks, parameters));
  for (const AttentionOperands& sequence : operands.sequences) HEARTH_RETURN_IF_ERROR(attend_all(context, sequence));
  return operands.output;
}

Result<AttentionResult> attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                  const Tensor& value, const Tensor& mask, const AttentionParameters& parameters) {
  HEARTH_ASSIGN_OR_RETURN(const AttentionOperands operands,
                          attention_operands(context, query, key, value, mask, parameters));
  HEARTH_RETURN_IF_ERROR(attend_all(context, operands));
  return operands.result;
}

}  // namespace hearth::reference
