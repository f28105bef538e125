#pragma once

#include <cstdint>
#include <span>

#include "hearth/tensor.h"
#include "kernels/activation.h"
#include "kernels/cpu/block_kernels.h"
#include "kernels/quantized.h"
#include "tensor/float16.h"

namespace hearth {

/// Depths that lie together in both operands of a tile.
struct DepthRun {
  const float* a = nullptr;  ///< Row r, depth k at a[r * a_stride + k].
  const float* b = nullptr;  ///< Depth k, column n at b[k * b_stride + n]; whole vectors are read.
  int64_t depth = 0;
};

struct FinishArguments;

/// One tile of a matrix product, at most tile_rows x panel_width() elements of c:
/// c = clamp(alpha · (previous + a · b) + bias + residual), where previous is c's own content unless `first`.
/// Unless `last`, only previous + a · b is stored.
struct TileArguments {
  const DepthRun* runs = nullptr;
  int64_t run_count = 0;
  int64_t a_stride = 0;
  int64_t b_stride = 0;
  float* c = nullptr;
  int64_t c_stride = 0;
  int columns = 0;                  ///< Columns of c to store; bias and residual have as many.
  const float* bias = nullptr;      ///< Null: none.
  const float* residual = nullptr;  ///< Null: none.
  int64_t residual_stride = 0;
  float alpha = 1;
  float low = 0;
  float high = 0;
  bool first = true;
  bool last = true;
  /// For kernels that only sum: where not null, how the sums become results of the dtype that they finish, and c is not
  /// used.
  const FinishArguments* finish = nullptr;
};

/// A tap of a depthwise convolution, as offsets in elements: of its input from that of the run, of its weights from the
/// first tap's.
struct DepthwiseTap {
  int64_t input;
  int64_t weights;
};

/// A run of output pixels of a depthwise convolution, all of which meet the same taps:
/// output[p][c] = activation(Σ_t input[t][p][c] · weights[t][c] + bias[c] + residual[p][c]). Steps are in elements. The
/// output overlaps no operand: pixels may be computed twice.
struct DepthwiseArguments {
  DType input_dtype = DType::kFloat32;   ///< float32, bfloat16 or uint8.
  DType output_dtype = DType::kFloat32;  ///< The same; after uint8 also float32.
  const DepthwiseTap* taps = nullptr;
  int64_t tap_count = 0;
  /// Not 0: the taps come in threes whose inputs are column_step apart, and pixels so many times column_step, 1 or 2.
  int row_of_three_step = 0;
  int64_t column_step = 0;
  /// With rows of three, two pixels at least: the first input of the first pixel, or the last of the last one, lies
  /// outside the image and counts as 0.
  bool first_is_outside = false;
  bool last_is_outside = false;
  const void* images = nullptr;
  int64_t input = 0;       ///< The run's offset within images, in elements. It may lie before them, its taps' do not.
  int64_t input_step = 0;  ///< From one pixel to the next.
  int32_t input_zero = 0;  ///< The byte that stands for 0 in uint8 inputs, whose scale is 1.
  const float* weights = nullptr;
  int64_t weights_step = 0;  ///< From one tap of a row to the next.
  int64_t pixels = 0;
  int64_t channels = 0;
  void* output = nullptr;
  int64_t output_step = 0;
  Affine output_affine;            ///< Of uint8 outputs.
  const float* bias = nullptr;     ///< Null: none.
  const void* residual = nullptr;  ///< Of the output's dtype, which is not uint8. Null: none.
  int64_t residual_step = 0;
  Activation activation = Activation::kNone;
};

/// A tile of a convolution by Winograd's way (winograd.h) on its way in: the transform of channel c goes to
/// result[i * result_step + c], i < 16.
struct WinogradInput {
  DType dtype = DType::kFloat32;  ///< Of pixels and result: float32 or bfloat16.
  const void* pixels[16] = {};    ///< 4 × 4, none null.
  int64_t channels = 0;
  void* result = nullptr;
  int64_t result_step = 0;  ///< In elements.
};

/// The same on its way out: outputs[p][c] = activation(transform of products[i * products_step + c], i < 16, + bias[c]
/// + residuals[p][c]).
struct WinogradOutput {
  DType dtype = DType::kFloat32;  ///< Of residuals and outputs: float32 or bfloat16.
  const float* products = nullptr;
  int64_t products_step = 0;
  int64_t channels = 0;
  const float* bias = nullptr;    ///< Null: none.
  const void* residuals[4] = {};  ///< Of 2 × 2 pixels. Null: none.
  void* outputs[4] = {};          ///< Null: outside the image.
  Activation activation = Activation::kNone;
};

/// The tiles of one kind of product. An element of a and b takes four bytes: a float, or two bfloat16 or four int8
/// numbers of adjacent depths, whose products one step adds to a sum. Each sum is made in the order of its depth,
/// whatever the tile, so how work is cut never shows in the bits.
struct TileKernels {
  using Tile = void (*)(const TileArguments&);

  const char* name;
  int lanes;
  int tile_rows;
  int tile_vectors;
  const Tile* tiles;  ///< [vectors - 1][rows - 1]
  /// Applies an activation in place to `count` elements. Null where tiles only sum.
  void (*activate)(Activation activation, float* values, int64_t count) = nullptr;
  /// Of tiles that only sum: the dtype of the results, and of what is added to them, that they finish by themselves
  /// where the activation is a clamp; float32 for none.
  DType finished = DType::kFloat32;
  /// What the depth of every run is a multiple of.
  int64_t depth_step = 1;
  /// Null, or what the computing thread calls before tiles of so many rows, and once it has no more tiles.
  void (*configure)(int rows) = nullptr;
  void (*release)() = nullptr;

