#pragma once

#include "archive/manifest.h"
#include "hearth/tensor.h"
#include "media/image/image.h"

namespace hearth {

/// A picture as a model wants it: resized, cropped around its centre (with black where it is smaller), converted to
/// grey when one channel is asked for, rescaled and normalised: (value * rescale - mean) / std. Result: float32 [1,
/// channels, height, width], row-major. The steps and their rounding are those of Hugging Face's image processors.
Result<Tensor> preprocess_image(const Image& image, const ImagePreprocess& preprocess);

/// [a, b, …] of shape [1, ...] to one tensor [n, ...]. kInvalidArgument when the shapes differ.
Result<Tensor> stack_images(std::span<const Tensor> images);

}  // namespace hearth
