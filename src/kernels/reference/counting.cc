#include "kernels/counting.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/checked.h"
#include "base/errors.h"
#include "kernels/operands.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

/// Positions of elements, in an order where equal ones are neighbours.
using Order = std::vector<int64_t>;

Result<Tensor> empty_positions(const KernelContext& context) {
  return context.pool->empty(DType::kInt64, Dimensions{0});
}

/// Gathers runs of equal elements in `order`; `self` is row-major.
template <typename T>
Result<UniqueValues> gather_runs(const KernelContext& context, const Tensor& self, const Order& order, bool inverse,
                                 bool counts) {
  const T* elements = self.data_as<T>();
  std::vector<int64_t> starts;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || !(elements[order[i]] == elements[order[i - 1]])) starts.push_back(static_cast<int64_t>(i));
  }
  const auto run_count = static_cast<int64_t>(starts.size());
  const auto end_of = [&](size_t run) {
    return run + 1 < starts.size() ? starts[run + 1] : static_cast<int64_t>(order.size());
  };
  UniqueValues result;
  auto& [values, positions, lengths] = result;
  HEARTH_ASSIGN_OR_RETURN(values, context.pool->empty(self.dtype(), Dimensions{run_count}));
  HEARTH_ASSIGN_OR_RETURN(positions,
                          inverse ? context.pool->empty(DType::kInt64, self.shape()) : empty_positions(context));
  HEARTH_ASSIGN_OR_RETURN(
      lengths, counts ? context.pool->empty(DType::kInt64, Dimensions{run_count}) : empty_positions(context));
  for (size_t run = 0; run < starts.size(); ++run) {
    values.data_as<T>()[run] = elements[order[static_cast<size_t>(starts[run])]];
    if (counts) lengths.data_as<int64_t>()[run] = end_of(run) - starts[run];
    for (int64_t i = starts[run]; inverse && i < end_of(run); ++i) {
      positions.data_as<int64_t>()[order[static_cast<size_t>(i)]] = static_cast<int64_t>(run);
    }
  }
  return result;
}

Result<UniqueValues> unique(const KernelContext& context, const Tensor& self, bool sorted, bool inverse, bool counts) {
  HEARTH_RETURN_IF_ERROR(check_defined("unique", "self", self));
  HEARTH_ASSIGN_OR_RETURN(const Tensor dense, row_major_as(*context.pool, self, self.dtype()));
  Order order(static_cast<size_t>(self.element_count()));
  std::iota(order.begin(), order.end(), 0);
  return visit_real_dtype(self.dtype(), [&]<typename T>(TypeTag<T>) -> Result<UniqueValues> {
    const T* elements = dense.data_as<T>();
    if (sorted) {
      const auto precedes = [&](int64_t a, int64_t b) {
        return elements[a] < elements[b] || (!is_nan(elements[a]) && is_nan(elements[b]));
      };
      std::ranges::sort(order, [&](int64_t a, int64_t b) { return precedes(a, b) || (!precedes(b, a) && a < b); });
    }
    return gather_runs<T>(context, dense, order, inverse, counts);
  });
}

/// Numbers that are counted, checked: row-major int64.
Result<Tensor> check_numbers(const KernelContext& context, const Tensor& self, const Tensor& weights) {
  constexpr std::string_view kOp = "bincount";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "self", self));
  if (self.rank() != 1 || is_floating(self.dtype())) {
    return invalid_argument("{}: a list of integers is needed, self is {}", kOp, describe(self));
  }
  if (weights.defined()) HEARTH_RETURN_IF_ERROR(check_shape(kOp, "weights", weights, self.shape()));
  HEARTH_ASSIGN_OR_RETURN(Tensor numbers, row_major_as(*context.pool, self, DType::kInt64));
  const std::span values(numbers.data_as<int64_t>(), static_cast<size_t>(numbers.element_count()));
  if (std::ranges::any_of(values, [](int64_t value) { return value < 0; })) {
    return invalid_argument("{}: there are negative numbers", kOp);
  }
  return numbers;
}

/// counts[numbers[i]] += amount(i) over zeros.
template <typename T, typename Amount>
Result<Tensor> count_as(const KernelContext& context, DType dtype, std::span<const int64_t> numbers, int64_t bins,
                        Amount amount) {
  HEARTH_ASSIGN_OR_RETURN(Tensor counts, context.pool->empty(dtype, Dimensions{bins}));
  T* target = counts.data_as<T>();
  std::fill_n(target, bins, T{});
  for (size_t i = 0; i < numbers.size(); ++i) target[numbers[i]] += amount(i);
  return counts;
}

}  // namespace

Result<UniqueValues> unique_values(const KernelContext& context, const Tensor& self, bool inverse, bool counts) {
  return unique(context, self, /*sorted=*/true, inverse, counts);
}

Result<UniqueValues> unique_runs(const KernelContext& context, const Tensor& self, bool inverse, bool counts) {
  return unique(context, self, /*sorted=*/false, inverse, counts);
}

Result<Tensor> count_bins(const KernelContext& context, const Tensor& self, const Tensor& weights, int64_t least_bins) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor checked, check_numbers(context, self, weights));
  const std::span numbers(checked.data_as<int64_t>(), static_cast<size_t>(checked.element_count()));
  int64_t bins = std::max<int64_t>(least_bins, 0);
  for (const int64_t number : numbers) {
    if (number == INT64_MAX) return invalid_argument("bincount: {} is too large", number);
    bins = std::max(bins, number + 1);
  }
  if (!weights.defined()) {
    return count_as<int64_t>(context, DType::kInt64, numbers, bins, [](size_t) { return int64_t{1}; });
  }
  const DType dtype = weights.dtype() == DType::kFloat32 ? DType::kFloat32 : DType::kFloat64;
  HEARTH_ASSIGN_OR_RETURN(const Tensor amounts, row_major_as(*context.pool, weights, dtype));
  if (dtype == DType::kFloat32) {
    return count_as<float>(context, dtype, numbers, bins, [&](size_t i) { return amounts.data_as<float>()[i]; });
  }
  return count_as<double>(context, dtype, numbers, bins, [&](size_t i) { return amounts.data_as<double>()[i]; });
}

}  // namespace hearth
