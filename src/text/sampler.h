#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <unordered_map>
#include <vector>

#include "hearth/sampling.h"
#include "hearth/status.h"

namespace hearth {

/// Chooses tokens of one sequence by the scores that a model gives them. Used from one thread at a time.
class Sampler {
 public:
  /// kInvalidArgument names the option that makes no sense for so many tokens.
  static Result<Sampler> create(const SamplingOptions& options, int64_t vocabulary_size);

  /// Tells of tokens of the vocabulary that the sequence begins with.
  void begin(std::span<const int64_t> prompt);
  /// Chooses the next token and takes it as a part of the sequence. `scores`: one for each token of the vocabulary.
  /// kFailed when there is no token that it could be: all are forbidden, or the model answered NaN.
  Result<int64_t> next(std::span<const float> scores);

 private:
  struct Candidate {
    int64_t token;
    double score;
    double probability;
  };

  explicit Sampler(const SamplingOptions& options) : options_(options), random_(options.seed) {}
  std::vector<double> adjusted(std::span<const float> scores) const;
  double penalised(double score, int64_t generated) const;
  void narrow(std::vector<Candidate>& candidates) const;
  int64_t draw(const std::vector<Candidate>& candidates);

  SamplingOptions options_;
  std::mt19937_64 random_;
  std::unordered_map<int64_t, int64_t> generated_;  ///< How often each token of the sequence was, prompt aside.
};

}  // namespace hearth
