#include "text/grammar/code_points.h"

#include <algorithm>
#include <span>
#include <string>

#include "text/utf8.h"

namespace hearth {
namespace {

constexpr char32_t kLast = 0x10FFFF;
constexpr char32_t kFirstSurrogate = 0xD800;
constexpr char32_t kLastSurrogate = 0xDFFF;

/// Sorted, joined, without surrogates.
std::vector<CodePointRange> normalised(std::span<const CodePointRange> ranges) {
  std::vector<CodePointRange> scalar;
  for (const CodePointRange& range : ranges) {
    const char32_t last = std::min(range.last, kLast);
    if (range.first < kFirstSurrogate && range.first <= last) {
      scalar.push_back({range.first, std::min<char32_t>(last, kFirstSurrogate - 1)});
    }
    const char32_t first = std::max<char32_t>(range.first, kLastSurrogate + 1);
    if (first <= last) scalar.push_back({first, last});
  }
  std::ranges::sort(scalar, {}, &CodePointRange::first);
  std::vector<CodePointRange> joined;
  for (const CodePointRange& range : scalar) {
    if (!joined.empty() && range.first <= joined.back().last + 1) {
      joined.back().last = std::max(joined.back().last, range.last);
    } else {
      joined.push_back(range);
    }
  }
  return joined;
}

/// Code points whose UTF-8 has as many bytes: the last of each length.
constexpr char32_t kLongest[] = {0x7F, 0x7FF, 0xFFFF, kLast};

/// Splits a range of code points of one length until each byte of the ends spans a range of its own.
void split(char32_t first, char32_t last, std::vector<std::vector<ByteRange>>& sequences) {
  std::string low;
  std::string high;
  append_utf8(low, first);
  append_utf8(high, last);
  for (size_t i = 1; i < low.size(); ++i) {
    const char32_t mask = (char32_t{1} << (6 * i)) - 1;
    if ((first & ~mask) == (last & ~mask)) continue;
    if ((first & mask) != 0) {
      split(first, first | mask, sequences);
      split((first | mask) + 1, last, sequences);
      return;
    }
    if ((last & mask) != mask) {
      split(first, (last & ~mask) - 1, sequences);
      split(last & ~mask, last, sequences);
      return;
    }
  }
  std::vector<ByteRange> sequence;
  for (size_t i = 0; i < low.size(); ++i) {
    sequence.push_back({static_cast<uint8_t>(low[i]), static_cast<uint8_t>(high[i])});
  }
  sequences.push_back(std::move(sequence));
}

}  // namespace

CodePointSet::CodePointSet(std::initializer_list<CodePointRange> ranges)
    : ranges_(normalised({ranges.begin(), ranges.end()})) {}
CodePointSet::CodePointSet(const std::vector<CodePointRange>& ranges) : ranges_(normalised(ranges)) {}

CodePointSet CodePointSet::all() { return {{0, kLast}}; }

bool CodePointSet::contains(char32_t code_point) const {
  const auto after = std::ranges::upper_bound(ranges_, code_point, {}, &CodePointRange::first);
  return after != ranges_.begin() && code_point <= std::prev(after)->last;
}

CodePointSet CodePointSet::complement() const {
  std::vector<CodePointRange> result;
  char32_t next = 0;
  for (const CodePointRange& range : ranges_) {
    if (range.first > next) result.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLast) result.push_back({next, kLast});
  return CodePointSet(result);
}

CodePointSet CodePointSet::united(const CodePointSet& other) const {
  std::vector<CodePointRange> result = ranges_;
  result.insert(result.end(), other.ranges_.begin(), other.ranges_.end());
  return CodePointSet(result);
}

CodePointSet CodePointSet::intersected(const CodePointSet& other) const {
  CodePointSet result;
  auto left = ranges_.begin();
  auto right = other.ranges_.begin();
  while (left != ranges_.end() && right != other.ranges_.end()) {
    const char32_t first = std::max(left->first, right->first);
    const char32_t last = std::min(left->last, right->last);
    if (first <= last) result.ranges_.push_back({first, last});
    if (left->last < right->last) {
      ++left;
    } else {
      ++right;
    }
  }
  return result;
}

std::vector<std::vector<ByteRange>> utf8_sequences(const CodePointSet& set) {
  std::vector<std::vector<ByteRange>> sequences;
  for (const CodePointRange& range : set.ranges()) {
    char32_t first = range.first;
    for (const char32_t longest : kLongest) {
      if (first > longest || first > range.last) continue;
      split(first, std::min(range.last, longest), sequences);
      first = longest + 1;
    }
  }
  return sequences;
}

}  // namespace hearth
