#include "media/image/exif.h"

#include <cstring>
#include <optional>
#include <utility>

namespace hearth {
namespace {

constexpr uint16_t kOrientationTag = 0x0112;
constexpr uint16_t kLong = 4;  ///< Four bytes; the standard says SHORT, some cameras write this.
constexpr size_t kMostEntries = 512;

/// Numbers of either byte order inside a block; nothing outside of it.
class TiffReader {
 public:
  TiffReader(std::span<const std::byte> bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  std::optional<uint32_t> read(size_t offset, size_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) return std::nullopt;
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      const size_t place = big_endian_ ? i : size - 1 - i;
      value = value << 8 | std::to_integer<uint32_t>(bytes_[offset + place]);
    }
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  bool big_endian_;
};

bool starts_with(std::span<const std::byte> bytes, const char* text, size_t size) {
  return bytes.size() >= size && std::memcmp(bytes.data(), text, size) == 0;
}

int orientation_in_directory(const TiffReader& reader) {
  const auto directory = reader.read(4, 4);
  const auto entries = directory ? reader.read(*directory, 2) : std::nullopt;
  if (!entries || *entries > kMostEntries) return 1;
  for (size_t i = 0; i < *entries; ++i) {
    const size_t entry = size_t{*directory} + 2 + i * 12;
    if (reader.read(entry, 2) != kOrientationTag) continue;
    const bool is_long = reader.read(entry + 2, 2) == kLong;
    const uint32_t value = reader.read(entry + 8, is_long ? 4 : 2).value_or(1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace

int exif_orientation(std::span<const std::byte> block) {
  if (starts_with(block, "Exif\0\0", 6)) block = block.subspan(6);
  if (starts_with(block, "II*\0", 4)) return orientation_in_directory(TiffReader(block, false));
  if (starts_with(block, "MM\0*", 4)) return orientation_in_directory(TiffReader(block, true));
  return 1;
}

int jpeg_orientation(std::span<const std::byte> file) {
  constexpr uint32_t kApp1 = 0xFFE1;
  constexpr uint32_t kStartOfScan = 0xFFDA;
  constexpr uint32_t kFill = 0xFFFF;  // Any number of 0xFF may stand before a marker.
  const TiffReader reader(file, /*big_endian=*/true);
  for (size_t offset = 2;;) {
    const auto marker = reader.read(offset, 2);
    if (marker == kFill) {
      ++offset;
      continue;
    }
    const auto size = reader.read(offset + 2, 2);
    if (!marker || *marker < 0xFF00 || *marker == kStartOfScan || !size || *size < 2) return 1;
    if (*size > file.size() - offset - 2) return 1;
    const auto segment = file.subspan(offset + 4, *size - 2);
    if (*marker == kApp1 && starts_with(segment, "Exif\0\0", 6)) return exif_orientation(segment);
    offset += 2 + size_t{*size};
  }
}

int webp_orientation(std::span<const std::byte> file) {
  const TiffReader reader(file, /*big_endian=*/false);
  for (size_t offset = 12;;) {
    const auto size = reader.read(offset + 4, 4);
    if (!size || *size > file.size() - offset - 8) return 1;
    const auto chunk = file.subspan(offset + 8, *size);
    if (starts_with(file.subspan(offset), "EXIF", 4)) return exif_orientation(chunk);
    offset += 8 + size_t{*size} + (*size & 1U);
  }
}

Result<Image> apply_orientation(Image image, int orientation) {
  if (orientation == 1) return image;
  const bool swaps_sides = orientation >= 5;
  Result<Image> turned = make_image(swaps_sides ? image.height : image.width, swaps_sides ? image.width : image.height);
  if (!turned.ok()) return turned;
  for (int y = 0; y < turned->height; ++y) {
    for (int x = 0; x < turned->width; ++x) {
      // Where the pixel of the upright picture lies in the stored one.
      int from_x = swaps_sides ? y : x;
      int from_y = swaps_sides ? x : y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8)
        from_x = image.width - 1 - from_x;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7)
        from_y = image.height - 1 - from_y;
      std::memcpy(turned->row(y) + size_t{Image::kChannels} * static_cast<size_t>(x),
                  image.row(from_y) + size_t{Image::kChannels} * static_cast<size_t>(from_x), Image::kChannels);
    }
  }
  return turned;
}

}  // namespace hearth
