#include "archive/npz.h"

#include <zlib.h>

#include <string_view>

#include "archive/zip_reader.h"
#include "archive/zip_writer.h"
#include "base/errors.h"
#include "base/mapped_file.h"
#include "base/write_file.h"
#include "tensor/npy.h"

namespace hearth {
namespace {

constexpr std::string_view kSuffix = ".npy";
constexpr size_t kLongestInflated = size_t{1} << 30;

Result<Tensor> read_entry(const ZipEntry& entry) {
  if (entry.deflated) {
    HEARTH_ASSIGN_OR_RETURN(const std::string contents, read_text(entry, kLongestInflated));
    return read_npy(std::as_bytes(std::span(contents)));
  }
  if (crc32_z(0, reinterpret_cast<const Bytef*>(entry.data.data()), entry.data.size()) != entry.crc32) {
    return invalid_file("its CRC does not fit its contents");
  }
  return read_npy(entry.data);
}

}  // namespace

Result<std::vector<NamedTensor>> read_npz(std::span<const std::byte> bytes) {
  HEARTH_ASSIGN_OR_RETURN(const ZipReader zip, ZipReader::open(bytes));
  std::vector<NamedTensor> tensors;
  for (const ZipEntry& entry : zip.entries()) {
    const std::string_view name = entry.name;
    if (!name.ends_with(kSuffix)) return invalid_file("npz: entry '{}' is no .npy array", name);
    Result<Tensor> tensor = read_entry(entry);
    if (!tensor.ok()) return tensor.status().with_context(fmt::format("npz: entry '{}'", name));
    tensors.push_back({std::string(name.substr(0, name.size() - kSuffix.size())), std::move(tensor).value()});
  }
  return tensors;
}

Result<std::vector<NamedTensor>> read_npz(const std::filesystem::path& path) {
  HEARTH_ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> file, MappedFile::open(path));
  auto tensors = read_npz(file->bytes());
  if (!tensors.ok()) return tensors.status().with_context(path.string());
  return tensors;
}

Result<std::vector<std::byte>> write_npz(std::span<const NamedTensor> tensors) {
  ZipWriter zip;
  for (const NamedTensor& named : tensors) {
    if (named.name.empty()) return invalid_argument("npz: an array needs a name");
    const Result<std::vector<std::byte>> npy = write_npy(named.tensor);
    if (!npy.ok()) return npy.status().with_context(fmt::format("npz: array '{}'", named.name));
    zip.add(named.name + std::string(kSuffix), *npy);
  }
  std::vector<std::byte> bytes = zip.finish();
  // The reader knows which names are good; what it would refuse must not be written.
  const Result<ZipReader> readable = ZipReader::open(bytes);
  if (!readable.ok()) return invalid_argument("npz: these names cannot be written: {}", readable.status().message());
  return bytes;
}

Status write_npz(const std::filesystem::path& path, std::span<const NamedTensor> tensors) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, write_npz(tensors));
  return write_file(path, bytes);
}

}  // namespace hearth
