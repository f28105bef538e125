#pragma once

namespace hearth {

/// Lets this process open tests/emulated_cuda's driver, with two GPUs of 64 MiB, unless HEARTH_CUDA_DRIVER names
/// another one, such as the real libcuda.so.1. Before the first device is opened. False when it is another one.
bool use_emulated_driver();

}  // namespace hearth
