#pragma once

#include <string>

namespace hearth::cuda {

/// CUDA versions are major * 1000 + minor * 10, as the driver gives them; PTX versions are major * 10 + minor.
constexpr int kOldestCuda = 11020;

/// "12.4" for 12040.
std::string version_text(int cuda_version);
/// NVIDIA's branch of drivers (Linux) that brought a CUDA version: "550" for 12040. Versions in between belong to the
/// last one before; one that is newer than this table is "590" or whatever the newest here is.
std::string driver_branch(int cuda_version);
/// The newest PTX that drivers of a CUDA version read: 84 for 12040. Versions after this table's last read more than is
/// said here.
int newest_ptx(int cuda_version);
/// The first CUDA version that reads a PTX version: 12080 for 87; 0 when it is newer than this table.
int cuda_of_ptx(int ptx_version);

}  // namespace hearth::cuda
