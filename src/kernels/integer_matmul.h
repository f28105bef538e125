#pragma once

#include "kernels/context.h"

namespace hearth {

/// aten::_int_mm: out = a · b, a: uint8 or int8 [M, K], b: int8 [K, N], out: int32 [M, N], any strides. Sums are exact.
/// kInvalidArgument names the operand that does not fit.
Status integer_matmul(const KernelContext& context, const Tensor& out, const Tensor& a, const Tensor& b);

/// The check that both ways share.
Status check_integer_matmul(const Tensor& out, const Tensor& a, const Tensor& b);

namespace reference {
Status integer_matmul(const KernelContext& context, const Tensor& out, const Tensor& a, const Tensor& b);
}  // namespace reference

}  // namespace hearth
