#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hearth/status.h"

namespace hearth {

struct DeviceProperties {
  std::string name;           ///< "cpu", "null", "cuda:0"
  std::string description;    ///< For people: the processor's own name.
  uint64_t memory_bytes = 0;  ///< 0: unknown
  int compute_units = 0;      ///< Processors that may run work at once.
  bool host_memory = false;   ///< map() costs nothing: device memory is ordinary memory.
  bool executes = false;      ///< False for a device that only counts (null).
};

/// Device memory. An opaque address; for host_memory devices it is an ordinary pointer.
struct DeviceMemory {
  void* address = nullptr;
  size_t size = 0;
};

class Stream;
class Event;
class DeviceModule;

/// The hardware contract. Every implementation passes hal/cts; hal/null is the template for a new one. Thread-safe
/// unless said otherwise.
class Device {
 public:
  virtual ~Device() = default;
  virtual const DeviceProperties& properties() const = 0;

  /// `size` bytes aligned to 64; size 0 gives an address that is not null. kOutOfMemory.
  virtual Result<DeviceMemory> allocate(size_t size) = 0;
  virtual void free(DeviceMemory memory) = 0;

  /// In stream order. Ranges must not overlap.
  virtual Status copy_to_device(Stream& stream, DeviceMemory to, size_t to_offset, std::span<const std::byte> from) = 0;
  virtual Status copy_to_host(Stream& stream, std::span<std::byte> to, DeviceMemory from, size_t from_offset) = 0;
  virtual Status copy(Stream& stream, DeviceMemory to, size_t to_offset, DeviceMemory from, size_t from_offset,
                      size_t size) = 0;
  virtual Status fill(Stream& stream, DeviceMemory memory, size_t offset, size_t size, std::byte value) = 0;
  /// The memory as the host sees it; kUnavailable where that needs a copy.
  virtual Result<std::span<std::byte>> map(DeviceMemory memory) = 0;

  virtual Result<std::unique_ptr<Stream>> create_stream() = 0;
  virtual Result<std::unique_ptr<Event>> create_event() = 0;
  /// Loads device code (PTX, a Metal library…). kUnavailable on devices that run host code only.
  virtual Result<std::unique_ptr<DeviceModule>> load_module(std::span<const std::byte> code) = 0;
};

/// Work in order. Used from one thread at a time.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Waits until all work so far is done; returns its first error.
  virtual Status synchronize() = 0;
};

/// A point in a stream's work.
class Event {
 public:
  virtual ~Event() = default;
  virtual Status record(Stream& stream) = 0;
  /// Makes later work of `stream` wait for the recorded point.
  virtual Status wait(Stream& stream) = 0;
  /// True when the recorded point has been passed. An event that was never recorded has passed.
  virtual Result<bool> query() = 0;
};

struct LaunchShape {
  uint32_t grid[3] = {1, 1, 1};
  uint32_t block[3] = {1, 1, 1};
  uint32_t shared_bytes = 0;
};

/// Loaded device code.
class DeviceModule {
 public:
  virtual ~DeviceModule() = default;
  virtual Status launch(Stream& stream, const std::string& function, const LaunchShape& shape,
                        std::span<void*> arguments) = 0;
};

/// A device by the name a user gives: "cpu", "null"; "auto" is the best one here. kUnavailable with the names that
/// exist.
Result<std::shared_ptr<Device>> open_device(const std::string& name);
/// Every device of this machine, best first; null comes last.
std::vector<DeviceProperties> list_devices();

}  // namespace hearth
