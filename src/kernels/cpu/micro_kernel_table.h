#pragma once

#include "kernels/cpu/attention_kernel.h"
#include "kernels/cpu/depthwise_kernel.h"
#include "kernels/cpu/finish_kernel.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/cpu/tile_table.h"
#include "kernels/cpu/vector_math.h"
#include "kernels/cpu/winograd_kernel.h"

namespace hearth {

// Everything that these headers make is a template over the instruction set and calls no library function, so that no
// code for one processor is ever linked into a call on another.

template <class Isa>
struct FusedTiles {
  static constexpr int kTileRows = Isa::kTileRows;
  static constexpr int kTileVectors = Isa::kTileVectors;
  template <int kRows, int kVectors>
  static constexpr TileKernels::Tile kTile = compute_tile<Isa, kRows, kVectors>;
};

template <class Isa>
constexpr MicroKernels micro_kernel_table() {
  MicroKernels kernels{};
  kernels.name = Isa::kName;
  kernels.lanes = Isa::kLanes;
  kernels.tile_rows = Isa::kTileRows;
  kernels.tile_vectors = Isa::kTileVectors;
  kernels.tiles = kTileTable<FusedTiles<Isa>>.tiles;
  kernels.depthwise = convolve_depthwise<Isa>;
  kernels.transform_winograd_input = transform_winograd_input<Isa>;
  kernels.transform_winograd_output = transform_winograd_output<Isa>;
  kernels.activate = activate<Isa>;
  kernels.dot_product = dot_product<Isa>;
  kernels.soft_cap = soft_cap<Isa>;
  kernels.scale_scores = scale_scores<Isa>;
  kernels.exponentiate = exponentiate<Isa>;
  kernels.finish = finish<Isa>;
  kernels.quantize = quantize_elements<Isa>;
  kernels.dequantize = dequantize_elements<Isa>;
  kernels.largest_magnitude = largest_magnitude<Isa>;
  kernels.widen_bfloat16 = convert_elements<Isa, BFloat16, float>;
  kernels.narrow_bfloat16 = convert_elements<Isa, float, BFloat16>;
  kernels.widen_float16 = convert_elements<Isa, Float16, float>;
  kernels.narrow_float16 = convert_elements<Isa, float, Float16>;
  return kernels;
}

}  // namespace hearth
