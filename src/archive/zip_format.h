#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/checked.h"
#include "hearth/status.h"

namespace hearth::zip {

/// The facts of the end records: where the central directory lies.
struct Directory {
  uint64_t entries = 0;
  std::span<const std::byte> bytes;
  uint64_t offset = 0;  ///< From the start of the archive.
};

/// One header, central or local, with its zip64 extra applied.
struct Header {
  uint16_t flags = 0;
  uint16_t method = 0;
  uint32_t crc32 = 0;
  uint64_t compressed_size = 0;
  uint64_t size = 0;
  std::string_view name;
  uint64_t local_offset = 0;  ///< Central headers only.
  uint64_t header_size = 0;   ///< Bytes that the header itself takes.
};

inline constexpr uint32_t kEndSignature = 0x06054b50;
inline constexpr uint32_t kEnd64Signature = 0x06064b50;
inline constexpr uint32_t kEnd64LocatorSignature = 0x07064b50;
inline constexpr uint32_t kCentralSignature = 0x02014b50;
inline constexpr uint32_t kLocalSignature = 0x04034b50;
inline constexpr uint32_t kDescriptorSignature = 0x08074b50;
inline constexpr uint16_t kZip64Extra = 1;
inline constexpr uint32_t kMax32 = 0xFFFFFFFF;  ///< Stands for a number that the zip64 fields give.

inline constexpr uint16_t kStored = 0;
inline constexpr uint16_t kDeflated = 8;
inline constexpr uint16_t kFlagEncrypted = 1U << 0;
inline constexpr uint16_t kFlagDataDescriptor = 1U << 3;
inline constexpr uint16_t kFlagStrongEncryption = 1U << 6;
inline constexpr uint16_t kFlagMaskedHeaders = 1U << 13;

/// Finds the end record, which must be the last thing in the file, and the zip64 one where the sizes need it.
Result<Directory> read_directory(std::span<const std::byte> archive);

/// Reads the central header at the start of `bytes`.
Result<Header> read_central_header(std::span<const std::byte> bytes);

/// Reads the local header of `archive` at `offset`.
Result<Header> read_local_header(std::span<const std::byte> archive, uint64_t offset);

/// Bytes of the data descriptor at `offset`, which must repeat the header's CRC and sizes.
Result<uint64_t> read_data_descriptor(std::span<const std::byte> archive, CheckedSize offset, const Header& header);

}  // namespace hearth::zip
