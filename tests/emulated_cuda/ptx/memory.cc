#include "emulated_cuda/ptx/memory.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "base/errors.h"

namespace hearth::ptx {
namespace {

constexpr size_t kGuardBytes = 4096;
constexpr size_t kLeastAlignment = 256;
constexpr size_t kMostAlignment = 4096;

// Calls visit(word, mask) for the parts of a bitmap that hold the bits [first, first + count).
template <typename Visit>
bool visit_bits(size_t first, size_t count, Visit visit) {
  while (count > 0) {
    const size_t shift = first % 64;
    const size_t here = std::min(count, 64 - shift);
    const uint64_t mask = (here == 64 ? ~uint64_t{0} : (uint64_t{1} << here) - 1) << shift;
    if (!visit(first / 64, mask)) return false;
    first += here;
    count -= here;
  }
  return true;
}

}  // namespace

Allocation::Allocation(size_t bytes, size_t alignment, std::unique_ptr<std::byte[]> storage)
    : bytes_(bytes), storage_(std::move(storage)), written_((bytes + 63) / 64) {
  const auto begin = reinterpret_cast<uint64_t>(storage_.get()) + kGuardBytes;
  address_ = (begin + alignment - 1) / alignment * alignment;
  data_ = storage_.get() + (address_ - reinterpret_cast<uint64_t>(storage_.get()));
}

size_t Allocation::storage_bytes(size_t bytes, size_t alignment) { return bytes + 2 * kGuardBytes + alignment; }

void Allocation::mark_written(uint64_t address, size_t bytes, bool written) {
  visit_bits(address - address_, bytes, [&](size_t word, uint64_t mask) {
    written_[word] = written ? written_[word] | mask : written_[word] & ~mask;
    return true;
  });
}

bool Allocation::written(uint64_t address, size_t bytes) const {
  return visit_bits(address - address_, bytes,
                    [&](size_t word, uint64_t mask) { return (written_[word] & mask) == mask; });
}

Result<uint64_t> Memory::allocate(size_t bytes, size_t alignment) {
  if (bytes == 0) return invalid_argument("an allocation must have at least one byte");
  if (!std::has_single_bit(alignment) || alignment > kMostAlignment) {
    return invalid_argument("the alignment {} is not a power of two of at most {}", alignment, kMostAlignment);
  }
  if (bytes > capacity_ - allocated_bytes_) {
    return error(StatusCode::kOutOfMemory, "{} bytes were asked for; {} of {} are free", bytes,
                 capacity_ - allocated_bytes_, capacity_);
  }
  alignment = std::max(alignment, kLeastAlignment);
  const size_t storage_bytes = Allocation::storage_bytes(bytes, alignment);
  std::unique_ptr<std::byte[]> storage(new (std::nothrow) std::byte[storage_bytes]);
  if (storage == nullptr) {
    return error(StatusCode::kOutOfMemory, "{} bytes were asked for, which this machine does not have", bytes);
  }
  auto allocation = std::make_unique<Allocation>(bytes, alignment, std::move(storage));
  const uint64_t address = allocation->address();
  allocated_bytes_ += bytes;
  allocations_.emplace(address, std::move(allocation));
  return address;
}

Status Memory::free(uint64_t address) {
  const auto found = allocations_.find(address);
  if (found == allocations_.end()) {
    return invalid_argument("0x{:x} is no allocation that could be freed: it lies {}", address, describe(address));
  }
  if (last_ == found->second.get()) last_ = nullptr;
  allocated_bytes_ -= found->second->bytes();
  allocations_.erase(found);
  return {};
}

Allocation* Memory::containing(uint64_t address) {
  if (last_ != nullptr && last_->contains(address, 1)) return last_;
  auto next = allocations_.upper_bound(address);
  if (next == allocations_.begin()) return nullptr;
  Allocation* allocation = std::prev(next)->second.get();
  if (!allocation->contains(address, 1)) return nullptr;
  last_ = allocation;
  return allocation;
}

std::byte* Memory::find(uint64_t address, size_t bytes) {
  Allocation* allocation = containing(address);
  if (allocation == nullptr || !allocation->contains(address, bytes)) return nullptr;
  return allocation->data() + (address - allocation->address());
}

void Memory::mark_written(uint64_t address, size_t bytes) {
  if (find(address, bytes) != nullptr) containing(address)->mark_written(address, bytes);
}

bool Memory::written(uint64_t address, size_t bytes) {
  return find(address, bytes) != nullptr && containing(address)->written(address, bytes);
}

Status Memory::copy(uint64_t to, uint64_t from, size_t bytes) {
  if (bytes == 0) return {};
  const std::byte* source = find(from, bytes);
  if (source == nullptr) return invalid_argument("cannot copy {} bytes from 0x{:x}: {}", bytes, from, describe(from));
  std::byte* target = find(to, bytes);
  if (target == nullptr) return invalid_argument("cannot copy {} bytes to 0x{:x}: {}", bytes, to, describe(to));
  std::vector<bool> written(bytes);
  const Allocation* source_allocation = containing(from);
  for (size_t i = 0; i < bytes; ++i) written[i] = source_allocation->written(from + i, 1);
  Allocation* target_allocation = containing(to);
  for (size_t i = 0; i < bytes; ++i) target_allocation->mark_written(to + i, 1, written[i]);
  std::memmove(target, source, bytes);
  return {};
}

std::string Memory::describe(uint64_t address) const {
  const auto next = allocations_.upper_bound(address);
  if (next != allocations_.begin()) {
    const Allocation& before = *std::prev(next)->second;
    if (before.contains(address, 1)) {
      return fmt::format("{} bytes inside the allocation of {} bytes at 0x{:x}", address - before.address(),
                         before.bytes(), before.address());
    }
    const uint64_t beyond = address - before.address() - before.bytes();
    if (beyond < (uint64_t{1} << 24)) {
      return fmt::format("{} bytes after the end of the allocation of {} bytes at 0x{:x}", beyond, before.bytes(),
                         before.address());
    }
  }
  if (next != allocations_.end() && next->first - address < (uint64_t{1} << 24)) {
    return fmt::format("{} bytes before the allocation of {} bytes at 0x{:x}", next->first - address,
                       next->second->bytes(), next->first);
  }
  return "near no allocation";
}

}  // namespace hearth::ptx
