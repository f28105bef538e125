#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// Reads one array in NumPy's .npy format, versions 1 to 3, little-endian, C or Fortran order, into fresh memory.
/// bfloat16, which NumPy lacks, is read from the two-byte void type ("V2") as ml_dtypes writes it. kInvalidFile says
/// what is wrong; memory is taken only after the length was checked.
Result<Tensor> read_npy(std::span<const std::byte> bytes);
/// The same from a file; messages name it.
Result<Tensor> read_npy(const std::filesystem::path& path);

/// The array as a .npy file of version 1, C order, any strides accepted. kInvalidArgument for packed dtypes.
Result<std::vector<std::byte>> write_npy(const Tensor& tensor);
/// The same to a file: written beside it, then renamed over it, so that it is whole or absent. kFailed names the file.
Status write_npy(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace hearth
