#pragma once

#include <cstddef>
#include <span>

#include "hearth/status.h"

namespace hearth::cuda {

/// What device code says of itself.
struct ModuleImage {
  enum class Kind { kPtx, kCubin, kFatbin };
  Kind kind = Kind::kPtx;
  int ptx_version = 0;  ///< 87 for PTX 8.7, in a fatbin its last one's; 0 where there is no PTX.
  int target = 0;       ///< PTX for sm_80 and later: 80; 0 where there is no PTX.
};

/// Looks at device code before the driver, which takes no sizes, sees it: the sizes in its headers must fit `code`.
/// kInvalidFile for what is neither PTX text, a cubin (ELF) nor a fatbin.
Result<ModuleImage> describe_image(std::span<const std::byte> code);

/// Device code without its size, as compiled models hold it: the text when it is PTX, which ends at a zero byte, and
/// nothing when it is another kind.
std::span<const std::byte> ptx_of(const void* image);

}  // namespace hearth::cuda
