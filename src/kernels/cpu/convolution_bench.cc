// The distinct convolutions of ResNet-50 at batch 1, channels-last with bias and ReLU, and depthwise ones of MobileNet.

#include <array>

#include "kernels/convolution.h"
#include "kernels/cpu/benchmark_support.h"

namespace hearth {
namespace {

struct Shape {
  int64_t size;
  int64_t in;
  int64_t out;
  int64_t kernel;
  int64_t stride;
  int64_t groups = 1;
  bool residual = false;

  int64_t out_size() const { return (size + stride - 1) / stride; }
  std::string name() const {
    return std::to_string(size) + "x" + std::to_string(in) + "-" + std::to_string(out) + "_k" + std::to_string(kernel) +
           "_s" + std::to_string(stride) + (groups > 1 ? "_depthwise" : "") + (residual ? "_residual" : "");
  }
};

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
};

Tensor channels_last(int64_t channels, int64_t size) {
  return benchmark_tensor({1, channels, size, size}, {size * size * channels, 1, size * channels, channels});
}

void run_convolution(benchmark::State& state, const Shape& shape, int threads) {
  BenchmarkContext context(threads);
  const Tensor x = channels_last(shape.in, shape.size);
  const Tensor weight = benchmark_tensor({shape.out, shape.in / shape.groups, shape.kernel, shape.kernel});
  const Tensor bias = benchmark_tensor({shape.out});
  const Tensor residual = shape.residual ? channels_last(shape.out, shape.out_size()) : Tensor();
  const std::array stride{shape.stride};
  const std::array padding{shape.kernel / 2};
  const std::array<int64_t, 1> dilation{1};
  const ConvolutionParameters parameters{stride, padding, dilation, false, {}, shape.groups, Activation::kRelu};
  const double flops = 2.0 * static_cast<double>(shape.out_size() * shape.out_size() * shape.out * shape.in /
                                                 shape.groups * shape.kernel * shape.kernel);
  measure(state, context.team(), flops,
          [&] { return convolution(context.get(), x, weight, bias, residual, parameters).ok(); });
}

[[maybe_unused]] const bool kRegistered = [] {
  for (const Shape& shape : kShapes) {
    register_for_teams("convolution/" + shape.name(),
                       [shape](benchmark::State& state, int threads) { run_convolution(state, shape, threads); });
  }
  return true;
}();

}  // namespace
}  // namespace hearth
