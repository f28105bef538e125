#include "media/image/image.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zlib.h>

#include "media/image/testing/pictures.h"

namespace hearth {
namespace {

constexpr const char* kFolders[] = {"png", "jpeg", "webp"};

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

TEST(DecodeImage, RefusesWhatIsNoPicture) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view text : {""sv, "GIF89a\1\0\1\0"sv, "\x89PNG\r\n"sv, "\xFF\xD8"sv, "RIFF\0\0\0\0WEB"sv}) {
    const Result<Image> image = decode_image(bytes_of(text));
    ASSERT_FALSE(image.ok());
    EXPECT_EQ(image.status().code(), StatusCode::kInvalidFile);
    EXPECT_EQ(image.status().message(), "it is not a picture that Hearth reads: PNG, JPEG and WebP are");
  }
}

TEST(DecodeImage, RefusesEveryTruncation) {
  for (const char* folder : kFolders) {
    for (const std::string& name : testing::picture_names(folder)) {
      const std::vector<std::byte> good = testing::read_picture(name);
      ASSERT_FALSE(good.empty()) << name;
      for (size_t size = 0; size < good.size(); ++size) {
        const Result<Image> image = decode_image(std::span(good).first(size));
        ASSERT_FALSE(image.ok()) << name << " cut to " << size;
        EXPECT_EQ(image.status().code(), StatusCode::kInvalidFile);
        EXPECT_FALSE(image.status().message().empty());
      }
    }
  }
}

TEST(DecodeImage, MakesAPictureOrAnErrorOfEveryDamagedByte) {
  constexpr ImageLimits kSmall{.side = 2048, .pixels = 1 << 20};
  for (const char* folder : kFolders) {
    for (const std::string& name : testing::picture_names(folder)) {
      std::vector<std::byte> bytes = testing::read_picture(name);
      for (std::byte& byte : bytes) {
        const std::byte good = byte;
        for (const int change : {0x01, 0x10, 0x80, 0xFF}) {
          byte = good ^ static_cast<std::byte>(change);
          const Result<Image> image = decode_image(bytes, kSmall);
          if (image.ok()) {
            EXPECT_EQ(image->pixels.size(), static_cast<size_t>(image->width * image->height * Image::kChannels));
          } else {
            EXPECT_EQ(image.status().code(), StatusCode::kInvalidFile) << name << ": " << image.status().message();
          }
        }
        byte = good;
      }
    }
  }
}

void write_big_endian(std::vector<std::byte>& bytes, size_t offset, uint32_t value, size_t size) {
  for (size_t i = 0; i < size; ++i) bytes[offset + i] = static_cast<std::byte>(value >> 8 * (size - 1 - i) & 0xFF);
}

std::vector<std::byte> png_of_60000() {
  std::vector<std::byte> bytes = testing::read_picture("png/grey_1.png");
  write_big_endian(bytes, 16, 60000, 4);
  write_big_endian(bytes, 20, 60000, 4);
  const auto* header = reinterpret_cast<const Bytef*>(bytes.data() + 12);
  write_big_endian(bytes, 29, static_cast<uint32_t>(crc32(0, header, 17)), 4);
  return bytes;
}

std::vector<std::byte> jpeg_of_60000(const std::string& name, std::byte start_of_frame) {
  std::vector<std::byte> bytes = testing::read_picture(name);
  size_t frame = 0;
  while (bytes[frame] != std::byte{0xFF} || bytes[frame + 1] != start_of_frame) ++frame;
  write_big_endian(bytes, frame + 5, 60000, 2);
  write_big_endian(bytes, frame + 7, 60000, 2);
  return bytes;
}

/// The largest that the lossless format can claim: all ones in both sizes.
std::vector<std::byte> webp_of_16384() {
  std::vector<std::byte> bytes = testing::read_picture("webp/lossless.webp");
  for (size_t i = 21; i < 24; ++i) bytes[i] = std::byte{0xFF};
  bytes[24] |= std::byte{0x0F};
  return bytes;
}

int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

TEST(DecodeImage, RefusesTooLargePicturesBeforeTakingMemory) {
  struct Case {
    std::vector<std::byte> bytes;
    const char* size;
  };
  const Case cases[] = {{png_of_60000(), "60000x60000"},
                        {jpeg_of_60000("jpeg/444.jpg", std::byte{0xC0}), "60000x60000"},
                        {jpeg_of_60000("jpeg/progressive.jpg", std::byte{0xC2}), "60000x60000"},
                        {jpeg_of_60000("jpeg/cmyk.jpg", std::byte{0xC0}), "60000x60000"},
                        {webp_of_16384(), "16384x16384"}};
  for (const Case& test : cases) {
    const int64_t before = peak_memory();
    const Result<Image> image = decode_image(test.bytes);
    EXPECT_LT(peak_memory() - before, 32 << 20);
    ASSERT_FALSE(image.ok());
    EXPECT_EQ(image.status().code(), StatusCode::kInvalidFile);
    EXPECT_EQ(image.status().message(), std::string("a picture of ") + test.size +
                                            " is too large: the most is 32768 a side and 100000000 pixels");
  }
}

TEST(CheckImageSize, TakesWhatIsWithinBothLimits) {
  struct Case {
    int64_t width;
    int64_t height;
    bool good;
  };
  constexpr Case kCases[] = {{1, 1, true},
                             {10000, 10000, true},
                             {32768, 3051, true},
                             {3051, 32768, true},
                             {0, 1, false},
                             {1, 0, false},
                             {-1, 5, false},
                             {10000, 10001, false},
                             {32769, 1, false},
                             {1, 32769, false},
                             {32768, 32768, false},
                             {INT64_MAX, 1, false},
                             {INT64_MAX, INT64_MAX, false}};
  for (const Case& test : kCases) {
    const Status status = check_image_size(test.width, test.height, {});
    EXPECT_EQ(status.ok(), test.good) << test.width << "x" << test.height << ": " << status.message();
  }
}

}  // namespace
}  // namespace hearth
