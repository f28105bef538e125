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

}  // namespace hearth
