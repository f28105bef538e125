#include "archive/zip_format.h"

#include "base/byte_cursor.h"
#include "base/errors.h"

namespace hearth::zip {
namespace {

constexpr size_t kEndSize = 22;
constexpr size_t kEnd64Size = 56;
constexpr size_t kEnd64LocatorSize = 20;
constexpr size_t kCentralSize = 46;
constexpr size_t kLocalSize = 30;
constexpr uint16_t kMax16 = 0xFFFF;

struct EndRecord {
  uint64_t entries = 0;
  uint64_t size = 0;
  uint64_t offset = 0;
  uint64_t end = 0;  ///< Where the directory must end: the position of the first end record.
  bool needs_64 = false;
};

Result<EndRecord> read_end(std::span<const std::byte> archive) {
  if (archive.size() < kEndSize) return invalid_file("zip: {} bytes are too few for an archive", archive.size());
  ByteCursor cursor(archive.last(kEndSize));
  if (cursor.read<uint32_t>() != kEndSignature) {
    return invalid_file("zip: no directory lies at the end: the file is cut short or has something after it");
  }
  const auto disk = cursor.read<uint16_t>();
  const auto directory_disk = cursor.read<uint16_t>();
  const auto entries_here = cursor.read<uint16_t>();
  EndRecord end;
  end.entries = cursor.read<uint16_t>();
  end.size = cursor.read<uint32_t>();
  end.offset = cursor.read<uint32_t>();
  const auto comment = cursor.read<uint16_t>();
  end.end = archive.size() - kEndSize;
  if (disk != 0 || directory_disk != 0 || entries_here != end.entries) {
    return invalid_file("zip: end record: archives over several disks are not supported");
  }
  if (comment != 0) return invalid_file("zip: end record: a comment of {} bytes cannot follow", comment);
  end.needs_64 = end.entries == kMax16 || end.size == kMax32 || end.offset == kMax32;
  return end;
}

/// Replaces the fields by those of the zip64 record. PyTorch writes one even where nothing needs it.
Status apply_end_64(std::span<const std::byte> archive, EndRecord& end) {
  const auto locator =
      slice(archive, CheckedSize(end.end) - CheckedSize(kEnd64LocatorSize), CheckedSize(kEnd64LocatorSize));
  ByteCursor cursor(locator.value_or(std::span<const std::byte>()));
  if (cursor.read<uint32_t>() != kEnd64LocatorSignature) {
    return end.needs_64 ? invalid_file("zip: end record: the zip64 locator that it refers to is missing") : Status();
  }
  const auto disk = cursor.read<uint32_t>();
  const auto offset = cursor.read<uint64_t>();
  const auto disks = cursor.read<uint32_t>();
  if (disk != 0 || disks != 1) return invalid_file("zip: zip64 locator: archives over several disks are not supported");
  const CheckedSize record_end = CheckedSize(offset) + CheckedSize(kEnd64Size);
  if (record_end.get() != end.end - kEnd64LocatorSize) {
    return invalid_file("zip: zip64 locator: the record at {} does not lie directly before it", offset);
  }
  ByteCursor record(*slice(archive, CheckedSize(offset), CheckedSize(kEnd64Size)));
  if (record.read<uint32_t>() != kEnd64Signature) return invalid_file("zip: zip64 end record: wrong signature");
  if (record.read<uint64_t>() != kEnd64Size - 12) return invalid_file("zip: zip64 end record: wrong size");
  record.take(4);  // versions
  const auto this_disk = record.read<uint32_t>();
  const auto directory_disk = record.read<uint32_t>();
  const auto entries_here = record.read<uint64_t>();
  const EndRecord narrow = end;
  end.entries = record.read<uint64_t>();
  end.size = record.read<uint64_t>();
  end.offset = record.read<uint64_t>();
  end.end = offset;
  const bool agrees = (narrow.entries == kMax16 || narrow.entries == end.entries) &&
                      (narrow.size == kMax32 || narrow.size == end.size) &&
                      (narrow.offset == kMax32 || narrow.offset == end.offset);
  if (this_disk != 0 || directory_disk != 0 || entries_here != end.entries || !agrees) {
    return invalid_file("zip: zip64 end record: it disagrees with the end record");
  }
  return {};
}

/// Takes from the zip64 extra field those values that the header gives as all ones, in the order the format prescribes.
Status apply_extra(std::span<const std::byte> extra, Header& header, bool central) {
  ByteCursor cursor(extra);
  bool seen = false;
  while (cursor.remaining() >= 4) {
    const auto id = cursor.read<uint16_t>();
    const auto size = cursor.read<uint16_t>();
    ByteCursor field(cursor.take(size));
    if (!cursor.ok()) return invalid_file("zip: entry '{}': an extra field reaches beyond its header", header.name);
    if (id != kZip64Extra) continue;
    if (seen) return invalid_file("zip: entry '{}': two zip64 extra fields", header.name);
    seen = true;
    if (header.size == kMax32) header.size = field.read<uint64_t>();
    if (header.compressed_size == kMax32) header.compressed_size = field.read<uint64_t>();
    if (central && header.local_offset == kMax32) header.local_offset = field.read<uint64_t>();
    if (!field.ok()) return invalid_file("zip: entry '{}': its zip64 extra field is too short", header.name);
  }
  return {};
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Result<Directory> read_directory(std::span<const std::byte> archive) {
  HEARTH_ASSIGN_OR_RETURN(EndRecord end, read_end(archive));
  HEARTH_RETURN_IF_ERROR(apply_end_64(archive, end));
  const auto bytes = slice(archive, CheckedSize(end.offset), CheckedSize(end.size));
  if (!bytes || end.offset + end.size != end.end) {
    return invalid_file("zip: end record: a directory of {} bytes at {} does not end at {}", end.size, end.offset,
                        end.end);
  }
  return Directory{end.entries, *bytes, end.offset};
}

Result<Header> read_central_header(std::span<const std::byte> bytes) {
  ByteCursor cursor(bytes);
  const auto signature = cursor.read<uint32_t>();
  cursor.take(4);  // versions
  Header header;
  header.flags = cursor.read<uint16_t>();
  header.method = cursor.read<uint16_t>();
  cursor.take(4);  // time and date
  header.crc32 = cursor.read<uint32_t>();
  header.compressed_size = cursor.read<uint32_t>();
  header.size = cursor.read<uint32_t>();
  const auto name_size = cursor.read<uint16_t>();
  const auto extra_size = cursor.read<uint16_t>();
  const auto comment_size = cursor.read<uint16_t>();
  const auto disk = cursor.read<uint16_t>();
  cursor.take(6);  // attributes
  header.local_offset = cursor.read<uint32_t>();
  header.name = as_text(cursor.take(name_size));
  const std::span<const std::byte> extra = cursor.take(extra_size);
  if (!cursor.ok() || signature != kCentralSignature) return invalid_file("zip: the central directory is malformed");
  if (comment_size != 0) return invalid_file("zip: entry '{}': entries must not have comments", header.name);
  if (disk != 0) return invalid_file("zip: entry '{}': it lies on another disk", header.name);
  HEARTH_RETURN_IF_ERROR(apply_extra(extra, header, /*central=*/true));
  header.header_size = uint64_t{kCentralSize} + name_size + extra_size;
  return header;
}

Result<Header> read_local_header(std::span<const std::byte> archive, uint64_t offset) {
  if (offset > archive.size()) return invalid_file("zip: a local header at {} lies outside of the file", offset);
  ByteCursor cursor(archive.subspan(static_cast<size_t>(offset)));
  const auto signature = cursor.read<uint32_t>();
  cursor.take(2);  // version
  Header header;
  header.flags = cursor.read<uint16_t>();
  header.method = cursor.read<uint16_t>();
  cursor.take(4);  // time and date
  header.crc32 = cursor.read<uint32_t>();
  header.compressed_size = cursor.read<uint32_t>();
  header.size = cursor.read<uint32_t>();
  const auto name_size = cursor.read<uint16_t>();
  const auto extra_size = cursor.read<uint16_t>();
  header.name = as_text(cursor.take(name_size));
  const std::span<const std::byte> extra = cursor.take(extra_size);
  if (!cursor.ok() || signature != kLocalSignature) return invalid_file("zip: no local header lies at {}", offset);
  HEARTH_RETURN_IF_ERROR(apply_extra(extra, header, /*central=*/false));
  header.header_size = uint64_t{kLocalSize} + name_size + extra_size;
  return header;
}

Result<uint64_t> read_data_descriptor(std::span<const std::byte> archive, CheckedSize offset, const Header& header) {
  struct Form {
    bool signature;
    bool wide;
  };
  // Writers differ: the signature is optional, and sizes are wide whenever the writer thought of zip64.
  for (const Form form : {Form{true, false}, Form{true, true}, Form{false, false}, Form{false, true}}) {
    const uint64_t size = (form.signature ? 4U : 0U) + 4U + (form.wide ? 16U : 8U);
    const auto bytes = slice(archive, offset, CheckedSize(size));
    if (!bytes) continue;
    ByteCursor cursor(*bytes);
    if (form.signature && cursor.read<uint32_t>() != kDescriptorSignature) continue;
    const auto crc = cursor.read<uint32_t>();
    const uint64_t compressed = form.wide ? cursor.read<uint64_t>() : cursor.read<uint32_t>();
    const uint64_t plain = form.wide ? cursor.read<uint64_t>() : cursor.read<uint32_t>();
    if (crc == header.crc32 && compressed == header.compressed_size && plain == header.size) return size;
  }
  return invalid_file("zip: entry '{}': its data descriptor disagrees with the directory", header.name);
}

}  // namespace hearth::zip
