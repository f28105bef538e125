// Linear algebra. What AOTInductor has no C function for is in fallback_operators.cc.

#include "aoti/shim_arguments.h"
#include "kernels/linear_algebra.h"

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::tensor_of;

/// The flags may ask for less than all three, which are given all the same.
HEARTH_SHIM AotiError aoti_torch_cpu_lu_unpack(AtenTensorHandle factors, AtenTensorHandle pivots, int32_t, int32_t,
                                               AtenTensorHandle* permutation, AtenTensorHandle* lower,
                                               AtenTensorHandle* upper) {
  return hearth::guard_kernel(__func__, [&](const auto& context) -> hearth::Status {
    HEARTH_ASSIGN_OR_RETURN(auto parts, hearth::unpack_lu(context, tensor_of(factors), tensor_of(pivots)));
    HEARTH_RETURN_IF_ERROR(hearth::return_tensor(std::move(std::get<0>(parts)), permutation));
    HEARTH_RETURN_IF_ERROR(hearth::return_tensor(std::move(std::get<1>(parts)), lower));
    HEARTH_RETURN_IF_ERROR(hearth::return_tensor(std::move(std::get<2>(parts)), upper));
    return {};
  });
}
