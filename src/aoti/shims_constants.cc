// The numbers by which generated code names dtypes, devices, layouts and memory formats: PyTorch's own.

#include "aoti/abi.h"

#define HEARTH_CONSTANT(type, name, value) \
  HEARTH_SHIM type aoti_torch_##name() { return value; }

HEARTH_CONSTANT(int32_t, device_type_cpu, 0)
HEARTH_CONSTANT(int32_t, device_type_cuda, 1)
HEARTH_CONSTANT(int32_t, device_type_xpu, 12)
HEARTH_CONSTANT(int32_t, device_type_mps, 13)
HEARTH_CONSTANT(int32_t, device_type_meta, 14)
HEARTH_CONSTANT(int32_t, device_type_privateuse1, 20)

HEARTH_CONSTANT(int32_t, dtype_uint8, 0)
HEARTH_CONSTANT(int32_t, dtype_int8, 1)
HEARTH_CONSTANT(int32_t, dtype_int16, 2)
HEARTH_CONSTANT(int32_t, dtype_int32, 3)
HEARTH_CONSTANT(int32_t, dtype_int64, 4)
HEARTH_CONSTANT(int32_t, dtype_float16, 5)
HEARTH_CONSTANT(int32_t, dtype_float32, 6)
HEARTH_CONSTANT(int32_t, dtype_float64, 7)
HEARTH_CONSTANT(int32_t, dtype_complex32, 8)
HEARTH_CONSTANT(int32_t, dtype_complex64, 9)
HEARTH_CONSTANT(int32_t, dtype_complex128, 10)
HEARTH_CONSTANT(int32_t, dtype_bool, 11)
HEARTH_CONSTANT(int32_t, dtype_bfloat16, 15)
HEARTH_CONSTANT(int32_t, dtype_float8_e5m2, 23)
HEARTH_CONSTANT(int32_t, dtype_float8_e4m3fn, 24)
HEARTH_CONSTANT(int32_t, dtype_float8_e5m2fnuz, 25)
HEARTH_CONSTANT(int32_t, dtype_float8_e4m3fnuz, 26)
HEARTH_CONSTANT(int32_t, dtype_uint16, 27)
HEARTH_CONSTANT(int32_t, dtype_uint32, 28)
HEARTH_CONSTANT(int32_t, dtype_uint64, 29)
HEARTH_CONSTANT(int32_t, dtype_float8_e8m0fnu, 44)
HEARTH_CONSTANT(int32_t, dtype_float4_e2m1fn_x2, 45)

HEARTH_CONSTANT(int32_t, layout_strided, 0)
HEARTH_CONSTANT(int32_t, layout_sparse_coo, 1)
HEARTH_CONSTANT(int32_t, layout_sparse_csr, 2)
HEARTH_CONSTANT(int32_t, layout__mkldnn, 3)
HEARTH_CONSTANT(int32_t, layout_sparse_csc, 4)
HEARTH_CONSTANT(int32_t, layout_sparse_bsr, 5)
HEARTH_CONSTANT(int32_t, layout_sparse_bsc, 6)
HEARTH_CONSTANT(int32_t, layout_jagged, 7)

HEARTH_CONSTANT(int32_t, memory_format_contiguous_format, 0)
HEARTH_CONSTANT(int32_t, memory_format_preserve_format, 1)
HEARTH_CONSTANT(int32_t, memory_format_channels_last, 2)
HEARTH_CONSTANT(int32_t, memory_format_channels_last_3d, 3)

/// The PyTorch whose interface this is: 2.13.0, as TORCH_ABI_VERSION packs it.
HEARTH_CONSTANT(uint64_t, abi_version, uint64_t{2} << 56 | uint64_t{13} << 48)

HEARTH_SHIM size_t aoti_torch_dtype_element_size(int32_t dtype) {
  return static_cast<size_t>(hearth::dtype_bits(static_cast<hearth::DType>(dtype)) / 8);
}
