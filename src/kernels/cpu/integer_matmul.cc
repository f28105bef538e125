#include "kernels/integer_matmul.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/errors.h"
#include "kernels/cpu/column_offsets.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/profile.h"

namespace hearth {
namespace {

constexpr int64_t kGroup = 4;

/// Rows of bytes as the kernels take them: uint8, filled up with zeros to whole groups.
class ByteRows final : public BlockSource {
 public:
  /// `middle`: what is added to int8 numbers to make bytes of them, 0 for bytes.
  ByteRows(const Tensor& matrix, int32_t middle) : matrix_(matrix), flip_(static_cast<uint8_t>(middle)) {}

  void gather(int64_t, int64_t row, int64_t rows, int64_t depth_begin, int64_t depth, float* to,
              int64_t to_stride) const override {
    const int64_t first = depth_begin * kGroup;
    const int64_t count = std::min(matrix_.size(1) - first, depth * kGroup);
    const int64_t step = matrix_.stride(1);
    for (int64_t r = 0; r < rows; ++r) {
      const uint8_t* from = static_cast<const uint8_t*>(matrix_.data()) + (row + r) * matrix_.stride(0) + first * step;
      auto* line = reinterpret_cast<uint8_t*>(to + r * to_stride);
      for (int64_t k = 0; k < count; ++k) line[k] = from[k * step] ^ flip_;
      std::memset(line + count, 0, static_cast<size_t>(depth * kGroup - count));
    }
  }

 private:
  const Tensor& matrix_;
  uint8_t flip_;
};

/// Takes away from the sums what the bytes' zero point added to them.
class IntegerSink final : public TileSink {
 public:
  IntegerSink(const Tensor& out, const int32_t* offsets) : out_(out), offsets_(offsets) {}

  void store(int64_t, int64_t row, int64_t rows, int64_t column, int64_t columns, float* sums,
             int64_t stride) const override {
    for (int64_t r = 0; r < rows; ++r) {
      int32_t* to = out_.data_as<int32_t>() + (row + r) * out_.stride(0) + column * out_.stride(1);
      for (int64_t n = 0; n < columns; ++n) {
        int32_t sum = 0;
        std::memcpy(&sum, sums + r * stride + n, sizeof(sum));
        to[n * out_.stride(1)] = sum - offsets_[column + n];
      }
    }
  }
  bool is_finished_by(const TileKernels&) const override { return false; }
  FinishArguments finish_arguments(int64_t, int64_t, int64_t, int64_t, int64_t) const override { return {}; }

 private:
  const Tensor& out_;
  const int32_t* offsets_;
};

}  // namespace

Status integer_matmul(const KernelContext& context, const Tensor& out, const Tensor& a, const Tensor& b) {
  HEARTH_RETURN_IF_ERROR(check_integer_matmul(out, a, b));
  if (out.element_count() == 0) return {};
  constexpr const char* kRole = "[depth, columns]";
  constexpr int32_t kMiddle = 128;
  count_operations(DType::kInt8, 2.0 * static_cast<double>(out.element_count() * a.size(1)));
  const TileKernels& kernels = *micro_kernels().int8;
  const PanelSource source = panel_source_of(b, 0);
  const int32_t middle = a.dtype() == DType::kInt8 ? kMiddle : 0;
  HEARTH_ASSIGN_OR_RETURN(const Tensor offsets, column_offsets(context, b, kRole, source, middle));
  HEARTH_ASSIGN_OR_RETURN(const Tensor panels, packed_groups(context, kernels, b, kRole, source));
  const ByteRows rows(a, middle);
  const IntegerSink sink(out, offsets.data_as<int32_t>());
  Gemm gemm;
  gemm.rows = out.size(0);
  gemm.columns = out.size(1);
  gemm.depth = grouped_depth(kernels, source);
  gemm.blocks = &rows;
  gemm.b = panels.data_as<float>();
  gemm.sink = &sink;
  return run_gemm(context, kernels, gemm);
}

}  // namespace hearth
