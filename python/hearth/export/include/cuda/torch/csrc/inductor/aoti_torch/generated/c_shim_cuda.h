/* Instead of PyTorch's list of functions for CUDA: Hearth's serve all devices under the names that they have for the
   CPU, which generated code is rewritten to call (hearth.export.lower). */
#pragma once

#include <torch/csrc/inductor/aoti_torch/generated/c_shim_cpu.h>
