#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hearth/status.h"

namespace hearth::ptx {

/// One piece of device memory with its guard zones, and which of its bytes were ever written.
class Allocation {
 public:
  /// `storage` has `storage_bytes(bytes, alignment)` bytes.
  Allocation(size_t bytes, size_t alignment, std::unique_ptr<std::byte[]> storage);
  static size_t storage_bytes(size_t bytes, size_t alignment);

  uint64_t address() const { return address_; }
  size_t bytes() const { return bytes_; }
  std::byte* data() const { return data_; }
  bool contains(uint64_t address, size_t bytes) const {
    return address >= address_ && address - address_ <= bytes_ && bytes <= bytes_ - (address - address_);
  }
  void mark_written(uint64_t address, size_t bytes, bool written = true);
  bool written(uint64_t address, size_t bytes) const;

 private:
  size_t bytes_;
  std::unique_ptr<std::byte[]> storage_;
  std::byte* data_;
  uint64_t address_;
  std::vector<uint64_t> written_;  // One bit for each byte.
};

/// The memory of an emulated device. A device address is the address of the same byte in this process, so that it
/// differs from every host pointer and the driver can copy without a translation. Around each allocation lie guard
/// zones of 4 KiB that belong to nobody. Not thread-safe: callers take turns with each other and with `run`.
class Memory {
 public:
  /// A device with `capacity` bytes.
  explicit Memory(size_t capacity = size_t{8} << 30) : capacity_(capacity) {}

  /// Memory that was not written yet, of at least one byte. `alignment` is a power of two, at most 4096; less than 256
  /// is taken as 256. Fails with kOutOfMemory beyond the capacity, or this
  /// machine's.
  Result<uint64_t> allocate(size_t bytes, size_t alignment = 256);
  /// Fails unless `address` is what `allocate` returned and was not freed since.
  Status free(uint64_t address);

  /// The bytes at an address, or null when they do not lie inside one allocation. Writing to them must be followed by
  /// `mark_written`.
  std::byte* find(uint64_t address, size_t bytes);
  /// The allocation that has the address inside, or null. Valid until it is freed.
  Allocation* containing(uint64_t address);
  /// Both do nothing, or give false, when the bytes do not lie inside one allocation.
  void mark_written(uint64_t address, size_t bytes);
  bool written(uint64_t address, size_t bytes);
  /// Copies within the device, and what is known of the bytes with them: bytes that were never written may be copied
  /// and stay unwritten. The ranges may overlap.
  Status copy(uint64_t to, uint64_t from, size_t bytes);

  size_t capacity() const { return capacity_; }
  size_t allocated_bytes() const { return allocated_bytes_; }
  size_t allocation_count() const { return allocations_.size(); }

  /// Where an address lies, for a message: "4 bytes after the end of the allocation of 64 bytes at 0x…".
  std::string describe(uint64_t address) const;

 private:
  size_t capacity_;
  size_t allocated_bytes_ = 0;
  std::map<uint64_t, std::unique_ptr<Allocation>> allocations_;
  Allocation* last_ = nullptr;
};

}  // namespace hearth::ptx
