#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "archive/manifest.h"
#include "kernels/adapter.h"

namespace hearth {

/// A fine-tune's matrices by the name of the weight that they go with, from a file of `python -m
/// hearth.export.adapter`: a NumPy .npz with "<weight>.down" [R, K] and "<weight>.up" [N, R] in float16 or float32.
/// kInvalidFile names the array that is wrong; kInvalidArgument says that the file is for another model: one whose
/// weights `manifest` does not have, or not in these sizes.
Result<std::map<std::string, LowRank>> read_adapter(const std::filesystem::path& path, const Manifest& manifest);

}  // namespace hearth
