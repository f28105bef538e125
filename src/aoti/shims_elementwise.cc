// Elementwise operators that generated code leaves to a call.

#include "aoti/shim_arguments.h"
#include "kernels/elementwise.h"

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::Binary;
using hearth::return_tensor;
using hearth::tensor_of;

HEARTH_SHIM AotiError aoti_torch_cpu_abs(AtenTensorHandle self, AtenTensorHandle* result) {
  return hearth::guard_kernel(
      __func__, [&](const auto& context) { return return_tensor(hearth::absolute(context, tensor_of(self)), result); });
}

HEARTH_SHIM AotiError aoti_torch_cpu_angle(AtenTensorHandle self, AtenTensorHandle* result) {
  return hearth::guard_kernel(
      __func__, [&](const auto& context) { return return_tensor(hearth::angle(context, tensor_of(self)), result); });
}

HEARTH_SHIM AotiError aoti_torch_cpu_polar(AtenTensorHandle abs, AtenTensorHandle angle, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::polar(context, tensor_of(abs), tensor_of(angle)), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_add_Tensor(AtenTensorHandle self, AtenTensorHandle other, double alpha,
                                                AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::binary(context, Binary::kAdd, tensor_of(self), tensor_of(other), alpha), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_add_Scalar(AtenTensorHandle self, double other, double alpha,
                                                AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::binary(context, Binary::kAdd, tensor_of(self), other, alpha), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_mul_Tensor(AtenTensorHandle self, AtenTensorHandle other,
                                                AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::binary(context, Binary::kMultiply, tensor_of(self), tensor_of(other)), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_mul_Scalar(AtenTensorHandle self, double other, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::binary(context, Binary::kMultiply, tensor_of(self), other), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_pow_Tensor_Tensor(AtenTensorHandle self, AtenTensorHandle exponent,
                                                       AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::binary(context, Binary::kPower, tensor_of(self), tensor_of(exponent)), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_pow_Tensor_Scalar(AtenTensorHandle self, double exponent,
                                                       AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::binary(context, Binary::kPower, tensor_of(self), exponent), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_pow_Scalar(double self, AtenTensorHandle exponent, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::binary(context, Binary::kPower, self, tensor_of(exponent)), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_gcd(AtenTensorHandle self, AtenTensorHandle other, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::binary(context, Binary::kGcd, tensor_of(self), tensor_of(other)), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_fill__Scalar(AtenTensorHandle self, double value) {
  return hearth::guard_kernel(__func__,
                              [&](const auto& context) { return hearth::fill(context, tensor_of(self), value); });
}
