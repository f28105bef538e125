#include "kernels/elementwise.h"

#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>

#include "base/errors.h"
#include "kernels/complex_numbers.h"
#include "kernels/operands.h"
#include "kernels/shape_ops.h"
#include "kernels/strided_walk.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

constexpr int64_t kElementsWorthAThread = 4096;

template <typename T>
inline constexpr bool is_complex_type = false;
template <typename T>
inline constexpr bool is_complex_type<std::complex<T>> = true;

DType real_dtype(DType complex) { return complex == DType::kComplex64 ? DType::kFloat32 : DType::kFloat64; }

/// visit_real_dtype with complex numbers.
template <typename Visit>
auto visit_number_dtype(DType dtype, Visit&& visit) -> decltype(visit(TypeTag<float>{})) {
  if (dtype == DType::kComplex64) return visit(TypeTag<std::complex<float>>{});
  if (dtype == DType::kComplex128) return visit(TypeTag<std::complex<double>>{});
  return visit_real_dtype(dtype, visit);
}

/// One number as a T.
template <typename T>
T number_as(double value) {
  if constexpr (is_complex_type<T>) {
    return T(static_cast<typename T::value_type>(value));
  } else {
    return static_cast<T>(static_cast<Compute<T>>(value));
  }
}

/// to[i] = apply(from[i]...) over broadcast operands of one shape.
template <typename To, typename From, typename Apply>
void map(const KernelContext& context, const Tensor& to, const Tensor& from, Apply apply) {
  const StridedWalk<2> walk(to.shape(), {to.strides(), from.strides()});
  context.team->parallel_for(walk.count(), kElementsWorthAThread, [&](int64_t begin, int64_t end) {
    walk.run(begin, end, [&](int64_t, const auto& at) {
      to.data_as<To>()[at[0]] = static_cast<To>(apply(from.data_as<From>()[at[1]]));
    });
  });
}

/// `tensor` in `dtype`.
Result<Tensor> converted(const KernelContext& context, const Tensor& tensor, DType dtype) {
  return tensor.dtype() == dtype ? Result<Tensor>(tensor) : row_major_as(*context.pool, tensor, dtype);
}

/// base^exponent of integers, modulo 2^bits; a negative exponent leaves something for bases of 1 and -1 only.
template <typename T>
T integer_power(T base, T exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == static_cast<T>(-1) ? (exponent % 2 != 0 ? base : 1) : 0;
  uint64_t result = 1;
  auto factor = static_cast<uint64_t>(base);
  for (auto rest = static_cast<uint64_t>(exponent); rest != 0; rest >>= 1) {
    if (rest & 1) result *= factor;
    factor *= factor;
  }
  return static_cast<T>(result);
}

template <typename T>
concept WholeNumber = std::is_integral_v<T> && !std::is_same_v<T, bool>;

/// The operators on one element. Integers wrap around.
template <typename T>
T add(T a, T b, T alpha) {
  return static_cast<T>(a + b * alpha);
}
template <WholeNumber T>
T add(T a, T b, T alpha) {
  return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b) * static_cast<uint64_t>(alpha));
}
inline bool add(bool a, bool b, bool alpha) { return a || (b && alpha); }

