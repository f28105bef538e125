#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "archive/manifest.h"
#include "hal/device.h"
#include "hearth/status.h"
#include "model/target_choice.h"

namespace hearth {

/// Success when every method of the file has code for the GPU that `machine` describes (`target`: which; empty: any)
/// and the model fits into `free_bytes` of its memory: its weights, each once, with a quarter as much and 256 MiB for
/// what runs need. kUnavailable says why not.
Status check_fits_gpu(const Manifest& manifest, std::string_view target, const Machine& machine, uint64_t free_bytes);

struct DeviceChoice {
  std::shared_ptr<Device> device;
  std::string why;  ///< For people; empty when the file has no code for GPUs, so that there was nothing to choose.
};

/// What "auto" stands for with this file: the first GPU for which Hearth's kernels are here and check_fits_gpu() holds,
/// otherwise the CPU.
Result<DeviceChoice> choose_device(const Manifest& manifest, std::string_view target);

}  // namespace hearth
