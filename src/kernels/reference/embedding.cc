#include "kernels/embedding.h"

#include <algorithm>

#include "base/errors.h"
#include "kernels/operands.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

constexpr std::string_view kOp = "embedding_bag";
using Mode = EmbeddingBagParameters::Mode;

Result<Tensor> as_positions(const KernelContext& context, std::string_view operand, const Tensor& tensor) {
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, operand, tensor));
  const bool integer = tensor.dtype() == DType::kInt64 || tensor.dtype() == DType::kInt32;
  if (tensor.rank() != 1 || !integer) {
    return invalid_argument("{}: {} is {}, expected int64 or int32 of rank 1", kOp, operand, describe(tensor));
  }
  return row_major_as(*context.pool, tensor, DType::kInt64);
}

std::span<const int64_t> numbers(const Tensor& tensor) {
  return {tensor.data_as<int64_t>(), static_cast<size_t>(tensor.element_count())};
}

Status check_positions(std::span<const int64_t> indices, std::span<const int64_t> offsets, int64_t rows) {
  for (const int64_t index : indices) {
    if (index < 0 || index >= rows) {
      return invalid_argument("{}: index {} is out of bounds for weight with {} rows", kOp, index, rows);
    }
  }
  const auto count = static_cast<int64_t>(indices.size());
  int64_t before = 0;
  for (const int64_t offset : offsets) {
    if (offset < before || offset > count) {
      return invalid_argument("{}: offset {} lies outside of [{}, {}]", kOp, offset, before, count);
    }
    before = offset;
  }
  if (!offsets.empty() && offsets.front() != 0) {
    return invalid_argument("{}: offsets begin with {}, expected 0", kOp, offsets.front());
  }
  return {};
}

/// One bag: its indices, and their factors where there are some.
template <typename T>
struct Bag {
  std::span<const int64_t> indices;
  const T* factors;
  T* out;
  int64_t* maximum_rows;
};

/// Fills one bag and returns how many indices count.
template <typename T>
int64_t fill_bag(const Tensor& weight, const EmbeddingBagParameters& parameters, const Bag<T>& bag) {
  const int64_t columns = weight.size(1);
  std::vector<Compute<T>> totals(static_cast<size_t>(columns), 0);
  int64_t counted = 0;
  for (size_t i = 0; i < bag.indices.size(); ++i) {
    const int64_t row = bag.indices[i];
    if (row == parameters.padding_index) continue;
    const T* from = weight.data_as<T>() + row * weight.stride(0);
    const Compute<T> factor = bag.factors ? static_cast<Compute<T>>(bag.factors[i]) : 1;
    for (int64_t c = 0; c < columns; ++c) {
      const Compute<T> value = from[c * weight.stride(1)];
      Compute<T>& total = totals[static_cast<size_t>(c)];
      if (parameters.mode != Mode::kMax) {
        total += value * factor;
      } else if (counted == 0 || value > total) {
        total = value;
        bag.maximum_rows[c] = row;
      }
    }
    ++counted;
  }
  const Compute<T> divisor = parameters.mode == Mode::kMean && counted > 0 ? static_cast<Compute<T>>(counted) : 1;
  for (int64_t c = 0; c < columns; ++c) bag.out[c] = static_cast<T>(totals[static_cast<size_t>(c)] / divisor);
  return counted;
}

}  // namespace

Result<EmbeddingBags> embedding_bag(const KernelContext& context, const Tensor& weight, const Tensor& indices,
                                    const Tensor& offsets, const Tensor& per_sample_weights,
                                    const EmbeddingBagParameters& parameters) {
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "weight", weight));
  if (weight.rank() != 2) return invalid_argument("{}: weight is {}, expected a matrix", kOp, describe(weight));
  HEARTH_ASSIGN_OR_RETURN(const Tensor index_values, as_positions(context, "indices", indices));
  HEARTH_ASSIGN_OR_RETURN(const Tensor offset_values, as_positions(context, "offsets", offsets));
  const std::span<const int64_t> index = numbers(index_values);
  const std::span<const int64_t> starts = numbers(offset_values);
  HEARTH_RETURN_IF_ERROR(check_positions(index, starts, weight.size(0)));
  if (parameters.include_last_offset && starts.empty()) return invalid_argument("{}: offsets is empty", kOp);
  const bool is_max = parameters.mode == Mode::kMax;
  MemoryPool& pool = *context.pool;
  Tensor factors;
  if (per_sample_weights.defined()) {
    if (parameters.mode != Mode::kSum) return invalid_argument("{}: per_sample_weights goes with sums only", kOp);
    HEARTH_RETURN_IF_ERROR(check_shape(kOp, "per_sample_weights", per_sample_weights, indices.shape()));
    HEARTH_ASSIGN_OR_RETURN(factors, row_major_as(pool, per_sample_weights, weight.dtype()));
  }
  const int64_t bags = static_cast<int64_t>(starts.size()) - (parameters.include_last_offset ? 1 : 0);
  const int64_t columns = weight.size(1);
  EmbeddingBags result;
  HEARTH_ASSIGN_OR_RETURN(result.bags, pool.empty(weight.dtype(), std::array{bags, columns}));
  HEARTH_ASSIGN_OR_RETURN(result.bag_of_index, pool.empty(DType::kInt64, indices.shape()));
  HEARTH_ASSIGN_OR_RETURN(result.bag_sizes, pool.empty(DType::kInt64, std::array{bags}));
  const Dimensions maximum_shape = is_max ? Dimensions{bags, columns} : Dimensions{bags};
  HEARTH_ASSIGN_OR_RETURN(result.maximum_indices, pool.empty(DType::kInt64, maximum_shape));
  auto* maxima = result.maximum_indices.data_as<int64_t>();
  std::fill_n(maxima, result.maximum_indices.element_count(), 0);
  HEARTH_RETURN_IF_ERROR(visit_floating_dtype(kOp, weight.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    context.team->parallel_for(bags, 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        const auto next = static_cast<size_t>(b) + 1;
        const int64_t first = starts[next - 1];
        const int64_t last = next < starts.size() ? starts[next] : static_cast<int64_t>(index.size());
        const Bag<T> bag{index.subspan(static_cast<size_t>(first), static_cast<size_t>(last - first)),
                         factors.defined() ? factors.data_as<T>() + first : nullptr,
                         result.bags.data_as<T>() + b * columns, is_max ? maxima + b * columns : nullptr};
        const int64_t counted = fill_bag(weight, parameters, bag);
        result.bag_sizes.data_as<int64_t>()[b] = counted;
        if (!is_max) maxima[b] = counted;
        std::fill_n(result.bag_of_index.data_as<int64_t>() + first, last - first, b);
      }
    });
    return {};
  }));
  if (indices.dtype() == DType::kInt64) return result;
  for (Tensor* tensor : {&result.bag_of_index, &result.bag_sizes, &result.maximum_indices}) {
    HEARTH_ASSIGN_OR_RETURN(*tensor, row_major_as(pool, *tensor, indices.dtype()));
  }
  return result;
}

}  // namespace hearth
