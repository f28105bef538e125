#include "archive/zip_writer.h"

#include <zlib.h>

#include "archive/zip_format.h"

namespace hearth {
namespace {

constexpr uint64_t kVersion = 45;  ///< The first with zip64.
constexpr uint64_t kFlagUtf8 = 1U << 11;
constexpr uint64_t kFirstDay = 0x00210000;  ///< 1980-01-01, midnight: the earliest time that the format has.

}  // namespace

void ZipWriter::number(uint64_t value, size_t size) {
  for (size_t i = 0; i < size; ++i) bytes_.push_back(static_cast<std::byte>(value >> (8 * i) & 0xFFU));
}

void ZipWriter::append(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

/// From the needed version to the length of the name, which both headers have.
void ZipWriter::common_fields(const Entry& entry) {
  number(kVersion, 2);
  number(kFlagUtf8, 2);
  number(0, 2);  // stored
  number(kFirstDay, 4);
  number(entry.crc32, 4);
  number(zip::kMax32, 4);
  number(zip::kMax32, 4);
  number(entry.name.size(), 2);
}

void ZipWriter::add(std::string_view name, std::span<const std::byte> contents) {
  Entry entry{std::string(name), 0, contents.size(), bytes_.size()};
  entry.crc32 = static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(contents.data()), contents.size()));
  number(zip::kLocalSignature, 4);
  common_fields(entry);
  number(20, 2);
  append(std::as_bytes(std::span(entry.name)));
  number(zip::kZip64Extra, 2);
  number(16, 2);
  number(entry.size, 8);
  number(entry.size, 8);
  append(contents);
  entries_.push_back(std::move(entry));
}

std::vector<std::byte> ZipWriter::finish() {
  const uint64_t directory = bytes_.size();
  for (const Entry& entry : entries_) {
    number(zip::kCentralSignature, 4);
    number(kVersion, 2);
    common_fields(entry);
    number(28, 2);
    number(0, 4);  // comment, disk
    number(0, 6);  // attributes
    number(zip::kMax32, 4);
    append(std::as_bytes(std::span(entry.name)));
    number(zip::kZip64Extra, 2);
    number(24, 2);
    number(entry.size, 8);
    number(entry.size, 8);
    number(entry.offset, 8);
  }
  const uint64_t end = bytes_.size();
  number(zip::kEnd64Signature, 4);
  number(44, 8);
  number(kVersion, 2);
  number(kVersion, 2);
  number(0, 8);  // disks
  number(entries_.size(), 8);
  number(entries_.size(), 8);
  number(end - directory, 8);
  number(directory, 8);
  number(zip::kEnd64LocatorSignature, 4);
  number(0, 4);
  number(end, 8);
  number(1, 4);
  number(zip::kEndSignature, 4);
  number(0, 4);
  number(0xFFFF, 2);
  number(0xFFFF, 2);
  number(zip::kMax32, 4);
  number(zip::kMax32, 4);
  number(0, 2);
  entries_.clear();
  return std::move(bytes_);
}

}  // namespace hearth
