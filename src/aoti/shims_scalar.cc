// Single elements: read from a tensor, or made into one.

#include <complex>

#include "aoti/abi.h"
#include "aoti/cuda/gpu_copy.h"
#include "base/errors.h"
#include "kernels/context.h"
#include "tensor/float16.h"

namespace hearth {
namespace {

/// The only element of `tensor`, converted to `dtype` and written to `value`.
Status read_item(const Tensor& tensor, DType dtype, void* value) {
  if (tensor.element_count() != 1) return invalid_argument("one element is needed, the tensor is {}", describe(tensor));
  HEARTH_ASSIGN_OR_RETURN(const Tensor target, Tensor::borrow(dtype, {}, value));
  HEARTH_ASSIGN_OR_RETURN(const Tensor source, Tensor::view(tensor.storage(), tensor.dtype(), {}, {}, tensor.offset()));
  return copy_anywhere(target, source);
}

template <typename T>
Result<Tensor> make_scalar(DType dtype, T value) {
  const KernelContext* context = current_kernel_context();
  HEARTH_ASSIGN_OR_RETURN(Tensor tensor, context ? context->host_pool().empty(dtype, {}) : Tensor::empty(dtype, {}));
  *tensor.data_as<T>() = value;
  return tensor;
}

}  // namespace
}  // namespace hearth

#define HEARTH_ITEM(name, type, dtype)                                                                               \
  HEARTH_SHIM hearth::AotiError aoti_torch_item_##name(hearth::AtenTensorHandle handle, type* value) {               \
    return hearth::guard_shim(__func__, [&] { return hearth::read_item(hearth::tensor_of(handle), dtype, value); }); \
  }

#define HEARTH_SCALAR(name, type, dtype)                                                                           \
  HEARTH_SHIM hearth::AotiError aoti_torch_scalar_to_tensor_##name(type value, hearth::AtenTensorHandle* tensor) { \
    return hearth::guard_shim(__func__,                                                                            \
                              [&] { return hearth::return_tensor(hearth::make_scalar(dtype, value), tensor); });   \
  }

HEARTH_ITEM(float16, hearth::Float16, hearth::DType::kFloat16)
HEARTH_ITEM(bfloat16, hearth::BFloat16, hearth::DType::kBFloat16)
HEARTH_ITEM(float32, float, hearth::DType::kFloat32)
HEARTH_ITEM(float64, double, hearth::DType::kFloat64)
HEARTH_ITEM(uint8, uint8_t, hearth::DType::kUInt8)
HEARTH_ITEM(uint16, uint16_t, hearth::DType::kUInt16)
HEARTH_ITEM(uint32, uint32_t, hearth::DType::kUInt32)
HEARTH_ITEM(uint64, uint64_t, hearth::DType::kUInt64)
HEARTH_ITEM(int8, int8_t, hearth::DType::kInt8)
HEARTH_ITEM(int16, int16_t, hearth::DType::kInt16)
HEARTH_ITEM(int32, int32_t, hearth::DType::kInt32)
HEARTH_ITEM(int64, int64_t, hearth::DType::kInt64)
HEARTH_ITEM(bool, bool, hearth::DType::kBool)
HEARTH_ITEM(complex64, std::complex<float>, hearth::DType::kComplex64)

HEARTH_SCALAR(float32, float, hearth::DType::kFloat32)
HEARTH_SCALAR(float64, double, hearth::DType::kFloat64)
HEARTH_SCALAR(uint8, uint8_t, hearth::DType::kUInt8)
HEARTH_SCALAR(uint16, uint16_t, hearth::DType::kUInt16)
HEARTH_SCALAR(uint32, uint32_t, hearth::DType::kUInt32)
HEARTH_SCALAR(uint64, uint64_t, hearth::DType::kUInt64)
HEARTH_SCALAR(int8, int8_t, hearth::DType::kInt8)
HEARTH_SCALAR(int16, int16_t, hearth::DType::kInt16)
HEARTH_SCALAR(int32, int32_t, hearth::DType::kInt32)
HEARTH_SCALAR(int64, int64_t, hearth::DType::kInt64)
HEARTH_SCALAR(bool, bool, hearth::DType::kBool)
HEARTH_SCALAR(complex64, std::complex<float>, hearth::DType::kComplex64)
HEARTH_SCALAR(complex128, std::complex<double>, hearth::DType::kComplex128)
