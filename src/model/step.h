#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "hal/memory_pool.h"
#include "hearth/tensor.h"
#include "kernels/context.h"
#include "model/model_impl.h"
#include "model/sequence.h"
#include "model/workspace.h"

namespace hearth {

/// A sequence that a step goes on with, and how many of the step's tokens are its.
struct StepPart {
  Sequence* sequence = nullptr;
  int64_t tokens = StepSequence::kAllTokens;
};

/// Runs a method once, whose tokens belong to `parts` one after the other, and makes them part of the sequences: of
/// all, or, when it fails, of none. Outputs lie in the workspace's host memory, new keys and values in `pages`, which
/// is host memory, too. See Session::run for inputs, outputs and errors.
Result<std::vector<Tensor>> run_step(ModelImpl& model, std::string_view method, Workspace& workspace, MemoryPool& pages,
                                     std::span<const StepPart> parts, std::span<const Tensor> inputs);

}  // namespace hearth
