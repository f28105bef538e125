#pragma once

#include <memory>

#include "hal/device.h"
#include "hal/memory_pool.h"
#include "hearth/status.h"

namespace hearth {

/// What the runs of one session, or of one batch, work in: memory, and on a GPU a stream. Used from one thread at a
/// time.
class Workspace {
 public:
  explicit Workspace(std::shared_ptr<Device> device);

  /// Where the device's code reads and writes.
  MemoryPool& temporaries() { return *temporaries_; }
  const MemoryPool& temporaries() const { return *temporaries_; }
  /// Where the host does: the same memory when the device is the host.
  MemoryPool& host() { return *host_; }
  /// The work of all runs, in order; null when the device is the host. Made by the first call.
  Result<Stream*> stream();

 private:
  std::shared_ptr<Device> device_;
  std::shared_ptr<MemoryPool> temporaries_;
  std::shared_ptr<MemoryPool> host_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace hearth
