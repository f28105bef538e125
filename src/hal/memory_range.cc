#include "hal/memory_range.h"

#include "base/checked.h"
#include "base/errors.h"

namespace hearth {

Status check_range(DeviceMemory memory, size_t offset, size_t size) {
  if (fits(CheckedSize(offset) + CheckedSize(size), CheckedSize(memory.size))) return {};
  return invalid_argument("bytes {} to {}+{} are outside of a memory of {} bytes", offset, offset, size, memory.size);
}

}  // namespace hearth
