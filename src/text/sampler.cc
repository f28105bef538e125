#include "text/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/errors.h"

namespace hearth {
namespace {

Status check(bool good, std::string_view option, double value, std::string_view wanted) {
  return good ? Status() : invalid_argument("sampling: {} is {}, expected {}", option, value, wanted);
}

/// Sorts by what `key` says of a candidate, the least first; of equals the lower token first.
template <typename Candidates, typename Key>
void sort_by(Candidates& candidates, Key key) {
  std::ranges::sort(candidates, [&](const auto& a, const auto& b) {
    return std::pair(key(a), a.token) < std::pair(key(b), b.token);
  });
}

/// Probabilities of candidates from their scores, most probable first.
template <typename Candidates>
void rank(Candidates& candidates) {
  sort_by(candidates, [](const auto& candidate) { return -candidate.score; });
  double total = 0;
  for (auto& candidate : candidates) {
    candidate.probability = std::exp(candidate.score - candidates.front().score);
    total += candidate.probability;
  }
  for (auto& candidate : candidates) candidate.probability /= total;
}

/// Leaves the first candidates that together are at least `share` probable, one at least.
template <typename Candidates>
void keep_share(Candidates& candidates, double share) {
  double sum = 0;
  size_t count = 0;
  while (count < candidates.size() && (count == 0 || sum < share)) sum += candidates[count++].probability;
  candidates.resize(count);
}

}  // namespace

Result<Sampler> Sampler::create(const SamplingOptions& options, int64_t vocabulary_size) {
  const auto is_share = [](double value) { return value > 0 && value <= 1; };
  HEARTH_RETURN_IF_ERROR(check(std::isfinite(options.temperature) && options.temperature >= 0, "temperature",
                               options.temperature, "0 or more"));
  HEARTH_RETURN_IF_ERROR(check(options.top_k >= 0, "top_k", static_cast<double>(options.top_k), "0 or more"));
  HEARTH_RETURN_IF_ERROR(check(is_share(options.top_p), "top_p", options.top_p, "more than 0 and at most 1"));
  HEARTH_RETURN_IF_ERROR(check(options.min_p >= 0 && options.min_p <= 1, "min_p", options.min_p, "0 to 1"));
  HEARTH_RETURN_IF_ERROR(
      check(is_share(options.typical_p), "typical_p", options.typical_p, "more than 0 and at most 1"));
  HEARTH_RETURN_IF_ERROR(check(std::isfinite(options.repetition_penalty) && options.repetition_penalty > 0,
                               "repetition_penalty", options.repetition_penalty, "more than 0"));
  HEARTH_RETURN_IF_ERROR(
      check(std::isfinite(options.presence_penalty), "presence_penalty", options.presence_penalty, "a number"));
  HEARTH_RETURN_IF_ERROR(
      check(std::isfinite(options.frequency_penalty), "frequency_penalty", options.frequency_penalty, "a number"));
  for (const auto& [token, bias] : options.logit_bias) {
    if (token < 0 || token >= vocabulary_size) {
      return invalid_argument("sampling: logit_bias: {} is not a token of the model, which has {}", token,
                              vocabulary_size);
    }
    HEARTH_RETURN_IF_ERROR(
        check(bias < std::numeric_limits<double>::infinity(), "logit_bias", bias, "a number or -infinity"));
  }
  return Sampler(options);
}

void Sampler::begin(std::span<const int64_t> prompt) {
  generated_.clear();
  for (const int64_t token : prompt) generated_.try_emplace(token);
}

Result<int64_t> Sampler::next(std::span<const float> scores) {
  const std::vector<double> values = adjusted(scores);
  // The comparisons leave out NaN, and tokens that are forbidden.
  constexpr double kForbidden = -std::numeric_limits<double>::infinity();
  double highest = kForbidden;
  int64_t token = -1;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] <= highest || std::isnan(values[i])) continue;
    highest = values[i];
    token = static_cast<int64_t>(i);
  }
  if (token < 0) {
    return error(StatusCode::kFailed,
                 "sampling: the model leaves no token that could be next: its scores are no numbers");
  }
  if (options_.temperature != 0) {
    std::vector<Candidate> candidates;
    for (size_t i = 0; i < values.size(); ++i) {
      if (!(values[i] > kForbidden)) continue;
      candidates.push_back({static_cast<int64_t>(i), std::min(values[i], std::numeric_limits<double>::max()), 0});
    }
    narrow(candidates);
    token = draw(candidates);
  }
  ++generated_[token];
  return token;
}

double Sampler::penalised(double score, int64_t generated) const {
  score = score > 0 ? score / options_.repetition_penalty : score * options_.repetition_penalty;
  if (generated == 0) return score;
  return score - options_.presence_penalty - options_.frequency_penalty * static_cast<double>(generated);
}

std::vector<double> Sampler::adjusted(std::span<const float> scores) const {
  std::vector<double> values(scores.begin(), scores.end());
  for (const auto& [token, generated] : generated_) {
    double& score = values[static_cast<size_t>(token)];
    score = penalised(score, generated);
  }
  for (const TokenBias& entry : options_.logit_bias) values[static_cast<size_t>(entry.token)] += entry.bias;
  return values;
}

void Sampler::narrow(std::vector<Candidate>& candidates) const {
  const auto count = static_cast<int64_t>(candidates.size());
  if (options_.top_k > 0 && options_.top_k < count) {
    const auto by_score = [](const Candidate& a, const Candidate& b) {
      return a.score != b.score ? a.score > b.score : a.token < b.token;
    };
    std::ranges::nth_element(candidates, candidates.begin() + options_.top_k, by_score);
    candidates.resize(static_cast<size_t>(options_.top_k));
  }
  const double largest = std::ranges::max_element(candidates, {}, &Candidate::score)->score;
  for (Candidate& candidate : candidates) candidate.score = (candidate.score - largest) / options_.temperature;
  rank(candidates);
  if (options_.top_p < 1) {
    keep_share(candidates, options_.top_p);
    rank(candidates);
  }
  if (options_.min_p > 0) {
    const double least = options_.min_p * candidates.front().probability;
    std::erase_if(candidates, [&](const Candidate& candidate) { return candidate.probability < least; });
    rank(candidates);
  }
  if (options_.typical_p < 1) {
    double expected = 0;
    for (const Candidate& c : candidates) expected -= c.probability > 0 ? c.probability * std::log(c.probability) : 0;
    const auto strangeness = [&](const Candidate& c) { return std::abs(-std::log(c.probability) - expected); };
    sort_by(candidates, strangeness);
    keep_share(candidates, options_.typical_p);
    rank(candidates);
  }
}

int64_t Sampler::draw(const std::vector<Candidate>& candidates) {
  // 53 random bits: std::uniform_real_distribution differs between libraries.
  double point = static_cast<double>(random_() >> 11) * 0x1p-53;
  for (const Candidate& candidate : candidates) {
    point -= candidate.probability;
    if (point < 0) return candidate.token;
  }
  return candidates.front().token;
}

}  // namespace hearth
