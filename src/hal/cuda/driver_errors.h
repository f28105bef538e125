#pragma once

#include <string_view>

#include "hal/cuda/driver.h"
#include "hearth/status.h"

namespace hearth::cuda {

/// A failed call as a Status: "WHAT: the driver's words (NAME); what a person can do". `what` says what was tried and
/// where: "cuda:0: loading a module". `result` must not be CUDA_SUCCESS.
Status driver_error(const Driver& driver, CUresult result, std::string_view what);

}  // namespace hearth::cuda
