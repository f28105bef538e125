#include "tensor/npy.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/checked.h"
#include "base/errors.h"
#include "base/mapped_file.h"
#include "base/write_file.h"
#include "tensor/copy.h"
#include "tensor/layout.h"
#include "tensor/npy_header.h"

namespace hearth {
namespace {

constexpr std::array<unsigned char, 6> kMagic{0x93, 'N', 'U', 'M', 'P', 'Y'};
constexpr size_t kAlignment = 64;
constexpr size_t kLongestHeader = 64 * 1024;

uint32_t read_little_endian(std::span<const std::byte> bytes) {
  uint32_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | std::to_integer<uint32_t>(bytes[i]);
  return value;
}

struct NpyParts {
  std::string_view header;
  std::span<const std::byte> data;
};

Result<NpyParts> split(std::span<const std::byte> bytes) {
  if (bytes.size() < kMagic.size() || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    return invalid_file("it is not an npy file: the magic bytes are missing");
  }
  if (bytes.size() < 10) return invalid_file("npy header: the file ends inside it");
  const auto version = std::to_integer<int>(bytes[6]);
  if (version < 1 || version > 3) return invalid_file("npy version {} is not supported, 1 to 3 are", version);
  const size_t length_size = version == 1 ? 2 : 4;
  const size_t header_begin = 8 + length_size;
  if (bytes.size() < header_begin) return invalid_file("npy header: the file ends inside it");
  const size_t header_size = read_little_endian(bytes.subspan(8, length_size));
  if (header_size > kLongestHeader)
    return invalid_file("npy header: {} bytes, the most is {}", header_size, kLongestHeader);
  if (header_size > bytes.size() - header_begin) return invalid_file("npy header: the file ends inside it");
  const auto* text = reinterpret_cast<const char*>(bytes.data() + header_begin);
  return NpyParts{{text, header_size}, bytes.subspan(header_begin + header_size)};
}

/// A new tensor with exactly these bytes; a bool that is neither 0 nor 1 becomes 1, as NumPy takes it.
Result<Tensor> dense_tensor(DType dtype, std::span<const int64_t> shape, std::span<const std::byte> data) {
  HEARTH_ASSIGN_OR_RETURN(Tensor tensor, Tensor::empty(dtype, shape));
  if (data.empty()) return tensor;
  std::memcpy(tensor.data(), data.data(), data.size());
  if (dtype == DType::kBool) {
    for (uint8_t& value : std::span(tensor.data_as<uint8_t>(), data.size())) value = value != 0 ? 1 : 0;
  }
  return tensor;
}

}  // namespace

Result<Tensor> read_npy(std::span<const std::byte> bytes) {
  HEARTH_ASSIGN_OR_RETURN(const NpyParts parts, split(bytes));
  HEARTH_ASSIGN_OR_RETURN(const NpyHeader header, parse_npy_header(parts.header));
  CheckedSize elements = 1;
  for (const int64_t size : header.shape) elements *= CheckedSize(size);
  const auto size = elements_to_bytes(elements, header.dtype).as<size_t>();
  if (!size || *size != parts.data.size()) {
    return invalid_file("npy data: {} bytes follow the header, {}{} needs {}", parts.data.size(),
                        dtype_name(header.dtype), describe_shape(header.shape),
                        size ? std::to_string(*size) : "more than there can be");
  }
  if (!header.fortran_order) {
    return dense_tensor(header.dtype, header.shape, parts.data);
  }
  std::vector<int64_t> reversed(header.shape.rbegin(), header.shape.rend());
  HEARTH_ASSIGN_OR_RETURN(const Tensor stored, dense_tensor(header.dtype, reversed, parts.data));
  std::vector<int64_t> strides(stored.strides().rbegin(), stored.strides().rend());
  HEARTH_ASSIGN_OR_RETURN(const Tensor view, Tensor::view(stored.storage(), header.dtype, header.shape, strides, 0));
  HEARTH_ASSIGN_OR_RETURN(Tensor tensor, Tensor::empty(header.dtype, header.shape));
  HEARTH_RETURN_IF_ERROR(copy_strided(tensor, view));
  return tensor;
}

Result<Tensor> read_npy(const std::filesystem::path& path) {
  HEARTH_ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> file, MappedFile::open(path));
  Result<Tensor> tensor = read_npy(file->bytes());
  if (!tensor.ok()) return tensor.status().with_context(path.string());
  return tensor;
}

Result<std::vector<std::byte>> write_npy(const Tensor& tensor) {
  HEARTH_ASSIGN_OR_RETURN(std::string header, format_npy_header(tensor.dtype(), tensor.shape()));
  constexpr size_t kPrefix = 10;
  const size_t unpadded = kPrefix + header.size() + 1;
  header.append((unpadded + kAlignment - 1) / kAlignment * kAlignment - unpadded, ' ');
  header += '\n';

  std::vector<std::byte> bytes(kPrefix + header.size() + tensor.byte_count());
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  bytes[6] = std::byte{1};
  bytes[8] = static_cast<std::byte>(header.size() & 0xFFU);
  bytes[9] = static_cast<std::byte>(header.size() >> 8);
  std::memcpy(bytes.data() + kPrefix, header.data(), header.size());
  HEARTH_ASSIGN_OR_RETURN(const Tensor data,
                          Tensor::borrow(tensor.dtype(), tensor.shape(), bytes.data() + kPrefix + header.size()));
  HEARTH_RETURN_IF_ERROR(copy_strided(data, tensor));
  return bytes;
}

Status write_npy(const std::filesystem::path& path, const Tensor& tensor) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, write_npy(tensor));
  return write_file(path, bytes);
}

}  // namespace hearth
