#include <algorithm>
#include <type_traits>

#include "base/errors.h"
#include "kernels/indexing.h"
#include "kernels/operands.h"
#include "kernels/shape_ops.h"
#include "kernels/strided_walk.h"
#include "kernels/visit.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

/// `value` joined to `old`. NaN wins maxima and minima.
template <typename T>
T join(Reduction reduction, T old, T value) {
  switch (reduction) {
    case Reduction::kReplace:
      return value;
    case Reduction::kSum:
    case Reduction::kMean:
      return static_cast<T>(old + value);
    case Reduction::kProduct:
      return static_cast<T>(old * value);
    case Reduction::kMaximum:
      return is_nan(old) || old > value ? old : value;
    case Reduction::kMinimum:
      return is_nan(old) || old < value ? old : value;
  }
  return value;
}

template <typename T>
T divide(T sum, int64_t count) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    using Wide = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;  // 256 is no uint8.
    const auto divisor = static_cast<Wide>(count);
    const Wide quotient = static_cast<Wide>(sum) / divisor;
    return static_cast<T>(quotient - (static_cast<Wide>(sum) % divisor != 0 && (sum < 0)));
  } else {
    return static_cast<T>(static_cast<Compute<T>>(sum) / static_cast<Compute<T>>(count));
  }
}

/// The operands of a scatter over the shape of index: out's stride is 0 in the indexed dimension.
struct ScatterPlan {
  Tensor out;
  Tensor index;   ///< int64
  Tensor source;  ///< Of index's shape; undefined when one value stands for all.
  int dimension = 0;
  Dimensions out_strides;
};

Status check_indices(std::string_view op, const Tensor& index, int64_t size) {
  std::optional<int64_t> outside;
  const auto* values = index.data_as<int64_t>();
  StridedWalk<1>(index.shape(), {index.strides()}).run([&](int64_t, const auto& at) {
    const int64_t value = values[at[0]];
    if ((value < 0 || value >= size) && !outside) outside = value;
  });
  if (!outside) return {};
  return invalid_argument("{}: index {} is out of bounds for size {}", op, *outside, size);
}

Result<Tensor> as_int64(std::string_view op, const KernelContext& context, const Tensor& index) {
  HEARTH_RETURN_IF_ERROR(check_defined(op, "index", index));
  if (index.dtype() == DType::kInt64) return index;
  if (index.dtype() == DType::kInt32) return row_major_as(*context.pool, index, DType::kInt64);
  return invalid_argument("{}: index is {}, expected int64", op, describe(index));
}

/// Copies self to out unless it is out, and checks all operands.
Result<ScatterPlan> scatter_plan(std::string_view op, const KernelContext& context, const Tensor& out,
                                 const Tensor& self, int64_t dimension, const Tensor& index, const Tensor* source) {
  HEARTH_RETURN_IF_ERROR(check_defined(op, "self", self));
  HEARTH_RETURN_IF_ERROR(check_dtype(op, "out", out, self.dtype()));
  HEARTH_RETURN_IF_ERROR(check_shape(op, "out", out, self.shape()));
  ScatterPlan plan;
  HEARTH_ASSIGN_OR_RETURN(plan.dimension, wrap_dimension(op, dimension, self.rank()));
  HEARTH_ASSIGN_OR_RETURN(plan.index, as_int64(op, context, index));
  if (out.data() != self.data()) HEARTH_RETURN_IF_ERROR(copy_strided(out, self));
  plan.out = at_least_1d(out);
  plan.index = at_least_1d(plan.index);
  if (source) {
    HEARTH_RETURN_IF_ERROR(check_dtype(op, "source", *source, self.dtype()));
    plan.source = at_least_1d(*source);
  }
  plan.out_strides = to_dimensions(plan.out.strides());
  plan.out_strides[static_cast<size_t>(plan.dimension)] = 0;
  if (plan.index.element_count() == 0) return plan;
  bool fits = plan.index.rank() == plan.out.rank() && (!source || plan.source.rank() == plan.out.rank());
  for (int d = 0; fits && d < plan.out.rank(); ++d) {
    fits = (d == plan.dimension || plan.index.size(d) <= plan.out.size(d)) &&
           (!source || plan.index.size(d) <= plan.source.size(d));
  }
  if (!fits) {
    return invalid_argument("{}: index is {}, which does not lie in self {}{}", op, describe(index), describe(self),
                            source ? " and source " + describe(*source) : "");
  }
  HEARTH_RETURN_IF_ERROR(check_indices(op, plan.index, plan.out.size(plan.dimension)));
  return plan;
}

