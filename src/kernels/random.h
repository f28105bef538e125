#pragma once

#include <cstdint>

#include "kernels/context.h"

namespace hearth {

// Random numbers from a counter: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
// Number i of a call depends on the seed, on the numbers that earlier calls of this process took, and on i, never on
// the threads. The numbers are Hearth's own: no other program draws the same. Tensors may have any strides; elements
// are numbered in row-major order.

/// Starts the process's sequence anew. Thread-safe, as is drawing from it; calls that draw at the same time get
/// distinct numbers in the order in which they came.
void set_seed(uint64_t seed);

/// Uniform in [low, high), floating dtypes.
Status fill_uniform(const KernelContext& context, const Tensor& tensor, double low, double high);
/// Normal, floating dtypes.
Status fill_normal(const KernelContext& context, const Tensor& tensor, double mean, double deviation);
/// Exponential with rate `rate`, floating dtypes.
Status fill_exponential(const KernelContext& context, const Tensor& tensor, double rate);
/// Whole numbers in [low, high), real dtypes. kInvalidArgument when there are none.
Status fill_integers(const KernelContext& context, const Tensor& tensor, int64_t low, int64_t high);
/// 1 with probability `probability`, else 0; real dtypes.
Status fill_bernoulli(const KernelContext& context, const Tensor& tensor, double probability);
/// The same with a probability for each element, which broadcasts to the tensor.
Status fill_bernoulli(const KernelContext& context, const Tensor& tensor, const Tensor& probability);
/// A permutation of 0 to n - 1 in an integer or floating dtype, rank 1.
Result<Tensor> random_permutation(const KernelContext& context, int64_t n, DType dtype);

}  // namespace hearth
