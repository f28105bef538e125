#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "hal/memory_pool.h"
#include "hearth/tensor.h"
#include "kernels/context.h"
#include "model/model_impl.h"
#include "model/sequence.h"

namespace hearth {

/// A sequence that a step goes on with, and how many of the step's tokens are its.
struct StepPart {
  Sequence* sequence = nullptr;
  int64_t tokens = StepSequence::kAllTokens;
};

/// Memory that a step takes.
struct StepMemory {
  MemoryPool& temporaries;  ///< Outputs, too.
  MemoryPool& pages;        ///< Of keys and values.
};

/// Runs a method once, whose tokens belong to `parts` one after the other, and makes them part of the sequences: of
/// all, or, when it fails, of none. See Session::run for inputs, outputs and errors.
Result<std::vector<Tensor>> run_step(ModelImpl& model, std::string_view method, const StepMemory& memory,
                                     std::span<const StepPart> parts, std::span<const Tensor> inputs);

}  // namespace hearth
