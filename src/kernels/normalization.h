#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "kernels/context.h"

namespace hearth {

/// x / sqrt(mean(x²) + epsilon) · weight over the last dimensions, whose shape is `normalized_shape`, and the factors
/// 1 / sqrt(...) with those dimensions at size 1, float32 for half floats. Floating dtypes; weight may be undefined;
/// epsilon is the dtype's (float32's for half floats) where it is not given.
Result<std::pair<Tensor, Tensor>> rms_norm(const KernelContext& context, const Tensor& x,
                                           std::span<const int64_t> normalized_shape, const Tensor& weight,
                                           std::optional<double> epsilon);

/// x with each element zeroed with `probability` and the others scaled up by 1 / (1 - probability), and the bool mask
/// of those that stayed. With a probability of 0 a copy.
Result<std::pair<Tensor, Tensor>> dropout(const KernelContext& context, const Tensor& x, double probability);

}  // namespace hearth
