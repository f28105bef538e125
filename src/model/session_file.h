#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

#include "archive/archive.h"
#include "hal/memory_pool.h"
#include "hearth/model.h"
#include "hearth/status.h"
#include "kernels/key_value_cache.h"

namespace hearth {

/// What a session's file holds. docs/session-format.md describes its bytes.
struct SessionRecord {
  KeyValueCache cache;
  SessionNotes notes;
};

/// Tells a model's file from all others: the XXH3-64 of its manifest, which has every other record's. kInvalidArgument
/// for a stock package, which has no manifest.
Result<uint64_t> model_identity(const Archive& archive);

/// kInvalidArgument for a dtype that keys and values cannot be kept as.
Status check_cache_dtype(std::optional<DType> dtype);

/// Replaces the file `path`; see ReplacingFile. kInvalidArgument when a layer missed tokens of the sequence; kFailed
/// names the file.
Status write_session(const std::filesystem::path& path, uint64_t identity, const KeyValueCache& cache,
                     const SessionNotes& notes);

/// Reads a file that write_session() wrote; pages come from `pool`, after all was checked. `dtype`: what the cache has
/// to be kept as; nullopt: anything. kInvalidFile says what is wrong; kInvalidArgument: another dtype; kOutOfMemory.
Result<SessionRecord> read_session(std::span<const std::byte> bytes, uint64_t identity, std::optional<DType> dtype,
                                   MemoryPool& pool);

}  // namespace hearth
