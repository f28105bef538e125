#include "text/grammar/code_points.h"

#include <algorithm>
#include <span>

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

/// Bytes of the sequence that a lead byte begins; 0 for what begins none.
size_t sequence_length(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
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

void append_utf8(std::string& text, char32_t code_point) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) {
    text += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    text += static_cast<char>(0xC0 | (code_point >> 6));
    tail(0);
  } else if (code_point < 0x10000) {
    text += static_cast<char>(0xE0 | (code_point >> 12));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0 | (code_point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::optional<std::u32string> decode_utf8(std::string_view text) {
  constexpr char32_t kLeadBits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  std::u32string result;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    const size_t length = sequence_length(lead);
    if (length == 0 || length > text.size() - i) return std::nullopt;
    char32_t code_point = lead & kLeadBits[length];
    for (size_t k = 1; k < length; ++k) {
      const auto byte = static_cast<uint8_t>(text[i + k]);
      if ((byte & 0xC0) != 0x80) return std::nullopt;
      code_point = code_point << 6 | (byte & 0x3F);
    }
    const bool overlong = length > 1 && code_point <= kLongest[length - 2];
    if (overlong || code_point > kLast || (code_point >= kFirstSurrogate && code_point <= kLastSurrogate)) {
      return std::nullopt;
    }
    result += code_point;
    i += length;
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
