#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "hal/device.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// Where a MemoryPool's chunks come from. Thread-safe.
class ChunkSource {
 public:
  virtual ~ChunkSource() = default;
  /// As Device::allocate() and free().
  virtual Result<DeviceMemory> allocate(size_t size) = 0;
  virtual void free(DeviceMemory memory) = 0;
  virtual MemoryKind memory() const = 0;
};

/// Tensor memory of one session: chunks of memory that are cut into pieces as they are asked for and grow
/// together again as they are released, so that tensors follow one another in the same, warm memory, and a steady run
/// asks the device for nothing. Thread-safe; every tensor keeps the pool alive, so tensors may outlive the session.
/// Unused chunks go back to the device with the last reference, with trim(), and when larger ones replace them.
class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  /// Of the device's own memory.
  static std::shared_ptr<MemoryPool> create(std::shared_ptr<Device> device);
  static std::shared_ptr<MemoryPool> create(std::shared_ptr<ChunkSource> chunks);
  ~MemoryPool();

  /// Storage of at least `size` bytes, 64-byte aligned, uninitialised. kOutOfMemory.
  Result<StorageRef> allocate(size_t size);
  /// A strided tensor in pool memory; see Tensor::empty_strided for errors.
  Result<Tensor> empty_strided(DType dtype, std::span<const int64_t> shape, std::span<const int64_t> strides);
  Result<Tensor> empty(DType dtype, std::span<const int64_t> shape);

  /// Gives unused chunks back.
  void trim();

  struct Statistics {
    uint64_t device_allocations = 0;  ///< Chunks taken so far.
    size_t held_bytes = 0;            ///< From the device, in use or kept.
    size_t used_bytes = 0;
    size_t peak_held_bytes = 0;
  };
  Statistics statistics() const;

 private:
  class Piece;
  class Impl;
  explicit MemoryPool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth
