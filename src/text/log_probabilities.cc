#include "text/log_probabilities.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hearth {

double log_sum_exp(std::span<const float> scores) {
  const float highest = *std::ranges::max_element(scores);
  if (highest == -std::numeric_limits<float>::infinity()) return highest;
  double sum = 0;
  for (const float score : scores) sum += std::exp(score - highest);
  return highest + std::log(sum);
}

std::vector<TokenLogProbability> likeliest_tokens(std::span<const float> scores, size_t count) {
  std::vector<int64_t> tokens;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!std::isnan(scores[i])) tokens.push_back(static_cast<int64_t>(i));
  }
  const auto score = [&](int64_t token) { return scores[static_cast<size_t>(token)]; };
  const auto end = tokens.begin() + static_cast<std::ptrdiff_t>(std::min(count, tokens.size()));
  std::ranges::partial_sort(tokens, end,
                            [&](int64_t a, int64_t b) { return score(a) != score(b) ? score(a) > score(b) : a < b; });
  const double total = log_sum_exp(scores);
  std::vector<TokenLogProbability> likeliest;
  for (auto token = tokens.begin(); token != end; ++token) likeliest.push_back({*token, score(*token) - total});
  return likeliest;
}

}  // namespace hearth
