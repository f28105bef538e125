#pragma once

#include <cstdint>

#include "kernels/context.h"

namespace hearth {

// Elementwise operators that generated code leaves to a call, above all on complex numbers. Operands broadcast; the
// result has the dtype they promote to, and the strides of PyTorch's elementwise loop. A number beside a tensor keeps
// the tensor's dtype, except that one with a fraction makes integers float32. kInvalidArgument names what does not fit.

enum class Binary { kAdd, kMultiply, kDivide, kPower, kGcd };

/// `alpha` multiplies b before it is added. kDivide is for floating and complex dtypes.
Result<Tensor> binary(const KernelContext& context, Binary op, const Tensor& a, const Tensor& b, double alpha = 1);
Result<Tensor> binary(const KernelContext& context, Binary op, const Tensor& a, double b, double alpha = 1);
Result<Tensor> binary(const KernelContext& context, Binary op, double a, const Tensor& b);

/// Magnitudes: real for complex numbers.
Result<Tensor> absolute(const KernelContext& context, const Tensor& self);
/// Angles in radians: 0 or π for real numbers; floating.
Result<Tensor> angle(const KernelContext& context, const Tensor& self);
/// magnitude · e^(i · angle) from two tensors of float32 or float64.
Result<Tensor> polar(const KernelContext& context, const Tensor& magnitude, const Tensor& angle);
enum class Unary {
  kAcos,
  kAcosh,
  kAsin,
  kAsinh,
  kAtan,
  kAtanh,
  kCos,
  kCosh,
  kExp,
  kExp2,
  kExpm1,
  kLog,
  kLog10,
  kLog1p,
  kLog2,
  kNegative,
  kRsqrt,
  kSigmoid,
  kSin,
  kSinh,
  kSqrt,
  kTan,
  kTanh
};

/// Of complex numbers.
Result<Tensor> unary(const KernelContext& context, Unary op, const Tensor& self);
/// Sets every element, any dtype but packed ones.
Status fill(const KernelContext& context, const Tensor& self, double value);

}  // namespace hearth
