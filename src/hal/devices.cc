#include <array>

#include "base/errors.h"
#include "hal/cpu/cpu_device.h"
#include "hal/device.h"
#include "hal/null/null_device.h"

namespace hearth {
namespace {

struct DeviceEntry {
  std::string_view name;
  std::shared_ptr<Device> (*make)();
};

/// Best first.
constexpr std::array kDevices{
    DeviceEntry{"cpu", [] { return make_cpu_device(); }},
    DeviceEntry{"null", []() -> std::shared_ptr<Device> { return std::make_shared<NullDevice>(); }},
};

}  // namespace

Result<std::shared_ptr<Device>> open_device(const std::string& name) {
  if (name == "auto") return kDevices.front().make();
  std::vector<std::string_view> names;
  for (const DeviceEntry& entry : kDevices) {
    if (entry.name == name) return entry.make();
    names.push_back(entry.name);
  }
  return unavailable("there is no device '{}' on this machine; there are auto, {}", name, fmt::join(names, ", "));
}

std::vector<DeviceProperties> list_devices() {
  std::vector<DeviceProperties> devices;
  for (const DeviceEntry& entry : kDevices) devices.push_back(entry.make()->properties());
  return devices;
}

}  // namespace hearth
