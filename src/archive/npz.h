#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// Reads all arrays of a NumPy .npz file, in the file's order, into fresh memory: what np.savez and
/// np.savez_compressed write. A name is the entry's without ".npy". kInvalidFile names the entry that is wrong; one
/// that is compressed may have at most 1 GiB.
Result<std::vector<NamedTensor>> read_npz(std::span<const std::byte> bytes);
/// The same from a file; messages name it.
Result<std::vector<NamedTensor>> read_npz(const std::filesystem::path& path);

/// The arrays as a .npz file, uncompressed as np.savez writes it; the same arrays give the same bytes. kInvalidArgument
/// for names that are empty, equal or no relative path, and for packed dtypes.
Result<std::vector<std::byte>> write_npz(std::span<const NamedTensor> tensors);
/// The same to a file, whole or as before. kFailed names the file.
Status write_npz(const std::filesystem::path& path, std::span<const NamedTensor> tensors);

}  // namespace hearth
