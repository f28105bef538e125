#include "kernels/cpu/parallel_copy.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "base/errors.h"
#include "kernels/cpu/transpose.h"
#include "tensor/layout.h"

namespace hearth {
namespace {

/// Shorter lines, a colour picture's pixels, are copied column by column: calls for each would take longer.
constexpr int64_t kShortestLine = 4;

struct Dimension {
  int64_t size;
  int64_t from;
  int64_t to;
};

/// The dimensions of a copy, outermost of the destination first, joined where both sides allow it.
struct CopyShape {
  std::array<Dimension, kMaxRank> dimensions{};
  size_t rank = 0;

  CopyShape(std::span<const int64_t> shape, std::span<const int64_t> from, std::span<const int64_t> to) {
    for (size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] != 1) dimensions[rank++] = {shape[i], from[i], to[i]};
    }
    std::sort(dimensions.begin(), dimensions.begin() + static_cast<ptrdiff_t>(rank),
              [](const Dimension& a, const Dimension& b) { return a.to > b.to; });
    join();
  }

  /// Takes out and returns the dimension `i`.
  Dimension take(size_t i) {
    const Dimension taken = dimensions[i];
    std::copy(dimensions.begin() + static_cast<ptrdiff_t>(i) + 1, dimensions.begin() + static_cast<ptrdiff_t>(rank),
              dimensions.begin() + static_cast<ptrdiff_t>(i));
    --rank;
    return taken;
  }

  /// The dimension with the smallest step in the source; it must exist.
  size_t nearest_in_source() const {
    const auto end = dimensions.begin() + static_cast<ptrdiff_t>(rank);
    return static_cast<size_t>(
        std::min_element(dimensions.begin(), end,
                         [](const Dimension& a, const Dimension& b) { return a.from < b.from; }) -
        dimensions.begin());
  }

 private:
  void join() {
    size_t kept = 0;
    for (size_t i = 1; i < rank; ++i) {
      Dimension& outer = dimensions[kept];
      const Dimension& inner = dimensions[i];
      if (outer.from == inner.from * inner.size && outer.to == inner.to * inner.size) {
        outer = {outer.size * inner.size, inner.from, inner.to};
      } else {
        dimensions[++kept] = inner;
      }
    }
    rank = std::min(rank, kept + 1);
  }
};

template <class Element>
void copy_line(const Dimension& line, const Element* from, Element* to) {
  if (line.from == 1 && line.to == 1) {
    std::memcpy(to, from, static_cast<size_t>(line.size) * sizeof(Element));
    return;
  }
  for (int64_t i = 0; i < line.size; ++i) to[i * line.to] = from[i * line.from];
}

/// A plane whose rows are adjacent in the source and whose lines are adjacent in the destination.
void transpose_plane(const Dimension& outer, const Dimension& inner, const float* from, float* to) {
  constexpr int64_t kSide = 4;
  const int64_t whole_rows = outer.size / kSide * kSide;
  const int64_t whole_columns = inner.size / kSide * kSide;
  for (int64_t row = 0; row < whole_rows; row += kSide) {
    for (int64_t i = 0; i < whole_columns; i += kSide) {
      transpose_four(from + row + i * inner.from, inner.from, to + row * outer.to + i, outer.to);
    }
  }
  for (int64_t i = whole_columns; i < inner.size; ++i) {
    copy_line({whole_rows, outer.from, outer.to}, from + i * inner.from, to + i);
  }
  for (int64_t row = whole_rows; row < outer.size; ++row) copy_line(inner, from + row, to + row * outer.to);
}

/// A plane in squares, so that both sides use whole cache lines.
template <class Element>
void copy_plane(const Dimension& outer, const Dimension& inner, const Element* from, Element* to) {
  constexpr int64_t kSquare = 64 / sizeof(Element);
  if (inner.size < kShortestLine) {
    for (int64_t i = 0; i < inner.size; ++i) copy_line(outer, from + i * inner.from, to + i * inner.to);
    return;
  }
  if constexpr (std::is_same_v<Element, float>) {
    if (outer.from == 1 && inner.to == 1) return transpose_plane(outer, inner, from, to);
  }
  for (int64_t start = 0; start < inner.size; start += kSquare) {
    const Dimension part{std::min(kSquare, inner.size - start), inner.from, inner.to};
    for (int64_t row = 0; row < outer.size; ++row) {
      copy_line(part, from + row * outer.from + start * inner.from, to + row * outer.to + start * inner.to);
    }
  }
}

template <class Element>
void copy_elements(ThreadTeam& team, std::span<const int64_t> shape, const Element* from,
                   std::span<const int64_t> from_strides, Element* to, std::span<const int64_t> to_strides) {
  constexpr int64_t kRowsOfChunk = 64;
  constexpr int64_t kElementsOfChunk = 16384;
  if (std::ranges::find(shape, 0) != shape.end()) return;
  CopyShape copy(shape, from_strides, to_strides);
  const Dimension inner = copy.rank > 0 ? copy.take(copy.rank - 1) : Dimension{1, 1, 1};
  const Dimension outer = copy.rank > 0 ? copy.take(copy.nearest_in_source()) : Dimension{1, 0, 0};
  const bool whole_lines = inner.from == 1 && inner.to == 1 && inner.size >= kShortestLine;
  const int64_t chunks = (outer.size + kRowsOfChunk - 1) / kRowsOfChunk;
  int64_t planes = 1;
  for (size_t i = 0; i < copy.rank; ++i) planes *= copy.dimensions[i].size;
  const int64_t grain = std::max<int64_t>(kElementsOfChunk / (kRowsOfChunk * inner.size), 1);
  team.parallel_for(planes * chunks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      int64_t from_offset = 0;
      int64_t to_offset = 0;
      int64_t plane = item / chunks;
      for (size_t i = copy.rank; i-- > 0;) {
        from_offset += plane % copy.dimensions[i].size * copy.dimensions[i].from;
        to_offset += plane % copy.dimensions[i].size * copy.dimensions[i].to;
        plane /= copy.dimensions[i].size;
      }
      const int64_t row = item % chunks * kRowsOfChunk;
      const Dimension rows{std::min(kRowsOfChunk, outer.size - row), outer.from, outer.to};
      from_offset += row * outer.from;
      to_offset += row * outer.to;
      if (!whole_lines) {
        copy_plane(rows, inner, from + from_offset, to + to_offset);
        continue;
      }
      for (int64_t r = 0; r < rows.size; ++r) {
        copy_line(inner, from + from_offset + r * outer.from, to + to_offset + r * outer.to);
      }
    }
  });
}

}  // namespace

void parallel_copy(ThreadTeam& team, size_t bytes, std::span<const int64_t> shape, const void* from,
                   std::span<const int64_t> from_strides, void* to, std::span<const int64_t> to_strides) {
  const auto copy = [&]<class Element>(Element* elements) {
    copy_elements(team, shape, static_cast<const Element*>(from), from_strides, elements, to_strides);
  };
  if (bytes == 1) return copy(static_cast<uint8_t*>(to));
  if (bytes == 2) return copy(static_cast<uint16_t*>(to));
  copy(static_cast<float*>(to));
}

Result<Tensor> row_major_copy(const KernelContext& context, const Tensor& tensor) {
  HEARTH_ASSIGN_OR_RETURN(Tensor copy, context.pool->empty(tensor.dtype(), tensor.shape()));
  const auto bytes = static_cast<size_t>(dtype_bits(tensor.dtype()) / 8);
  parallel_copy(*context.team, bytes, tensor.shape(), tensor.data(), tensor.strides(), copy.data(), copy.strides());
  return copy;
}

}  // namespace hearth
