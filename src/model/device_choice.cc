#include "model/device_choice.h"

#include <filesystem>
#include <limits>
#include <set>

#include "base/checked.h"
#include "base/errors.h"
#include "kernels/gpu_kernels.h"
#include "tensor/layout.h"

namespace hearth {
namespace {

constexpr std::string_view kGpu = "cuda";
constexpr uint64_t kRoom = uint64_t{256} << 20;

bool has_gpu_code(const Manifest& manifest) {
  for (const auto& [unused, method] : manifest.methods) {
    for (const auto& [unused_name, target] : method.targets) {
      if (target.device == kGpu) return true;
    }
  }
  return false;
}

std::string gigabytes(uint64_t bytes) { return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9); }

/// Nothing when the sum is no number of bytes.
CheckedSize bytes_needed(const Manifest& manifest, const std::set<std::string>& weights) {
  CheckedSize bytes = 0;
  for (const std::string& name : weights) {
    const TensorSpec& weight = manifest.tensors.at(name);
    bytes += elements_to_bytes(element_extent(weight.shape, weight.strides), weight.dtype);
  }
  const auto counted = bytes.as<uint64_t>();
  return counted ? bytes + CheckedSize(*counted / 4 + kRoom) : bytes;
}

/// The device, where the model fits it.
Result<DeviceChoice> try_gpu(const Manifest& manifest, std::string_view target, const DeviceProperties& gpu) {
  const Machine machine = this_machine(gpu);
  // First without a look at its memory, for which it has to be opened.
  HEARTH_RETURN_IF_ERROR(check_fits_gpu(manifest, target, machine, std::numeric_limits<uint64_t>::max()));
  HEARTH_ASSIGN_OR_RETURN(std::shared_ptr<Device> device, open_device(gpu.name));
  HEARTH_ASSIGN_OR_RETURN(const uint64_t free_bytes, device->free_memory());
  HEARTH_RETURN_IF_ERROR(check_fits_gpu(manifest, target, machine, free_bytes));
  return DeviceChoice{std::move(device),
                      fmt::format("the file has code for it, and fits its {} of free memory", gigabytes(free_bytes))};
}

}  // namespace

Status check_fits_gpu(const Manifest& manifest, std::string_view target, const Machine& machine, uint64_t free_bytes) {
  std::set<std::string> weights;
  for (const auto& [name, method] : manifest.methods) {
    const Result<std::string> chosen = choose_target(method, target, machine);
    if (!chosen.ok()) return chosen.status().with_context(fmt::format("method '{}'", name));
    for (const auto& [unused, weight] : method.targets.at(*chosen).constants) weights.insert(weight);
  }
  const auto needed = bytes_needed(manifest, weights).as<uint64_t>();
  if (needed && *needed <= free_bytes) return {};
  return unavailable("the model takes about {} of memory, of which {} are free",
                     needed ? gigabytes(*needed) : "too much", gigabytes(free_bytes));
}

Result<DeviceChoice> choose_device(const Manifest& manifest, std::string_view target) {
  std::string reasons;
  if (has_gpu_code(manifest)) {
    const Result<std::filesystem::path> kernels = find_gpu_kernels();
    for (const MissingDevice& missing : missing_devices()) reasons = fmt::format("{}: {}", missing.name, missing.why);
    for (const DeviceProperties& gpu : list_devices()) {
      if (!gpu.name.starts_with(kGpu)) continue;
      Result<DeviceChoice> choice =
          kernels.ok() ? try_gpu(manifest, target, gpu) : Result<DeviceChoice>(kernels.status());
      if (choice.ok()) return choice;
      reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", gpu.name, choice.status().message());
    }
  }
  HEARTH_ASSIGN_OR_RETURN(std::shared_ptr<Device> cpu, open_device("cpu"));
  return DeviceChoice{std::move(cpu), std::move(reasons)};
}

}  // namespace hearth
