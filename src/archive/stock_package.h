#pragma once

#include <functional>
#include <string>
#include <vector>

#include "archive/manifest.h"
#include "hearth/status.h"

namespace hearth {

/// What stock_manifest reads from an archive.
struct StockRecords {
  std::vector<std::string> names;  ///< Paths below the stem.
  std::function<Result<std::span<const std::byte>>(std::string_view)> bytes;
  std::function<Result<std::string>(std::string_view)> text;
};

/// A manifest for a package that torch._inductor made: each folder data/aotinductor/<model>/ is a method with one
/// target, described by its library's ELF header and by the instruction set in *_metadata.json. Nothing is known of
/// inputs and outputs. kInvalidFile when there is no such folder, or one without a library.
Result<Manifest> stock_manifest(const StockRecords& records);

}  // namespace hearth
