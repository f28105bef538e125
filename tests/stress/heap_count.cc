// Stands in for malloc and its kin in the whole process, and counts.

#include "heap_count.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>

// The GNU C library's own names for what is replaced here.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* block, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
}

namespace hearth {
namespace {

std::atomic<size_t> calls{0};
std::atomic<size_t> largest{0};

void count(size_t size) {
  calls.fetch_add(1, std::memory_order_relaxed);
  size_t before = largest.load(std::memory_order_relaxed);
  while (size > before && !largest.compare_exchange_weak(before, size, std::memory_order_relaxed)) {
  }
}

}  // namespace

HeapCount heap_count() { return {calls, largest}; }
void reset_largest() { largest = 0; }

}  // namespace hearth

extern "C" {

void* malloc(size_t size) {
  hearth::count(size);
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
  hearth::count(count * size);
  return __libc_calloc(count, size);
}

void* realloc(void* block, size_t size) {
  hearth::count(size);
  return __libc_realloc(block, size);
}

void* memalign(size_t alignment, size_t size) {
  hearth::count(size);
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void** block, size_t alignment, size_t size) {
  *block = memalign(alignment, size);
  return *block != nullptr || size == 0 ? 0 : ENOMEM;
}
}
