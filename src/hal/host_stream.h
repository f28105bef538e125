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

/// Success when [offset, offset + size) lies in `memory`; kInvalidArgument otherwise.
Status check_range(DeviceMemory memory, size_t offset, size_t size);

}  // namespace hearth
