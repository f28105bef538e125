#pragma once
#include <cstring>
#include <map>
#include <memory>
#include "base/errors.h"
namespace hearth::ptx {
class Memory {
 public:
  explicit Memory(size_t capacity) : capacity_(capacity) {}
  Result<uint64_t> allocate(size_t bytes, size_t = 256) {
    if (bytes > capacity_ - used_) return error(StatusCode::kOutOfMemory, "out of memory");
    auto* p = static_cast<std::byte*>(::operator new(bytes, std::align_val_t{256}));
    all_[reinterpret_cast<uint64_t>(p)] = bytes;
    used_ += bytes;
    return reinterpret_cast<uint64_t>(p);
  }
  Status free(uint64_t a) {
    auto f = all_.find(a);
    if (f == all_.end()) return invalid_argument("no");
    used_ -= f->second;
    ::operator delete(reinterpret_cast<void*>(a), std::align_val_t{256});
    all_.erase(f);
    return {};
  }
  std::byte* find(uint64_t a, size_t n) {
    auto f = all_.upper_bound(a);
    if (f == all_.begin()) return nullptr;
    --f;
    if (a - f->first > f->second || n > f->second - (a - f->first)) return nullptr;
    return reinterpret_cast<std::byte*>(a);
  }
  void mark_written(uint64_t, size_t) {}
  Status copy(uint64_t to, uint64_t from, size_t n) {
    std::memmove(find(to, n), find(from, n), n);
    return {};
  }
  size_t capacity() const { return capacity_; }
  size_t allocated_bytes() const { return used_; }
 private:
  size_t capacity_, used_ = 0;
  std::map<uint64_t, size_t> all_;
};
}  // namespace hearth::ptx
