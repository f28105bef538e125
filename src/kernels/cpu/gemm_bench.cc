// The products of transformers and classifiers, a few rows against large weights, and sizes that fit no tile.

#include <array>

#include "kernels/cpu/benchmark_support.h"
#include "kernels/cpu/onednn_peer.h"
#include "kernels/linear.h"
#include "kernels/quantized.h"

namespace hearth {
namespace {

struct Shape {
  const char* name;
  int64_t rows;
  int64_t depth;
  int64_t columns;
};

constexpr std::array kShapes{
    Shape{"bert_projection", 128, 768, 768},
    Shape{"bert_up", 128, 768, 3072},
    Shape{"bert_down", 128, 3072, 768},
    Shape{"vit_projection", 197, 768, 768},
    Shape{"vit_up", 197, 768, 3072},
    Shape{"vit_down", 197, 3072, 768},
    Shape{"large", 512, 2560, 4096},
    Shape{"square_1000", 1000, 1000, 1000},
    Shape{"resnet_classifier", 1, 2048, 1000},
    Shape{"one_row", 1, 4096, 4096},
    Shape{"four_rows", 4, 4096, 4096},
    Shape{"eight_rows", 8, 4096, 4096},
    Shape{"one_column", 1000, 1024, 1},
    Shape{"depth_1", 128, 1, 1024},
    Shape{"odd_3_7", 1000, 3, 7},
    Shape{"odd_17", 100, 17, 17},
    Shape{"odd_1000_17", 257, 1000, 17},
    Shape{"odd_17_1000", 64, 17, 1000},
};

void run_linear(benchmark::State& state, DType dtype, const Shape& shape, int threads) {
  BenchmarkContext context(threads);
  const Tensor x = benchmark_tensor(dtype == DType::kInt8 ? DType::kUInt8 : dtype, {shape.rows, shape.depth});
  const Tensor weight = benchmark_tensor(dtype, {shape.columns, shape.depth});
  const Tensor bias = benchmark_tensor(dtype == DType::kInt8 ? DType::kFloat32 : dtype, {shape.columns});
  QuantizedLayer layer;
  layer.weight = weight;
  layer.scales = benchmark_tensor(DType::kFloat32, {shape.columns});
  layer.bias = bias;
  OneDnnLinear theirs(dtype, threads, shape.rows, shape.depth, shape.columns);
  const double operations = 2.0 * static_cast<double>(shape.rows * shape.depth * shape.columns);
  compare(
      state, context.team(), dtype, operations,
      [&] {
        if (dtype == DType::kInt8) return quantized_linear(context.get(), x, layer).ok();
        return linear(context.get(), x, weight, bias, Tensor(), Activation::kNone).ok();
      },
      [&] { return theirs.run(); });
}

[[maybe_unused]] const bool kRegistered = [] {
  for (const BenchmarkDType& dtype : kBenchmarkDTypes) {
    for (const Shape& shape : kShapes) {
      register_for_teams(fmt::format("linear/{}/{}", dtype.name, shape.name),
                         [=](benchmark::State& state, int threads) { run_linear(state, dtype.dtype, shape, threads); });
    }
  }
  return true;
}();

}  // namespace
}  // namespace hearth
