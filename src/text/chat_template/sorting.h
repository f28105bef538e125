#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "hearth/status.h"

namespace hearth::jinja {

/// Sorts by a comparison that may fail, `Result<bool> less(a, b)`; equals stay in their order. After a failure the
/// order is any. Merges runs of doubling length.
template <typename T, typename Less>
Status sort_stable(std::vector<T>& items, Less less) {
  std::vector<T> merged;
  for (size_t width = 1; width < items.size(); width *= 2) {
    merged.clear();
    for (size_t begin = 0; begin < items.size(); begin += 2 * width) {
      size_t left = begin;
      const size_t middle = std::min(begin + width, items.size());
      size_t right = middle;
      const size_t end = std::min(begin + 2 * width, items.size());
      while (left < middle && right < end) {
        HEARTH_ASSIGN_OR_RETURN(const bool right_first, less(items[right], items[left]));
        merged.push_back(items[right_first ? right++ : left++]);
      }
      merged.insert(merged.end(), items.begin() + static_cast<ptrdiff_t>(left),
                    items.begin() + static_cast<ptrdiff_t>(middle));
      merged.insert(merged.end(), items.begin() + static_cast<ptrdiff_t>(right),
                    items.begin() + static_cast<ptrdiff_t>(end));
    }
    std::swap(items, merged);
  }
  return {};
}

}  // namespace hearth::jinja
