#pragma once

#include <cstdint>

namespace hearth::gpu {

/// Equal matrices, one for each entry of a batch: strides in elements, 0 where a dimension repeats.
struct Matrices {
  void* data;  ///< Null: there are none.
  int64_t batch_stride;
  int64_t row_stride;
  int64_t column_stride;
};

/// out = activation(alpha · a · b + beta · added + bias), for each entry of a batch. All of one dtype, the bias perhaps
/// float32. Sums are float32.
struct Product {
  int32_t batches;
  int32_t rows;
  int32_t columns;
  int32_t depth;
  Matrices a;      ///< [rows, depth]
  Matrices b;      ///< [depth, columns]
  Matrices out;    ///< [rows, columns]
  Matrices added;  ///< [rows, columns]; may be `out`.
  Matrices bias;   ///< [rows, columns], all entries of the batch the same.
  int32_t bias_is_float32;
  int32_t activation;  ///< Of activation.cuh.
  float alpha;
  float beta;
  /// With more than one split, blocks of grid.y number s sum `split_depth` products from s · split_depth on into
  /// partial_sums [splits, batches, rows, columns], which another launch adds up.
  int32_t splits;
  int32_t split_depth;
  float* partial_sums;
};

}  // namespace hearth::gpu
