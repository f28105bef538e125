#include "kernels/convolution.h"

namespace hearth {

Result<Tensor> convolution(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                           const Tensor& residual, const ConvolutionParameters& parameters) {
  return reference::convolution(context, x, weight, bias, residual, parameters);
}

}  // namespace hearth