template <typename T>
T multiply(T a, T b) {
  return static_cast<T>(a * b);
}
template <WholeNumber T>
T multiply(T a, T b) {
  return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
inline bool multiply(bool a, bool b) { return a && b; }

template <typename T>
T power(T a, T b) {
  return static_cast<T>(std::pow(static_cast<Compute<T>>(a), static_cast<Compute<T>>(b)));
}
template <WholeNumber T>
T power(T a, T b) {
  return integer_power(a, b);
}
inline bool power(bool a, bool b) { return a || !b; }

template <typename T>
T divide(T a, T b) {
  // Integers are refused before.
  if constexpr (std::is_integral_v<T>) return a;
  return static_cast<T>(a / b);
}

template <Binary kOp, typename T>
T apply(T a, T b, T alpha) {
  if constexpr (kOp == Binary::kAdd) return add(a, b, alpha);
  if constexpr (kOp == Binary::kMultiply) return multiply(a, b);
  if constexpr (kOp == Binary::kDivide) return divide(a, b);
  if constexpr (kOp == Binary::kPower) return power(a, b);
  if constexpr (kOp == Binary::kGcd && WholeNumber<T>) return std::gcd(a, b);
  return a;
}

template <Binary kOp>
Status compute(const KernelContext& context, const Tensor& result, const Tensor& a, const Tensor& b, double alpha) {
  const StridedWalk<3> walk(result.shape(), {result.strides(), a.strides(), b.strides()});
  return visit_number_dtype(result.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    const T factor = number_as<T>(alpha);
    T* to = result.data_as<T>();
    const T* left = a.data_as<T>();
    const T* right = b.data_as<T>();
    context.team->parallel_for(walk.count(), kElementsWorthAThread, [&](int64_t begin, int64_t end) {
      walk.run(begin, end, [&](int64_t, const auto& at) { to[at[0]] = apply<kOp>(left[at[1]], right[at[2]], factor); });
    });
    return {};
  });
}

/// The dtype of a result: a scalar tensor counts only when it is of another kind (floating beside integers).
Result<DType> result_dtype(const Tensor& a, const Tensor& b) {
  if ((a.rank() == 0) == (b.rank() == 0)) return promote_dtypes(a.dtype(), b.dtype());
  const DType tensor = a.rank() == 0 ? b.dtype() : a.dtype();
  const DType scalar = a.rank() == 0 ? a.dtype() : b.dtype();
  const auto kind = [](DType dtype) {
    return is_complex(dtype) ? 3 : is_floating(dtype) ? 2 : dtype == DType::kBool ? 0 : 1;
  };
  if (kind(scalar) <= kind(tensor)) return tensor;
  if (kind(scalar) == 3 && kind(tensor) == 2) return promote_dtypes(tensor, DType::kComplex64);
  return scalar;
}

/// `value` as a tensor without dimensions that promotes with `beside` as a number does.
Result<Tensor> scalar_beside(const KernelContext& context, double value, const Tensor& beside) {
  HEARTH_RETURN_IF_ERROR(check_defined("elementwise", "self", beside));
  const bool whole = value == std::trunc(value);
  const bool keeps = is_floating(beside.dtype()) || is_complex(beside.dtype()) || whole;
  const DType dtype = keeps ? (beside.dtype() == DType::kBool ? DType::kInt64 : beside.dtype()) : DType::kFloat32;
  HEARTH_ASSIGN_OR_RETURN(const Tensor scalar, context.pool->empty(dtype, {}));
  HEARTH_RETURN_IF_ERROR(fill(context, scalar, value));
  return scalar;
}

}  // namespace

Result<Tensor> binary(const KernelContext& context, Binary op, const Tensor& a, const Tensor& b, double alpha) {
  constexpr std::string_view kOp = "elementwise";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "self", a));
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "other", b));
  HEARTH_ASSIGN_OR_RETURN(const Dimensions shape, broadcast_shapes(kOp, a.shape(), b.shape()));
  HEARTH_ASSIGN_OR_RETURN(const DType dtype, result_dtype(a, b));
  if (op == Binary::kGcd && (is_floating(dtype) || is_complex(dtype) || dtype == DType::kBool)) {
    return invalid_argument("gcd: {} and {} are not integers", describe(a), describe(b));
  }
  if (op == Binary::kDivide && !is_floating(dtype) && !is_complex(dtype)) {
    return invalid_argument("div: {} and {} are integers", describe(a), describe(b));
  }
  const std::array operands{a, b};
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, empty_elementwise(*context.pool, dtype, shape, operands));
  HEARTH_ASSIGN_OR_RETURN(const Tensor left, converted(context, a, dtype));
  HEARTH_ASSIGN_OR_RETURN(const Tensor right, converted(context, b, dtype));
  HEARTH_ASSIGN_OR_RETURN(const Tensor x, expand(kOp, "self", left, shape));
  HEARTH_ASSIGN_OR_RETURN(const Tensor y, expand(kOp, "other", right, shape));
  switch (op) {
    case Binary::kAdd:
      HEARTH_RETURN_IF_ERROR(compute<Binary::kAdd>(context, result, x, y, alpha));
      break;
    case Binary::kMultiply:
      HEARTH_RETURN_IF_ERROR(compute<Binary::kMultiply>(context, result, x, y, alpha));
      break;
    case Binary::kDivide:
      HEARTH_RETURN_IF_ERROR(compute<Binary::kDivide>(context, result, x, y, alpha));
      break;
    case Binary::kPower:
      HEARTH_RETURN_IF_ERROR(compute<Binary::kPower>(context, result, x, y, alpha));
      break;
    case Binary::kGcd:
      HEARTH_RETURN_IF_ERROR(compute<Binary::kGcd>(context, result, x, y, alpha));
      break;
  }
  return result;
}

