#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "archive/manifest.h"
#include "hearth/model.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// A golden of a file, read into memory.
struct GoldenCase {
  std::string method;
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
  std::vector<GoldenOutput> tolerances;  ///< One for each output.
};

/// The goldens of the model's file. kInvalidFile when it has none.
Result<std::vector<GoldenCase>> read_goldens(const Model& model);

/// Runs each case and compares with what PyTorch answered. kFailed names the output that differs.
Status check_answers(Session& session, const std::vector<GoldenCase>& cases);

/// What the cases answer now: each output as an .npy file.
Result<std::vector<std::vector<std::byte>>> answer(Session& session, const std::vector<GoldenCase>& cases);

}  // namespace hearth