  int64_t panel_width() const { return static_cast<int64_t>(lanes) * tile_vectors; }
  void compute_tile(int rows, int vectors, const TileArguments& arguments) const {
    tiles[(vectors - 1) * tile_rows + rows - 1](arguments);
  }
};

/// How the int32 sums of a quantised product become numbers: (sum - offsets[n]) · scales[n] · row_scales[r].
struct IntegerSums {
  const int32_t* offsets = nullptr;  ///< Null: the sums are float.
  const float* scales = nullptr;
  const float* row_scales = nullptr;  ///< Null: 1.
};

/// A block of sums on its way to the result, r < rows, n < columns:
/// result[r][n] = activation(sums[r][n] + bias[n] + residual[r][n]).
struct FinishArguments {
  /// With `integers` the bits of int32 numbers. Rows hold whole vectors, which may be overwritten.
  float* sums = nullptr;
  int64_t sums_stride = 0;
  IntegerSums integers;
  int64_t rows = 0;
  int64_t columns = 0;
  const float* bias = nullptr;     ///< Null: none.
  const void* residual = nullptr;  ///< Null: none.
  int64_t residual_stride = 0;     ///< In elements.
  Affine residual_affine;          ///< Of a uint8 residual.
  Activation activation = Activation::kNone;
  void* result = nullptr;
  int64_t result_stride = 0;  ///< In elements.
  Affine result_affine;       ///< Of a uint8 result, which is rounded to nearest, ties to even, and saturated.
  /// Both the same, float32 or bfloat16; for integer sums each float32 or uint8.
  DType residual_dtype = DType::kFloat32;
  DType result_dtype = DType::kFloat32;
};

/// The innermost loops for one instruction set; as tiles, those of float32, which apply the whole of TileArguments.
struct MicroKernels : TileKernels {
  void (*depthwise)(const DepthwiseArguments&);
  void (*transform_winograd_input)(const WinogradInput&);
  void (*transform_winograd_output)(const WinogradOutput&);
  /// Σ a[i] · b[i].
  float (*dot_product)(const float* a, const float* b, int64_t count);
  /// scores[i] = scores[i] · scale + mask[i] (null: none); returns the largest of them and `maximum`. NaNs count as
  /// nothing.
  float (*scale_scores)(float* scores, const float* mask, float scale, int64_t count, float maximum);
  /// scores[i] = cap · tanh(scores[i] · scale / cap).
  void (*soft_cap)(float* scores, float scale, float cap, int64_t count);
  /// values[i] = e^(values[i] - maximum), for a finite maximum; returns their sum.
  float (*exponentiate)(float* values, int64_t count, float maximum);
  void (*finish)(const FinishArguments&);
  /// to[i] = saturate(round(from[i] / affine.scale) + affine.zero).
  void (*quantize)(const float* from, Affine affine, uint8_t* to, int64_t count);
  /// to[i] = (from[i] - affine.zero) · affine.scale.
  void (*dequantize)(const uint8_t* from, Affine affine, float* to, int64_t count);
  /// The largest |values[i]|; 0 for none. NaNs count as nothing.
  float (*largest_magnitude)(const float* values, int64_t count);
  /// bfloat16 and float16 values as floats and back, rounded to nearest, ties to even. The two must not overlap.
  void (*widen_bfloat16)(const BFloat16* from, float* to, int64_t count);
  void (*narrow_bfloat16)(const float* from, BFloat16* to, int64_t count);
  void (*widen_float16)(const Float16* from, float* to, int64_t count);
  void (*narrow_float16)(const float* from, Float16* to, int64_t count);
  /// Products of narrow elements, which only sum: of TileArguments they use the operands and c, whose columns they
  /// store in whole vectors. Null where converting to float32 is faster.
  const TileKernels* bfloat16 = nullptr;
  /// The same for uint8 numbers in a and int8 numbers in b, with exact int32 sums. Never null.
  const TileKernels* int8 = nullptr;
  /// Products with weights in blocks. Never null.
  const BlockKernels* blocks = nullptr;
};

/// The loops that instructions for rounding to bfloat16 make faster.
struct BFloat16Loops {
  void (*depthwise)(const DepthwiseArguments&);
  void (*transform_winograd_input)(const WinogradInput&);
  void (*transform_winograd_output)(const WinogradOutput&);
  void (*finish)(const FinishArguments&);
  void (*narrow_bfloat16)(const float* from, BFloat16* to, int64_t count);
};

/// The ones for this machine, or those that the calling thread's ScopedMicroKernels names.
const MicroKernels& micro_kernels();
/// All that this machine can run, fastest first.
std::span<const MicroKernels> available_micro_kernels();

/// Makes the calling thread use `kernels` for its lifetime: for tests and benchmarks.
class ScopedMicroKernels {
 public:
  explicit ScopedMicroKernels(const MicroKernels& kernels);
  ~ScopedMicroKernels();
  ScopedMicroKernels(const ScopedMicroKernels&) = delete;
  ScopedMicroKernels& operator=(const ScopedMicroKernels&) = delete;

 private:
  const MicroKernels* previous_;
};

}  // namespace hearth
