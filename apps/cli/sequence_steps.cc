#include "cli/sequence_steps.h"

#include "base/errors.h"
#include "cli/measuring.h"
#include "model/model_impl.h"
#include "pipelines/generate/token_lists.h"

namespace hearth::cli {

Result<SequenceSteps> SequenceSteps::create(const Model& model, int count) {
  HEARTH_ASSIGN_OR_RETURN(const GeneratorPlan plan, plan_generator(model.impl()->archive().manifest()));
  if (count > plan.most_sequences) {
    return invalid_argument("--sequences {}: the model takes {} at once", count, plan.most_sequences);
  }
  HEARTH_ASSIGN_OR_RETURN(Batch batch, model.batch());
  std::vector<Session> sessions;
  for (int i = 0; i < count; ++i) {
    HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
    sessions.push_back(std::move(session));
  }
  return SequenceSteps(std::move(batch), std::move(sessions), plan);
}

Result<double> SequenceSteps::run() {
  TokenLists lists;
  std::vector<Batch::Part> parts;
  for (Session& session : sessions_) {
    if (session.length() == plan_.pipeline->generation.context_length) HEARTH_RETURN_IF_ERROR(session.rewind(0));
    // Any token does; different ones make different sequences.
    const int64_t token = static_cast<int64_t>(parts.size()) % plan_.pipeline->generation.vocabulary_size;
    lists.add(std::span(&token, 1), session.length());
    parts.push_back({&session, 1});
  }
  HEARTH_ASSIGN_OR_RETURN(const auto inputs, lists.tensors());
  const Clock::time_point start = Clock::now();
  HEARTH_RETURN_IF_ERROR(batch_.run(plan_.pipeline->method, parts, inputs).status());
  return milliseconds_since(start);
}

}  // namespace hearth::cli
