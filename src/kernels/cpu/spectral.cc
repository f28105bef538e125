#include "kernels/spectral.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <kissfft/kissfft.hh>
#include <map>
#include <optional>
#include <vector>

#include "base/errors.h"
#include "kernels/operands.h"
#include "kernels/strided_walk.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

constexpr std::string_view kOp = "fft";
constexpr int64_t kElementsWorthAThread = 4096;

/// Transforms one line after another. Its tables are made once for each size that a thread meets.
template <typename T>
class LineTransform {
 public:
  LineTransform(int64_t size, bool forward) : plan_(plan(static_cast<size_t>(size), forward)), in_(size), out_(size) {}

  std::complex<T>* in() { return in_.data(); }
  /// in() transformed; valid until the next call.
  const std::complex<T>* run() {
    plan_.transform(in_.data(), out_.data());
    return out_.data();
  }

 private:
  using Plan = kissfft<T>;

  static const Plan& plan(size_t size, bool forward) {
    constexpr size_t kMostPlans = 16;
    thread_local std::map<std::pair<size_t, bool>, Plan> plans;
    const std::pair key(size, forward);
    if (const auto found = plans.find(key); found != plans.end()) return found->second;
    if (plans.size() >= kMostPlans) plans.clear();
    return plans.emplace(key, Plan(size, /*inverse=*/!forward)).first->second;
  }

  const Plan& plan_;
  std::vector<std::complex<T>> in_;
  std::vector<std::complex<T>> out_;
};

Result<std::vector<int>> check_dimensions(const Tensor& self, std::span<const int64_t> dimensions) {
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "self", self));
  std::vector<int> checked;
  for (const int64_t dimension : dimensions) {
    HEARTH_ASSIGN_OR_RETURN(const int d, wrap_dimension(kOp, dimension, self.rank()));
    if (std::ranges::find(checked, d) != checked.end())
      return invalid_argument("{}: dimension {} is named twice", kOp, d);
    if (self.rank() == 0 || self.size(d) < 1)
      return invalid_argument("{}: {} has no elements along {}", kOp, describe(self), d);
    checked.push_back(d);
  }
  return checked;
}

DType complex_of(DType real) { return real == DType::kFloat64 ? DType::kComplex128 : DType::kComplex64; }
DType real_of(DType complex) { return complex == DType::kComplex128 ? DType::kFloat64 : DType::kFloat32; }

double factor(FourierScale scale, double size) {
  if (scale == FourierScale::kNone) return 1.0;
  return scale == FourierScale::kBySize ? 1.0 / size : 1.0 / std::sqrt(size);
}

/// Calls visit(T{}) for the real type behind a complex dtype.
template <typename Visit>
Status visit_complex(DType dtype, Visit&& visit) {
  if (dtype == DType::kComplex64) return visit(float{});
  if (dtype == DType::kComplex128) return visit(double{});
  return invalid_argument("{}: works on complex64 and complex128, not on {}", kOp, dtype_name(dtype));
}

/// Calls body(from offset, to offset) for each line along `d`, shared out over the team; begin(): once for each share.
template <typename Begin, typename Body>
void for_each_line(const KernelContext& context, const Tensor& from, const Tensor& to, int d, Begin begin, Body body) {
  const StridedWalk<2> lines(from.shape(), {from.strides(), to.strides()}, d);
  const int64_t grain = std::max<int64_t>(kElementsWorthAThread / std::max(from.size(d), to.size(d)), 1);
  context.team->parallel_for(lines.count(), grain, [&](int64_t first, int64_t last) {
    auto state = begin();
    lines.run(first, last, [&](int64_t, const auto& at) { body(state, at[0], at[1]); });
  });
}

/// Transforms a row-major tensor in place along one dimension, times `multiplier`.
template <typename T>
void transform_in_place(const KernelContext& context, const Tensor& tensor, int d, double multiplier, bool forward) {
  auto* elements = tensor.data_as<std::complex<T>>();
  const int64_t size = tensor.size(d);
  const int64_t stride = tensor.stride(d);
  const auto begin = [&] { return LineTransform<T>(size, forward); };
  for_each_line(context, tensor, tensor, d, begin, [&](LineTransform<T>& line, int64_t at, int64_t) {
    for (int64_t i = 0; i < size; ++i) line.in()[i] = elements[at + i * stride];
    const std::complex<T>* out = line.run();
    for (int64_t i = 0; i < size; ++i) elements[at + i * stride] = out[i] * static_cast<T>(multiplier);
  });
}

/// The same along several dimensions, one by one.
Status transform_in_place(const KernelContext& context, const Tensor& tensor, std::span<const int> dimensions,
                          double multiplier, bool forward) {
  return visit_complex(tensor.dtype(), [&]<typename T>(T) -> Status {
    for (const int d : dimensions) {
      transform_in_place<T>(context, tensor, d, d == dimensions.back() ? multiplier : 1.0, forward);
    }
    return {};
  });
}

double transformed_size(const Tensor& tensor, std::span<const int> dimensions) {
  double size = 1;
  for (const int d : dimensions) size *= static_cast<double>(tensor.size(d));
  return size;
}

