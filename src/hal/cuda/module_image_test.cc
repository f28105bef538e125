#include "hal/cuda/module_image.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace hearth::cuda {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// Zero bytes with numbers written into them.
class Image {
 public:
  explicit Image(size_t size) : bytes_(size, '\0') {}
  template <typename T>
  Image& put(size_t offset, T value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof(T));
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// An ELF header that says `sections` sections of 64 bytes begin at `offset`.
std::string cubin(size_t size, uint64_t offset, uint16_t sections, uint16_t machine = 190) {
  return Image(size)
      .put<uint32_t>(0, 0x464C457F)
      .put<uint16_t>(18, machine)
      .put<uint64_t>(40, offset)
      .put<uint16_t>(58, 64)
      .put<uint16_t>(60, sections)
      .bytes();
}

/// A fatbin that says `size` of its images, which are a cubin for sm_90 and PTX 8.7 for sm_80, of 8 bytes each; the
/// second says that it has `last_size`.
std::string fatbin(uint64_t size = 2 * 72, uint64_t last_size = 8, uint32_t last_header = 64) {
  return Image(16 + 2 * 72)
      .put<uint32_t>(0, 0xBA55ED50)
      .put<uint16_t>(6, 16)
      .put<uint64_t>(8, size)
      .put<uint16_t>(16, 2)
      .put<uint32_t>(20, 64)
      .put<uint64_t>(24, 8)
      .put<uint32_t>(44, 90)
      .put<uint16_t>(88, 1)
      .put<uint32_t>(92, last_header)
      .put<uint64_t>(96, last_size)
      .put<uint16_t>(112, 7)
      .put<uint16_t>(114, 8)
      .put<uint32_t>(116, 80)
      .bytes();
}

TEST(ModuleImage, TellsWhatCodeItIs) {
  const auto ptx = describe_image(bytes_of("//\n// made by hand\n//\n.version 8.7\n.target sm_90a, debug\n"));
  ASSERT_TRUE(ptx.ok()) << ptx.status().message();
  EXPECT_EQ(ptx->kind, ModuleImage::Kind::kPtx);
  EXPECT_EQ(ptx->ptx_version, 87);
  EXPECT_EQ(ptx->target, 90);

  const auto elf = describe_image(bytes_of(cubin(192, 64, 2)));
  ASSERT_TRUE(elf.ok()) << elf.status().message();
  EXPECT_EQ(elf->kind, ModuleImage::Kind::kCubin);

  const auto fat = describe_image(bytes_of(fatbin()));
  ASSERT_TRUE(fat.ok()) << fat.status().message();
  EXPECT_EQ(fat->kind, ModuleImage::Kind::kFatbin);
  EXPECT_EQ(fat->ptx_version, 87);
  EXPECT_EQ(fat->target, 80);
}

TEST(ModuleImage, RefusesWhatIsNoneOrCutShort) {
  constexpr uint64_t kMost = ~uint64_t{0};
  for (const std::string& code :
       {std::string(), std::string("a"), std::string("nonsense"), std::string(".version"), std::string(".version x"),
        cubin(191, 64, 2), cubin(192, kMost, 2), cubin(192, 64, 2, 62), cubin(192, 64, 2).substr(0, 63),
        fatbin(2 * 72 + 1), fatbin(kMost), fatbin(72 + 63), fatbin(2 * 72, 9), fatbin(2 * 72, kMost),
        fatbin(2 * 72, 0, 63), fatbin().substr(0, 15), fatbin().substr(0, 4)}) {
    const auto image = describe_image(bytes_of(code));
    ASSERT_FALSE(image.ok()) << code;
    EXPECT_EQ(image.status().code(), StatusCode::kInvalidFile);
  }
}

}  // namespace
}  // namespace hearth::cuda
