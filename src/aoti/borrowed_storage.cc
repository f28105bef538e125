#include "aoti/borrowed_storage.h"

#include <utility>

namespace hearth {
namespace {

thread_local ScopedConstants* t_constants = nullptr;

class BorrowedStorage final : public Storage {
 public:
  BorrowedStorage(std::byte* data, size_t size, bool constant, MemoryKind memory)
      : Storage(data, size, constant, memory) {}

 private:
  void dispose() override { delete this; }
};

}  // namespace

StorageRef borrow_storage(void* data, size_t size, MemoryKind memory) {
  if (t_constants != nullptr) t_constants->used_ = true;
  return StorageRef(new BorrowedStorage(static_cast<std::byte*>(data), size, t_constants != nullptr, memory));
}

ScopedConstants::ScopedConstants() : previous_(std::exchange(t_constants, this)) {}
ScopedConstants::~ScopedConstants() { t_constants = previous_; }

}  // namespace hearth
