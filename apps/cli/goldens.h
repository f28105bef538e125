#pragma once

#include <string>
#include <vector>

#include "archive/archive.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth::cli {

/// A golden with its tensors read.
struct GoldenCase {
  const Golden* golden = nullptr;
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
};

/// Reads the inputs, and with `with_outputs` the answers, of a golden.
Result<GoldenCase> read_golden(const Archive& archive, const Golden& golden, bool with_outputs);

}  // namespace hearth::cli
