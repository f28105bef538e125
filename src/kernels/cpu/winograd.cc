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
/// Floats between what would lie a multiple of 4 KiB apart, and drive each other out of the nearest cache.
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

Result<Tensor> weight_panels(const KernelContext& context, const MicroKernels& kernels, const Tensor& weight,
                             const ConvolutionShape& shape) {
  const std::string layout = fmt::format("Winograd tiles in panels of {}x{}", kernels.tile_vectors, kernels.lanes);
  return context.packed->get(weight, layout, [&](const Tensor& given) -> Result<Tensor> {
    HEARTH_ASSIGN_OR_RETURN(const Tensor numbers, to_float32(context, given));
    const std::array sizes{kProducts, shape.in_channels, shape.out_channels};
    HEARTH_ASSIGN_OR_RETURN(const Tensor transformed, context.pool->empty(DType::kFloat32, sizes));
    transform_weights(numbers, shape, transformed.data_as<float>());
    PanelSource source;
    source.data = transformed.data();
    source.instances = kProducts;
    source.instance_stride = transformed.stride(0);
    source.depth_sizes[3] = shape.in_channels;
    source.depth_strides[3] = transformed.stride(1);
    source.columns = shape.out_channels;
    source.column_stride = 1;
    return fresh_panels(context, kernels, source);
  });
}

/// Tiles [first, first + tiles) of all images on their way: transformed inputs, then products.
class Block {
 public:
  Block(const WinogradConvolution& convolution, const MicroKernels& kernels, const float* zeros)
      : convolution_(convolution),
        shape_(*convolution.shape),
        kernels_(kernels),
        zeros_(zeros),
        tiles_of_line_(divide_up(shape_.output[2], kTile)) {
    clamps_ = activation_as_clamp(convolution.activation, low_, high_);
  }

  void transform_input(int64_t tile, float* to, int64_t step) const {
    const Place place = place_of(tile);
    const Images& x = convolution_.x;
    WinogradInput input;
    for (int64_t i = 0; i < 4; ++i) {
      const int64_t line = place.line - shape_.padding[1] + i;
      for (int64_t j = 0; j < 4; ++j) {
        const int64_t column = place.column - shape_.padding[2] + j;
        const bool inside = line >= 0 && line < shape_.input[1] && column >= 0 && column < shape_.input[2];
        input.pixels[4 * i + j] = inside ? pixel(x, place.image, line, column) : zeros_;
      }
    }
    input.channels = shape_.in_channels;
    input.result = to;
    input.result_step = step;
    kernels_.transform_winograd_input(input);
  }

  void transform_output(int64_t tile, const float* products, int64_t step) const {
    const Place place = place_of(tile);
    WinogradOutput output;
    output.products = products;
    output.products_step = step;
    output.channels = shape_.out_channels;
    output.bias = convolution_.bias;
    output.low = low_;
    output.high = high_;
    for (int64_t i = 0; i < kTile; ++i) {
      for (int64_t j = 0; j < kTile; ++j) {
        const int64_t line = place.line + i;
        const int64_t column = place.column + j;
        if (line >= shape_.output[1] || column >= shape_.output[2]) continue;
        output.outputs[kTile * i + j] = pixel(convolution_.y, place.image, line, column);
        if (!convolution_.residual.data) continue;
        output.residuals[kTile * i + j] = pixel(convolution_.residual, place.image, line, column);
      }
    }
    kernels_.transform_winograd_output(output);
    if (clamps_) return;
    for (float* values : output.outputs) {
      if (values) kernels_.activate(convolution_.activation, values, shape_.out_channels);
    }
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

  static float* pixel(const Images& images, int64_t image, int64_t line, int64_t column) {
    return images.data + image * images.strides[0] + line * images.strides[3] + column * images.strides[4];
  }

  const WinogradConvolution& convolution_;
  const ConvolutionShape& shape_;
  const MicroKernels& kernels_;
  const float* zeros_;
  const int64_t tiles_of_line_;
  float low_ = 0;
  float high_ = 0;
  bool clamps_ = true;
};

}  // namespace

bool suits_winograd(const ConvolutionShape& shape, const Tensor& weight) {
  const std::array<int64_t, 3> ones{1, 1, 1};
  return !shape.transposed && shape.groups == 1 && shape.stride == ones && shape.dilation == ones &&
         shape.kernel == std::array<int64_t, 3>{1, 3, 3} && shape.input[0] == 1 && shape.output[0] == 1 &&
         shape.batch * tiles_of_image(shape) >= kFewestTiles && shape.in_channels >= kFewestChannels &&
         shape.out_channels >= kFewestChannels && weight.storage()->is_constant();
}

Status convolve_winograd(const KernelContext& context, const WinogradConvolution& convolution) {
  const ConvolutionShape& shape = *convolution.shape;
  const MicroKernels& kernels = micro_kernels();
  HEARTH_ASSIGN_OR_RETURN(const Tensor panels, weight_panels(context, kernels, convolution.weight, shape));
  HEARTH_ASSIGN_OR_RETURN(const Tensor zeros, context.pool->empty(DType::kFloat32, std::array{shape.in_channels}));
  std::fill_n(zeros.data_as<float>(), shape.in_channels, 0.0F);

  const int64_t all_tiles = shape.batch * tiles_of_image(shape);
  const int64_t channels = shape.in_channels + shape.out_channels;
  const int64_t of_tile = kProducts * channels * static_cast<int64_t>(sizeof(float));
  const int64_t blocks = divide_up(all_tiles, std::max(kBytesOfBlock / of_tile, kFewestTiles));
  const int64_t tiles_of_block = divide_up(all_tiles, blocks);
  const int64_t input_step = tiles_of_block * shape.in_channels + kGap;
  const int64_t product_step = tiles_of_block * shape.out_channels + kGap;
  HEARTH_ASSIGN_OR_RETURN(const Tensor inputs, context.pool->empty(DType::kFloat32, std::array{kProducts, input_step}));
  HEARTH_ASSIGN_OR_RETURN(const Tensor products,
                          context.pool->empty(DType::kFloat32, std::array{kProducts, product_step}));

  Gemm gemm;
  gemm.instances = kProducts;
  gemm.columns = shape.out_channels;
  gemm.depth = shape.in_channels;
  gemm.a = inputs.data_as<float>();
  gemm.a_instance = input_step;
  gemm.a_row = shape.in_channels;
  gemm.b = panels.data_as<float>();
  gemm.b_instance = packed_instance_size(kernels, gemm.depth, gemm.columns);
  gemm.c = products.data_as<float>();
  gemm.c_instance = product_step;
  gemm.c_row = shape.out_channels;
  const Block block(convolution, kernels, zeros.data_as<float>());
  for (int64_t first = 0; first < all_tiles; first += tiles_of_block) {
    gemm.rows = std::min(tiles_of_block, all_tiles - first);
    context.team->parallel_for(gemm.rows, divide_up(kWorthwhileWork, shape.in_channels), [&](int64_t t, int64_t end) {
      for (; t < end; ++t) {
        block.transform_input(first + t, inputs.data_as<float>() + t * shape.in_channels, input_step);
      }
    });
    HEARTH_RETURN_IF_ERROR(run_gemm(context, kernels, gemm));
    context.team->parallel_for(gemm.rows, divide_up(kWorthwhileWork, shape.out_channels), [&](int64_t t, int64_t end) {
      for (; t < end; ++t) {
        block.transform_output(first + t, products.data_as<float>() + t * shape.out_channels, product_step);
      }
    });
  }
  return {};
}

}  // namespace hearth
