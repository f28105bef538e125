// Pooling.

#include "aoti/shim_arguments.h"
#include "kernels/pooling.h"

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::list_of;
using hearth::PoolParameters;
using hearth::tensor_of;

#define HEARTH_MAX_POOL(rank)                                                                                          \
  HEARTH_SHIM AotiError aoti_torch_cpu_max_pool##rank##d_with_indices(                                                 \
      AtenTensorHandle self, const int64_t* kernel, int64_t kernel_count, const int64_t* stride, int64_t stride_count, \
      const int64_t* padding, int64_t padding_count, const int64_t* dilation, int64_t dilation_count,                  \
      int32_t ceil_mode, AtenTensorHandle* values, AtenTensorHandle* indices) {                                        \
    return hearth::guard_kernel(__func__, [&](const auto& context) {                                                   \
      const PoolParameters parameters{.kernel = list_of(kernel, kernel_count),                                         \
                                      .stride = list_of(stride, stride_count),                                         \
                                      .padding = list_of(padding, padding_count),                                      \
                                      .dilation = list_of(dilation, dilation_count),                                   \
                                      .ceil_mode = ceil_mode != 0};                                                    \
      return hearth::return_tensors(hearth::max_pool(context, rank, tensor_of(self), parameters), values, indices);    \
    });                                                                                                                \
  }

#define HEARTH_AVERAGE_POOL(rank)                                                                                      \
  HEARTH_SHIM AotiError aoti_torch_cpu_avg_pool##rank##d(                                                              \
      AtenTensorHandle self, const int64_t* kernel, int64_t kernel_count, const int64_t* stride, int64_t stride_count, \
      const int64_t* padding, int64_t padding_count, int32_t ceil_mode, int32_t count_include_pad,                     \
      int64_t* divisor_override, AtenTensorHandle* result) {                                                           \
    return hearth::guard_kernel(__func__, [&](const auto& context) {                                                   \
      const PoolParameters parameters{.kernel = list_of(kernel, kernel_count),                                         \
                                      .stride = list_of(stride, stride_count),                                         \
                                      .padding = list_of(padding, padding_count),                                      \
                                      .ceil_mode = ceil_mode != 0,                                                     \
                                      .count_include_pad = count_include_pad != 0,                                     \
                                      .divisor_override = hearth::optional_of(divisor_override)};                      \
      return hearth::return_tensor(hearth::average_pool(context, rank, tensor_of(self), parameters), result);          \
    });                                                                                                                \
  }

#define HEARTH_ADAPTIVE_POOLS(rank)                                                                                \
  HEARTH_SHIM AotiError aoti_torch_cpu__adaptive_avg_pool##rank##d(AtenTensorHandle self, const int64_t* size,     \
                                                                   int64_t size_count, AtenTensorHandle* result) { \
    return hearth::guard_kernel(__func__, [&](const auto& context) {                                               \
      return hearth::return_tensor(                                                                                \
          hearth::adaptive_average_pool(context, rank, tensor_of(self), list_of(size, size_count)), result);       \
    });                                                                                                            \
  }                                                                                                                \
  HEARTH_SHIM AotiError aoti_torch_cpu_adaptive_max_pool##rank##d(AtenTensorHandle self, const int64_t* size,      \
                                                                  int64_t size_count, AtenTensorHandle* values,    \
                                                                  AtenTensorHandle* indices) {                     \
    return hearth::guard_kernel(__func__, [&](const auto& context) {                                               \
      return hearth::return_tensors(                                                                               \
          hearth::adaptive_max_pool(context, rank, tensor_of(self), list_of(size, size_count)), values, indices);  \
    });                                                                                                            \
  }

HEARTH_MAX_POOL(2)
HEARTH_MAX_POOL(3)
HEARTH_AVERAGE_POOL(2)
HEARTH_AVERAGE_POOL(3)
HEARTH_ADAPTIVE_POOLS(2)
HEARTH_ADAPTIVE_POOLS(3)
