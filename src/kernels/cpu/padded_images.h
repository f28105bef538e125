#pragma once

#include "kernels/convolution_shape.h"
#include "kernels/cpu/images.h"

namespace hearth {

/// The same convolution of an input that contains its padding of planes and lines.
ConvolutionShape with_padded_lines(ConvolutionShape shape);

/// A channels-last copy of the input `from` of `shape`, as wide as windows reach, with whole lines of padding where
/// `padded`, which is `shape` or with_padded_lines() of it, has them in its input. `padding`: every byte of what lies
/// around the input; `pixel`: elements from pixel to pixel, the channels at least.
Result<Images> padded_images(const KernelContext& context, const ConvolutionShape& shape,
                             const ConvolutionShape& padded, const Images& from, uint8_t padding, int64_t pixel);

}  // namespace hearth
