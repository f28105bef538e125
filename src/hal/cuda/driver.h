#pragma once

#include <memory>
#include <string>

#include "hal/cuda/driver_types.h"
#include "hearth/status.h"

namespace hearth::cuda {

/// NVIDIA's driver: its functions, by the names of the documentation. Opened once per process and never closed.
struct Driver {
#define HEARTH_CUDA_FUNCTION(name, symbol, parameters) CUresult(*name) parameters = nullptr;
#include "hal/cuda/driver_functions.def"
#undef HEARTH_CUDA_FUNCTION
  std::string library;  ///< As it was opened.
  int version = 0;      ///< The newest CUDA that it supports: 12040 is 12.4.
};

/// The driver, initialised. The environment variable HEARTH_CUDA_DRIVER names another library to open instead of
/// libcuda.so.1 (nvcuda.dll on Windows). kUnavailable says what is missing: the driver, a GPU, a newer driver, rights.
/// Thread-safe; tried again when it failed before.
Result<std::shared_ptr<const Driver>> open_driver();

}  // namespace hearth::cuda
