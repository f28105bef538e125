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

void ResultSink::store(int64_t instance, int64_t row, int64_t rows, int64_t column, int64_t columns, float* sums,
                       int64_t stride) const {
  const int64_t of_bias = instance * bias_instance + column;
  IntegerSums numbers;
  if (integers.offsets) numbers = {integers.offsets + of_bias, integers.scales + of_bias};
  FinishArguments block;
  block.sums_stride = stride;
  block.integers = integers.offsets ? &numbers : nullptr;
  block.columns = columns;
  block.bias = bias ? bias + of_bias : nullptr;
  block.residual_stride = residual.row;
  block.residual_affine = residual.affine;
  block.residual_dtype = residual.dtype;
  block.activation = activation;
  block.result_stride = result.row;
  block.result_affine = result.affine;
  block.result_dtype = result.dtype;
  const auto finish = [&](int64_t result_row) {
    block.residual = place(residual, instance, result_row, column);
    block.result = place(result, instance, result_row, column);
    if (integers.row_scales) numbers.row_scales = integers.row_scales + result_row;
    kernels_.finish(block);
  };
  if (line_step == line_rows) {
    block.sums = sums;
    block.rows = rows;
    return finish(row);
  }
  for (int64_t done = 0; done < rows; done += block.rows) {
    const int64_t of_image = (row + done) % image_rows;
    const int64_t of_line = of_image % line_step;
    if (of_line >= line_rows) {
      block.rows = line_step - of_line;
      continue;
    }
    block.rows = std::min(line_rows - of_line, rows - done);
    const int64_t line = (row + done) / image_rows * image_lines + of_image / line_step;
    block.sums = sums + done * stride;
    finish(line * line_rows + of_line);
  }
}

}  // namespace hearth
