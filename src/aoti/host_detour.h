#pragma once

#include <deque>

#include "hearth/status.h"
#include "hearth/tensor.h"
#include "kernels/context.h"

namespace hearth {

/// While it lives, this thread's shims compute on the host what a run on a GPU has no kernel for: tensor_of() and
/// output_of() give copies in the host's memory of what lies on the GPU, and return_tensor() brings results there.
class HostDetour {
 public:
  /// `context` is that of a run on a GPU, and outlives the object.
  explicit HostDetour(const KernelContext& context);
  ~HostDetour();
  HostDetour(const HostDetour&) = delete;
  HostDetour& operator=(const HostDetour&) = delete;

  /// For what computes on the host.
  const KernelContext& context() const { return host_; }
  /// `tensor` as the host sees it: a copy, or a constant's original where the host has it, so that it is packed once.
  /// The reference lasts as long as this object. Undefined when copying failed, of which finish() tells.
  const Tensor& read(const Tensor& tensor) { return copy_of(tensor).host; }
  /// The same for one that is written to: finish() copies it back.
  const Tensor& write(const Tensor& tensor);
  /// A result on the GPU, with its strides; on the host where operands were given, and all of them lie there.
  Result<Tensor> bring(Tensor result);
  /// After the computation, whose status is `computed`: the first failure, or else what was written is copied back.
  Status finish(const Status& computed);

  /// This thread's; null nearly always.
  static HostDetour* active() { return active_; }

 private:
  struct Copy {
    const Tensor* original;
    Tensor host;  ///< Undefined when copying failed.
    bool written = false;
  };
  Copy& copy_of(const Tensor& tensor);
  Result<Tensor> copy_to_host(const Tensor& tensor);

  // As Profile's: read by every shim.
  [[gnu::tls_model("initial-exec")]] static constinit thread_local HostDetour* active_;

  const KernelContext& gpu_;
  KernelContext host_;
  std::deque<Copy> copies_;
  bool has_gpu_operand_ = false;
  Status copied_;
};

/// Runs the body of a shim, which takes a context, on the host for a run on a GPU.
template <typename Body>
Status run_on_host(const KernelContext& context, Body&& body) {
  HostDetour detour(context);
  return detour.finish(body(detour.context()));
}

}  // namespace hearth
