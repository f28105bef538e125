#pragma once

#include <span>

namespace hearth {

/// Logarithm of the sum of e^score: what is taken from a token's score to have the logarithm of its probability.
/// `scores` are not empty; -infinity when all of them are, NaN when one is.
double log_sum_exp(std::span<const float> scores);

}  // namespace hearth
