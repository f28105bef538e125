// Sorting, searching and running results.

#include "aoti/shim_arguments.h"
#include "kernels/cuda/sorting.h"
#include "kernels/scan.h"
#include "kernels/sorting.h"

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::return_tensor;
using hearth::return_tensors;
using hearth::Status;
using hearth::Tensor;
using hearth::tensor_of;

HEARTH_SHIM AotiError aoti_torch_cpu_sort(AtenTensorHandle self, int64_t dim, int32_t descending,
                                          AtenTensorHandle* values, AtenTensorHandle* indices) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    const auto sort = context.gpu ? hearth::gpu::sort : hearth::sort;
    return return_tensors(sort(context, tensor_of(self), dim, descending != 0), values, indices);
  });
}

/// `stable` asks for nothing: every sort is stable.
HEARTH_SHIM AotiError aoti_torch_cpu_sort_stable(AtenTensorHandle self, int32_t*, int64_t dim, int32_t descending,
                                                 AtenTensorHandle* values, AtenTensorHandle* indices) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    const auto sort = context.gpu ? hearth::gpu::sort : hearth::sort;
    return return_tensors(sort(context, tensor_of(self), dim, descending != 0), values, indices);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_topk(AtenTensorHandle self, int64_t k, int64_t dim, int32_t largest, int32_t,
                                          AtenTensorHandle* values, AtenTensorHandle* indices) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    const auto top_k = context.gpu ? hearth::gpu::top_k : hearth::top_k;
    return return_tensors(top_k(context, tensor_of(self), k, dim, largest != 0), values, indices);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_kthvalue(AtenTensorHandle self, int64_t k, int64_t dim, int32_t keepdim,
                                              AtenTensorHandle* values, AtenTensorHandle* indices) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensors(hearth::kth_value(context, tensor_of(self), k, dim, keepdim != 0), values, indices);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_mode(AtenTensorHandle self, int64_t dim, int32_t keepdim, AtenTensorHandle* values,
                                          AtenTensorHandle* indices) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensors(hearth::mode(context, tensor_of(self), dim, keepdim != 0), values, indices);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_median(AtenTensorHandle self, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::median(context, tensor_of(self), /*leave_out_nan=*/false), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_nanmedian(AtenTensorHandle self, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::median(context, tensor_of(self), /*leave_out_nan=*/true), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_bucketize_Tensor(AtenTensorHandle self, AtenTensorHandle boundaries,
                                                      int32_t out_int32, int32_t right, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(
        hearth::search_sorted(context, tensor_of(boundaries), tensor_of(self), out_int32 != 0, right != 0, Tensor()),
        result);
  });
}

namespace {

/// `side`, where it is given, says the same as `right`.
bool searches_right(int32_t right, const char** side) {
  return right != 0 || (side != nullptr && std::string_view(*side) == "right");
}

}  // namespace

HEARTH_SHIM AotiError aoti_torch_cpu_searchsorted_Tensor(AtenTensorHandle sorted_sequence, AtenTensorHandle self,
                                                         int32_t out_int32, int32_t right, const char** side,
                                                         AtenTensorHandle* sorter, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::search_sorted(context, tensor_of(sorted_sequence), tensor_of(self), out_int32 != 0,
                                               searches_right(right, side), tensor_of(sorter)),
                         result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_searchsorted_Scalar(AtenTensorHandle sorted_sequence, double self,
                                                         int32_t out_int32, int32_t right, const char** side,
                                                         AtenTensorHandle* sorter, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) -> Status {
    HEARTH_ASSIGN_OR_RETURN(const Tensor value, Tensor::borrow(hearth::DType::kFloat64, {}, &self));
    return return_tensor(hearth::search_sorted(context, tensor_of(sorted_sequence), value, out_int32 != 0,
                                               searches_right(right, side), tensor_of(sorter)),
                         result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_histc(AtenTensorHandle self, int64_t bins, double min, double max,
                                           AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::histogram(context, tensor_of(self), bins, min, max), result);
  });
}

namespace {

using Accumulate = hearth::Result<Tensor> (*)(const hearth::KernelContext&, const Tensor&, int64_t,
                                              std::optional<hearth::DType>);

AotiError accumulate(const char* shim, Accumulate kernel, AtenTensorHandle self, int64_t dim, const int32_t* dtype,
                     AtenTensorHandle* result) {
  return hearth::guard_kernel(shim, [&](const auto& context) -> Status {
    HEARTH_ASSIGN_OR_RETURN(const auto wanted, hearth::optional_dtype_of(dtype));
    return return_tensor(kernel(context, tensor_of(self), dim, wanted), result);
  });
}

}  // namespace

HEARTH_SHIM AotiError aoti_torch_cpu_cumsum(AtenTensorHandle self, int64_t dim, int32_t* dtype,
                                            AtenTensorHandle* result) {
  return accumulate(__func__, hearth::cumulative_sum, self, dim, dtype, result);
}

HEARTH_SHIM AotiError aoti_torch_cpu_cumprod(AtenTensorHandle self, int64_t dim, int32_t* dtype,
                                             AtenTensorHandle* result) {
  return accumulate(__func__, hearth::cumulative_product, self, dim, dtype, result);
}

HEARTH_SHIM AotiError aoti_torch_cpu_logcumsumexp(AtenTensorHandle self, int64_t dim, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::cumulative_logsumexp(context, tensor_of(self), dim), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_cummax(AtenTensorHandle self, int64_t dim, AtenTensorHandle* values,
                                            AtenTensorHandle* indices) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensors(hearth::cumulative_maximum(context, tensor_of(self), dim), values, indices);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_cummin(AtenTensorHandle self, int64_t dim, AtenTensorHandle* values,
                                            AtenTensorHandle* indices) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensors(hearth::cumulative_minimum(context, tensor_of(self), dim), values, indices);
  });
}
