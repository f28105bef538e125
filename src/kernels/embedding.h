#pragma once

#include <cstdint>

#include "kernels/context.h"

namespace hearth {

struct EmbeddingBagParameters {
  enum class Mode : int64_t { kSum = 0, kMean = 1, kMax = 2 };
  Mode mode = Mode::kSum;
  bool include_last_offset = false;  ///< The last offset is the end of the last bag, not the start of one more.
  int64_t padding_index = -1;        ///< Rows with this index do not count; negative for none.
};

/// What aten::_embedding_bag returns.
struct EmbeddingBags {
  Tensor bags;             ///< [bags, columns]
  Tensor bag_of_index;     ///< int, one for each index.
  Tensor bag_sizes;        ///< int, one for each bag: indices that count.
  Tensor maximum_indices;  ///< int: for kMax [bags, columns] with the row of each maximum, else bag_sizes' shape.
};

/// Sums, means or maxima of rows of weight [rows, columns], floating: bag b holds indices[offsets[b]] up to the start
/// of the next bag; empty bags give zeros. indices and offsets are int64 or int32 of rank 1, per_sample_weights
/// (undefined, or one factor for each index) goes with sums only. kInvalidArgument names the operand that does not fit.
Result<EmbeddingBags> embedding_bag(const KernelContext& context, const Tensor& weight, const Tensor& indices,
                                    const Tensor& offsets, const Tensor& per_sample_weights,
                                    const EmbeddingBagParameters& parameters);

}  // namespace hearth
