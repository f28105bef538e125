// The distinct convolutions of ResNet-50 at batch 1, channels-last with bias and ReLU, depthwise ones of MobileNet, and
// ones whose channels fit no tile.

#include <array>

#include "kernels/convolution.h"
#include "kernels/cpu/benchmark_support.h"
#include "kernels/cpu/onednn_peer.h"
#include "kernels/quantized.h"

namespace hearth {
namespace {

using Shape = SquareConvolution;

constexpr std::array kShapes{
    Shape{224, 3, 64, 7, 2},        Shape{56, 64, 64, 1, 1},
    Shape{56, 64, 64, 3, 1},        Shape{56, 64, 256, 1, 1, 1, true},
    Shape{56, 256, 64, 1, 1},       Shape{56, 256, 128, 1, 1},
    Shape{56, 128, 128, 3, 2},      Shape{28, 128, 512, 1, 1, 1, true},
    Shape{56, 256, 512, 1, 2},      Shape{28, 512, 128, 1, 1},
    Shape{28, 128, 128, 3, 1},      Shape{28, 512, 256, 1, 1},
    Shape{28, 256, 256, 3, 2},      Shape{14, 256, 1024, 1, 1, 1, true},
    Shape{28, 512, 1024, 1, 2},     Shape{14, 1024, 256, 1, 1},
    Shape{14, 256, 256, 3, 1},      Shape{14, 1024, 512, 1, 1},
    Shape{14, 512, 512, 3, 2},      Shape{7, 512, 2048, 1, 1, 1, true},
    Shape{14, 1024, 2048, 1, 2},    Shape{7, 2048, 512, 1, 1},
    Shape{7, 512, 512, 3, 1},       Shape{112, 32, 32, 3, 1, 32},
    Shape{112, 96, 96, 3, 2, 96},   Shape{28, 192, 192, 3, 1, 192},
    Shape{14, 576, 576, 3, 1, 576}, Shape{7, 960, 960, 3, 1, 960},
    Shape{112, 16, 96, 1, 1},       Shape{56, 24, 144, 1, 1},
    Shape{28, 192, 32, 1, 1},       Shape{14, 64, 384, 1, 1},
    Shape{7, 160, 960, 1, 1},       Shape{28, 1, 17, 3, 1},
    Shape{28, 3, 7, 3, 1},          Shape{28, 17, 1000, 1, 1},
    Shape{14, 1000, 17, 3, 1},
};

std::string name_of(const Shape& shape) {
  return fmt::format("{}x{}-{}_k{}_s{}{}{}", shape.size, shape.in, shape.out, shape.kernel, shape.stride,
                     shape.groups > 1 ? "_depthwise" : "", shape.residual ? "_residual" : "");
}

Tensor channels_last(DType dtype, int64_t channels, int64_t size) {
  return benchmark_tensor(dtype, {1, channels, size, size}, {size * size * channels, 1, size * channels, channels});
}

void run_convolution(benchmark::State& state, DType dtype, const Shape& shape, int threads) {
  const bool quantized = dtype == DType::kInt8;
  const DType image_dtype = quantized ? DType::kUInt8 : dtype;
  BenchmarkContext context(threads);
  const Tensor x = channels_last(image_dtype, shape.in, shape.size);
  const Tensor weight = benchmark_tensor(dtype, {shape.out, shape.in / shape.groups, shape.kernel, shape.kernel});
  const Tensor bias = benchmark_tensor(quantized ? DType::kFloat32 : dtype, {shape.out});
  const Tensor residual = shape.residual ? channels_last(image_dtype, shape.out, shape.out_size()) : Tensor();
  const QuantizedLayer layer{.weight = weight,
                             .scales = benchmark_tensor(DType::kFloat32, {shape.out}),
                             .bias = bias,
                             .residual = residual,
                             .y_affine = Affine(),
                             .activation = Activation::kRelu};
  const std::array stride{shape.stride};
  const std::array padding{shape.kernel / 2};
  const std::array<int64_t, 1> dilation{1};
  const ConvolutionParameters parameters{stride, padding, dilation, false, {}, shape.groups, Activation::kRelu};
  OneDnnConvolution theirs(dtype, threads, shape);
  compare(
      state, context.team(), dtype, shape.operations(),
      [&] {
        if (quantized) return quantized_convolution(context.get(), x, layer, parameters).ok();
        return convolution(context.get(), x, weight, bias, residual, parameters).ok();
      },
      [&] { return theirs.run(); });
}

[[maybe_unused]] const bool kRegistered = [] {
  for (const BenchmarkDType& dtype : kBenchmarkDTypes) {
    for (const Shape& shape : kShapes) {
      register_for_teams(
          fmt::format("convolution/{}/{}", dtype.name, name_of(shape)),
          [=](benchmark::State& state, int threads) { run_convolution(state, dtype.dtype, shape, threads); });
    }
  }
  return true;
}();

}  // namespace
}  // namespace hearth
