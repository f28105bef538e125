#pragma once

#include "hal/device.h"

namespace hearth {

/// A stream whose work is done when the call returns, for devices in host memory.
class HostStream final : public Stream {
 public:
  Status synchronize() override { return {}; }
};

/// An event of such a stream: always passed.
class HostEvent final : public Event {
 public:
  Status record(Stream&) override { return {}; }
  Status wait(Stream&) override { return {}; }
  Result<bool> query() override { return true; }
};

/// A pool for such streams: it keeps nothing, the device's own allocator does.
class HostPool final : public StreamOrderedPool {
 public:
  explicit HostPool(Device& device) : device_(device) {}
  Result<DeviceMemory> allocate(Stream&, size_t size) override { return device_.allocate(size); }
  void free(Stream&, DeviceMemory memory) override { device_.free(memory); }
  void trim() override {}

 private:
  Device& device_;
};

}  // namespace hearth
