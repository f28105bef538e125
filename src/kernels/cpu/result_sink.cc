#include "kernels/cpu/result_sink.h"

#include <algorithm>

namespace hearth {
namespace {

std::byte* place(const RowsInMemory& matrix, int64_t instance, int64_t row, int64_t column) {
  if (!matrix.data) return nullptr;
  const int64_t element = instance * matrix.instance + row * matrix.row + column;
  return matrix.data + element * (dtype_bits(matrix.dtype) / 8);
}

}  // namespace

bool ResultSink::is_finished_by(const TileKernels& kernels) const {
  float low = 0;
  float high = 0;
  return line_step == line_rows && result.dtype == kernels.finished && kernels.finished != DType::kFloat32 &&
         (!residual.data || residual.dtype == result.dtype) && !integers.row_scales &&
         activation_as_clamp(activation, low, high);
}

FinishArguments ResultSink::finish_arguments(int64_t instance, int64_t row, int64_t rows, int64_t column,
                                             int64_t columns) const {
  const int64_t of_bias = instance * bias_instance + column;
  FinishArguments block;
  if (integers.offsets) {
    block.integers = {integers.offsets + of_bias, integers.scales + of_bias,
                      integers.row_scales ? integers.row_scales + row : nullptr};
  }
  block.rows = rows;
  block.columns = columns;
  block.bias = bias ? bias + of_bias : nullptr;
  block.residual = place(residual, instance, row, column);
  block.residual_stride = residual.row;
  block.residual_affine = residual.affine;
  block.residual_dtype = residual.dtype;
  block.activation = activation;
  block.result = place(result, instance, row, column);
  block.result_stride = result.row;
  block.result_affine = result.affine;
  block.result_dtype = result.dtype;
  return block;
}

void ResultSink::store(int64_t instance, int64_t row, int64_t rows, int64_t column, int64_t columns, float* sums,
                       int64_t stride) const {
  const auto finish = [&](int64_t result_row, int64_t result_rows, float* of_rows) {
    FinishArguments block = finish_arguments(instance, result_row, result_rows, column, columns);
    block.sums = of_rows;
    block.sums_stride = stride;
    kernels_.finish(block);
  };
  if (line_step == line_rows) return finish(row, rows, sums);
  for (int64_t done = 0; done < rows;) {
    const int64_t of_image = (row + done) % image_rows;
    const int64_t of_line = of_image % line_step;
    if (of_line >= line_rows) {
      done += line_step - of_line;
      continue;
    }
    const int64_t count = std::min(line_rows - of_line, rows - done);
    const int64_t line = (row + done) / image_rows * image_lines + of_image / line_step;
    finish(line * line_rows + of_line, count, sums + done * stride);
    done += count;
  }
}

}  // namespace hearth
