#include "hal/cuda/module_image.h"

#include <cctype>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/checked.h"
#include "base/errors.h"

namespace hearth::cuda {
namespace {

constexpr uint32_t kElfMagic = 0x464C457F;
constexpr uint32_t kFatbinMagic = 0xBA55ED50;
constexpr size_t kElfHeader = 64;
constexpr uint16_t kElfMachineCuda = 190;

template <typename T>
T read(std::span<const std::byte> bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

Result<ModuleImage> describe_cubin(std::span<const std::byte> code) {
  if (code.size() < kElfHeader) return invalid_file("the cubin is cut short: {} bytes", code.size());
  if (read<uint16_t>(code, 18) != kElfMachineCuda) return invalid_file("it is an ELF file, but no cubin");
  // Offset, size of one and number: of program headers, of sections.
  const CheckedSize programs = CheckedSize(read<uint64_t>(code, 32)) +
                               CheckedSize(read<uint16_t>(code, 54)) * CheckedSize(read<uint16_t>(code, 56));
  const CheckedSize sections = CheckedSize(read<uint64_t>(code, 40)) +
                               CheckedSize(read<uint16_t>(code, 58)) * CheckedSize(read<uint16_t>(code, 60));
  if (!fits(programs, CheckedSize(code.size())) || !fits(sections, CheckedSize(code.size()))) {
    return invalid_file("the cubin is cut short: {} bytes", code.size());
  }
  return ModuleImage{ModuleImage::Kind::kCubin};
}

/// A header (magic number, version, its own size, size of the images) and images, each with a header of its own: kind,
/// version, the header's size, the image's, and at 24 the minor and major version of PTX and the architecture.
Result<ModuleImage> describe_fatbin(std::span<const std::byte> code) {
  constexpr size_t kHeader = 16;
  constexpr size_t kImageHeader = 64;
  constexpr uint16_t kPtxImage = 1;
  ModuleImage image{ModuleImage::Kind::kFatbin};
  if (code.size() < kHeader) return invalid_file("the fatbin is cut short: {} bytes", code.size());
  const CheckedSize end = CheckedSize(read<uint16_t>(code, 6)) + CheckedSize(read<uint64_t>(code, 8));
  if (!fits(end, CheckedSize(code.size()))) return invalid_file("the fatbin is cut short: {} bytes", code.size());
  const std::span<const std::byte> whole = code.first(end.as<size_t>().value_or(0));
  for (size_t at = read<uint16_t>(code, 6); at < whole.size();) {
    const std::span<const std::byte> entry = whole.subspan(at);
    if (entry.size() < kImageHeader) return invalid_file("the fatbin's image at byte {} has no header", at);
    const CheckedSize size = CheckedSize(read<uint32_t>(entry, 4)) + CheckedSize(read<uint64_t>(entry, 8));
    if (!fits(size, CheckedSize(entry.size())) || !fits(CheckedSize(kImageHeader), size)) {
      return invalid_file("the fatbin's image at byte {} does not end inside it", at);
    }
    if (read<uint16_t>(entry, 0) == kPtxImage) {
      image.ptx_version = read<uint16_t>(entry, 26) * 10 + read<uint16_t>(entry, 24);
      image.target = read<uint16_t>(entry, 28);
    }
    at += size.as<size_t>().value_or(0);
  }
  return image;
}

/// The number after `word`, without its point: 87 for ".version 8.7"; 0 when there is none.
int number_after(std::string_view text, std::string_view word) {
  size_t at = text.find(word);
  if (at == std::string_view::npos) return 0;
  at = text.find_first_not_of(" \t", at + word.size());
  int value = 0;
  for (; at < text.size() && (text[at] == '.' || (text[at] >= '0' && text[at] <= '9')) && value < 10000; ++at) {
    if (text[at] != '.') value = value * 10 + (text[at] - '0');
  }
  return value;
}

}  // namespace

Result<ModuleImage> describe_image(std::span<const std::byte> code) {
  if (code.size() >= sizeof(uint32_t)) {
    const auto magic = read<uint32_t>(code, 0);
    if (magic == kElfMagic) return describe_cubin(code);
    if (magic == kFatbinMagic) return describe_fatbin(code);
  }
  const std::string_view text(reinterpret_cast<const char*>(code.data()), code.size());
  ModuleImage image{ModuleImage::Kind::kPtx, number_after(text, ".version"), number_after(text, ".target sm_")};
  if (image.ptx_version == 0) return invalid_file("the device code is neither PTX nor a cubin nor a fatbin");
  return image;
}

std::span<const std::byte> ptx_of(const void* image) {
  const auto* text = static_cast<const char*>(image);
  const bool is_text = std::isprint(static_cast<unsigned char>(text[0])) && std::strncmp(text, "P\xED\x55\xBA", 4) != 0;
  return std::as_bytes(std::span(text, is_text ? std::strlen(text) : 0));
}

}  // namespace hearth::cuda
