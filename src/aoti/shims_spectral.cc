// Fourier transforms.

#include "aoti/shim_arguments.h"
#include "kernels/spectral.h"

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::FourierScale;
using hearth::tensor_of;

HEARTH_SHIM AotiError aoti_torch_cpu__fft_c2c(AtenTensorHandle self, const int64_t* dimensions, int64_t count,
                                              int64_t scale, int32_t forward, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return hearth::return_tensor(hearth::fourier_transform(context, tensor_of(self), hearth::list_of(dimensions, count),
                                                           static_cast<FourierScale>(scale), forward != 0),
                                 result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu__fft_r2c(AtenTensorHandle self, const int64_t* dimensions, int64_t count,
                                              int64_t scale, int32_t half, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return hearth::return_tensor(
        hearth::fourier_transform_of_real(context, tensor_of(self), hearth::list_of(dimensions, count),
                                          static_cast<FourierScale>(scale), half != 0),
        result);
  });
}
