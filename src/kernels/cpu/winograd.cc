#include "kernels/cpu/winograd.h"

#include <algorithm>
#include <array>

#include "base/errors.h"
#include "kernels/cpu/converted.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/pack.h"
#include "kernels/cpu/work_division.h"

namespace hearth {
namespace {

constexpr int64_t kTile = 2;
constexpr int64_t kProducts = 16;
/// Below these, transforming takes as long as it saves.
constexpr int64_t kFewestTiles = 32;
constexpr int64_t kFewestChannels = 32;
/// Transformed inputs and products of so many bytes stay in the second-level caches.
constexpr int64_t kBytesOfBlock = 2 << 20;
/// Elements of four bytes between what would lie a multiple of 4 KiB apart, and drive each other out of the nearest
/// cache.
constexpr int64_t kGap = 16;
/// Tiles whose transformation takes some microseconds, several times what handing them to a thread takes, times
/// channels.
constexpr int64_t kWorthwhileWork = 4096;

int64_t tiles_of_image(const ConvolutionShape& shape) {
  return divide_up(shape.output[1], kTile) * divide_up(shape.output[2], kTile);
}

/// G · g · Gᵀ of every pair of channels, in float64: [16, in, out].
void transform_weights(const Tensor& weight, const ConvolutionShape& shape, float* to) {
  const ImageStrides strides = image_strides(weight);
  const auto* from = weight.data_as<float>();
  const auto transform = [](const std::array<double, 3>& g) {
    return std::array{g[0], (g[0] + g[1] + g[2]) / 2, (g[0] - g[1] + g[2]) / 2, g[2]};
  };
  for (int64_t in = 0; in < shape.in_channels; ++in) {
    for (int64_t out = 0; out < shape.out_channels; ++out) {
      const float* window = from + out * strides[0] + in * strides[1];
      std::array<std::array<double, 4>, 3> columns;
      for (size_t j = 0; j < 3; ++j) {
        std::array<double, 3> column;
        for (size_t i = 0; i < 3; ++i) {
          column[i] = window[static_cast<int64_t>(i) * strides[3] + static_cast<int64_t>(j) * strides[4]];
        }
        columns[j] = transform(column);
      }
      for (size_t i = 0; i < 4; ++i) {
        const auto row = transform({columns[0][i], columns[1][i], columns[2][i]});
        for (size_t j = 0; j < 4; ++j) {
          const int64_t product = static_cast<int64_t>(4 * i + j);
          to[(product * shape.in_channels + in) * shape.out_channels + out] = static_cast<float>(row[j]);
        }
      }
    }
  }
}

/// Numbers of `dtype` in an element of a product.
int64_t group_of(DType dtype) { return dtype == DType::kBFloat16 ? group_size(dtype) : 1; }

PanelSource panel_source(const Tensor& transformed) {
  PanelSource source;
  source.data = transformed.data();
  source.dtype = transformed.dtype();
  source.instances = kProducts;
  source.instance_stride = transformed.stride(0);
  source.depth_sizes[3] = transformed.size(1);
  source.depth_strides[3] = transformed.stride(1);
  source.columns = transformed.size(2);
  source.column_stride = 1;
  return source;
}

Result<Tensor> weight_panels(const KernelContext& context, const TileKernels& kernels, const Tensor& weight,
                             const ConvolutionShape& shape, DType dtype) {
  const std::string layout =
      fmt::format("Winograd tiles of {} in panels of {}x{}", dtype_name(dtype), kernels.tile_vectors, kernels.lanes);
  return context.packed->get(weight, layout, [&](const Tensor& given) -> Result<Tensor> {
    HEARTH_ASSIGN_OR_RETURN(const Tensor numbers, to_float32(context, given));
    const std::array sizes{kProducts, shape.in_channels, shape.out_channels};
    HEARTH_ASSIGN_OR_RETURN(const Tensor transformed, context.pool->empty(DType::kFloat32, sizes));
    transform_weights(numbers, shape, transformed.data_as<float>());
    if (dtype == DType::kFloat32) return fresh_panels(context, kernels, panel_source(transformed));
    HEARTH_ASSIGN_OR_RETURN(const Tensor rounded, context.pool->empty(dtype, sizes));
    micro_kernels().narrow_bfloat16(transformed.data_as<float>(), rounded.data_as<BFloat16>(), rounded.element_count());
    return fresh_groups(context, kernels, panel_source(rounded));
  });
}

/// How tiles are cut into blocks, and what lies in memory of a block, in elements of four bytes.
struct Plan {
  int64_t group = 1;    ///< Numbers in an element of an input.
  int64_t depth = 0;    ///< Elements of an input pixel, with what fills the last one.
  int64_t columns = 0;  ///< Products of a tile, in whole vectors.
  int64_t tiles = 0;
  int64_t tiles_of_block = 0;
  int64_t input_step = 0;    ///< From each of the 16 left operands to the next.
  int64_t product_step = 0;  ///< The same of the results.
};

Plan plan_of(const TileKernels& kernels, const WinogradConvolution& convolution) {
  const ConvolutionShape& shape = *convolution.shape;
  Plan plan;
  plan.group = group_of(convolution.dtype);
  plan.depth = divide_up(shape.in_channels, plan.group);
  plan.columns = divide_up(shape.out_channels, kernels.lanes) * kernels.lanes;
  plan.tiles = shape.batch * tiles_of_image(shape);
  const int64_t bytes_of_tile = kProducts * (plan.depth + plan.columns) * static_cast<int64_t>(sizeof(float));
  const int64_t blocks = divide_up(plan.tiles, std::max(kBytesOfBlock / bytes_of_tile, kFewestTiles));
  plan.tiles_of_block = divide_up(plan.tiles, blocks);
  plan.input_step = plan.tiles_of_block * plan.depth + kGap;
  plan.product_step = plan.tiles_of_block * plan.columns + kGap;
  return plan;
}

/// The transformations of a convolution's tiles.
class Tiles {
 public:
  /// `channels`: of an input pixel, with what fills its last group. `zeros`: as many.
  Tiles(const WinogradConvolution& convolution, int64_t channels, const float* zeros)
      : convolution_(convolution),
        shape_(*convolution.shape),
        kernels_(micro_kernels()),
        channels_(channels),
        zeros_(zeros),
        tiles_of_line_(divide_up(shape_.output[2], kTile)) {}

