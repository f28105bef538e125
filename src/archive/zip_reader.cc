#include "archive/zip_reader.h"

#include <zlib.h>

#include <algorithm>

#include "archive/zip_format.h"
#include "base/byte_cursor.h"
#include "base/checked.h"
#include "base/errors.h"

namespace hearth {
namespace {

constexpr uint64_t kMostEntries = 65536;
constexpr size_t kLongestName = 1024;

/// Bytes of the file that one entry takes: header, data, descriptor.
struct Extent {
  uint64_t begin = 0;
  uint64_t end = 0;
  size_t entry = 0;
};

Status check_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) {
    return invalid_file("zip: an entry's name has {} bytes, it must have 1 to {}", name.size(), kLongestName);
  }
  const bool strange = std::ranges::any_of(
      name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\' || c == ':'; });
  if (strange) return invalid_file("zip: an entry's name has control characters, '\\' or ':'");
  if (name.front() == '/' || name.back() == '/')
    return invalid_file("zip: entry '{}': it is no plain relative file name", name);
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..")
      return invalid_file("zip: entry '{}': its name leaves its folder", name);
    begin = end + 1;
  }
  return {};
}

Status check_central(const zip::Header& header) {
  HEARTH_RETURN_IF_ERROR(check_name(header.name));
  if ((header.flags & (zip::kFlagEncrypted | zip::kFlagStrongEncryption | zip::kFlagMaskedHeaders)) != 0) {
    return invalid_file("zip: entry '{}': it is encrypted", header.name);
  }
  if (header.method != zip::kStored && header.method != zip::kDeflated) {
    return invalid_file("zip: entry '{}': compression method {} is not supported", header.name, header.method);
  }
  if (header.method == zip::kStored && header.compressed_size != header.size) {
    return invalid_file("zip: entry '{}': it is stored, but its sizes {} and {} differ", header.name,
                        header.compressed_size, header.size);
  }
  return {};
}

/// A local header may leave CRC and sizes to the data descriptor; what it does say must agree.
Status check_agreement(const zip::Header& central, const zip::Header& local) {
  const char* field = nullptr;
  const bool deferred = (central.flags & zip::kFlagDataDescriptor) != 0;
  const auto differs = [&](uint64_t a, uint64_t b) { return a != b && !(deferred && b == 0); };
  if (local.name != central.name) field = "names";
  if (local.flags != central.flags) field = "flags";
  if (local.method != central.method) field = "methods";
  if (differs(central.crc32, local.crc32)) field = "CRCs";
  if (differs(central.compressed_size, local.compressed_size)) field = "compressed sizes";
  if (differs(central.size, local.size)) field = "sizes";
  if (field == nullptr) return {};
  return invalid_file("zip: entry '{}': the {} in its two headers differ", central.name, field);
}

struct Located {
  ZipEntry entry;
  Extent extent;
};

Result<Located> locate(std::span<const std::byte> archive, const zip::Header& central) {
  HEARTH_RETURN_IF_ERROR(check_central(central));
  HEARTH_ASSIGN_OR_RETURN(const zip::Header local, zip::read_local_header(archive, central.local_offset));
  HEARTH_RETURN_IF_ERROR(check_agreement(central, local));
  const CheckedSize begin = CheckedSize(central.local_offset) + CheckedSize(local.header_size);
  const auto data = slice(archive, begin, CheckedSize(central.compressed_size));
  if (!data)
    return invalid_file("zip: entry '{}': its {} bytes reach beyond the file", central.name, central.compressed_size);
  CheckedSize end = begin + CheckedSize(central.compressed_size);
  if ((central.flags & zip::kFlagDataDescriptor) != 0) {
    HEARTH_ASSIGN_OR_RETURN(const uint64_t size, zip::read_data_descriptor(archive, end, central));
    end += CheckedSize(size);
  }
  ZipEntry entry{std::string(central.name), central.method == zip::kDeflated, *data, central.size, central.crc32};
  return Located{std::move(entry), {central.local_offset, *end.get(), 0}};
}

