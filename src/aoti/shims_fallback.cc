// Operators that generated code calls by name: AOTInductor's proxy executor.

#include "aoti/fallback_nodes.h"
#include "aoti/shim_arguments.h"

namespace hearth {
namespace {

/// Calls a node on a detour through the host. The handles to fill hold undefined tensors.
Status call_on_copies(const KernelContext& host, const FallbackNode& node, std::span<const int64_t> integers,
                      std::span<const AtenTensorHandle> handles) {
  std::vector<Tensor> copies;
  for (const AtenTensorHandle handle : handles) copies.push_back(tensor_of(handle));
  std::vector<Tensor*> tensors;
  for (Tensor& copy : copies) tensors.push_back(&copy);
  HEARTH_RETURN_IF_ERROR(call_fallback_node(host, node, integers, tensors));
  for (size_t i = 0; i < handles.size(); ++i) {
    if (handles[i]->tensor.defined()) continue;
    HEARTH_ASSIGN_OR_RETURN(handles[i]->tensor, HostDetour::active()->bring(copies[i]));
  }
  return {};
}

}  // namespace
}  // namespace hearth

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::Status;
using hearth::Tensor;

/// `executor` is what Module hands to a run: its nodes. `node` is a position among them.
HEARTH_SHIM AotiError aoti_torch_proxy_executor_call_function(void* executor, int node, int integer_count,
                                                              int64_t* integers, int tensor_count,
                                                              AtenTensorHandle* handles) {
  return hearth::guard_shim(__func__, [&]() -> Status {
    const hearth::KernelContext* context = hearth::current_kernel_context();
    const auto* nodes = static_cast<const std::vector<hearth::FallbackNode>*>(executor);
    if (context == nullptr || nodes == nullptr || node < 0 || static_cast<size_t>(node) >= nodes->size()) {
      return hearth::invalid_argument("the file lists no operator with the number {}", node);
    }
    const hearth::FallbackNode& called = (*nodes)[static_cast<size_t>(node)];
    const hearth::ScopedCall call(called.name);
    const std::span arguments(handles, static_cast<size_t>(std::max(tensor_count, 0)));
    if (context->gpu != nullptr) {
      return hearth::run_on_host(*context, [&](const hearth::KernelContext& host) {
        return hearth::call_on_copies(host, called, hearth::list_of(integers, integer_count), arguments);
      });
    }
    std::vector<Tensor*> tensors;
    for (const AtenTensorHandle handle : arguments) tensors.push_back(&handle->tensor);
    HEARTH_RETURN_IF_ERROR(
        hearth::call_fallback_node(*context, called, hearth::list_of(integers, integer_count), tensors));
    for (const AtenTensorHandle handle : arguments) hearth::tensor_of(handle);
    return {};
  });
}
