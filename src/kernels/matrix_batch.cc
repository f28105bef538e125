#include "kernels/matrix_batch.h"

#include "base/errors.h"
#include "kernels/shape_ops.h"
#include "tensor/copy.h"

namespace hearth {

int64_t Batch::count() const {
  int64_t product = 1;
  for (int d = 0; d + 2 < tensor_.rank(); ++d) product *= tensor_.size(d);
  return product;
}

Dimensions Batch::shape(std::initializer_list<int64_t> last) const {
  Dimensions sizes(tensor_.shape().begin(), tensor_.shape().end() - 2);
  sizes.insert(sizes.end(), last);
  return sizes;
}

Result<Batch> read_batch(std::string_view op, const KernelContext& context, const Tensor& a) {
  HEARTH_RETURN_IF_ERROR(check_defined(op, "A", a));
  if (a.rank() < 2 || (a.dtype() != DType::kFloat32 && a.dtype() != DType::kFloat64)) {
    return invalid_argument("{}: A is {}, expected matrices of float32 or float64", op, describe(a));
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor copy, row_major_as(*context.pool, a, DType::kFloat64));
  return Batch(std::move(copy));
}

Result<Batch> read_square(std::string_view op, const KernelContext& context, const Tensor& a) {
  HEARTH_ASSIGN_OR_RETURN(Batch batch, read_batch(op, context, a));
  if (batch.rows() != batch.columns()) return invalid_argument("{}: A is {}, which is not square", op, describe(a));
  return batch;
}

Result<Batch> new_batch(const KernelContext& context, const Dimensions& shape) {
  HEARTH_ASSIGN_OR_RETURN(Tensor tensor, context.pool->empty(DType::kFloat64, shape));
  HEARTH_RETURN_IF_ERROR(fill_zero(tensor));
  return Batch(std::move(tensor));
}

Result<Tensor> column_major(const KernelContext& context, const Batch& batch, DType dtype) {
  const Dimensions transposed = batch.shape({batch.columns(), batch.rows()});
  HEARTH_ASSIGN_OR_RETURN(const Tensor memory, context.pool->empty(dtype, transposed));
  Dimensions strides = to_dimensions(memory.strides());
  std::swap(strides[strides.size() - 1], strides[strides.size() - 2]);
  HEARTH_ASSIGN_OR_RETURN(Tensor result, view_of(memory, batch.tensor().shape(), strides, memory.offset()));
  HEARTH_RETURN_IF_ERROR(copy_strided(result, batch.tensor()));
  return result;
}

Result<Tensor> transposed(const Tensor& tensor) {
  Dimensions order(static_cast<size_t>(tensor.rank()));
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return permute(tensor, order);
}

}  // namespace hearth
