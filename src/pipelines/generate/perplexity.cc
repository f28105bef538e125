#include "hearth/perplexity.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/errors.h"
#include "base/thread_team.h"
#include "model/model_impl.h"
#include "pipelines/generate/decoder_step.h"
#include "pipelines/generate/generator_plan.h"
#include "pipelines/generate/step_plan.h"
#include "text/log_probabilities.h"

namespace hearth {
namespace {

constexpr int64_t kMostUsualContext = 2048;
/// Scores of a step, which bound how many tokens it reads.
constexpr int64_t kMostScores = int64_t{1} << 24;

/// Surprises of tokens, in nats.
class Surprises {
 public:
  explicit Surprises(ThreadTeam& team) : team_(team) {}

  /// Row i of `logits` [rows, vocabulary] foresaw `tokens[i]`.
  Status add(const Tensor& logits, std::span<const int64_t> tokens) {
    const auto vocabulary = static_cast<size_t>(logits.shape()[1]);
    std::vector<double> found(tokens.size());
    team_.parallel_for(static_cast<int64_t>(tokens.size()), 1, [&](int64_t begin, int64_t end) {
      for (auto row = static_cast<size_t>(begin); row < static_cast<size_t>(end); ++row) {
        const std::span scores(logits.data_as<float>() + row * vocabulary, vocabulary);
        found[row] = log_sum_exp(scores) - scores[static_cast<size_t>(tokens[row])];
      }
    });
    for (const double surprise : found) {
      if (std::isnan(surprise)) return error(StatusCode::kFailed, "the model answered what is no number");
      sum_ += surprise;
      sum_of_squares_ += surprise * surprise;
    }
    count_ += static_cast<int64_t>(tokens.size());
    return {};
  }

  int64_t count() const { return count_; }
  Perplexity perplexity() const {
    const auto count = static_cast<double>(count_);
    const double mean = sum_ / count;
    const double variance = std::max(0.0, sum_of_squares_ / count - mean * mean);
    const double value = std::exp(mean);
    return {value, count_ > 1 ? value * std::sqrt(variance / (count - 1)) : 0, count_};
  }

 private:
  ThreadTeam& team_;
  double sum_ = 0;
  double sum_of_squares_ = 0;
  int64_t count_ = 0;
};

Result<PerplexityOptions> chosen_windows(const PerplexityOptions& options, int64_t context_length) {
  PerplexityOptions chosen = options;
  if (chosen.context == 0) chosen.context = std::min(context_length, kMostUsualContext);
  if (chosen.context < 2 || chosen.context > context_length) {
    return invalid_argument("a window of {} tokens: give from 2 to {}, the model's context", chosen.context,
                            context_length);
  }
  if (chosen.stride == 0) chosen.stride = std::max<int64_t>(1, chosen.context / 2);
  // A later window scores its last tokens by those before them, of which it needs one at least.
  if (chosen.stride < 1 || chosen.stride >= chosen.context) {
    return invalid_argument("windows {} tokens apart: give from 1 to {}, the window's less one", chosen.stride,
                            chosen.context - 1);
  }
  return chosen;
}

Status check_tokens(std::span<const int64_t> tokens, int64_t vocabulary_size) {
  if (tokens.size() < 2) return invalid_argument("a text of {} tokens has nothing to foresee", tokens.size());
  for (const int64_t token : tokens) {
    if (token >= 0 && token < vocabulary_size) continue;
    return invalid_argument("{} is not a token of the model, which has {}", token, vocabulary_size);
  }
  return {};
}

}  // namespace

Result<Perplexity> perplexity(const Model& model, std::span<const int64_t> tokens, const PerplexityOptions& options,
                              const PerplexityProgress& progress) {
  HEARTH_ASSIGN_OR_RETURN(const GeneratorPlan plan, plan_generator(model.impl()->archive().manifest()));
  const TextGeneration& facts = plan.pipeline->generation;
  HEARTH_RETURN_IF_ERROR(check_tokens(tokens, facts.vocabulary_size));
  HEARTH_ASSIGN_OR_RETURN(const PerplexityOptions windows, chosen_windows(options, facts.context_length));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  const auto most = static_cast<size_t>(
      std::clamp<int64_t>(kMostScores / facts.vocabulary_size, 1, std::min(plan.most_tokens, kUsualTokensOfStep)));

  const auto total = static_cast<int64_t>(tokens.size()) - 1;
  Surprises surprises(model.impl()->team());
  for (int64_t begin = 0; surprises.count() < total; begin += windows.stride) {
    HEARTH_RETURN_IF_ERROR(session.rewind(0));
    // The token behind a window's last is foreseen as well, so that it reads one less than it has.
    const int64_t last = std::min(begin + windows.context - 1, total);
    while (session.length() < last - begin) {
      const auto first = static_cast<size_t>(begin + session.length());
      const auto next_unscored = static_cast<size_t>(surprises.count());
      const size_t end = std::min(first + most, static_cast<size_t>(last));
      // Of a step that scores nothing, one row is asked for all the same: there is no step without.
      const size_t first_scored = std::clamp(next_unscored, first, end - 1);
      HEARTH_ASSIGN_OR_RETURN(
          const Tensor logits,
          decoder_step(session, plan.pipeline->method, tokens.subspan(first, end - first), end - first_scored));
      if (end <= next_unscored) continue;
      HEARTH_RETURN_IF_ERROR(surprises.add(logits, tokens.subspan(first_scored + 1, end - first_scored)));
      if (progress) progress(surprises.count(), total);
    }
  }
  return surprises.perplexity();
}

}  // namespace hearth
