#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/thread_team.h"
#include "hal/memory_pool.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// Weights in the layout that a kernel wants, made once and shared by all sessions of a model. Thread-safe.
class PackedWeights {
 public:
  /// `on_packed` is told which bytes of a constant were packed and are no longer needed; when it fails, the packed form
  /// is dropped and get() returns the error. It may be empty.
  explicit PackedWeights(std::function<Status(std::span<const std::byte>)> on_packed = {});
  ~PackedWeights();
  PackedWeights(const PackedWeights&) = delete;
  PackedWeights& operator=(const PackedWeights&) = delete;

  /// The packed form of `weight` under `layout` (a name that includes every parameter of the layout), made by `pack` on
  /// the first call. Only for weights whose storage is_constant(): others change, and are refused with
  /// kInvalidArgument. Two threads that ask at once wait for one packing. The result stays valid while this object
  /// lives.
  Result<Tensor> get(const Tensor& weight, const std::string& layout,
                     FunctionRef<Result<Tensor>(const Tensor& weight)> pack);
  size_t byte_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

class Adapter;
class Device;
class GpuKernels;
class HostConstants;
class KeyValueCache;
class Stream;

/// What a run on a GPU works with beside the memory of its pool, which is the GPU's.
struct GpuWork {
  Device* device = nullptr;
  Stream* stream = nullptr;
  MemoryPool* host_pool = nullptr;  ///< For what the host computes.
  GpuKernels* kernels = nullptr;
  const HostConstants* host_constants = nullptr;  ///< Null: the host has none of the GPU's constants.
};

/// A sequence that a run goes on with.
struct StepSequence {
  /// All tokens of the run: of a sequence that is the only one.
  static constexpr int64_t kAllTokens = -1;

  KeyValueCache* cache = nullptr;
  int64_t tokens = kAllTokens;  ///< How many of the run's tokens are its: those after the ones of sequences before it.
  MemoryPool* pool = nullptr;   ///< For the cache's pages; null: the run's.
};

/// What a kernel may use while it runs. The pointers up to `packed` are set; all outlive the call.
struct KernelContext {
  ThreadTeam* team = nullptr;
  MemoryPool* pool = nullptr;
  PackedWeights* packed = nullptr;
  /// In the order of the run's tokens, each with a cache of its own; none: the run's tokens are all there are.
  std::span<const StepSequence> sequences{};
  const Adapter* adapter = nullptr;  ///< What is added to linear layers; null: nothing.
  const GpuWork* gpu = nullptr;      ///< Null: the host runs it.

  MemoryPool& host_pool() const { return gpu == nullptr ? *pool : *gpu->host_pool; }
};

/// The context of the run that the calling thread works in; null outside of one.
const KernelContext* current_kernel_context();

/// Makes `context` current on this thread for its lifetime.
class ScopedKernelContext {
 public:
  explicit ScopedKernelContext(const KernelContext& context);
  ~ScopedKernelContext();
  ScopedKernelContext(const ScopedKernelContext&) = delete;
  ScopedKernelContext& operator=(const ScopedKernelContext&) = delete;

 private:
  const KernelContext* previous_;
};

}  // namespace hearth
