#include "model/device_weights.h"

#include "base/errors.h"

namespace hearth {
namespace {

class DeviceWeight final : public Storage {
 public:
  DeviceWeight(std::shared_ptr<Device> device, DeviceMemory memory)
      : Storage(static_cast<std::byte*>(memory.address), memory.size, /*constant=*/true, device->properties().memory),
        device_(std::move(device)) {}

 private:
  void dispose() override {
    device_->free({data(), size()});
    delete this;
  }

  std::shared_ptr<Device> device_;
};

}  // namespace

Result<DeviceWeights> DeviceWeights::create(std::shared_ptr<Device> device, Listener on_copied) {
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<Stream> stream, device->create_stream());
  return DeviceWeights(std::move(device), std::move(stream), std::move(on_copied));
}

Result<Tensor> DeviceWeights::get(const std::string& name, const Tensor& weight) {
  if (const auto found = weights_.find(name); found != weights_.end()) return found->second;
  const std::span<const std::byte> bytes(weight.storage()->data(), weight.storage()->size());
  HEARTH_ASSIGN_OR_RETURN(const DeviceMemory memory, device_->allocate(bytes.size()));
  const StorageRef storage(new DeviceWeight(device_, memory));
  if (!bytes.empty()) {
    HEARTH_RETURN_IF_ERROR(device_->copy_to_device(*stream_, memory, 0, bytes));
    HEARTH_RETURN_IF_ERROR(on_copied_(bytes));
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor copy,
                          Tensor::view(storage, weight.dtype(), weight.shape(), weight.strides(), weight.offset()));
  return weights_.emplace(name, std::move(copy)).first->second;
}

}  // namespace hearth
