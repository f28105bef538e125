// The products of transformers and classifiers, a few rows against large weights, and sizes that fit no tile.

#include <array>

#include "kernels/cpu/benchmark_support.h"
#include "kernels/linear.h"

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

void run_linear(benchmark::State& state, const Shape& shape, int threads) {
  BenchmarkContext context(threads);
  const Tensor x = benchmark_tensor({shape.rows, shape.depth});
  const Tensor weight = benchmark_tensor({shape.columns, shape.depth});
  const Tensor bias = benchmark_tensor({shape.columns});
  const double flops = 2.0 * static_cast<double>(shape.rows * shape.depth * shape.columns);
  measure(state, context.team(), flops,
          [&] { return linear(context.get(), x, weight, bias, Tensor(), Activation::kNone).ok(); });
}

[[maybe_unused]] const bool kRegistered = [] {
  for (const Shape& shape : kShapes) {
    register_for_teams(std::string("linear/") + shape.name,
                       [shape](benchmark::State& state, int threads) { run_linear(state, shape, threads); });
  }
  return true;
}();

}  // namespace
}  // namespace hearth
