#pragma once

#include <array>
#include <vector>

#include "kernels/convolution_shape.h"
#include "kernels/cpu/gemm.h"

namespace hearth {

/// A convolution's input as the left operand of a product, made block by block: one row for each output pixel (of all
/// images in turn), with the input channels of each tap of the kernel in depth; padding where a tap meets no input, and
/// after the last tap.
class ImageRows final : public BlockSource {
 public:
  /// `data` is the input with adjacent channels (strides[1] is taken for 1) and must outlive this object; `padding`:
  /// every byte of an element that is not there.
  ImageRows(const ConvolutionShape& shape, const float* data, const ImageStrides& strides, uint8_t padding = 0);

  /// Instance means group.
  void gather(int64_t instance, int64_t row, int64_t rows, int64_t depth_begin, int64_t depth, float* to,
              int64_t to_stride) const override;

 private:
  /// Elements that lie together in the input for one output pixel: the channels of a tap, or of a row of taps.
  struct Run {
    std::array<int64_t, 3> tap;
  };

  void fill(float* to, int64_t count) const;

  void gather_row(int64_t group, int64_t row, int64_t depth_begin, int64_t depth, float* to) const;
  void copy_tap(const float* image, const std::array<int64_t, 3>& output, const Run& run, int64_t within, int64_t count,
                float* to) const;
  void copy_tap_row(const float* image, const std::array<int64_t, 3>& output, const Run& run, int64_t within,
                    int64_t count, float* to) const;
  int64_t input_offset(size_t dimension, int64_t output, int64_t tap) const {
    return offsets_[dimension][static_cast<size_t>(output * shape_.kernel[dimension] + tap)];
  }

  const ConvolutionShape& shape_;
  const float* data_;
  ImageStrides strides_;
  uint8_t padding_;
  bool joins_tap_rows_;  ///< Taps side by side meet pixels side by side.
  int64_t run_length_;
  std::vector<Run> runs_;
  std::array<std::vector<int64_t>, 3>
      offsets_;  ///< [dimension][output position · kernel + tap], in elements; -1: none.
};

}  // namespace hearth
