#include "kernels/linear.h"

namespace hearth {

Result<Tensor> linear(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& residual, Activation activation) {
  return reference::linear(context, x, weight, bias, residual, activation);
}

Status matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a, const Tensor& b,
              double beta, double alpha) {
  return reference::matmul(context, out, self, a, b, beta, alpha);
}

Status batched_matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a,
                      const Tensor& b, double beta, double alpha) {
  return reference::batched_matmul(context, out, self, a, b, beta, alpha);
}

}  // namespace hearth
