#pragma once

#include "kernels/cpu/tile_kernel.h"

namespace hearth {

/// Bᵀ · d · B for every channel.
template <class Isa>
void transform_winograd_input(const WinogradInput& tile) {
  using Vector = typename Isa::Vector;
  for (int64_t c = 0; c < tile.channels; c += Isa::kLanes) {
    const int columns = static_cast<int>(tile.channels - c);
    Vector rows[4][4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      Vector d[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) d[i] = load_columns<Isa>(tile.pixels[4 * i + j] + c, columns);
      rows[0][j] = d[0] - d[2];
      rows[1][j] = d[1] + d[2];
      rows[2][j] = d[2] - d[1];
      rows[3][j] = d[1] - d[3];
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      float* to = tile.result + 4 * i * tile.result_step + c;
      store_columns<Isa>(to, rows[i][0] - rows[i][2], columns);
      store_columns<Isa>(to + tile.result_step, rows[i][1] + rows[i][2], columns);
      store_columns<Isa>(to + 2 * tile.result_step, rows[i][2] - rows[i][1], columns);
      store_columns<Isa>(to + 3 * tile.result_step, rows[i][1] - rows[i][3], columns);
    }
  }
}

/// Aᵀ · m · A for every channel, and what follows.
template <class Isa>
void transform_winograd_output(const WinogradOutput& tile) {
  using Vector = typename Isa::Vector;
  const Vector low = Isa::broadcast(tile.low);
  const Vector high = Isa::broadcast(tile.high);
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
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      const Vector values[2] = {rows[i][0] + rows[i][1] + rows[i][2] + bias,
                                rows[i][1] - rows[i][2] - rows[i][3] + bias};
#pragma GCC unroll 2
      for (int j = 0; j < 2; ++j) {
        float* output = tile.outputs[2 * i + j];
        const float* residual = tile.residuals[2 * i + j];
        if (!output) continue;
        const Vector value = residual ? values[j] + load_columns<Isa>(residual + c, columns) : values[j];
        store_columns<Isa>(output + c, clamp<Isa>(value, low, high), columns);
      }
    }
  }
}

}  // namespace hearth
