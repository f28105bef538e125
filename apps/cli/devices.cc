#include "base/cpu_features.h"
#include "base/errors.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "hal/device.h"

namespace hearth::cli {
namespace {

/// Targets that the exporter makes and this machine can run, best first.
std::vector<std::string> runnable_targets() {
  std::vector<std::string> targets;
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

void print_device(const DeviceProperties& device, const std::vector<std::string>& targets) {
  const std::string memory = device.memory_bytes > 0 ? ", " + format_bytes(device.memory_bytes) : "";
  fmt::print("{:<6} {}{}\n", device.name, device.description, memory);
  if (!device.executes) return;
  if (device.architecture.empty()) {
    fmt::print("       {} threads; {}\n", device.compute_units, fmt::join(feature_list(), ", "));
    fmt::print("       runs {}\n", fmt::join(targets, ", "));
  } else {
    fmt::print("       {} multiprocessors; {}; {}\n", device.compute_units, device.architecture, device.driver);
  }
}

}  // namespace

Status devices(const CommonOptions& common) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const DeviceProperties& device : list_devices()) {
    // Models have no code for GPUs yet.
    const bool runs_models = device.executes && device.architecture.empty();
    const std::vector<std::string> targets = runs_models ? runnable_targets() : std::vector<std::string>();
    list.push_back({{"name", device.name},
                    {"description", device.description},
                    {"architecture", device.architecture},
                    {"driver", device.driver},
                    {"memory_bytes", device.memory_bytes},
                    {"compute_units", device.compute_units},
                    {"targets", targets}});
    if (!common.json) print_device(device, targets);
  }
  const DeviceChoice choice = choose_device();
  nlohmann::ordered_json missing = nlohmann::ordered_json::array();
  for (const MissingDevice& device : missing_devices()) {
    missing.push_back({{"name", device.name}, {"why", device.why}});
    if (!common.json) fmt::print("{:<6} is missing: {}\n", device.name, device.why);
  }
  if (common.json) {
    print_json({{"devices", list},
                {"missing", missing},
                {"auto", {{"name", choice.name}, {"why", choice.why}}},
                {"cpu_features", feature_list()}});
  } else {
    fmt::print("auto   is {}: {}\n", choice.name, choice.why);
  }
  return {};
}

}  // namespace hearth::cli
