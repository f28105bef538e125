#pragma once

#include <vector>

#include "hearth/model.h"
#include "pipelines/generate/generator_plan.h"

namespace hearth::cli {

/// Steps in which several sequences of a language model go on by one token each, for measuring.
class SequenceSteps {
 public:
  /// kInvalidArgument when the model is not for text generation, or does not take so many.
  static Result<SequenceSteps> create(const Model& model, int count);

  /// The next step. Returns its milliseconds.
  Result<double> run();

 private:
  SequenceSteps(Batch batch, std::vector<Session> sessions, const GeneratorPlan& plan)
      : batch_(std::move(batch)), sessions_(std::move(sessions)), plan_(plan) {}

  Batch batch_;
  std::vector<Session> sessions_;
  GeneratorPlan plan_;  ///< Points into the model's manifest.
};

}  // namespace hearth::cli
