#include "hal/memory_pool.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <vector>

#include "base/errors.h"
#include "tensor/layout.h"

namespace hearth {

namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kLargestPiece = std::numeric_limits<ptrdiff_t>::max() / 2;

size_t piece_size(size_t size) { return std::max((size + kAlignment - 1) / kAlignment * kAlignment, kAlignment); }

/// Multiples of 64 bytes up to 1 KiB, then eight steps for each doubling: a size that grows little by little does not
/// need a new chunk each time.
size_t chunk_size(size_t size) {
  size_t step = kAlignment;
  while (step * 16 < size) step *= 2;
  return (size + step - 1) / step * step;
}

class DeviceChunks final : public ChunkSource {
 public:
  explicit DeviceChunks(std::shared_ptr<Device> device) : device_(std::move(device)) {}
  Result<DeviceMemory> allocate(size_t size) override { return device_->allocate(size); }
  void free(DeviceMemory memory) override { device_->free(memory); }
  MemoryKind memory() const override { return device_->properties().memory; }

 private:
  std::shared_ptr<Device> device_;
};

}  // namespace

/// Some of a chunk, free or in use, together with the Storage that hands it out.
class MemoryPool::Piece final : public Storage {
 public:
  Piece(Impl* pool, MemoryKind memory) : Storage(nullptr, 0, /*constant=*/false, memory), pool_(pool) {}

  using Storage::move_to;
  void lend(std::shared_ptr<MemoryPool> keeper) {
    keeper_ = std::move(keeper);
    revive();
  }
  bool is_whole_chunk() const { return !before && !after; }

  Piece* before = nullptr;  ///< Neighbours in the chunk.
  Piece* after = nullptr;
  bool is_free = true;

 private:
  void dispose() override;

  Impl* pool_;
  std::shared_ptr<MemoryPool> keeper_;  ///< Set while lent: the pool outlives its tensors.
};

class MemoryPool::Impl {
 public:
  explicit Impl(std::shared_ptr<ChunkSource> chunks) : chunks_(std::move(chunks)) {}
  ~Impl() { free_chunks(); }

  Result<Piece*> take(size_t size) {
    if (size > kLargestPiece) return error(StatusCode::kOutOfMemory, "{} bytes are more than memory can be", size);
    const size_t wanted = piece_size(size);
    const std::lock_guard lock(mutex_);
    Piece* piece = take_free(wanted);
    if (!piece) {
      // What is unused is too small for this, and would stay so when sizes grow.
      release_unused();
      HEARTH_RETURN_IF_ERROR(add_chunk(chunk_size(wanted)));
      piece = take_free(wanted);
    }
    piece->is_free = false;
    split(piece, wanted);
    statistics_.used_bytes += piece->size();
    return piece;
  }

  void give_back(Piece* piece) {
    const std::lock_guard lock(mutex_);
    statistics_.used_bytes -= piece->size();
    piece->is_free = true;
    if (piece->after && piece->after->is_free) {
      remove_free(piece->after);
      swallow_next(piece);
    }
    if (piece->before && piece->before->is_free) {
      piece = piece->before;
      remove_free(piece);
      swallow_next(piece);
    }
    insert_free(piece);
  }

  void free_chunks() {
    const std::lock_guard lock(mutex_);
    release_unused();
  }

  Statistics statistics() const {
    const std::lock_guard lock(mutex_);
    return statistics_;
  }

 private:
  /// The smallest free piece that is large enough; of several the one that was released last.
  Piece* take_free(size_t wanted) {
    const auto found = std::ranges::lower_bound(free_, wanted, {}, &Piece::size);
    if (found == free_.end()) return nullptr;
    Piece* piece = *found;
    free_.erase(found);
    return piece;
  }

  /// Leaves `wanted` bytes to the piece, unless what would be cut off is not worth it.
  void split(Piece* piece, size_t wanted) {
    const size_t rest = piece->size() - wanted;
    if (rest < std::max(wanted / 8, kAlignment)) return;
    Piece* cut = new_piece();
    cut->move_to(piece->data() + wanted, rest);
    piece->move_to(piece->data(), wanted);
    cut->before = piece;
    cut->after = piece->after;
    if (cut->after) cut->after->before = cut;
    piece->after = cut;
    insert_free(cut);
  }

  void swallow_next(Piece* piece) {
    Piece* next = piece->after;
    piece->move_to(piece->data(), piece->size() + next->size());
    piece->after = next->after;
    if (piece->after) piece->after->before = piece;
    spare_.push_back(next);
  }

  Status add_chunk(size_t size) {
    HEARTH_ASSIGN_OR_RETURN(const DeviceMemory memory, chunks_->allocate(size));
    Piece* piece = new_piece();
    piece->move_to(static_cast<std::byte*>(memory.address), memory.size);
    piece->before = piece->after = nullptr;
    insert_free(piece);
    statistics_.device_allocations += 1;
    statistics_.held_bytes += memory.size;
    statistics_.peak_held_bytes = std::max(statistics_.peak_held_bytes, statistics_.held_bytes);
    return {};
  }

  void release_unused() {
    std::erase_if(free_, [this](Piece* piece) {
      if (!piece->is_whole_chunk()) return false;
      statistics_.held_bytes -= piece->size();
      chunks_->free({piece->data(), piece->size()});
      spare_.push_back(piece);
      return true;
    });
  }

  Piece* new_piece() {
    if (spare_.empty()) {
      pieces_.push_back(std::make_unique<Piece>(this, chunks_->memory()));
      free_.reserve(pieces_.capacity());
      spare_.reserve(pieces_.capacity());
      return pieces_.back().get();
    }
    Piece* piece = spare_.back();
    spare_.pop_back();
    piece->is_free = true;
    return piece;
  }

  void insert_free(Piece* piece) {
    free_.insert(std::ranges::lower_bound(free_, piece->size(), {}, &Piece::size), piece);
  }

  void remove_free(Piece* piece) {
    free_.erase(std::find(std::ranges::lower_bound(free_, piece->size(), {}, &Piece::size), free_.end(), piece));
  }

  mutable std::mutex mutex_;
  std::shared_ptr<ChunkSource> chunks_;
  std::vector<std::unique_ptr<Piece>> pieces_;
  // Room for all pieces is reserved in these, so that giving back allocates nothing.
  std::vector<Piece*> free_;   ///< By size.
  std::vector<Piece*> spare_;  ///< Stand for no memory.
  Statistics statistics_;
};

void MemoryPool::Piece::dispose() {
  const std::shared_ptr<MemoryPool> keeper = std::move(keeper_);
  pool_->give_back(this);
}

MemoryPool::MemoryPool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MemoryPool::~MemoryPool() = default;

std::shared_ptr<MemoryPool> MemoryPool::create(std::shared_ptr<Device> device) {
  return create(std::make_shared<DeviceChunks>(std::move(device)));
}

std::shared_ptr<MemoryPool> MemoryPool::create(std::shared_ptr<ChunkSource> chunks) {
  return std::shared_ptr<MemoryPool>(new MemoryPool(std::make_unique<Impl>(std::move(chunks))));
}

Result<StorageRef> MemoryPool::allocate(size_t size) {
  HEARTH_ASSIGN_OR_RETURN(Piece * piece, impl_->take(size));
  piece->lend(shared_from_this());
  return StorageRef(piece);
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

void MemoryPool::trim() { impl_->free_chunks(); }

MemoryPool::Statistics MemoryPool::statistics() const { return impl_->statistics(); }

}  // namespace hearth
