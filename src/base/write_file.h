#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "hearth/status.h"

namespace hearth {

/// Writes a whole file: beside it first, then renamed over it, so that it is whole or as before. kFailed names the
/// file.
Status write_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace hearth
