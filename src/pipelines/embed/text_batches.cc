#include "pipelines/embed/text_batches.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace hearth {
namespace {

/// Tokens of a batch: enough to keep the processor busy, few enough to bound memory.
constexpr int64_t kMostTokens = 2048;
/// A text may be so much shorter than the longest of its batch: a quarter of it, or some tokens.
constexpr int64_t kFilledPart = 4;
constexpr int64_t kFilledTokens = 8;

bool is_similar(int64_t length, int64_t longest) {
  return longest - length <= std::max(longest / kFilledPart, kFilledTokens);
}

}  // namespace

std::vector<std::vector<size_t>> batch_texts(std::span<const int64_t> lengths, int64_t most_texts) {
  std::vector<size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t place) { return std::pair(-lengths[place], place); });
  std::vector<std::vector<size_t>> batches;
  for (const size_t place : order) {
    const int64_t longest = batches.empty() ? 0 : lengths[batches.back().front()];
    const auto texts = batches.empty() ? most_texts : static_cast<int64_t>(batches.back().size());
    const bool fits = texts < most_texts && (texts + 1) <= kMostTokens / std::max<int64_t>(longest, 1) &&
                      is_similar(lengths[place], longest);
    if (!fits) batches.emplace_back();
    batches.back().push_back(place);
  }
  return batches;
}

}  // namespace hearth
