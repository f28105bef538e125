#include "model/workspace.h"

#include <mutex>
#include <utility>

#include "base/errors.h"
#include "hal/cpu/cpu_device.h"

namespace hearth {

/// Chunks that one stream's work uses, taken from the model's memory and given back in the order of that work.
class Workspace::StreamChunks final : public ChunkSource {
 public:
  StreamChunks(std::shared_ptr<Device> device, std::shared_ptr<StreamOrderedPool> memory)
      : device_(std::move(device)), memory_(std::move(memory)) {}

  Result<Stream*> stream() {
    const std::lock_guard lock(mutex_);
    if (!stream_) {
      HEARTH_ASSIGN_OR_RETURN(stream_, device_->create_stream());
    }
    return stream_.get();
  }

  Result<DeviceMemory> allocate(size_t size) override {
    HEARTH_ASSIGN_OR_RETURN(Stream * used, stream());
    return memory_->allocate(*used, size);
  }

  void free(DeviceMemory memory) override { memory_->free(*stream_, memory); }

  MemoryKind memory() const override { return device_->properties().memory; }

 private:
  std::mutex mutex_;
  std::shared_ptr<Device> device_;
  std::shared_ptr<StreamOrderedPool> memory_;
  std::unique_ptr<Stream> stream_;  ///< Set before the first chunk is taken.
};

std::shared_ptr<Device> host_of(std::shared_ptr<Device> device) {
  return device->properties().memory == MemoryKind::kHost ? std::move(device) : make_cpu_device();
}

Workspace::Workspace(std::shared_ptr<Device> device, std::shared_ptr<StreamOrderedPool> memory)
    : gpu_(memory ? std::make_shared<StreamChunks>(device, std::move(memory)) : nullptr),
      temporaries_(gpu_ ? MemoryPool::create(gpu_) : MemoryPool::create(device)),
      host_(gpu_ ? MemoryPool::create(host_of(std::move(device))) : temporaries_) {}

Result<Stream*> Workspace::stream() {
  if (!gpu_) return nullptr;
  return gpu_->stream();
}

}  // namespace hearth
