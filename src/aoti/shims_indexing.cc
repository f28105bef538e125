// Indexing, scattering and masks.

#include "aoti/shim_arguments.h"
#include "kernels/cuda/copy.h"
#include "kernels/cuda/indexing.h"
#include "kernels/indexing.h"
#include "kernels/operands.h"
#include "tensor/copy.h"

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::output_of;
using hearth::Reduction;
using hearth::return_tensor;
using hearth::Status;
using hearth::Tensor;
using hearth::tensor_of;
using hearth::tensors_of;

HEARTH_SHIM AotiError aoti_torch_cpu_index_Tensor(AtenTensorHandle self, const AtenTensorHandle** indices,
                                                  int64_t count, AtenTensorHandle* result) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    const auto index = context.gpu ? hearth::gpu::index : hearth::index;
    return return_tensor(index(context, tensor_of(self), tensors_of(indices, count)), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_index_put(AtenTensorHandle self, const AtenTensorHandle** indices, int64_t count,
                                               AtenTensorHandle values, int32_t accumulate, AtenTensorHandle* result) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) -> Status {
    const auto index_put = context.gpu ? hearth::gpu::index_put_in_place : hearth::index_put_in_place;
    HEARTH_RETURN_IF_ERROR(hearth::check_defined("index_put", "self", tensor_of(self)));
    HEARTH_ASSIGN_OR_RETURN(Tensor copy, context.gpu ? hearth::gpu::clone(context, tensor_of(self))
                                                     : hearth::clone(*context.pool, tensor_of(self)));
    HEARTH_RETURN_IF_ERROR(index_put(context, copy, tensors_of(indices, count), tensor_of(values), accumulate != 0));
    return return_tensor(std::move(copy), result);
  });
}

/// Generated code calls it with out == self.
HEARTH_SHIM AotiError aoti_torch_index_put_out(AtenTensorHandle out, AtenTensorHandle self,
                                               const AtenTensorHandle* indices, uint32_t count, AtenTensorHandle values,
                                               bool accumulate) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) -> Status {
    const auto index_put = context.gpu ? hearth::gpu::index_put_in_place : hearth::index_put_in_place;
    HEARTH_RETURN_IF_ERROR(hearth::check_defined("index_put", "out", output_of(out)));
    HEARTH_RETURN_IF_ERROR(hearth::check_defined("index_put", "self", tensor_of(self)));
    if (output_of(out).data() != tensor_of(self).data()) {
      HEARTH_RETURN_IF_ERROR(context.gpu ? hearth::gpu::copy_strided(*context.gpu, output_of(out), tensor_of(self))
                                         : hearth::copy_strided(output_of(out), tensor_of(self)));
    }
    return index_put(context, output_of(out), tensors_of(indices, count), tensor_of(values), accumulate);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_index_reduce(AtenTensorHandle self, int64_t dim, AtenTensorHandle index,
                                                  AtenTensorHandle source, const char* reduce, int32_t include_self,
                                                  AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) -> Status {
    HEARTH_ASSIGN_OR_RETURN(const Reduction reduction, hearth::parse_reduction(reduce));
    return return_tensor(hearth::index_reduce(context, tensor_of(self), dim, tensor_of(index), tensor_of(source),
                                              reduction, include_self != 0),
                         result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_scatter_src_out(AtenTensorHandle out, AtenTensorHandle self, int64_t dim,
                                                     AtenTensorHandle index, AtenTensorHandle source) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    const auto scatter = context.gpu ? hearth::gpu::scatter : hearth::scatter;
    return scatter(context, output_of(out), tensor_of(self), dim, tensor_of(index), tensor_of(source),
                   Reduction::kReplace, true);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_scatter_value_out(AtenTensorHandle out, AtenTensorHandle self, int64_t dim,
                                                       AtenTensorHandle index, double value) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    const auto scatter_value = context.gpu ? hearth::gpu::scatter_value : hearth::scatter_value;
    return scatter_value(context, output_of(out), tensor_of(self), dim, tensor_of(index), value);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_scatter_reduce_two_out(AtenTensorHandle out, AtenTensorHandle self, int64_t dim,
                                                            AtenTensorHandle index, AtenTensorHandle source,
                                                            const char* reduce, int32_t include_self) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) -> Status {
    const auto scatter = context.gpu ? hearth::gpu::scatter : hearth::scatter;
    HEARTH_ASSIGN_OR_RETURN(const Reduction reduction, hearth::parse_reduction(reduce));
    return scatter(context, output_of(out), tensor_of(self), dim, tensor_of(index), tensor_of(source), reduction,
                   include_self != 0);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_nonzero(AtenTensorHandle self, AtenTensorHandle* result) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    return return_tensor((context.gpu ? hearth::gpu::nonzero : hearth::nonzero)(context, tensor_of(self)), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_masked_select(AtenTensorHandle self, AtenTensorHandle mask,
                                                   AtenTensorHandle* result) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    const auto masked_select = context.gpu ? hearth::gpu::masked_select : hearth::masked_select;
    return return_tensor(masked_select(context, tensor_of(self), tensor_of(mask)), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_masked_scatter(AtenTensorHandle self, AtenTensorHandle mask,
                                                    AtenTensorHandle source, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return return_tensor(hearth::masked_scatter(context, tensor_of(self), tensor_of(mask), tensor_of(source)), result);
  });
}
