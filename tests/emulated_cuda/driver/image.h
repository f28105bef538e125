#pragma once

#include <string>

#include "hal/cuda/driver_types.h"

namespace hearth::emulated_cuda {

/// The PTX in what a program passes to cuModuleLoadData: the text itself, or the first uncompressed one of a fatbin.
/// Otherwise `result` says as what the driver refuses the image, and `why` more.
struct Image {
  hearth::cuda::CUresult result = hearth::cuda::CUDA_SUCCESS;
  std::string ptx;
  std::string why;
};
Image find_ptx(const void* image);

/// ".version 8.7" and ".target sm_80", as 87 and 80; 0 for what is not there.
struct PtxHeader {
  int version = 0;
  int target = 0;
};
PtxHeader ptx_header(const std::string& text);

}  // namespace hearth::emulated_cuda