Result<Tensor> binary(const KernelContext& context, Binary op, const Tensor& a, double b, double alpha) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor scalar, scalar_beside(context, b, a));
  return binary(context, op, a, scalar, alpha);
}

Result<Tensor> binary(const KernelContext& context, Binary op, double a, const Tensor& b) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor scalar, scalar_beside(context, a, b));
  return binary(context, op, scalar, b);
}

Result<Tensor> absolute(const KernelContext& context, const Tensor& self) {
  HEARTH_RETURN_IF_ERROR(check_defined("abs", "self", self));
  const DType dtype = is_complex(self.dtype()) ? real_dtype(self.dtype()) : self.dtype();
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, empty_like(*context.pool, self, dtype));
  HEARTH_RETURN_IF_ERROR(visit_number_dtype(self.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    if constexpr (is_complex_type<T>) {
      map<typename T::value_type, T>(context, result, self, [](T value) { return std::abs(value); });
    } else if constexpr (std::is_unsigned_v<T>) {
      map<T, T>(context, result, self, [](T value) { return value; });
    } else if constexpr (std::is_integral_v<T>) {
      // The smallest number has no positive counterpart and stays.
      map<T, T>(context, result, self, [](T value) { return value < 0 ? 0 - static_cast<uint64_t>(value) : value; });
    } else {
      map<T, T>(context, result, self, [](T value) { return std::abs(static_cast<Compute<T>>(value)); });
    }
    return {};
  }));
  return result;
}

Result<Tensor> angle(const KernelContext& context, const Tensor& self) {
  HEARTH_RETURN_IF_ERROR(check_defined("angle", "self", self));
  const DType dtype = is_complex(self.dtype())    ? real_dtype(self.dtype())
                      : is_floating(self.dtype()) ? self.dtype()
                                                  : DType::kFloat32;
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, empty_like(*context.pool, self, dtype));
  HEARTH_RETURN_IF_ERROR(visit_number_dtype(self.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    if constexpr (is_complex_type<T>) {
      map<typename T::value_type, T>(context, result, self, [](T value) { return std::arg(value); });
    } else {
      using To = std::conditional_t<is_floating_type<T>, T, float>;
      map<To, T>(context, result, self, [](T value) {
        if (is_nan(value)) return static_cast<Compute<To>>(value);
        return static_cast<Compute<To>>(value < T{} ? std::numbers::pi : 0);
      });
    }
    return {};
  }));
  return result;
}

