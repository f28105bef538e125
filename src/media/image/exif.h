#pragma once

#include <cstddef>
#include <span>

#include "media/image/image.h"

namespace hearth {

/// The orientation (1 to 8) in an EXIF block: a TIFF structure, with or without "Exif\0\0" in front. 1 when there is
/// none, or the block is damaged: a picture with bad metadata is still a picture. EXIF 2.3, tag 0x0112 of the first
/// directory.
int exif_orientation(std::span<const std::byte> block);

/// The orientation in a JPEG file's APP1 segments.
int jpeg_orientation(std::span<const std::byte> file);
/// The orientation in a WebP file's EXIF chunk.
int webp_orientation(std::span<const std::byte> file);

/// The picture turned and mirrored so that an orientation of 1 describes it, as Pillow's ImageOps.exif_transpose does.
Result<Image> apply_orientation(Image image, int orientation);

}  // namespace hearth
