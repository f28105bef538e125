#pragma once

#include "kernels/convolution_shape.h"
#include "kernels/cpu/grouped_images.h"
#include "kernels/cpu/images.h"

namespace hearth {

/// Where the pixels of channels-last images lie. Steps are in bytes.
struct PixelPlaces {
  std::byte* data = nullptr;  ///< Null: no images.
  int64_t image_step = 0;
  int64_t line_step = 0;
  int64_t column_step = 0;

  std::byte* at(int64_t image, int64_t line, int64_t column) const {
    return data + image * image_step + line * line_step + column * column_step;
  }
};

/// Of images whose elements are floats, or groups of narrower numbers, filled up with zeros.
PixelPlaces pixels_of(const Images& images);
/// Of images of `sizes` [depth 1, height, width].
PixelPlaces pixels_of(const EvenImages& images, const std::array<int64_t, 3>& sizes);

/// A convolution of 3×3 windows by four multiplications for nine: tiles of 4×4 inputs and the weights are transformed,
/// multiplied in 16 matrix products over the channels, and transformed back to 2×2 outputs. F(2×2, 3×3) of Lavin and
/// Gray, "Fast Algorithms for Convolutional Neural Networks", 2015. Its sums round somewhat differently from direct
/// ones; an infinity among the inputs may make NaNs of the outputs of its tile. In bfloat16 transformed inputs and
/// weights are rounded once more, which makes the error of the outputs some three times that of rounding them.
struct WinogradConvolution {
  const ConvolutionShape* shape = nullptr;
  DType dtype = DType::kFloat32;  ///< Of x, residual and y: float32 or bfloat16.
  PixelPlaces x;
  Tensor weight;                ///< Constant.
  const float* bias = nullptr;  ///< [out channels]; null: none.
  PixelPlaces residual;         ///< Of y's sizes; or none.
  PixelPlaces y;
  Activation activation = Activation::kNone;
};

/// True for convolutions that it computes by `kernels`, and faster than the direct way.
bool suits_winograd(const TileKernels& kernels, const ConvolutionShape& shape, const Tensor& weight);

/// Computes into y, the products by `kernels`, which are of its dtype. The bits do not depend on the size of the team.
/// kOutOfMemory.
Status convolve_winograd(const KernelContext& context, const TileKernels& kernels,
                         const WinogradConvolution& convolution);

}  // namespace hearth