/// The frequencies of real lines along `d`: the first `to.size(d)` of them.
template <typename T>
void transform_real(const KernelContext& context, const Tensor& from, const Tensor& to, int d, double multiplier) {
  const T* source = from.data_as<T>();
  auto* target = to.data_as<std::complex<T>>();
  const int64_t size = from.size(d);
  const auto begin = [&] { return LineTransform<T>(size, /*forward=*/true); };
  for_each_line(context, from, to, d, begin, [&](LineTransform<T>& line, int64_t at, int64_t to_at) {
    for (int64_t i = 0; i < size; ++i) line.in()[i] = source[at + i * from.stride(d)];
    const std::complex<T>* out = line.run();
    for (int64_t i = 0; i < to.size(d); ++i) target[to_at + i * to.stride(d)] = out[i] * static_cast<T>(multiplier);
  });
}

/// The real signals whose first frequencies lie along `d` of `from`.
template <typename T>
void transform_to_real(const KernelContext& context, const Tensor& from, const Tensor& to, int d, double multiplier) {
  const auto* source = from.data_as<std::complex<T>>();
  T* target = to.data_as<T>();
  const int64_t size = to.size(d);
  const auto begin = [&] { return LineTransform<T>(size, /*forward=*/false); };
  for_each_line(context, from, to, d, begin, [&](LineTransform<T>& line, int64_t at, int64_t to_at) {
    std::complex<T>* in = line.in();
    for (int64_t i = 0; i <= size / 2; ++i) in[i] = source[at + i * from.stride(d)];
    // A real signal has real frequencies 0 and n/2; what else stands there is passed over, as other libraries do.
    in[0] = in[0].real();
    if (size % 2 == 0) in[size / 2] = in[size / 2].real();
    for (int64_t i = size / 2 + 1; i < size; ++i) in[i] = std::conj(in[size - i]);
    const std::complex<T>* out = line.run();
    for (int64_t i = 0; i < size; ++i) target[to_at + i * to.stride(d)] = out[i].real() * static_cast<T>(multiplier);
  });
}

}  // namespace

Result<Tensor> fourier_transform(const KernelContext& context, const Tensor& self, std::span<const int64_t> dimensions,
                                 FourierScale scale, bool forward) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<int> checked, check_dimensions(self, dimensions));
  HEARTH_ASSIGN_OR_RETURN(Tensor result, row_major_as(*context.pool, self, self.dtype()));
  const double multiplier = factor(scale, transformed_size(self, checked));
  HEARTH_RETURN_IF_ERROR(transform_in_place(context, result, checked, multiplier, forward));
  return result;
}

Result<Tensor> fourier_transform_of_real(const KernelContext& context, const Tensor& self,
                                         std::span<const int64_t> dimensions, FourierScale scale, bool half) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<int> checked, check_dimensions(self, dimensions));
  if (checked.empty()) return invalid_argument("{}: no dimension is named", kOp);
  const int last = checked.back();
  Dimensions shape = to_dimensions(self.shape());
  if (half) shape[static_cast<size_t>(last)] = shape[static_cast<size_t>(last)] / 2 + 1;
  HEARTH_ASSIGN_OR_RETURN(Tensor result, context.pool->empty(complex_of(self.dtype()), shape));
  const double multiplier = factor(scale, transformed_size(self, checked));
  HEARTH_RETURN_IF_ERROR(visit_complex(result.dtype(), [&]<typename T>(T) -> Status {
    HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "self", self, real_of(result.dtype())));
    transform_real<T>(context, self, result, last, multiplier);
    return {};
  }));
  HEARTH_RETURN_IF_ERROR(
      transform_in_place(context, result, std::span(checked).first(checked.size() - 1), 1.0, /*forward=*/true));
  return result;
}

Result<Tensor> fourier_transform_to_real(const KernelContext& context, const Tensor& self,
                                         std::span<const int64_t> dimensions, FourierScale scale, int64_t last_size) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<int> checked, check_dimensions(self, dimensions));
  if (checked.empty()) return invalid_argument("{}: no dimension is named", kOp);
  const int last = checked.back();
  if (last_size < 1 || self.size(last) != last_size / 2 + 1) {
    return invalid_argument("{}: {} does not hold the frequencies of {} numbers along {}", kOp, describe(self),
                            last_size, last);
  }
  const std::span<const int> others = std::span(checked).first(checked.size() - 1);
  Tensor frequencies = self;
  if (!others.empty()) {
    HEARTH_ASSIGN_OR_RETURN(frequencies, row_major_as(*context.pool, self, self.dtype()));
    HEARTH_RETURN_IF_ERROR(transform_in_place(context, frequencies, others, 1.0, /*forward=*/false));
  }
  Dimensions shape = to_dimensions(self.shape());
  shape[static_cast<size_t>(last)] = last_size;
  HEARTH_ASSIGN_OR_RETURN(Tensor result, context.pool->empty(real_of(self.dtype()), shape));
  const double multiplier = factor(scale, transformed_size(result, checked));
  HEARTH_RETURN_IF_ERROR(visit_complex(self.dtype(), [&]<typename T>(T) -> Status {
    transform_to_real<T>(context, frequencies, result, last, multiplier);
    return {};
  }));
  return result;
}

}  // namespace hearth
