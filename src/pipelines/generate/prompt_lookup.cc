#include "pipelines/generate/prompt_lookup.h"

#include <algorithm>

namespace hearth {
namespace {

constexpr size_t kMostMatching = 4;
constexpr size_t kFewestMatching = 2;

}  // namespace

std::span<const int64_t> look_up(std::span<const int64_t> sequence, size_t most) {
  for (size_t count = kMostMatching; count >= kFewestMatching; --count) {
    if (sequence.size() <= count) continue;
    const auto last = sequence.last(count);
    // The last token takes no part: something has to follow.
    const auto before = sequence.first(sequence.size() - 1);
    const auto place = std::ranges::find_end(before, last);
    if (place.empty()) continue;
    const auto next = static_cast<size_t>(place.end() - before.begin());
    return sequence.subspan(next, std::min(most, sequence.size() - next));
  }
  return {};
}

}  // namespace hearth
