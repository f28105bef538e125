#include "media/image/testing/pictures.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace hearth::testing {

std::vector<std::byte> read_picture(std::string_view name) {
  std::ifstream file(std::filesystem::path(HEARTH_PICTURES) / name, std::ios::binary);
  const std::vector<char> chars((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<std::byte> bytes(chars.size());
  std::ranges::transform(chars, bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
  return bytes;
}

std::vector<std::string> picture_names(std::string_view folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(HEARTH_PICTURES) / folder)) {
    names.push_back(std::string(folder) + "/" + entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

Pixel pixel(const Image& image, int x, int y) {
  const uint8_t* rgb = image.row(y) + size_t{Image::kChannels} * static_cast<size_t>(x);
  return {rgb[0], rgb[1], rgb[2]};
}

int largest_difference(const Image& a, const Image& b) {
  if (a.width != b.width || a.height != b.height || a.pixels.size() != b.pixels.size()) return 256;
  int largest = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) largest = std::max(largest, std::abs(a.pixels[i] - b.pixels[i]));
  return largest;
}

Image ramp() {
  return draw(16, 24, [](int x, int y) { return Pixel{x * 16, y * 10, 128}; });
}

std::vector<std::byte> exif_block(int orientation, bool big_endian, int type) {
  std::vector<std::byte> block;
  const auto number = [&](int value, int size) {
    for (int i = 0; i < size; ++i) {
      block.push_back(static_cast<std::byte>(value >> 8 * (big_endian ? size - 1 - i : i) & 0xFF));
    }
  };
  number(big_endian ? 0x4D4D : 0x4949, 2);
  number(42, 2);
  number(8, 4);  // The directory's place.
  number(1, 2);  // Entries.
  number(0x0112, 2);
  number(type, 2);
  number(1, 4);
  number(orientation, type == 4 ? 4 : 2);
  if (type != 4) number(0, 2);
  number(0, 4);  // No further directory.
  return block;
}

}  // namespace hearth::testing