/// Entries must follow each other without a gap from the first byte to the directory: what no entry owns could hide a
/// second archive.
Status check_extents(std::vector<Extent> extents, const std::vector<ZipEntry>& entries, uint64_t directory) {
  std::ranges::sort(extents, {}, &Extent::begin);
  uint64_t position = 0;
  for (const Extent& extent : extents) {
    if (extent.begin < position)
      return invalid_file("zip: entry '{}': it overlaps another entry", entries[extent.entry].name);
    if (extent.begin > position) {
      return invalid_file("zip: entry '{}': {} bytes before it belong to no entry", entries[extent.entry].name,
                          extent.begin - position);
    }
    position = extent.end;
  }
  if (position != directory)
    return invalid_file("zip: the entries end at {}, the directory begins at {}", position, directory);
  return {};
}

}  // namespace

Result<ZipReader> ZipReader::open(std::span<const std::byte> bytes) {
  HEARTH_ASSIGN_OR_RETURN(const zip::Directory directory, zip::read_directory(bytes));
  if (directory.entries > kMostEntries) {
    return invalid_file("zip: end record: {} entries, the most is {}", directory.entries, kMostEntries);
  }
  ZipReader reader;
  std::vector<Extent> extents;
  std::span<const std::byte> rest = directory.bytes;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    HEARTH_ASSIGN_OR_RETURN(const zip::Header central, zip::read_central_header(rest));
    rest = rest.subspan(static_cast<size_t>(central.header_size));
    HEARTH_ASSIGN_OR_RETURN(Located located, locate(bytes, central));
    located.extent.entry = reader.entries_.size();
    extents.push_back(located.extent);
    reader.entries_.push_back(std::move(located.entry));
  }
  if (!rest.empty()) return invalid_file("zip: {} bytes of the central directory belong to no entry", rest.size());
  HEARTH_RETURN_IF_ERROR(check_extents(std::move(extents), reader.entries_, directory.offset));
  for (size_t i = 0; i < reader.entries_.size(); ++i) {
    if (!reader.index_.emplace(reader.entries_[i].name, i).second) {
      return invalid_file("zip: entry '{}': there are two of that name", reader.entries_[i].name);
    }
  }
  return reader;
}

const ZipEntry* ZipReader::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &entries_[found->second];
}

Result<std::string> read_text(const ZipEntry& entry, size_t limit) {
  if (entry.size > limit)
    return invalid_file("zip: entry '{}': {} bytes, the most is {}", entry.name, entry.size, limit);
  std::string text;
  if (!entry.deflated) {
    text.assign(reinterpret_cast<const char*>(entry.data.data()), entry.data.size());
  } else {
    // A deflated byte can stand for at most 1032 others; a larger claim would take memory that the file does not
    // justify.
    constexpr uint64_t kBestRatio = 1032;
    if (!fits(CheckedSize(entry.size), CheckedSize(entry.data.size()) * CheckedSize(kBestRatio))) {
      return invalid_file("zip: entry '{}': {} bytes cannot inflate to {}", entry.name, entry.data.size(), entry.size);
    }
    text.resize(static_cast<size_t>(entry.size));
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
      return error(StatusCode::kOutOfMemory, "zip: inflating cannot begin");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(entry.data.data()));
    stream.avail_in = static_cast<uInt>(entry.data.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    const int status = inflate(&stream, Z_FINISH);
    const bool complete = status == Z_STREAM_END && stream.avail_in == 0 && stream.avail_out == 0;
    inflateEnd(&stream);
    if (!complete) return invalid_file("zip: entry '{}': its deflated data is damaged", entry.name);
  }
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size());
  if (crc != entry.crc32) return invalid_file("zip: entry '{}': its CRC does not fit its contents", entry.name);
  return text;
}

}  // namespace hearth
