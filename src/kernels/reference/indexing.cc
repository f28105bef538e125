#include "kernels/indexing.h"

#include <algorithm>

#include "base/errors.h"
#include "kernels/index_plan.h"
#include "kernels/strided_walk.h"
#include "kernels/visit.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

constexpr int64_t kElementsWorthAThread = 8192;

bool is_mask(const Tensor& tensor) { return tensor.dtype() == DType::kBool || tensor.dtype() == DType::kUInt8; }

Status check_mask(std::string_view op, const Tensor& mask) {
  HEARTH_RETURN_IF_ERROR(check_defined(op, "mask", mask));
  if (is_mask(mask)) return {};
  return invalid_argument("{}: mask is {}, expected bool", op, describe(mask));
}

int64_t count_true(const Tensor& mask) {
  const auto* values = mask.data_as<uint8_t>();
  int64_t count = 0;
  StridedWalk<1>(mask.shape(), {mask.strides()}).run([&](int64_t, const auto& at) { count += values[at[0]] != 0; });
  return count;
}

/// Calls body(number, offsets) for each element that is not zero.
template <typename T, typename Body>
void for_each_nonzero(const Tensor& self, Body body) {
  const T* values = self.data_as<T>();
  StridedWalk<1>(self.shape(), {self.strides()}).run([&](int64_t number, const auto& at) {
    if (values[at[0]] != T{}) body(number);
  });
}

}  // namespace

Result<Tensor> index(const KernelContext& context, const Tensor& self, std::span<const Tensor> indices) {
  constexpr std::string_view kOp = "index";
  HEARTH_ASSIGN_OR_RETURN(const IndexPlan plan, index_plan(kOp, context, self, indices));
  HEARTH_ASSIGN_OR_RETURN(const Tensor result,
                          context.pool->empty_strided(self.dtype(), plan.shape, plan.result_strides));
  const StridedWalk<3> walk(plan.shape, {result.strides(), plan.self_strides, plan.offsets.strides()});
  HEARTH_RETURN_IF_ERROR(visit_element_size(kOp, self.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    T* to = result.data_as<T>();
    const T* from = self.data_as<T>();
    const int64_t* offsets = plan.offsets.data_as<int64_t>();
    context.team->parallel_for(walk.count(), kElementsWorthAThread, [&](int64_t begin, int64_t end) {
      walk.run(begin, end, [&](int64_t, const auto& at) { to[at[0]] = from[at[1] + offsets[at[2]]]; });
    });
    return {};
  }));
  return result;
}

Status index_put_in_place(const KernelContext& context, const Tensor& self, std::span<const Tensor> indices,
                          const Tensor& values, bool accumulate) {
  constexpr std::string_view kOp = "index_put";
  HEARTH_ASSIGN_OR_RETURN(const IndexPlan plan, index_plan(kOp, context, self, indices));
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "values", values, self.dtype()));
  HEARTH_ASSIGN_OR_RETURN(const Tensor source, expand(kOp, "values", values, plan.shape));
  const StridedWalk<3> walk(plan.shape, {plan.self_strides, plan.offsets.strides(), source.strides()});
  const int64_t* offsets = plan.offsets.data_as<int64_t>();
  const auto put = [&]<typename T>(TypeTag<T>, auto join) -> Status {
    T* to = self.data_as<T>();
    const T* from = source.data_as<T>();
    walk.run([&](int64_t, const auto& at) { join(to[at[0] + offsets[at[1]]], from[at[2]]); });
    return {};
  };
  if (!accumulate) {
    return visit_element_size(kOp, self.dtype(), [&]<typename T>(TypeTag<T> tag) {
      return put(tag, [](T& to, const T& from) { to = from; });
    });
  }
  return visit_real_dtype(self.dtype(), [&]<typename T>(TypeTag<T> tag) {
    return put(tag, [](T& to, const T& from) { to = static_cast<T>(to + from); });
  });
}

Result<Tensor> nonzero(const KernelContext& context, const Tensor& self) {
  HEARTH_RETURN_IF_ERROR(check_defined("nonzero", "self", self));
  Tensor result;
  HEARTH_RETURN_IF_ERROR(visit_real_dtype(self.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    int64_t count = 0;
    for_each_nonzero<T>(self, [&](int64_t) { ++count; });
    const std::array<int64_t, 2> shape{count, self.rank()};
    const std::array<int64_t, 2> strides{1, std::max<int64_t>(count, 1)};
    HEARTH_ASSIGN_OR_RETURN(result, context.pool->empty_strided(DType::kInt64, shape, strides));
    auto* to = result.data_as<int64_t>();
    for_each_nonzero<T>(self, [&](int64_t number) {
      for (int d = self.rank() - 1; d >= 0; number /= self.size(d), --d) to[d * strides[1]] = number % self.size(d);
      ++to;
    });
    return {};
  }));
  return result;
}

Result<Tensor> masked_select(const KernelContext& context, const Tensor& self, const Tensor& mask) {
  constexpr std::string_view kOp = "masked_select";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "self", self));
  HEARTH_RETURN_IF_ERROR(check_mask(kOp, mask));
  HEARTH_ASSIGN_OR_RETURN(const Dimensions shape, broadcast_shapes(kOp, self.shape(), mask.shape()));
  HEARTH_ASSIGN_OR_RETURN(const Tensor values, expand(kOp, "self", self, shape));
  HEARTH_ASSIGN_OR_RETURN(const Tensor chosen, expand(kOp, "mask", mask, shape));
  const int64_t count = count_true(chosen);
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, context.pool->empty(self.dtype(), std::span(&count, 1)));
  const auto* picks = chosen.data_as<uint8_t>();
  HEARTH_RETURN_IF_ERROR(visit_element_size(kOp, self.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    T* to = result.data_as<T>();
    const T* from = values.data_as<T>();
    StridedWalk<2>(shape, {values.strides(), chosen.strides()}).run([&](int64_t, const auto& at) {
      if (picks[at[1]] != 0) *to++ = from[at[0]];
    });
    return {};
  }));
  return result;
}

Result<Tensor> masked_scatter(const KernelContext& context, const Tensor& self, const Tensor& mask,
                              const Tensor& source) {
  constexpr std::string_view kOp = "masked_scatter";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "self", self));
  HEARTH_RETURN_IF_ERROR(check_mask(kOp, mask));
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "source", source, self.dtype()));
  HEARTH_ASSIGN_OR_RETURN(const Dimensions shape, broadcast_shapes(kOp, self.shape(), mask.shape()));
  HEARTH_ASSIGN_OR_RETURN(const Tensor chosen, expand(kOp, "mask", mask, shape));
  HEARTH_ASSIGN_OR_RETURN(const Tensor before, expand(kOp, "self", self, shape));
  const int64_t wanted = count_true(chosen);
  if (source.element_count() < wanted) {
    return invalid_argument("{}: source is {}, but {} elements of mask are true", kOp, describe(source), wanted);
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, row_major_as(*context.pool, before, self.dtype()));
  HEARTH_ASSIGN_OR_RETURN(const Tensor flat, row_major_as(*context.pool, source, self.dtype()));
  const auto* picks = chosen.data_as<uint8_t>();
  HEARTH_RETURN_IF_ERROR(visit_element_size(kOp, self.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    T* to = result.data_as<T>();
    const T* from = flat.data_as<T>();
    StridedWalk<1>(shape, {chosen.strides()}).run([&](int64_t number, const auto& at) {
      if (picks[at[0]] != 0) to[number] = *from++;
    });
    return {};
  }));
  return result;
}

}  // namespace hearth