  /// Steps are in elements of the convolution's dtype.
  void transform_input(int64_t tile, void* to, int64_t step) const {
    const Place place = place_of(tile);
    WinogradInput input;
    for (int64_t i = 0; i < 4; ++i) {
      const int64_t line = place.line - shape_.padding[1] + i;
      for (int64_t j = 0; j < 4; ++j) {
        const int64_t column = place.column - shape_.padding[2] + j;
        const bool inside = line >= 0 && line < shape_.input[1] && column >= 0 && column < shape_.input[2];
        const void* pixel = zeros_;
        if (inside) pixel = convolution_.x.at(place.image, line, column);
        input.pixels[4 * i + j] = pixel;
      }
    }
    input.dtype = convolution_.dtype;
    input.channels = channels_;
    input.result = to;
    input.result_step = step;
    kernels_.transform_winograd_input(input);
  }

  void transform_output(int64_t tile, const float* products, int64_t step) const {
    const Place place = place_of(tile);
    WinogradOutput output;
    output.dtype = convolution_.dtype;
    output.products = products;
    output.products_step = step;
    output.channels = shape_.out_channels;
    output.bias = convolution_.bias;
    output.activation = convolution_.activation;
    for (int64_t i = 0; i < kTile; ++i) {
      for (int64_t j = 0; j < kTile; ++j) {
        const int64_t line = place.line + i;
        const int64_t column = place.column + j;
        if (line >= shape_.output[1] || column >= shape_.output[2]) continue;
        output.outputs[kTile * i + j] = convolution_.y.at(place.image, line, column);
        if (!convolution_.residual.data) continue;
        output.residuals[kTile * i + j] = convolution_.residual.at(place.image, line, column);
      }
    }
    kernels_.transform_winograd_output(output);
  }

 private:
  /// The first output pixel of a tile.
  struct Place {
    int64_t image;
    int64_t line;
    int64_t column;
  };

  Place place_of(int64_t tile) const {
    const int64_t of_image = tile % tiles_of_image(shape_);
    return {tile / tiles_of_image(shape_), of_image / tiles_of_line_ * kTile, of_image % tiles_of_line_ * kTile};
  }

