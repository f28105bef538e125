#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

struct DeviceProperties {
  std::string name;            ///< "cpu", "null", "cuda:0"
  std::string description;     ///< For people: the processor's own name.
  std::string architecture{};  ///< What device code has to be for: "sm_80". Empty: load_module() takes none.
  std::string driver{};        ///< For people: what drives it: "driver 570 (CUDA 12.8)". Empty: nothing of its own.
  uint64_t memory_bytes = 0;   ///< 0: unknown
  uint32_t shared_bytes = 0;   ///< The most on-chip memory that the threads of a block can share.
  int compute_units = 0;       ///< Processors that may run work at once.
  MemoryKind memory = MemoryKind::kHost;
  bool host_memory = false;  ///< map() costs nothing: device memory is ordinary memory.
  bool executes = false;     ///< False for a device that only counts (null).
};

/// Device memory. An opaque address; for host_memory devices it is an ordinary pointer.
struct DeviceMemory {
  void* address = nullptr;
  size_t size = 0;
};

class Stream;
class Event;
class StreamOrderedPool;
class DeviceModule;

/// The hardware contract. Every implementation passes hal/cts; hal/null is the template for a new one. Thread-safe
/// unless said otherwise. What a device makes is used with that device alone, and destroyed before it.
class Device {
 public:
  virtual ~Device() = default;
  virtual const DeviceProperties& properties() const = 0;
  /// Bytes of its memory that no program uses. kUnavailable where that is not known.
  virtual Result<uint64_t> free_memory() const = 0;

  /// `size` bytes aligned to 64; size 0 gives an address that is not null. kOutOfMemory.
  virtual Result<DeviceMemory> allocate(size_t size) = 0;
  /// Work that was given to streams may still use the memory: where that matters, this waits for it.
  virtual void free(DeviceMemory memory) = 0;
  virtual Result<std::unique_ptr<StreamOrderedPool>> create_pool() = 0;
  /// Host memory that the device copies from and to by itself, while the host goes on. kOutOfMemory.
  virtual Result<std::span<std::byte>> allocate_staging(size_t size) = 0;
  /// After the work that uses it is done.
  virtual void free_staging(std::span<std::byte> memory) = 0;

  /// In stream order. Ranges must not overlap. What is copied from ordinary host memory may be changed as soon as the
  /// call returns; staging memory not before the copy is done. What is copied to the host is there when the stream has
  /// been synchronized.
  virtual Status copy_to_device(Stream& stream, DeviceMemory to, size_t to_offset, std::span<const std::byte> from) = 0;
  virtual Status copy_to_host(Stream& stream, std::span<std::byte> to, DeviceMemory from, size_t from_offset) = 0;
  virtual Status copy(Stream& stream, DeviceMemory to, size_t to_offset, DeviceMemory from, size_t from_offset,
                      size_t size) = 0;
  virtual Status fill(Stream& stream, DeviceMemory memory, size_t offset, size_t size, std::byte value) = 0;
  /// The memory as the host sees it; kUnavailable where that needs a copy.
  virtual Result<std::span<std::byte>> map(DeviceMemory memory) = 0;

  virtual Result<std::unique_ptr<Stream>> create_stream() = 0;
  virtual Result<std::unique_ptr<Event>> create_event() = 0;
  /// Loads device code (PTX, a Metal library…). kUnavailable on devices that run host code only, and where the driver
  /// or the device is too old for the code; kInvalidFile for what is no code.
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

/// Memory that one owner takes and gives back in the order of a stream's work: neither waits for the device, and what
/// was given back serves the next allocation. Thread-safe. All memory is given back before the pool is destroyed, and
/// with it everything that the pool holds goes back to the device, as soon as the work that uses it is done.
class StreamOrderedPool {
 public:
  virtual ~StreamOrderedPool() = default;
  /// For work that `stream` is given from now on, and for other streams' after an event. Sizes as in
  /// Device::allocate. kOutOfMemory.
  virtual Result<DeviceMemory> allocate(Stream& stream, size_t size) = 0;
  /// Once the work is done that `stream` has been given so far.
  virtual void free(Stream& stream, DeviceMemory memory) = 0;
  /// Gives back to the device what nobody uses.
  virtual void trim() = 0;
};

struct Extent {
  uint32_t x = 1;
  uint32_t y = 1;
  uint32_t z = 1;
};

struct LaunchShape {
  Extent grid{};              ///< Blocks.
  Extent block{};             ///< Threads of each.
  uint32_t shared_bytes = 0;  ///< On-chip memory for each block, beside what the function declares.
};

/// What the compiled function needs.
struct FunctionAttributes {
  int max_threads = 0;        ///< Of a block.
  int registers = 0;          ///< Of a thread.
  uint32_t shared_bytes = 0;  ///< Of a block, declared in the code.
  uint32_t local_bytes = 0;   ///< Of a thread, in device memory: what does not fit into registers.
};

/// A function of device code, looked up once: launching it costs no search. Belongs to its module. Thread-safe.
class DeviceFunction {
 public:
  virtual ~DeviceFunction() = default;
  virtual const FunctionAttributes& attributes() const = 0;
  /// Allows launches with as much LaunchShape::shared_bytes; without this call 48 KiB less what the function declares.
  /// kInvalidArgument when the device has less.
  virtual Status allow_shared_bytes(uint32_t bytes) = 0;
  /// `arguments`: one pointer for each of the function's parameters, to its value, which is read before this returns.
  /// Errors of the code itself come with the stream's synchronize().
  virtual Status launch(Stream& stream, const LaunchShape& shape, std::span<void* const> arguments) = 0;
};

/// Loaded device code. Thread-safe.
class DeviceModule {
 public:
  virtual ~DeviceModule() = default;
  /// Lives as long as the module; the same one for the same name. kNotFound.
  virtual Result<DeviceFunction*> function(const std::string& name) = 0;
  /// A variable of the code, as memory of the device. kNotFound.
  virtual Result<DeviceMemory> variable(const std::string& name) = 0;
};

/// A device by the name a user gives: "cpu", "null", "cuda" (the first NVIDIA GPU), "cuda:1". kUnavailable says what is
/// missing, or the names that exist. What "auto" is depends on the model: choose_device() of model/target_choice.h.
Result<std::shared_ptr<Device>> open_device(const std::string& name);
/// Every device of this machine, best first; null comes last.
std::vector<DeviceProperties> list_devices();

/// A kind of device that Hearth knows and that this machine does not have.
struct MissingDevice {
  std::string name;  ///< "cuda"
  std::string why;   ///< What is missing, and what to do.
};
std::vector<MissingDevice> missing_devices();

}  // namespace hearth
