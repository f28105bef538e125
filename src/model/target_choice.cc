#include "model/target_choice.h"

#include <charconv>
#include <vector>

#include "base/cpu_features.h"
#include "base/errors.h"

namespace hearth {

namespace {

/// The kind of device whose targets run, "cuda" for "cuda:1": the null device counts what the CPU's would ask for.
std::string target_device(const DeviceProperties& device) {
  return device.executes ? device.name.substr(0, device.name.find(':')) : "cpu";
}

/// 80 for "sm_80", 0 for what is no GPU of NVIDIA's.
int compute_capability(std::string_view architecture) {
  constexpr std::string_view kPrefix = "sm_";
  int capability = 0;
  if (architecture.starts_with(kPrefix)) {
    std::from_chars(architecture.data() + kPrefix.size(), architecture.data() + architecture.size(), capability);
  }
  return capability;
}

}  // namespace

Machine this_machine(const DeviceProperties& device) {
  return {std::string(machine_name()), std::string(system_name()), target_device(device),
          [](std::string_view name) { return cpu_has_feature(name); }, compute_capability(device.architecture)};
}

Status can_run(const TargetSpec& target, const Machine& machine) {
  if (target.device != machine.device) return unavailable("it is for device {}, not {}", target.device, machine.device);
  if (target.machine != machine.machine || target.system != machine.system) {
    return unavailable("it is for {} {}, this is {} {}", target.system, target.machine, machine.system,
                       machine.machine);
  }
  if (machine.compute_capability < target.compute_capability) {
    return unavailable("it needs a GPU of compute capability {:.1f} or newer, this one has {:.1f}",
                       target.compute_capability / 10.0, machine.compute_capability / 10.0);
  }
  std::vector<std::string_view> missing;
  for (const std::string& feature : target.cpu_features) {
    if (!machine.has_cpu_feature(feature)) missing.push_back(feature);
  }
  if (!missing.empty()) return unavailable("this processor lacks {}", fmt::join(missing, ", "));
  return {};
}

Result<std::string> choose_target(const MethodSpec& method, std::string_view wanted, const Machine& machine) {
  const std::string* best = nullptr;
  size_t best_features = 0;
  std::string reasons;
  for (const auto& [name, target] : method.targets) {
    if (!wanted.empty() && name != wanted) continue;
    if (const Status status = can_run(target, machine); !status.ok()) {
      reasons += fmt::format("; {}: {}", name, status.message());
      continue;
    }
    if (best == nullptr || target.cpu_features.size() >= best_features) {
      best = &name;
      best_features = target.cpu_features.size();
    }
  }
  if (best != nullptr) return *best;

  std::vector<std::string_view> names;
  for (const auto& [name, target] : method.targets) names.push_back(name);
  if (!wanted.empty() && !method.targets.contains(std::string(wanted))) {
    return unavailable("the file has no target '{}'; it has {}", wanted, fmt::join(names, ", "));
  }
  return unavailable("no target of the file runs here{}. Export it with --targets for this machine", reasons);
}

}  // namespace hearth