  const WinogradConvolution& convolution_;
  const ConvolutionShape& shape_;
  const MicroKernels& kernels_;
  const int64_t channels_;
  const float* zeros_;
  const int64_t tiles_of_line_;
};

}  // namespace

PixelPlaces pixels_of(const Images& images) {
  constexpr int64_t kBytes = sizeof(float);
  return {reinterpret_cast<std::byte*>(images.data), images.strides[0] * kBytes, images.strides[3] * kBytes,
          images.strides[4] * kBytes};
}

PixelPlaces pixels_of(const EvenImages& images, const std::array<int64_t, 3>& sizes) {
  if (!images.tensor.defined()) return {};
  const int64_t column_step = images.pixel * dtype_bits(images.tensor.dtype()) / 8;
  const int64_t line_step = column_step * sizes[2];
  return {static_cast<std::byte*>(images.tensor.data()), line_step * sizes[1], line_step, column_step};
}

bool suits_winograd(const TileKernels& kernels, const ConvolutionShape& shape, const Tensor& weight) {
  const std::array<int64_t, 3> ones{1, 1, 1};
  // Kernels of a larger step multiply faster than inputs are transformed.
  return kernels.depth_step == 1 && !shape.transposed && shape.groups == 1 && shape.stride == ones &&
         shape.dilation == ones && shape.kernel == std::array<int64_t, 3>{1, 3, 3} && shape.input[0] == 1 &&
         shape.output[0] == 1 && shape.batch * tiles_of_image(shape) >= kFewestTiles &&
         shape.in_channels >= kFewestChannels && shape.out_channels >= kFewestChannels &&
         weight.storage()->is_constant();
}

Status convolve_winograd(const KernelContext& context, const TileKernels& kernels,
                         const WinogradConvolution& convolution) {
  const ConvolutionShape& shape = *convolution.shape;
  const Plan plan = plan_of(kernels, convolution);
  const auto allocate = [&](int64_t count) { return context.pool->empty(DType::kFloat32, std::array{count}); };
  HEARTH_ASSIGN_OR_RETURN(const Tensor zeros, allocate(plan.depth));
  std::fill_n(zeros.data_as<float>(), plan.depth, 0.0F);
  HEARTH_ASSIGN_OR_RETURN(const Tensor inputs, allocate(kProducts * plan.input_step));
  HEARTH_ASSIGN_OR_RETURN(const Tensor products, allocate(kProducts * plan.product_step));
  HEARTH_ASSIGN_OR_RETURN(const Tensor panels,
                          weight_panels(context, kernels, convolution.weight, shape, convolution.dtype));

  Gemm gemm;
  gemm.instances = kProducts;
  gemm.columns = shape.out_channels;
  gemm.depth = plan.depth;
  gemm.a = inputs.data_as<float>();
  gemm.a_instance = plan.input_step;
  gemm.a_row = plan.depth;
  gemm.b = panels.data_as<float>();
  gemm.b_instance = packed_instance_size(kernels, gemm.depth, gemm.columns);
  gemm.c = products.data_as<float>();
  gemm.c_instance = plan.product_step;
  gemm.c_row = plan.columns;
  const Tiles tiles(convolution, plan.depth * plan.group, zeros.data_as<float>());
  for (int64_t first = 0; first < plan.tiles; first += plan.tiles_of_block) {
    gemm.rows = std::min(plan.tiles_of_block, plan.tiles - first);
    context.team->parallel_for(gemm.rows, divide_up(kWorthwhileWork, shape.in_channels), [&](int64_t t, int64_t end) {
      for (; t < end; ++t) {
        tiles.transform_input(first + t, inputs.data_as<float>() + t * plan.depth, plan.input_step * plan.group);
      }
    });
    HEARTH_RETURN_IF_ERROR(run_gemm(context, kernels, gemm));
    context.team->parallel_for(gemm.rows, divide_up(kWorthwhileWork, shape.out_channels), [&](int64_t t, int64_t end) {
      for (; t < end; ++t) {
        tiles.transform_output(first + t, products.data_as<float>() + t * plan.columns, plan.product_step);
      }
    });
  }
  return {};
}

}  // namespace hearth
