#pragma once

#include "kernels/cpu/gemm.h"
#include "kernels/cpu/micro_kernels.h"

namespace hearth {

/// A matrix of rows [instances, rows, columns] in memory; strides in elements, columns adjacent.
struct RowsInMemory {
  std::byte* data = nullptr;  ///< Null: none.
  int64_t instance = 0;
  int64_t row = 0;
};

/// Finishes the sums of a product and stores them as rows of a result: result = activation(sums + bias + residual).
/// Where the product computes more rows than the result has (lines of windows run on through the padding), `line_step`
/// rows of the product hold `line_rows` of the result.
class ResultSink final : public TileSink {
 public:
  explicit ResultSink(const MicroKernels& kernels) : kernels_(kernels) {}

  void store(int64_t instance, int64_t row, int64_t rows, int64_t column, int64_t columns, float* sums,
             int64_t stride) const override;

  RowsInMemory result;
  RowsInMemory residual;
  DType dtype = DType::kFloat32;  ///< Of both: float32 or bfloat16.
  const float* bias = nullptr;    ///< [instances, columns]; null: none.
  int64_t bias_instance = 0;
  Activation activation = Activation::kNone;
  int64_t line_step = 1;
  int64_t line_rows = 1;
  /// Rows of the product, and lines, of one image.
  int64_t image_rows = 1;
  int64_t image_lines = 1;

 private:
  const MicroKernels& kernels_;
};

}  // namespace hearth
