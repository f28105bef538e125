// Joining, padding, repeating and views.

#include "aoti/shim_arguments.h"
#include "kernels/shape_ops.h"

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::list_of;
using hearth::return_tensor;
using hearth::Status;
using hearth::tensor_of;

HEARTH_SHIM AotiError aoti_torch_cpu_cat(const AtenTensorHandle* tensors, int64_t count, int64_t dim,
                                         AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::concatenate(context, hearth::tensors_of(tensors, count), dim), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_pad(AtenTensorHandle self, const int64_t* pad, int64_t pad_count, const char* mode,
                                         double* value, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) -> Status {
    if (std::string_view(mode) != "constant") {
      return hearth::invalid_argument("the mode '{}' is not supported; there is constant", mode);
    }
    return return_tensor(hearth::pad_constant(context, tensor_of(self), list_of(pad, pad_count), value ? *value : 0),
                         result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_repeat_interleave_Tensor(AtenTensorHandle repeats, int64_t* output_size,
                                                              AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::repeat_interleave(context, tensor_of(repeats), hearth::optional_of(output_size)),
                         result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_reshape(AtenTensorHandle self, const int64_t* shape, int64_t shape_count,
                                             AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::reshape(context, tensor_of(self), list_of(shape, shape_count)), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_permute(AtenTensorHandle self, const int64_t* dims, int64_t dims_count,
                                             AtenTensorHandle* result) {
  return hearth::guard_shim(
      __func__, [&] { return return_tensor(hearth::permute(tensor_of(self), list_of(dims, dims_count)), result); });
}

HEARTH_SHIM AotiError aoti_torch_cpu_slice_Tensor(AtenTensorHandle self, int64_t dim, int64_t* start, int64_t* end,
                                                  int64_t step, AtenTensorHandle* result) {
  return hearth::guard_shim(__func__, [&] {
    return return_tensor(
        hearth::slice(tensor_of(self), dim, hearth::optional_of(start), hearth::optional_of(end), step), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_narrow(AtenTensorHandle self, int64_t dim, int64_t start, int64_t length,
                                            AtenTensorHandle* result) {
  return hearth::guard_shim(__func__,
                            [&] { return return_tensor(hearth::narrow(tensor_of(self), dim, start, length), result); });
}

HEARTH_SHIM AotiError aoti_torch_cpu_squeeze_dim(AtenTensorHandle self, int64_t dim, AtenTensorHandle* result) {
  return hearth::guard_shim(__func__, [&] { return return_tensor(hearth::squeeze(tensor_of(self), dim), result); });
}

HEARTH_SHIM AotiError aoti_torch_cpu_view_dtype(AtenTensorHandle self, int32_t dtype, AtenTensorHandle* result) {
  return hearth::guard_shim(__func__, [&]() -> Status {
    HEARTH_ASSIGN_OR_RETURN(const auto wanted, hearth::optional_dtype_of(&dtype));
    return return_tensor(hearth::view_as_dtype(tensor_of(self), *wanted), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_view_as_real(AtenTensorHandle self, AtenTensorHandle* result) {
  return hearth::guard_shim(__func__, [&] { return return_tensor(hearth::view_as_real(tensor_of(self)), result); });
}

HEARTH_SHIM AotiError aoti_torch_cpu_view_as_complex(AtenTensorHandle self, AtenTensorHandle* result) {
  return hearth::guard_shim(__func__, [&] { return return_tensor(hearth::view_as_complex(tensor_of(self)), result); });
}
