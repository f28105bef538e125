#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "hal/device.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// Brings weights into a device's memory, each once, however many methods use it. They keep the device, and go back to
/// it with the last tensor.
class DeviceWeights {
 public:
  using Listener = std::function<Status(std::span<const std::byte>)>;
  /// `on_copied` is told which bytes were copied and are no longer needed; its errors are get()'s.
  static Result<DeviceWeights> create(std::shared_ptr<Device> device, Listener on_copied);

  /// The weight `name`, a copy of `weight`: constant, with the same strides. There when finish() has returned.
  /// kOutOfMemory.
  Result<Tensor> get(const std::string& name, const Tensor& weight);
  /// Waits for the copies.
  Status finish() { return stream_->synchronize(); }

 private:
  DeviceWeights(std::shared_ptr<Device> device, std::unique_ptr<Stream> stream, Listener on_copied)
      : device_(std::move(device)), stream_(std::move(stream)), on_copied_(std::move(on_copied)) {}

  std::shared_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;
  Listener on_copied_;
  std::map<std::string, Tensor> weights_;
};

}  // namespace hearth
