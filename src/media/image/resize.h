#pragma once

#include "archive/manifest.h"
#include "media/image/image.h"

namespace hearth {

/// Resamples to width x height, byte for byte as the Image.resize of Pillow 13 does: separable, 8 bits between the
/// passes, filters widened when shrinking, coefficients in fixed point with 22 bits. Bicubic with a = -0.5. The
/// horizontal pass comes first unless the height shrinks by more than twice what the width does, which older Pillows
/// ignore. kOutOfMemory.
Result<Image> resize_image(const Image& image, int width, int height, ImagePreprocess::Resample resample);

}  // namespace hearth
