#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/cpu/tile_kernel.h"
#include "tensor/float16.h"

namespace hearth {

/// The first `columns` elements at `from` as a vector in memory's layout; the others are 0.
template <class Packed, class Isa>
inline Packed load_packed(const void* from, int columns) {
  Packed packed{};
  if (columns >= Isa::kLanes) {
    std::memcpy(&packed, from, sizeof(packed));
  } else {
    std::memcpy(&packed, from, static_cast<size_t>(columns) * sizeof(packed[0]));
  }
  return packed;
}

template <class Isa, class Packed>
inline void store_packed(void* to, Packed packed, int columns) {
  if (columns >= Isa::kLanes) {
    std::memcpy(to, &packed, sizeof(packed));
  } else {
    std::memcpy(to, &packed, static_cast<size_t>(columns) * sizeof(packed[0]));
  }
}

template <class Isa>
inline typename Isa::Vector load_columns(const BFloat16* from, int columns) {
  const auto packed = load_packed<typename Isa::Halves, Isa>(from, columns);
  return reinterpret_cast<typename Isa::Vector>(__builtin_convertvector(packed, typename Isa::Unsigned) << 16);
}

/// Rounds to nearest, ties to even; NaN stays NaN.
template <class Isa>
inline void store_columns(BFloat16* to, typename Isa::Vector value, int columns) {
  using Unsigned = typename Isa::Unsigned;
  const auto bits = reinterpret_cast<Unsigned>(value);
  const Unsigned rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  const Unsigned result = value == value ? rounded : (bits >> 16) | 0x40U;
  store_packed<Isa>(to, __builtin_convertvector(result, typename Isa::Halves), columns);
}

template <class Isa>
inline typename Isa::Vector load_columns(const Float16* from, int columns) {
  return Isa::widen(load_packed<typename Isa::Halves, Isa>(from, columns));
}

template <class Isa>
inline void store_columns(Float16* to, typename Isa::Vector value, int columns) {
  store_packed<Isa>(to, Isa::narrow(value), columns);
}

template <class Isa, class From, class To>
void convert_elements(const From* from, To* to, int64_t count) {
  int64_t i = 0;
  for (; i + Isa::kLanes <= count; i += Isa::kLanes) {
    store_columns<Isa>(to + i, load_columns<Isa>(from + i, Isa::kLanes), Isa::kLanes);
  }
  const int left = static_cast<int>(count - i);
  if (left > 0) store_columns<Isa>(to + i, load_columns<Isa>(from + i, left), left);
}

}  // namespace hearth
