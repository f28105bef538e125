#include "kernels/encoder_attention.h"

#include "base/errors.h"
#include "kernels/attention.h"
#include "kernels/operands.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

constexpr std::string_view kOp = "encoder_attention";

using AttentionFunction = Result<AttentionResult> (*)(const KernelContext&, const Tensor&, const Tensor&, const Tensor&,
                                                      const Tensor&, const AttentionParameters&);

Status check_operands(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& lengths) {
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "query", query));
  if (query.rank() != 4) {
    return invalid_argument("{}: query is {}, expected texts, tokens, heads and depth", kOp, describe(query));
  }
  for (const auto& [name, tensor] : {std::pair<std::string_view, const Tensor&>{"key", key}, {"value", value}}) {
    HEARTH_RETURN_IF_ERROR(check_dtype(kOp, name, tensor, query.dtype()));
    if (tensor.rank() != 4 || tensor.size(0) != query.size(0) || tensor.size(1) != query.size(1)) {
      return invalid_argument("{}: {} is {}, which does not go with query {}", kOp, name, describe(tensor),
                              describe(query));
    }
  }
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "lengths", lengths, DType::kInt64));
  HEARTH_RETURN_IF_ERROR(check_shape(kOp, "lengths", lengths, query.shape().first(1)));
  for (int64_t i = 0; i < lengths.size(0); ++i) {
    const int64_t length = lengths.data_as<int64_t>()[i * lengths.stride(0)];
    if (length < 0 || length > query.size(1)) {
      return invalid_argument("{}: text {} has {} tokens, there is room for {}", kOp, i, length, query.size(1));
    }
  }
  return {};
}

/// Neighbouring texts, and the same tokens of each.
struct Part {
  int64_t text;
  int64_t texts;
  int64_t begin;
  int64_t end;
};

/// A part of `tensor` [B, T, H, E] as [texts, H, tokens, E].
Result<Tensor> part_of(const Tensor& tensor, const Part& part) {
  const Dimensions shape{part.texts, tensor.size(2), part.end - part.begin, tensor.size(3)};
  const Dimensions strides{tensor.stride(0), tensor.stride(2), tensor.stride(1), tensor.stride(3)};
  return view_of(tensor, shape, strides,
                 tensor.offset() + part.text * tensor.stride(0) + part.begin * tensor.stride(1));
}

Result<Tensor> attend(const KernelContext& context, const Tensor& query, const Tensor& key, const Tensor& value,
                      const Tensor& lengths, const EncoderAttentionParameters& parameters,
                      AttentionFunction attention_of_texts) {
  HEARTH_RETURN_IF_ERROR(check_operands(query, key, value, lengths));
  const int64_t tokens = query.size(1);
  const auto length_of = [&](int64_t text) { return lengths.data_as<int64_t>()[text * lengths.stride(0)]; };
  HEARTH_ASSIGN_OR_RETURN(Tensor result, context.pool->empty(query.dtype(), query.shape()));
  for (int64_t text = 0; text < query.size(0);) {
    Part part{.text = text, .texts = 1, .begin = 0, .end = length_of(text)};
    while (text + part.texts < query.size(0) && length_of(text + part.texts) == part.end) ++part.texts;
    HEARTH_ASSIGN_OR_RETURN(const Tensor queries, part_of(query, part));
    HEARTH_ASSIGN_OR_RETURN(const Tensor keys, part_of(key, part));
    HEARTH_ASSIGN_OR_RETURN(const Tensor values, part_of(value, part));
    HEARTH_ASSIGN_OR_RETURN(const AttentionResult answer,
                            attention_of_texts(context, queries, keys, values, Tensor(),
                                               {.causal = parameters.causal, .scale = parameters.scale}));
    HEARTH_ASSIGN_OR_RETURN(const Tensor to, part_of(result, part));
    HEARTH_RETURN_IF_ERROR(copy_strided(to, answer.output));
    HEARTH_ASSIGN_OR_RETURN(const Tensor rest,
                            part_of(result, {.text = text, .texts = part.texts, .begin = part.end, .end = tokens}));
    HEARTH_RETURN_IF_ERROR(fill_zero(rest));
    text += part.texts;
  }
  return result;
}

}  // namespace

Result<Tensor> encoder_attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                 const Tensor& value, const Tensor& lengths,
                                 const EncoderAttentionParameters& parameters) {
  return attend(context, query, key, value, lengths, parameters, attention);
}

Result<Tensor> reference::encoder_attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                            const Tensor& value, const Tensor& lengths,
                                            const EncoderAttentionParameters& parameters) {
  return attend(context, query, key, value, lengths, parameters, reference::attention);
}

}  // namespace hearth
