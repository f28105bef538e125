#pragma once

#include "emulated_cuda/driver/emulated_cuda.h"
#include "hal/cuda/driver_types.h"

/// The entry points, declared as hal calls them: a definition with other parameters does not compile.
namespace hearth::emulated_cuda {

using namespace hearth::cuda;  // The driver's names.

extern "C" {
#define HEARTH_CUDA_FUNCTION(name, symbol, parameters) EMULATED_CUDA_API CUresult symbol parameters;
#include "hal/cuda/driver_functions.def"
#undef HEARTH_CUDA_FUNCTION
}

}  // namespace hearth::emulated_cuda
