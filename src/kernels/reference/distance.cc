#include "kernels/distance.h"

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "kernels/operands.h"
#include "kernels/strided_walk.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

template <typename T>
double distance(const T* a, int64_t a_stride, const T* b, int64_t b_stride, int64_t count, double p) {
  double total = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double difference = std::abs(static_cast<double>(a[i * a_stride]) - static_cast<double>(b[i * b_stride]));
    if (p == 0) {
      total += difference != 0;
    } else if (std::isinf(p)) {
      total = difference > total || is_nan(difference) ? difference : total;
    } else {
      total += p == 1 ? difference : p == 2 ? difference * difference : std::pow(difference, p);
    }
  }
  if (p == 0 || p == 1 || std::isinf(p)) return total;
  return p == 2 ? std::sqrt(total) : std::pow(total, 1 / p);
}

}  // namespace

Result<Tensor> pairwise_distances(const KernelContext& context, const Tensor& a, const Tensor& b, double p) {
  constexpr std::string_view kOp = "cdist";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "x1", a));
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "x2", b, a.dtype()));
  if (a.rank() < 2 || b.rank() < 2 || a.shape().back() != b.shape().back() || !(p >= 0)) {
    return invalid_argument("{}: x1 {}, x2 {} and p {} do not fit", kOp, describe(a), describe(b), p);
  }
  const auto leading = [](const Tensor& tensor) { return tensor.shape().first(tensor.shape().size() - 2); };
  HEARTH_ASSIGN_OR_RETURN(Dimensions shape, broadcast_shapes(kOp, leading(a), leading(b)));
  const auto rows_of = [&](std::string_view operand, const Tensor& tensor) {
    Dimensions wanted = shape;
    wanted.push_back(tensor.size(tensor.rank() - 2));
    wanted.push_back(tensor.shape().back());
    return expand(kOp, operand, tensor, wanted);
  };
  HEARTH_ASSIGN_OR_RETURN(const Tensor left, rows_of("x1", a));
  HEARTH_ASSIGN_OR_RETURN(const Tensor right, rows_of("x2", b));
  const auto last = static_cast<size_t>(left.rank()) - 1;
  shape.push_back(left.shape()[last - 1]);
  shape.push_back(right.shape()[last - 1]);
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, context.pool->empty(a.dtype(), shape));
  Dimensions left_strides = to_dimensions(left.strides());
  Dimensions right_strides = to_dimensions(right.strides());
  left_strides[last] = 0;
  right_strides[last] = right.strides()[last - 1];
  right_strides[last - 1] = 0;
  const StridedWalk<2> walk(shape, {left_strides, right_strides});
  HEARTH_RETURN_IF_ERROR(visit_floating_dtype(kOp, a.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    context.team->parallel_for(walk.count(), 64, [&](int64_t begin, int64_t end) {
      walk.run(begin, end, [&](int64_t number, const auto& at) {
        const double value = distance(left.data_as<T>() + at[0], left.strides()[last], right.data_as<T>() + at[1],
                                      right.strides()[last], left.shape()[last], p);
        result.data_as<T>()[number] = static_cast<T>(static_cast<Compute<T>>(value));
      });
    });
    return {};
  }));
  return result;
}

}  // namespace hearth
