#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "hearth/sampling.h"

namespace hearth {

/// Logarithm of the sum of e^score: what is taken from a token's score to have the logarithm of its probability.
/// `scores` are not empty; -infinity when all of them are, NaN when one is.
double log_sum_exp(std::span<const float> scores);

/// The `count` tokens of the highest scores, or all if there are fewer, the highest first and of equals the lower
/// token; tokens whose score is NaN are left out.
std::vector<TokenLogProbability> likeliest_tokens(std::span<const float> scores, size_t count);

}  // namespace hearth
