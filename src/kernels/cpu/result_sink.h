#pragma once

#include "kernels/cpu/gemm.h"
#include "kernels/cpu/micro_kernels.h"

namespace hearth {

/// A matrix of rows [instances, rows, columns] in memory; strides in elements, columns adjacent.
struct RowsInMemory {
  std::byte* data = nullptr;  ///< Null: none.
  int64_t instance = 0;
  int64_t row = 0;
  DType dtype = DType::kFloat32;
  Affine affine{};  ///< What uint8 elements mean.
};

/// Finishes the sums of a product and stores them as rows of a result: result = activation(sums + bias + residual), of
/// the dtypes that FinishArguments knows.
/// Where the product computes more rows than the result has (lines of windows run on through the padding), `line_step`
/// rows of the product hold `line_rows` of the result.
class ResultSink final : public TileSink {
 public:
  explicit ResultSink(const MicroKernels& kernels) : kernels_(kernels) {}

  void store(int64_t instance, int64_t row, int64_t rows, int64_t column, int64_t columns, float* sums,
             int64_t stride) const override;
  bool is_finished_by(const TileKernels& kernels) const override;
  FinishArguments finish_arguments(int64_t instance, int64_t row, int64_t rows, int64_t column,
                                   int64_t columns) const override;

  /// Makes rows of the product and of the result the same, `rows` of them in each instance.
  void set_plain_rows(int64_t rows) { line_step = line_rows = image_rows = rows; }

  RowsInMemory result;
  RowsInMemory residual;
  const float* bias = nullptr;  ///< [instances, columns]; null: none.
  int64_t bias_instance = 0;
  /// Offsets null: the sums are float. Offsets and scales are like `bias`; row scales are of the result's rows.
  IntegerSums integers;
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
