#pragma once

#include "archive/manifest.h"
#include "media/image/image.h"

namespace hearth {

/// Resamples to width x height, byte for byte as Pillow's Image.resize does: separable, horizontal pass first, 8 bits
/// between the passes, filters widened when shrinking, coefficients in fixed point with 22 bits. Bicubic with a = -0.5.
/// kOutOfMemory.
Result<Image> resize_image(const Image& image, int width, int height, ImagePreprocess::Resample resample);

}  // namespace hearth
