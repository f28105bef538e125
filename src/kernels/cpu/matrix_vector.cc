#include "kernels/cpu/matrix_vector.h"

#include <algorithm>

namespace hearth {
namespace {

/// Multiply-adds that take some microseconds, several times what handing them to a thread takes.
constexpr int64_t kWorthwhileWork = 60'000;

}  // namespace

void multiply_by_vector(ThreadTeam& team, const MicroKernels& kernels, const MatrixVector& product) {
  const int64_t grain = std::max<int64_t>(kWorthwhileWork / std::max<int64_t>(product.depth, 1), 1);
  team.parallel_for(product.rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      float sum = kernels.dot_product(product.a + r * product.a_row, product.vector, product.depth);
      if (product.bias) sum += *product.bias;
      if (product.residual) sum += product.residual[r * product.residual_row];
      product.y[r] = sum;
    }
    kernels.activate(product.activation, product.y + begin, end - begin);
  });
}

}  // namespace hearth
