#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "kernels/operands.h"
#include "kernels/sorting.h"
#include "kernels/strided_walk.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

constexpr int64_t kValuesWorthAThread = 512;

/// One sorted line, perhaps through positions that sort it.
template <typename T>
struct SortedLine {
  const T* values;
  int64_t stride;
  const int64_t* sorter;  ///< Null: the values lie sorted.
  int64_t sorter_stride;
  int64_t length;

  T at(int64_t i) const { return values[(sorter ? sorter[i * sorter_stride] : i) * stride]; }

  /// The first position whose value does not come before `value`; NaN comes last.
  int64_t position_of(T value, bool right) const {
    int64_t low = 0;
    int64_t high = length;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      const T seen = at(middle);
      const bool before = right ? !(seen > value) && !(is_nan(seen) && !is_nan(value))
                                : seen < value || (is_nan(value) && !is_nan(seen));
      if (before) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
};

Status check_sequence(const Tensor& sequence, const Tensor& values, const Tensor& sorter) {
  constexpr std::string_view kOp = "searchsorted";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "sequence", sequence));
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "values", values));
  bool fits = sequence.rank() == 1 || sequence.rank() == values.rank();
  for (int d = 0; fits && sequence.rank() > 1 && d + 1 < sequence.rank(); ++d) {
    fits = sequence.size(d) == values.size(d);
  }
  if (!fits || sequence.rank() == 0) {
    return invalid_argument("{}: values {} do not fit the sorted sequence {}", kOp, describe(values),
                            describe(sequence));
  }
  if (!sorter.defined()) return {};
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "sorter", sorter, DType::kInt64));
  HEARTH_RETURN_IF_ERROR(check_shape(kOp, "sorter", sorter, sequence.shape()));
  const auto* positions = sorter.data_as<int64_t>();
  bool inside = true;
  StridedWalk<1>(sorter.shape(), {sorter.strides()}).run([&](int64_t, const auto& at) {
    inside = inside && positions[at[0]] >= 0 && positions[at[0]] < sequence.shape().back();
  });
  if (inside) return {};
  return invalid_argument("{}: sorter has a position outside of its line", kOp);
}

/// The strides of `tensor` over the shape of values: 0 in the last dimension, and everywhere when it is one line.
Dimensions line_strides(const Tensor& tensor, const Tensor& values) {
  Dimensions strides(values.shape().size(), 0);
  if (!tensor.defined() || tensor.rank() == 1) return strides;
  strides = to_dimensions(tensor.strides());
  strides.back() = 0;
  return strides;
}

}  // namespace

Result<Tensor> search_sorted(const KernelContext& context, const Tensor& sequence, const Tensor& values, bool as_int32,
                             bool right, const Tensor& sorter) {
  HEARTH_RETURN_IF_ERROR(check_sequence(sequence, values, sorter));
  HEARTH_ASSIGN_OR_RETURN(const Tensor result,
                          context.pool->empty(as_int32 ? DType::kInt32 : DType::kInt64, values.shape()));
  Tensor wanted = values;
  if (values.dtype() != sequence.dtype()) {
    HEARTH_ASSIGN_OR_RETURN(wanted, row_major_as(*context.pool, values, sequence.dtype()));
  }
  const Dimensions sequence_strides = line_strides(sequence, wanted);
  const Dimensions sorter_strides = line_strides(sorter, wanted);
  const StridedWalk<3> walk(wanted.shape(), {wanted.strides(), sequence_strides, sorter_strides});
  HEARTH_RETURN_IF_ERROR(visit_real_dtype(sequence.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    const T* from = wanted.data_as<T>();
    const int last = sequence.rank() - 1;
    context.team->parallel_for(walk.count(), kValuesWorthAThread, [&](int64_t begin, int64_t end) {
      walk.run(begin, end, [&](int64_t number, const auto& at) {
        const SortedLine<T> line{sequence.data_as<T>() + at[1], sequence.stride(last),
                                 sorter.defined() ? sorter.data_as<int64_t>() + at[2] : nullptr,
                                 sorter.defined() ? sorter.stride(last) : 0, sequence.size(last)};
        const int64_t position = line.position_of(from[at[0]], right);
        if (as_int32) {
          result.data_as<int32_t>()[number] = static_cast<int32_t>(position);
        } else {
          result.data_as<int64_t>()[number] = position;
        }
      });
    });
    return {};
  }));
  return result;
}

Result<Tensor> histogram(const KernelContext& context, const Tensor& self, int64_t bins, double low, double high) {
  constexpr std::string_view kOp = "histc";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "self", self));
  if (bins < 1 || low > high) {
    return invalid_argument("{}: {} bins over [{}, {}] are not possible", kOp, bins, low, high);
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor flat, row_major_as(*context.pool, self, DType::kFloat64));
  const std::span<const double> values(flat.data_as<double>(), static_cast<size_t>(flat.element_count()));
  if (low == high && !values.empty()) {
    const auto [least, most] = std::ranges::minmax(values);
    low = least;
    high = most;
  }
  if (low == high) {
    low -= 1;
    high += 1;
  }
  if (!std::isfinite(low) || !std::isfinite(high)) {
    return invalid_argument("{}: the range [{}, {}] is not finite", kOp, low, high);
  }
  std::vector<double> counts(static_cast<size_t>(bins), 0.0);
  for (const double value : values) {
    if (!(value >= low && value <= high)) continue;
    const auto bin = static_cast<int64_t>((value - low) / (high - low) * static_cast<double>(bins));
    counts[static_cast<size_t>(std::min(bin, bins - 1))] += 1;
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, context.pool->empty(self.dtype(), std::span(&bins, 1)));
  HEARTH_RETURN_IF_ERROR(visit_floating_dtype(kOp, self.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    std::ranges::transform(counts, result.data_as<T>(),
                           [](double count) { return static_cast<T>(static_cast<Compute<T>>(count)); });
    return {};
  }));
  return result;
}

}  // namespace hearth
