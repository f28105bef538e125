#include "hal/memory_pool.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <vector>

#include "base/errors.h"
#include "tensor/layout.h"

namespace hearth {

/// A piece of device memory together with the Storage that hands it out; both are reused.
class MemoryPool::Block final : public Storage {
 public:
  Block(DeviceMemory memory, Impl* pool)
      : Storage(static_cast<std::byte*>(memory.address), memory.size, /*constant=*/false), pool_(pool) {}

  DeviceMemory memory() const { return {data(), size()}; }
  void lend(std::shared_ptr<MemoryPool> keeper) {
    keeper_ = std::move(keeper);
    revive();
  }

 private:
  void dispose() override;

  Impl* pool_;
  std::shared_ptr<MemoryPool> keeper_;  ///< Set while lent: the pool outlives its tensors.
};

class MemoryPool::Impl {
 public:
  explicit Impl(std::shared_ptr<Device> device) : device_(std::move(device)) {}
  ~Impl() { free_blocks(); }

  Result<Block*> take(size_t size) {
    if (size > kLargestBlock) return error(StatusCode::kOutOfMemory, "{} bytes are more than memory can be", size);
    const size_t wanted = block_size(size);
    {
      const std::lock_guard lock(mutex_);
      if (Block* block = take_free(wanted)) return block;
    }
    HEARTH_ASSIGN_OR_RETURN(const DeviceMemory memory, device_->allocate(wanted));
    const std::lock_guard lock(mutex_);
    blocks_.push_back(std::make_unique<Block>(memory, this));
    free_.reserve(blocks_.capacity());
    statistics_.device_allocations += 1;
    statistics_.held_bytes += memory.size;
    statistics_.used_bytes += memory.size;
    statistics_.peak_held_bytes = std::max(statistics_.peak_held_bytes, statistics_.held_bytes);
    return blocks_.back().get();
  }

  void give_back(Block* block) {
    const std::lock_guard lock(mutex_);
    free_.insert(std::ranges::lower_bound(free_, block->size(), {}, &Block::size), block);
    statistics_.used_bytes -= block->size();
  }

  void free_blocks() {
    const std::lock_guard lock(mutex_);
    for (const Block* block : free_) {
      statistics_.held_bytes -= block->size();
      device_->free(block->memory());
      std::erase_if(blocks_, [block](const auto& owned) { return owned.get() == block; });
    }
    free_.clear();
  }

  Statistics statistics() const {
    const std::lock_guard lock(mutex_);
    return statistics_;
  }

 private:
  static constexpr size_t kLargestBlock = std::numeric_limits<ptrdiff_t>::max();

  /// Multiples of 64 bytes up to 1 KiB, then eight steps for each doubling: at most an eighth is lost.
  static size_t block_size(size_t size) {
    size_t step = 64;
    while (step * 16 < size) step *= 2;
    return std::max((size + step - 1) / step * step, step);
  }

  /// The smallest free block that fits without wasting more than a quarter.
  Block* take_free(size_t wanted) {
    const auto found = std::ranges::lower_bound(free_, wanted, {}, &Block::size);
    if (found == free_.end() || (*found)->size() > wanted + wanted / 4) return nullptr;
    Block* block = *found;
    free_.erase(found);
    statistics_.used_bytes += block->size();
    return block;
  }

  mutable std::mutex mutex_;
  std::shared_ptr<Device> device_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<Block*> free_;  ///< By size; room for all blocks is reserved, so giving back allocates nothing.
  Statistics statistics_;
};

void MemoryPool::Block::dispose() {
  const std::shared_ptr<MemoryPool> keeper = std::move(keeper_);
  pool_->give_back(this);
}

MemoryPool::MemoryPool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MemoryPool::~MemoryPool() = default;

std::shared_ptr<MemoryPool> MemoryPool::create(std::shared_ptr<Device> device) {
  return std::shared_ptr<MemoryPool>(new MemoryPool(std::make_unique<Impl>(std::move(device))));
}

Result<StorageRef> MemoryPool::allocate(size_t size) {
  HEARTH_ASSIGN_OR_RETURN(Block * block, impl_->take(size));
  block->lend(shared_from_this());
  return StorageRef(block);
}

Result<Tensor> MemoryPool::empty_strided(DType dtype, std::span<const int64_t> shape,
                                         std::span<const int64_t> strides) {
  HEARTH_ASSIGN_OR_RETURN(const size_t size, storage_bytes(dtype, shape, strides));
  HEARTH_ASSIGN_OR_RETURN(StorageRef storage, allocate(size));
  return Tensor::view(std::move(storage), dtype, shape, strides, 0);
}

Result<Tensor> MemoryPool::empty(DType dtype, std::span<const int64_t> shape) {
  HEARTH_ASSIGN_OR_RETURN(const auto strides, checked_row_major_strides(dtype, shape));
  return empty_strided(dtype, shape, {strides.data(), shape.size()});
}

void MemoryPool::trim() { impl_->free_blocks(); }

MemoryPool::Statistics MemoryPool::statistics() const { return impl_->statistics(); }

}  // namespace hearth
