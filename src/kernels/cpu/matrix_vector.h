#pragma once

#include "base/thread_team.h"
#include "kernels/cpu/micro_kernels.h"

namespace hearth {

/// y[r] = activation(a[r] · vector + bias + residual[r]) for each row; strides are in elements.
struct MatrixVector {
  const float* a = nullptr;  ///< [rows, depth], depths adjacent.
  int64_t rows = 0;
  int64_t depth = 0;
  int64_t a_row = 0;
  const float* vector = nullptr;    ///< [depth]
  const float* bias = nullptr;      ///< One number; null: none.
  const float* residual = nullptr;  ///< Null: none.
  int64_t residual_row = 0;
  float* y = nullptr;  ///< [rows], adjacent.
  Activation activation = Activation::kNone;
};

/// Computes it as dot products, where tiles of a product would hold one column of many.
void multiply_by_vector(ThreadTeam& team, const MicroKernels& kernels, const MatrixVector& product);

}  // namespace hearth
