#include "model/workspace.h"

#include "base/errors.h"
#include "hal/cpu/cpu_device.h"

namespace hearth {

Workspace::Workspace(std::shared_ptr<Device> device)
    : device_(std::move(device)),
      temporaries_(MemoryPool::create(device_)),
      host_(device_->properties().memory == MemoryKind::kHost ? temporaries_ : MemoryPool::create(make_cpu_device())) {}

Result<Stream*> Workspace::stream() {
  if (device_->properties().memory == MemoryKind::kHost) return nullptr;
  if (!stream_) {
    HEARTH_ASSIGN_OR_RETURN(stream_, device_->create_stream());
  }
  return stream_.get();
}

}  // namespace hearth
