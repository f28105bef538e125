#include "archive/archive.h"

#include <cstring>

#include "archive/hash.h"
#include "archive/stock_package.h"
#include "base/checked.h"
#include "base/errors.h"
#include "tensor/layout.h"

namespace hearth {
namespace {

constexpr std::string_view kMagic = "PK\3\4";
constexpr std::string_view kFormatRecord = "archive_format";
constexpr std::string_view kManifestRecord = "extra/hearth.json";
constexpr size_t kLargestText = size_t{16} << 20;
constexpr size_t kLargestManifest = size_t{64} << 20;

/// The folder that all entries lie in, with its slash: found by the entry that says what the archive is.
Result<std::string> find_stem(const ZipReader& zip) {
  std::string stem;
  for (const ZipEntry& entry : zip.entries()) {
    const std::string_view name = entry.name;
    const size_t slash = name.find('/');
    if (slash == std::string_view::npos || name.substr(slash + 1) != kFormatRecord) continue;
    if (!stem.empty()) return invalid_file("archive_format: there are two of it");
    stem = name.substr(0, slash + 1);
  }
  if (stem.empty())
    return invalid_file("it is a zip file, but not a PyTorch archive (.pt2): archive_format is missing");
  for (const ZipEntry& entry : zip.entries()) {
    if (!entry.name.starts_with(stem))
      return invalid_file("zip: entry '{}': it lies outside of the folder '{}'", entry.name, stem);
  }
  return stem;
}

}  // namespace

Result<std::shared_ptr<const Archive>> Archive::open(const std::filesystem::path& path) {
  HEARTH_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::open(path));
  std::shared_ptr<Archive> archive(new Archive());
  archive->bytes_ = file->bytes();
  archive->file_ = std::move(file);
  if (const Status status = archive->read(); !status.ok()) return status.with_context(path.string());
  return std::shared_ptr<const Archive>(std::move(archive));
}

Result<std::shared_ptr<const Archive>> Archive::open(std::span<const std::byte> bytes) {
  std::shared_ptr<Archive> archive(new Archive());
  archive->bytes_ = bytes;
  HEARTH_RETURN_IF_ERROR(archive->read());
  return std::shared_ptr<const Archive>(std::move(archive));
}

Status Archive::read() {
  if (bytes_.size() < kMagic.size() || std::memcmp(bytes_.data(), kMagic.data(), kMagic.size()) != 0) {
    return invalid_file("it is no .pt2 file: it does not begin as one");
  }
  HEARTH_ASSIGN_OR_RETURN(zip_, ZipReader::open(bytes_));
  HEARTH_ASSIGN_OR_RETURN(stem_, find_stem(zip_));
  HEARTH_RETURN_IF_ERROR(check_constants());
  has_manifest_ = find(kManifestRecord) != nullptr;
  if (!has_manifest_) {
    const StockRecords records{record_names(), [this](std::string_view name) { return record(name); },
                               [this](std::string_view name) { return text(name); }};
    HEARTH_ASSIGN_OR_RETURN(manifest_, stock_manifest(records));
    manifest_.name = stem_.substr(0, stem_.size() - 1);
    return {};
  }
  HEARTH_ASSIGN_OR_RETURN(const std::string json, read_text(*find(kManifestRecord), kLargestManifest));
  HEARTH_ASSIGN_OR_RETURN(manifest_, parse_manifest(json));
  return check_records();
}

Status Archive::check_constants() const {
  HEARTH_ASSIGN_OR_RETURN(const std::string format, text(kFormatRecord));
  if (format != "pt2") return invalid_file("archive_format: it is not 'pt2'");
  if (find("byteorder") != nullptr) {
    HEARTH_ASSIGN_OR_RETURN(const std::string order, text("byteorder"));
    if (order != "little") return invalid_file("byteorder: it is not 'little'");
  }
  return {};
}

Status Archive::check_records() const {
  for (const auto& [name, spec] : manifest_.records) {
    const ZipEntry* entry = find(name);
    if (entry == nullptr) return invalid_file("extra/hearth.json: records.{}: the archive has no such record", name);
    if (entry->size != spec.size) {
      return invalid_file("extra/hearth.json: records.{}.size: it is {}, the record has {} bytes", name, spec.size,
                          entry->size);
    }
  }
  for (const ZipEntry& entry : zip_.entries()) {
    const std::string_view name = std::string_view(entry.name).substr(stem_.size());
    if (name != kManifestRecord && !manifest_.records.contains(std::string(name))) {
      return invalid_file("{}: the manifest does not know this record", name);
    }
  }
  return {};
}

const ZipEntry* Archive::find(std::string_view path) const { return zip_.find(stem_ + std::string(path)); }

std::vector<std::string> Archive::record_names() const {
  std::vector<std::string> names;
  for (const ZipEntry& entry : zip_.entries()) names.push_back(entry.name.substr(stem_.size()));
  return names;
}

Result<std::span<const std::byte>> Archive::record(std::string_view path) const {
  const ZipEntry* entry = find(path);
  if (entry == nullptr) return error(StatusCode::kNotFound, "{}: the archive has no such record", path);
  if (entry->deflated) return invalid_file("{}: it is compressed, and must be stored", path);
  return entry->data;
}

Result<std::string> Archive::text(std::string_view path) const {
  const ZipEntry* entry = find(path);
  if (entry == nullptr) return error(StatusCode::kNotFound, "{}: the archive has no such record", path);
  return read_text(*entry, kLargestText);
}

Status Archive::check(std::string_view path) const {
  const auto spec = manifest_.records.find(std::string(path));
  if (spec == manifest_.records.end()) return error(StatusCode::kNotFound, "{}: the manifest has no hash of it", path);
  std::string inflated;
  std::span<const std::byte> bytes;
  if (const ZipEntry* entry = find(path); entry->deflated) {
    HEARTH_ASSIGN_OR_RETURN(inflated, text(path));
    bytes = std::as_bytes(std::span(inflated));
  } else {
    bytes = entry->data;
  }
  if (xxh3(bytes) != spec->second.xxh3)
    return invalid_file("{}: its bytes are not those that were exported (xxh3 differs)", path);
  if (!spec->second.sha256.empty() && sha256(bytes) != spec->second.sha256) {
    return invalid_file("{}: its bytes are not those that were exported (sha256 differs)", path);
  }
  return {};
}

Result<std::span<const std::byte>> Archive::tensor_bytes(const TensorSpec& tensor) const {
  HEARTH_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, record(tensor.record));
  const CheckedSize size = elements_to_bytes(element_extent(tensor.shape, tensor.strides), tensor.dtype);
  if (!fits(CheckedSize(tensor.offset) + size, CheckedSize(bytes.size()))) {
    return invalid_file("{}: a tensor reaches beyond it", tensor.record);
  }
  return bytes.subspan(static_cast<size_t>(tensor.offset), static_cast<size_t>(*size.get()));
}

void Archive::release_pages(std::span<const std::byte> range) const {
  if (file_) file_->release_pages(range);
}

}  // namespace hearth
