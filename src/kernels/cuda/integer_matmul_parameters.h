#pragma once

#include <cstdint>

#include "matmul_parameters.h"

namespace hearth::gpu {

/// A product of bytes, with exact sums: Σ (a - a_zero) · b, and what becomes of them. Rows of a and columns of b are
/// `depth` adjacent bytes from 16-byte boundaries on.
struct IntegerProduct {
  /// Sums as int32; or activation(sum · row scale · column scale + bias + residual) as float32, or as bytes.
  enum Result : int32_t { kSums, kFloats, kBytes };

  int32_t rows;
  int32_t columns;
  int32_t depth;
  int32_t a_zero;  ///< Of uint8 a; 0 otherwise.
  const void* a;
  const void* b;
  int64_t a_row_stride;     ///< In bytes.
  int64_t b_column_stride;  ///< In bytes.
  Matrices out;             ///< Of what `result` says; no batch.
  int32_t result;
  int32_t activation;          ///< Of activation.cuh.
  const float* row_scales;     ///< [rows]; null: 1.
  const float* column_scales;  ///< [columns]
  int64_t column_scales_stride;
  const float* bias;  ///< [columns]; null: none.
  int64_t bias_stride;
  Matrices residual;  ///< Of float32, or of bytes that mean (byte - residual_zero) · residual_scale.
  int32_t residual_is_bytes;
  int32_t residual_zero;
  float residual_scale;
  float y_factor;  ///< 1 / the scale of the bytes of the result.
  float y_zero;
};

/// Rows of float32 as signed bytes: each symmetrically around 0, with its largest magnitude as 127.
struct RowQuantization {
  const float* x;
  int64_t row_stride;
  int64_t column_stride;
  int32_t rows;
  int32_t columns;
  int8_t* bytes;
  int64_t bytes_stride;
  float* scales;  ///< [rows]
};

}  // namespace hearth::gpu
