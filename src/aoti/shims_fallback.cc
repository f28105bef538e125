// Operators that generated code calls by name: AOTInductor's proxy executor.

#include "aoti/fallback_nodes.h"
#include "aoti/shim_arguments.h"

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::Status;

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
    std::vector<hearth::Tensor*> tensors;
    for (int i = 0; i < tensor_count; ++i) tensors.push_back(&handles[i]->tensor);
    HEARTH_RETURN_IF_ERROR(
        hearth::call_fallback_node(*context, called, hearth::list_of(integers, integer_count), tensors));
    for (int i = 0; i < tensor_count; ++i) hearth::tensor_of(handles[i]);
    return {};
  });
}
