#include <array>
#include <charconv>
#include <optional>

#include "base/errors.h"
#include "hal/cpu/cpu_device.h"
#include "hal/cuda/cuda_device.h"
#include "hal/device.h"
#include "hal/null/null_device.h"

namespace hearth {
namespace {

struct DeviceEntry {
  std::string_view name;
  std::shared_ptr<Device> (*make)();
};

/// What every machine has, best first.
constexpr std::array kDevices{
    DeviceEntry{"cpu", [] { return make_cpu_device(); }},
    DeviceEntry{"null", []() -> std::shared_ptr<Device> { return std::make_shared<NullDevice>(); }},
};

/// 0 for "cuda", 1 for "cuda:1", nothing for what is no GPU's name.
std::optional<int> gpu_ordinal(std::string_view name) {
  if (name == "cuda") return 0;
  constexpr std::string_view kPrefix = "cuda:";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const std::string_view number = name.substr(kPrefix.size());
  int ordinal = 0;
  const auto [end, problem] = std::from_chars(number.data(), number.data() + number.size(), ordinal);
  if (problem != std::errc() || end != number.data() + number.size() || ordinal < 0) return std::nullopt;
  return ordinal;
}

}  // namespace

Result<std::shared_ptr<Device>> open_device(const std::string& name) {
  if (const std::optional<int> ordinal = gpu_ordinal(name)) {
    Result<std::shared_ptr<CudaDevice>> device = CudaDevice::open(*ordinal);
    if (device.ok()) return std::shared_ptr<Device>(*std::move(device));
    // Whatever the driver says, the device is not there.
    const Status& status = device.status();
    const bool is_full = status.code() == StatusCode::kOutOfMemory;
    return error(is_full ? StatusCode::kOutOfMemory : StatusCode::kUnavailable, "device '{}': {}", name,
                 status.message());
  }
  std::vector<std::string_view> names;
  for (const DeviceEntry& entry : kDevices) {
    if (entry.name == name) return entry.make();
    names.push_back(entry.name);
  }
  return unavailable("there is no device '{}'; there are auto (for models), {}, cuda, cuda:1 and so on", name,
                     fmt::join(names, ", "));
}

std::vector<DeviceProperties> list_devices() {
  std::vector<DeviceProperties> devices;
  if (Result<std::vector<DeviceProperties>> gpus = list_cuda_devices(); gpus.ok()) devices = *std::move(gpus);
  for (const DeviceEntry& entry : kDevices) devices.push_back(entry.make()->properties());
  return devices;
}

std::vector<MissingDevice> missing_devices() {
  const Result<std::vector<DeviceProperties>> gpus = list_cuda_devices();
  if (gpus.ok()) return {};
  return {{"cuda", gpus.status().message()}};
}

}  // namespace hearth
