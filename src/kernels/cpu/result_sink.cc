#include "kernels/cpu/result_sink.h"

#include <algorithm>

namespace hearth {

void ResultSink::store(int64_t instance, int64_t row, int64_t rows, int64_t column, int64_t columns, float* sums,
                       int64_t stride) const {
  const int64_t bytes = dtype_bits(dtype) / 8;
  const auto place = [&](const RowsInMemory& matrix, int64_t result_row) -> std::byte* {
    if (!matrix.data) return nullptr;
    return matrix.data + (instance * matrix.instance + result_row * matrix.row + column) * bytes;
  };
  FinishArguments block;
  block.sums_stride = stride;
  block.columns = columns;
  block.bias = bias ? bias + instance * bias_instance + column : nullptr;
  block.residual_stride = residual.row;
  block.activation = activation;
  block.result_stride = result.row;
  block.dtype = dtype;
  for (int64_t done = 0; done < rows; done += block.rows) {
    const int64_t of_image = (row + done) % image_rows;
    const int64_t of_line = of_image % line_step;
    if (of_line >= line_rows) {
      block.rows = line_step - of_line;
      continue;
    }
    block.rows = std::min(line_rows - of_line, rows - done);
    const int64_t line = (row + done) / image_rows * image_lines + of_image / line_step;
    const int64_t result_row = line * line_rows + of_line;
    block.sums = sums + done * stride;
    block.residual = place(residual, result_row);
    block.result = place(result, result_row);
    kernels_.finish(block);
  }
}

}  // namespace hearth
