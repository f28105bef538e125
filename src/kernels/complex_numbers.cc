#include "kernels/complex_numbers.h"

#include <algorithm>
#include <complex>

#include "base/errors.h"
#include "kernels/linear.h"
#include "kernels/operands.h"
#include "kernels/shape_ops.h"
#include "kernels/strided_walk.h"
#include "kernels/visit.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

constexpr std::string_view kMatmul = "complex matmul";

Result<Tensor> part(const Tensor& tensor, int64_t which) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor pairs, view_as_real(tensor));
  HEARTH_ASSIGN_OR_RETURN(const Tensor kept, narrow(pairs, -1, which, 1));
  return squeeze(kept, -1);
}

/// out = beta · out + alpha · a · b for real matrices or batches of them.
Status accumulate(const KernelContext& context, const Tensor& out, const Tensor& a, const Tensor& b, double beta,
                  double alpha) {
  const Tensor self = beta == 0 ? Tensor() : out;
  if (out.rank() == 2) return matmul(context, out, self, a, b, beta, alpha);
  return batched_matmul(context, out, self, a, b, beta, alpha);
}

Status check_matrices(const Tensor& a, const Tensor& b) {
  HEARTH_RETURN_IF_ERROR(check_defined(kMatmul, "a", a));
  HEARTH_RETURN_IF_ERROR(check_dtype(kMatmul, "b", b, a.dtype()));
  const int rank = a.rank();
  const bool fits = (rank == 2 || rank == 3) && b.rank() == rank && a.size(rank - 1) == b.size(rank - 2) &&
                    (rank == 2 || a.size(0) == b.size(0));
  if (fits && is_complex(a.dtype())) return {};
  return invalid_argument("{}: {} and {} do not fit", kMatmul, describe(a), describe(b));
}

}  // namespace

bool is_complex(DType dtype) { return dtype == DType::kComplex64 || dtype == DType::kComplex128; }

Result<Tensor> real_part(const Tensor& tensor) { return part(tensor, 0); }
Result<Tensor> imaginary_part(const Tensor& tensor) { return part(tensor, 1); }

Result<Tensor> conjugate(const KernelContext& context, const Tensor& self) {
  HEARTH_RETURN_IF_ERROR(check_defined("conj", "self", self));
  HEARTH_ASSIGN_OR_RETURN(Tensor result, clone(*context.pool, self));
  if (!is_complex(self.dtype())) return result;
  HEARTH_ASSIGN_OR_RETURN(const Tensor imaginary, imaginary_part(result));
  return visit_real_dtype(imaginary.dtype(), [&]<typename T>(TypeTag<T>) -> Result<Tensor> {
    StridedWalk<1>(imaginary.shape(), {imaginary.strides()}).run([&](int64_t, const auto& at) {
      if constexpr (std::is_floating_point_v<T>) imaginary.data_as<T>()[at[0]] *= -1;
    });
    return result;
  });
}

Result<Tensor> complex_sum(const KernelContext& context, const Tensor& self, std::span<const int64_t> dimensions,
                           bool keep_dimensions) {
  constexpr std::string_view kOp = "complex sum";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "self", self));
  if (!is_complex(self.dtype())) return invalid_argument("{}: self is {}", kOp, describe(self));
  Dimensions shape = to_dimensions(self.shape());
  if (dimensions.empty()) std::ranges::fill(shape, 1);
  for (const int64_t dimension : dimensions) {
    HEARTH_ASSIGN_OR_RETURN(const int d, wrap_dimension(kOp, dimension, self.rank()));
    if (self.rank() > 0) shape[static_cast<size_t>(d)] = 1;
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor sums, context.pool->empty(DType::kComplex128, shape));
  HEARTH_RETURN_IF_ERROR(fill_zero(sums));
  HEARTH_ASSIGN_OR_RETURN(const Tensor everywhere, expand_to(sums, self.shape()));
  const StridedWalk<2> walk(self.shape(), {everywhere.strides(), self.strides()});
  auto* to = sums.data_as<std::complex<double>>();
  if (self.dtype() == DType::kComplex64) {
    walk.run([&](int64_t, const auto& at) { to[at[0]] += self.data_as<std::complex<float>>()[at[1]]; });
  } else {
    walk.run([&](int64_t, const auto& at) { to[at[0]] += self.data_as<std::complex<double>>()[at[1]]; });
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor result, context.pool->empty(self.dtype(), shape));
  HEARTH_RETURN_IF_ERROR(copy_strided(result, sums));
  if (keep_dimensions) return result;
  Dimensions kept;
  for (int d = 0; d < self.rank(); ++d) {
    const bool summed = dimensions.empty() || std::ranges::any_of(dimensions, [&](int64_t dimension) {
                          return (dimension < 0 ? dimension + self.rank() : dimension) == d;
                        });
    if (!summed) kept.push_back(self.size(d));
  }
  return reshape(context, result, kept);
}

Result<Tensor> complex_matmul(const KernelContext& context, const Tensor& a, const Tensor& b) {
  HEARTH_RETURN_IF_ERROR(check_matrices(a, b));
  Dimensions shape = to_dimensions(a.shape());
  shape.back() = b.size(b.rank() - 1);
  HEARTH_ASSIGN_OR_RETURN(Tensor result, context.pool->empty(a.dtype(), shape));
  HEARTH_ASSIGN_OR_RETURN(const Tensor real, real_part(result));
  HEARTH_ASSIGN_OR_RETURN(const Tensor imaginary, imaginary_part(result));
  HEARTH_ASSIGN_OR_RETURN(const Tensor a_real, real_part(a));
  HEARTH_ASSIGN_OR_RETURN(const Tensor a_imaginary, imaginary_part(a));
  HEARTH_ASSIGN_OR_RETURN(const Tensor b_real, real_part(b));
  HEARTH_ASSIGN_OR_RETURN(const Tensor b_imaginary, imaginary_part(b));
  HEARTH_RETURN_IF_ERROR(accumulate(context, real, a_real, b_real, 0, 1));
  HEARTH_RETURN_IF_ERROR(accumulate(context, real, a_imaginary, b_imaginary, 1, -1));
  HEARTH_RETURN_IF_ERROR(accumulate(context, imaginary, a_real, b_imaginary, 0, 1));
  HEARTH_RETURN_IF_ERROR(accumulate(context, imaginary, a_imaginary, b_real, 1, 1));
  return result;
}

}  // namespace hearth