namespace {

template <typename T>
std::complex<T> compute(Unary op, std::complex<T> value) {
  constexpr T kOne = 1;
  switch (op) {
    case Unary::kAcos:
      return std::acos(value);
    case Unary::kAcosh:
      return std::acosh(value);
    case Unary::kAsin:
      return std::asin(value);
    case Unary::kAsinh:
      return std::asinh(value);
    case Unary::kAtan:
      return std::atan(value);
    case Unary::kAtanh:
      return std::atanh(value);
    case Unary::kCos:
      return std::cos(value);
    case Unary::kCosh:
      return std::cosh(value);
    case Unary::kExp:
      return std::exp(value);
    case Unary::kExp2:
      return std::exp(value * std::numbers::ln2_v<T>);
    case Unary::kExpm1:
      return std::exp(value) - kOne;
    case Unary::kLog:
      return std::log(value);
    case Unary::kLog10:
      return std::log10(value);
    case Unary::kLog1p:
      return std::log(value + kOne);
    case Unary::kLog2:
      return std::log(value) / std::numbers::ln2_v<T>;
    case Unary::kNegative:
      return -value;
    case Unary::kRsqrt:
      return kOne / std::sqrt(value);
    case Unary::kSigmoid:
      return kOne / (kOne + std::exp(-value));
    case Unary::kSin:
      return std::sin(value);
    case Unary::kSinh:
      return std::sinh(value);
    case Unary::kSqrt:
      return std::sqrt(value);
    case Unary::kTan:
      return std::tan(value);
    case Unary::kTanh:
      return std::tanh(value);
  }
  return value;
}

}  // namespace

Result<Tensor> unary(const KernelContext& context, Unary op, const Tensor& self) {
  HEARTH_RETURN_IF_ERROR(check_defined("elementwise", "self", self));
  if (!is_complex(self.dtype())) {
    return invalid_argument("elementwise: self is {}, expected complex numbers", describe(self));
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, empty_like(*context.pool, self, self.dtype()));
  if (self.dtype() == DType::kComplex64) {
    map<std::complex<float>, std::complex<float>>(context, result, self,
                                                  [op](auto value) { return compute(op, value); });
  } else {
    map<std::complex<double>, std::complex<double>>(context, result, self,
                                                    [op](auto value) { return compute(op, value); });
  }
  return result;
}

Result<Tensor> polar(const KernelContext& context, const Tensor& magnitude, const Tensor& angle) {
  constexpr std::string_view kOp = "polar";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "abs", magnitude));
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "angle", angle, magnitude.dtype()));
  const bool is_double = magnitude.dtype() == DType::kFloat64;
  if (!is_double && magnitude.dtype() != DType::kFloat32) {
    return invalid_argument("{}: abs is {}, expected float32 or float64", kOp, describe(magnitude));
  }
  HEARTH_ASSIGN_OR_RETURN(const Dimensions shape, broadcast_shapes(kOp, magnitude.shape(), angle.shape()));
  const std::array operands{magnitude, angle};
  HEARTH_ASSIGN_OR_RETURN(
      const Tensor result,
      empty_elementwise(*context.pool, is_double ? DType::kComplex128 : DType::kComplex64, shape, operands));
  HEARTH_ASSIGN_OR_RETURN(const Tensor radius, expand(kOp, "abs", magnitude, shape));
  HEARTH_ASSIGN_OR_RETURN(const Tensor turn, expand(kOp, "angle", angle, shape));
  const StridedWalk<3> walk(shape, {result.strides(), radius.strides(), turn.strides()});
  HEARTH_RETURN_IF_ERROR(visit_floating_dtype(kOp, magnitude.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    using Real = std::conditional_t<std::is_same_v<T, double>, double, float>;
    walk.run([&](int64_t, const auto& at) {
      const Real r = radius.data_as<Real>()[at[1]];
      const Real t = turn.data_as<Real>()[at[2]];
      result.data_as<std::complex<Real>>()[at[0]] = {r * std::cos(t), r * std::sin(t)};
    });
    return {};
  }));
  return result;
}

Status fill(const KernelContext& context, const Tensor& self, double value) {
  HEARTH_RETURN_IF_ERROR(check_defined("fill", "self", self));
  return visit_number_dtype(self.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    const T number = number_as<T>(value);
    map<T, T>(context, self, self, [number](T) { return number; });
    return {};
  });
}

}  // namespace hearth
