#include "kernels/cpu/matrix_vector.h"

#include "kernels/cpu/work_division.h"

namespace hearth {

void multiply_by_vector(ThreadTeam& team, const MicroKernels& kernels, const MatrixVector& product) {
  team.parallel_for(product.rows, worthwhile_items(product.depth), [&](int64_t begin, int64_t end) {
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
