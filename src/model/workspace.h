#pragma once

#include <memory>

#include "hal/device.h"
#include "hal/memory_pool.h"
#include "hearth/status.h"

namespace hearth {

/// Where the host keeps what belongs to runs on `device`: its own memory, when that is the host's, else the CPU's.
std::shared_ptr<Device> host_of(std::shared_ptr<Device> device);

/// What the runs of one session, or of one batch, work in: memory, and on a GPU a stream. Used from one thread at a
/// time.
class Workspace {
 public:
  /// `memory`: the GPU's, for all workspaces of a model; null when the device is the host.
  Workspace(std::shared_ptr<Device> device, std::shared_ptr<StreamOrderedPool> memory);

  /// Where the device's code reads and writes. On a GPU in the order of stream()'s work.
  MemoryPool& temporaries() { return *temporaries_; }
  /// Where the host does: the same memory when the device is the host.
  MemoryPool& host() { return *host_; }
  const MemoryPool& host() const { return *host_; }
  /// The work of all runs, in order; null when the device is the host. Made by the first call.
  Result<Stream*> stream();

 private:
  class StreamChunks;

  std::shared_ptr<StreamChunks> gpu_;  ///< Null when the device is the host.
  std::shared_ptr<MemoryPool> temporaries_;
  std::shared_ptr<MemoryPool> host_;
};

}  // namespace hearth
