#pragma once

#include "kernels/cpu/result_vector.h"
#include "kernels/cpu/vector_math.h"

namespace hearth {

/// Bᵀ · d · B for every channel. Element is float or BFloat16.
template <class Isa, class Element>
void transform_winograd_elements(const WinogradInput& tile) {
  using Vector = typename Isa::Vector;
  for (int64_t c = 0; c < tile.channels; c += Isa::kLanes) {
    const int columns = static_cast<int>(tile.channels - c);
    Vector rows[4][4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      Vector d[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        d[i] = load_columns<Isa>(static_cast<const Element*>(tile.pixels[4 * i + j]) + c, columns);
      }
      rows[0][j] = d[0] - d[2];
      rows[1][j] = d[1] + d[2];
      rows[2][j] = d[2] - d[1];
      rows[3][j] = d[1] - d[3];
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      Element* to = static_cast<Element*>(tile.result) + 4 * i * tile.result_step + c;
      store_columns<Isa>(to, rows[i][0] - rows[i][2], columns);
      store_columns<Isa>(to + tile.result_step, rows[i][1] + rows[i][2], columns);
      store_columns<Isa>(to + 2 * tile.result_step, rows[i][2] - rows[i][1], columns);
      store_columns<Isa>(to + 3 * tile.result_step, rows[i][1] - rows[i][3], columns);
    }
  }
}

template <class Isa>
void transform_winograd_input(const WinogradInput& tile) {
  tile.dtype == DType::kBFloat16 ? transform_winograd_elements<Isa, BFloat16>(tile)
                                 : transform_winograd_elements<Isa, float>(tile);
}

/// The outputs of a vector of channels.
template <class Isa>
struct WinogradPixels {
  typename Isa::Vector values[4];
};

/// Takes the outputs as a copy, so that they need not lie in memory otherwise.
template <class Isa>
[[gnu::noinline]] WinogradPixels<Isa> activated(Activation activation, WinogradPixels<Isa> pixels) {
  activate<Isa>(activation, reinterpret_cast<float*>(&pixels.values), 4 * Isa::kLanes);
  return pixels;
}

/// Aᵀ · m · A for every channel, and what follows. Element is float or BFloat16.
template <class Isa, class Element>
void transform_winograd_products(const WinogradOutput& tile) {
  using Vector = typename Isa::Vector;
  const ResultVector<Isa, Element> result(tile.activation, Affine());
  for (int64_t c = 0; c < tile.channels; c += Isa::kLanes) {
    const int columns = static_cast<int>(tile.channels - c);
    Vector rows[2][4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      Vector m[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i)
        m[i] = load_columns<Isa>(tile.products + (4 * i + j) * tile.products_step + c, columns);
      rows[0][j] = m[0] + m[1] + m[2];
      rows[1][j] = m[1] - m[2] - m[3];
    }
    const Vector bias = tile.bias ? load_columns<Isa>(tile.bias + c, columns) : Vector{};
    WinogradPixels<Isa> pixels;
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      pixels.values[2 * i] = rows[i][0] + rows[i][1] + rows[i][2] + bias;
      pixels.values[2 * i + 1] = rows[i][1] - rows[i][2] - rows[i][3] + bias;
    }
#pragma GCC unroll 4
    for (int p = 0; p < 4; ++p) {
      const auto* residual = static_cast<const Element*>(tile.residuals[p]);
      if (residual) pixels.values[p] += load_columns<Isa>(residual + c, columns);
    }
    if (!result.is_clamp()) pixels = activated<Isa>(tile.activation, pixels);
#pragma GCC unroll 4
    for (int p = 0; p < 4; ++p) {
      auto* output = static_cast<Element*>(tile.outputs[p]);
      if (output) result.store(output + c, pixels.values[p], columns);
    }
  }
}

template <class Isa>
void transform_winograd_output(const WinogradOutput& tile) {
  tile.dtype == DType::kBFloat16 ? transform_winograd_products<Isa, BFloat16>(tile)
                                 : transform_winograd_products<Isa, float>(tile);
}

}  // namespace hearth
