#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "archive/manifest.h"
#include "hal/device.h"
#include "hearth/status.h"

namespace hearth {

/// What decides whether a target can run here; tests make up their own.
struct Machine {
  std::string machine;  ///< "x86_64"
  std::string system;   ///< "linux"
  std::string device;   ///< "cpu"
  std::function<bool(std::string_view)> has_cpu_feature;
  int compute_capability = 0;  ///< Of a GPU: 80 for 8.0.
};

/// This computer, for a device whose host code runs on its processor.
Machine this_machine(const DeviceProperties& device);

/// Success when `target` can run on `machine`; otherwise kUnavailable with what is missing.
Status can_run(const TargetSpec& target, const Machine& machine);

/// The target of `method` to run: `wanted` when it is not empty, else the one that asks for the most processor features
/// among those that can run (by name where they ask for as many). kUnavailable says what the file has and why each does
/// not fit.
Result<std::string> choose_target(const MethodSpec& method, std::string_view wanted, const Machine& machine);

}  // namespace hearth