/// Calls body(offset in out, offset in source) for each position of index.
template <typename Body>
void for_each_position(const ScatterPlan& plan, Body body) {
  if (plan.index.element_count() == 0) return;
  const auto* values = plan.index.data_as<int64_t>();
  const int64_t step = plan.out.stride(plan.dimension);
  const std::span<const int64_t> source_strides = plan.source.defined() ? plan.source.strides() : plan.out_strides;
  StridedWalk<3>(plan.index.shape(), {plan.index.strides(), plan.out_strides, source_strides})
      .run([&](int64_t, const auto& at) { body(at[1] + values[at[0]] * step, at[2]); });
}

template <typename T>
Status reduce(const KernelContext& context, const ScatterPlan& plan, Reduction reduction, bool include_self) {
  T* out = plan.out.data_as<T>();
  const T* source = plan.source.data_as<T>();
  if (reduction == Reduction::kReplace) {
    for_each_position(plan, [&](int64_t to, int64_t from) { out[to] = source[from]; });
    return {};
  }
  // How many values each element of out stands for, at the element's own offset.
  HEARTH_ASSIGN_OR_RETURN(const Tensor joined,
                          context.pool->empty_strided(DType::kInt64, plan.out.shape(), plan.out.strides()));
  auto* counts = joined.data_as<int64_t>();
  std::fill_n(counts, joined.storage()->size() / sizeof(int64_t), include_self ? 1 : 0);
  for_each_position(plan, [&](int64_t to, int64_t from) {
    out[to] = counts[to]++ == 0 ? source[from] : join(reduction, out[to], source[from]);
  });
  if (reduction != Reduction::kMean) return {};
  StridedWalk<1>(plan.out.shape(), {plan.out.strides()}).run([&](int64_t, const auto& at) {
    if (counts[at[0]] > 1) out[at[0]] = divide(out[at[0]], counts[at[0]]);
  });
  return {};
}

}  // namespace

Result<Reduction> parse_reduction(std::string_view name) {
  if (name == "sum") return Reduction::kSum;
  if (name == "prod") return Reduction::kProduct;
  if (name == "mean") return Reduction::kMean;
  if (name == "amax") return Reduction::kMaximum;
  if (name == "amin") return Reduction::kMinimum;
  return invalid_argument("'{}' is not a reduction; there are sum, prod, mean, amax and amin", name);
}

Status scatter(const KernelContext& context, const Tensor& out, const Tensor& self, int64_t dimension,
               const Tensor& index, const Tensor& source, Reduction reduction, bool include_self) {
  HEARTH_ASSIGN_OR_RETURN(const ScatterPlan plan,
                          scatter_plan("scatter", context, out, self, dimension, index, &source));
  return visit_real_dtype(out.dtype(),
                          [&]<typename T>(TypeTag<T>) { return reduce<T>(context, plan, reduction, include_self); });
}

Status scatter_value(const KernelContext& context, const Tensor& out, const Tensor& self, int64_t dimension,
                     const Tensor& index, double value) {
  HEARTH_ASSIGN_OR_RETURN(const ScatterPlan plan,
                          scatter_plan("scatter", context, out, self, dimension, index, nullptr));
  return visit_real_dtype(out.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    T* to = plan.out.data_as<T>();
    const auto converted = static_cast<T>(static_cast<Compute<T>>(value));
    for_each_position(plan, [&](int64_t at, int64_t) { to[at] = converted; });
    return {};
  });
}

Result<Tensor> index_reduce(const KernelContext& context, const Tensor& self, int64_t dimension, const Tensor& index,
                            const Tensor& source, Reduction reduction, bool include_self) {
  constexpr std::string_view kOp = "index_reduce";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "self", self));
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "source", source));
  HEARTH_ASSIGN_OR_RETURN(const int d, wrap_dimension(kOp, dimension, self.rank()));
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, row_major_as(*context.pool, self, self.dtype()));
  if (index.rank() != 1 || source.rank() != self.rank() || (self.rank() > 0 && source.size(d) != index.size(0))) {
    return invalid_argument("{}: index {} and source {} do not fit self {}", kOp, describe(index), describe(source),
                            describe(self));
  }
  // The same index for every line across the dimension: a scatter with a broadcast index.
  Dimensions strides(static_cast<size_t>(std::max(source.rank(), 1)), 0);
  strides[static_cast<size_t>(d)] = index.stride(0);
  HEARTH_ASSIGN_OR_RETURN(const Tensor broadcast, view_of(index, at_least_1d(source).shape(), strides, index.offset()));
  HEARTH_RETURN_IF_ERROR(scatter(context, result, result, d, broadcast, source, reduction, include_self));
  return result;
}

}  // namespace hearth
