#include "kernels/normalization.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/errors.h"
#include "kernels/operands.h"
#include "kernels/random.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

template <typename T>
void normalize_rows(const KernelContext& context, const Tensor& x, const T* weight, double epsilon, T* out,
                    Compute<T>* factors, int64_t length) {
  const T* from = x.data_as<T>();
  const int64_t rows = length == 0 ? 0 : x.element_count() / length;
  context.team->parallel_for(rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      double squares = 0;
      for (int64_t i = row * length; i < (row + 1) * length; ++i) {
        const auto value = static_cast<double>(static_cast<Compute<T>>(from[i]));
        squares += value * value;
      }
      const auto factor = static_cast<Compute<T>>(1 / std::sqrt(squares / static_cast<double>(length) + epsilon));
      factors[row] = factor;
      for (int64_t i = 0; i < length; ++i) {
        const Compute<T> scale = weight ? static_cast<Compute<T>>(weight[i]) : 1;
        out[row * length + i] = static_cast<T>(static_cast<Compute<T>>(from[row * length + i]) * factor * scale);
      }
    }
  });
}

}  // namespace

Result<std::pair<Tensor, Tensor>> rms_norm(const KernelContext& context, const Tensor& x,
                                           std::span<const int64_t> normalized_shape, const Tensor& weight,
                                           std::optional<double> epsilon) {
  constexpr std::string_view kOp = "rms_norm";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "input", x));
  const size_t count = normalized_shape.size();
  if (count == 0 || count > static_cast<size_t>(x.rank()) ||
      !std::ranges::equal(x.shape().last(count), normalized_shape)) {
    return invalid_argument("{}: input is {}, which does not end in {}", kOp, describe(x),
                            describe_shape(normalized_shape));
  }
  MemoryPool& pool = *context.pool;
  Tensor scale;
  if (weight.defined()) {
    HEARTH_RETURN_IF_ERROR(check_shape(kOp, "weight", weight, normalized_shape));
    HEARTH_ASSIGN_OR_RETURN(scale, row_major_as(pool, weight, x.dtype()));
  }
  Dimensions factor_shape = to_dimensions(x.shape());
  std::fill(factor_shape.end() - static_cast<std::ptrdiff_t>(count), factor_shape.end(), 1);
  int64_t length = 1;
  for (const int64_t size : normalized_shape) length *= size;

  HEARTH_ASSIGN_OR_RETURN(const Tensor rows, row_major_as(pool, x, x.dtype()));
  HEARTH_ASSIGN_OR_RETURN(const Tensor out, pool.empty(x.dtype(), x.shape()));
  const DType factor_dtype = x.dtype() == DType::kFloat64 ? DType::kFloat64 : DType::kFloat32;
  HEARTH_ASSIGN_OR_RETURN(const Tensor factors, pool.empty(factor_dtype, factor_shape));
  HEARTH_RETURN_IF_ERROR(visit_floating_dtype(kOp, x.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    const double added = epsilon.value_or(std::numeric_limits<Compute<T>>::epsilon());
    normalize_rows<T>(context, rows, scale.defined() ? scale.data_as<T>() : nullptr, added, out.data_as<T>(),
                      factors.data_as<Compute<T>>(), length);
    return {};
  }));
  return std::pair(out, factors);
}

Result<std::pair<Tensor, Tensor>> dropout(const KernelContext& context, const Tensor& x, double probability) {
  HEARTH_RETURN_IF_ERROR(check_defined("dropout", "input", x));
  if (!(probability >= 0 && probability <= 1)) {
    return invalid_argument("dropout: p is {}, expected 0 to 1", probability);
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, clone(*context.pool, x));
  HEARTH_ASSIGN_OR_RETURN(const Tensor mask, empty_like(*context.pool, x, DType::kBool));
  HEARTH_RETURN_IF_ERROR(fill_bernoulli(context, mask, 1 - probability));
  if (probability == 0) return std::pair(result, mask);
  const double scale = probability == 1 ? 0 : 1 / (1 - probability);
  // Both are dense and in the same order: element i of one belongs to element i of the other.
  HEARTH_RETURN_IF_ERROR(visit_floating_dtype("dropout", x.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    T* values = result.data_as<T>();
    const bool* stays = mask.data_as<bool>();
    for (int64_t i = 0; i < result.element_count(); ++i) {
      values[i] = static_cast<T>(stays[i] ? static_cast<Compute<T>>(values[i]) * static_cast<Compute<T>>(scale) : 0);
    }
    return {};
  }));
  return std::pair(result, mask);
}

}  // namespace hearth
