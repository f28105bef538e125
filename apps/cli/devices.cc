#include <optional>

#include "base/cpu_features.h"
#include "base/errors.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "hal/device.h"
#include "kernels/gpu_kernels.h"
#include "model/target_choice.h"

namespace hearth::cli {
namespace {

/// Targets that the exporter makes and this device can run, best first.
std::vector<std::string> runnable_targets(const DeviceProperties& device) {
  std::vector<std::string> targets;
  if (!device.executes) return targets;
  if (!device.architecture.empty()) {
    if (this_machine(device).compute_capability >= 80 && cpu_features().avx2) targets.emplace_back("cuda-sm80");
    return targets;
  }
  if (cpu_features().avx512) targets.emplace_back("cpu-x86_64-v4");
  if (cpu_features().avx2) targets.emplace_back("cpu-x86_64-v3");
  if (cpu_features().neon) targets.emplace_back("cpu-aarch64");
  return targets;
}

std::vector<std::string> feature_list() {
  const CpuFeatures& features = cpu_features();
  const std::pair<bool, const char*> all[] = {{features.avx2, "avx2"},
                                              {features.avx512, "avx512"},
                                              {features.avx512_vnni, "avx512_vnni"},
                                              {features.avx512_bf16, "avx512_bf16"},
                                              {features.avx_vnni, "avx_vnni"},
                                              {features.amx_int8, "amx_int8"},
                                              {features.amx_bf16, "amx_bf16"},
                                              {features.neon, "neon"}};
  std::vector<std::string> names;
  for (const auto& [present, name] : all) {
    if (present) names.emplace_back(name);
  }
  return names;
}

/// What `hearth devices` says of a device beside its properties.
struct DeviceReport {
  std::vector<std::string> targets;
  std::optional<uint64_t> free_bytes;
  std::string kernels;  ///< Where Hearth's own code for a GPU is; empty: nowhere.
  std::string missing;  ///< What a GPU lacks to run models well; empty: nothing.
};

DeviceReport report(const DeviceProperties& properties) {
  DeviceReport report{runnable_targets(properties), std::nullopt, "", ""};
  if (properties.architecture.empty()) return report;
  if (report.targets.empty())
    report.missing = "the exporter has no code for it: GPUs of compute capability 8.0 and newer";
  if (const auto kernels = find_gpu_kernels(); kernels.ok()) {
    report.kernels = kernels->string();
  } else {
    report.missing = kernels.status().message();
  }
  const Result<std::shared_ptr<Device>> device = open_device(properties.name);
  const Result<uint64_t> free_bytes = device.ok() ? (*device)->free_memory() : Result<uint64_t>(device.status());
  if (free_bytes.ok()) {
    report.free_bytes = *free_bytes;
  } else {
    report.missing = free_bytes.status().message();
  }
  return report;
}

void print_device(const DeviceProperties& device, const DeviceReport& report) {
  const std::string memory = device.memory_bytes > 0 ? ", " + format_bytes(device.memory_bytes) : "";
  const std::string free = report.free_bytes ? fmt::format(" ({} free)", format_bytes(*report.free_bytes)) : "";
  fmt::print("{:<6} {}{}{}\n", device.name, device.description, memory, free);
  if (!device.executes) return;
  if (device.architecture.empty()) {
    fmt::print("       {} threads; {}\n", device.compute_units, fmt::join(feature_list(), ", "));
  } else {
    fmt::print("       {} multiprocessors; {}; {}\n", device.compute_units, device.architecture, device.driver);
  }
  if (!report.targets.empty()) fmt::print("       runs {}\n", fmt::join(report.targets, ", "));
  if (!report.kernels.empty()) fmt::print("       with the kernels of {}\n", report.kernels);
  if (!report.missing.empty()) fmt::print("       {}\n", report.missing);
}

nlohmann::ordered_json device_json(const DeviceProperties& device, const DeviceReport& report) {
  nlohmann::ordered_json json{
      {"name", device.name},      {"description", device.description},   {"architecture", device.architecture},
      {"driver", device.driver},  {"memory_bytes", device.memory_bytes}, {"compute_units", device.compute_units},
      {"targets", report.targets}};
  if (report.free_bytes) json["free_bytes"] = *report.free_bytes;
  if (!report.kernels.empty()) json["kernels"] = report.kernels;
  if (!report.missing.empty()) json["missing"] = report.missing;
  return json;
}

}  // namespace

Status devices(const CommonOptions& common) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::string automatic = "cpu";
  for (const DeviceProperties& device : list_devices()) {
    const DeviceReport told = report(device);
    const bool is_usable_gpu = !device.architecture.empty() && told.missing.empty();
    if (is_usable_gpu && automatic == "cpu") automatic = device.name;
    list.push_back(device_json(device, told));
    if (!common.json) print_device(device, told);
  }
  const std::string why = automatic == "cpu" ? "there is no GPU that models could run on"
                                             : "for models that have code for it and fit its memory; others get cpu";
  nlohmann::ordered_json missing = nlohmann::ordered_json::array();
  for (const MissingDevice& device : missing_devices()) {
    missing.push_back({{"name", device.name}, {"why", device.why}});
    if (!common.json) fmt::print("{:<6} is missing: {}\n", device.name, device.why);
  }
  if (common.json) {
    print_json({{"devices", list},
                {"missing", missing},
                {"auto", {{"name", automatic}, {"why", why}}},
                {"cpu_features", feature_list()}});
  } else {
    fmt::print("auto   is {}: {}\n", automatic, why);
  }
  return {};
}

}  // namespace hearth::cli
