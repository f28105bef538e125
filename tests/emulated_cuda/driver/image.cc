#include "emulated_cuda/driver/image.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <regex>

namespace hearth::emulated_cuda {
namespace {

constexpr uint32_t kElfMagic = 0x464C457F;
constexpr uint32_t kFatbinMagic = 0xBA55ED50;
constexpr uint16_t kPtxKind = 1;
constexpr size_t kFatbinHeader = 16;
constexpr size_t kEntryHeader = 64;

template <typename T>
T read(const std::byte* bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes + offset, sizeof(T));
  return value;
}

/// A fatbin is a header (magic number, version, its own size, size of the entries) and entries, each a header (kind,
/// version, its own size, size of the image, size of the compressed image or 0) and an image.
Image ptx_of_fatbin(const std::byte* fatbin) {
  const auto end = read<uint16_t>(fatbin, 6) + read<uint64_t>(fatbin, 8);
  bool compressed = false;
  for (size_t at = kFatbinHeader; at + kEntryHeader <= end;) {
    const std::byte* entry = fatbin + at;
    const auto header = read<uint32_t>(entry, 4);
    const auto size = read<uint64_t>(entry, 8);
    if (header < kEntryHeader || header > end - at || size > end - at - header) {
      return {hearth::cuda::CUDA_ERROR_INVALID_IMAGE, "", "a fatbin's entry ends after the fatbin"};
    }
    if (read<uint16_t>(entry, 0) == kPtxKind) {
      if (read<uint32_t>(entry, 16) == 0) {
        const auto* text = reinterpret_cast<const char*>(entry + header);
        return {hearth::cuda::CUDA_SUCCESS, std::string(text, strnlen(text, size)), ""};
      }
      compressed = true;
    }
    at += header + size;
  }
  return {hearth::cuda::CUDA_ERROR_NO_BINARY_FOR_GPU, "",
          compressed ? "the emulated driver reads no compressed PTX: make the fatbin with --compress=false"
                     : "the fatbin has no PTX, and the emulated driver runs nothing else"};
}

int number_after(const std::string& text, const char* pattern) {
  std::smatch match;
  // std::regex recurses with the length of its subject; both directives are at the start.
  const std::string start = text.substr(0, 4096);
  if (!std::regex_search(start, match, std::regex(pattern))) return 0;
  std::string digits = match[1].str();
  std::erase(digits, '.');
  return std::stoi(digits);
}

}  // namespace

Image find_ptx(const void* image) {
  const auto* bytes = static_cast<const std::byte*>(image);
  // A text may be shorter than a magic number.
  const bool is_text = strnlen(static_cast<const char*>(image), sizeof(uint32_t)) < sizeof(uint32_t);
  const uint32_t magic = is_text ? 0 : read<uint32_t>(bytes, 0);
  if (magic == kFatbinMagic) return ptx_of_fatbin(bytes);
  if (magic == kElfMagic) {
    return {hearth::cuda::CUDA_ERROR_NO_BINARY_FOR_GPU, "", "the emulated driver runs PTX, not cubins"};
  }
  return {hearth::cuda::CUDA_SUCCESS, static_cast<const char*>(image), ""};
}

PtxHeader ptx_header(const std::string& text) {
  return {number_after(text, R"(\.version\s+([0-9]+\.[0-9]+))"), number_after(text, R"(\.target\s+sm_([0-9]{1,4}))")};
}

}  // namespace hearth::emulated_cuda
