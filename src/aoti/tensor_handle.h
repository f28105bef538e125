#pragma once

#include <vector>

#include "hearth/tensor.h"

namespace hearth {

/// What generated code knows as an AtenTensorHandle.
struct TensorHandle {
  Tensor tensor;
};

using AtenTensorHandle = TensorHandle*;

/// A new handle. Freed handles are kept for reuse on their thread, so that a steady run allocates none.
AtenTensorHandle new_handle(Tensor tensor);
/// Null is allowed.
void delete_handle(AtenTensorHandle handle);

/// Collects, on this thread, the handles that aoti_torch_new_tensor_handle makes: generated code leaks those of a bind.
class ScopedHandleRecorder {
 public:
  explicit ScopedHandleRecorder(std::vector<AtenTensorHandle>& handles);
  ~ScopedHandleRecorder();
  ScopedHandleRecorder(const ScopedHandleRecorder&) = delete;
  ScopedHandleRecorder& operator=(const ScopedHandleRecorder&) = delete;

  /// Called by the shim.
  static void record(AtenTensorHandle handle);

 private:
  std::vector<AtenTensorHandle>* previous_;
};

}  // namespace hearth
