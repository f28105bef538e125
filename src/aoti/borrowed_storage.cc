#include "aoti/borrowed_storage.h"

#include <utility>

namespace hearth {
namespace {

thread_local bool t_constants = false;

class BorrowedStorage final : public Storage {
 public:
  BorrowedStorage(std::byte* data, size_t size, bool constant) : Storage(data, size, constant) {}

 private:
  void dispose() override { delete this; }
};

}  // namespace

StorageRef borrow_storage(void* data, size_t size) {
  return StorageRef(new BorrowedStorage(static_cast<std::byte*>(data), size, t_constants));
}

ScopedConstants::ScopedConstants() : previous_(std::exchange(t_constants, true)) {}
ScopedConstants::~ScopedConstants() { t_constants = previous_; }

}  // namespace hearth
