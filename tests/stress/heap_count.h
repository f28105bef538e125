#pragma once

#include <cstddef>

namespace hearth {

/// What the process has asked of the C library's heap so far, models' own code included.
struct HeapCount {
  size_t calls = 0;    ///< malloc and its kin.
  size_t largest = 0;  ///< Bytes of the largest call since reset_largest().
};

HeapCount heap_count();
void reset_largest();

}  // namespace hearth
