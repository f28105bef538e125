#include "kernels/spectral.h"

#include <cmath>
#include <complex>
#include <numbers>

#include "base/errors.h"
#include "kernels/operands.h"
#include "kernels/strided_walk.h"

namespace hearth::reference {
namespace {

template <typename T>
void transform_line(std::complex<T>* line, int64_t stride, int64_t size, bool forward) {
  std::vector<std::complex<double>> sums(static_cast<size_t>(size));
  for (int64_t k = 0; k < size; ++k) {
    for (int64_t j = 0; j < size; ++j) {
      const double turns = static_cast<double>(j * k % size) / static_cast<double>(size);
      const double angle = (forward ? -2.0 : 2.0) * std::numbers::pi * turns;
      sums[static_cast<size_t>(k)] += std::complex<double>(line[j * stride]) * std::polar(1.0, angle);
    }
  }
  for (int64_t k = 0; k < size; ++k) line[k * stride] = std::complex<T>(sums[static_cast<size_t>(k)]);
}

template <typename T>
Status transform(const Tensor& tensor, std::span<const int64_t> dimensions, FourierScale scale, bool forward) {
  auto* elements = tensor.data_as<std::complex<T>>();
  double size = 1;
  for (const int64_t dimension : dimensions) {
    HEARTH_ASSIGN_OR_RETURN(const int d, wrap_dimension("fft", dimension, tensor.rank()));
    size *= static_cast<double>(tensor.size(d));
    StridedWalk<1>(tensor.shape(), {tensor.strides()}, d).run([&](int64_t, const auto& at) {
      transform_line(elements + at[0], tensor.stride(d), tensor.size(d), forward);
    });
  }
  const double exponent = scale == FourierScale::kNone ? 0.0 : scale == FourierScale::kBySize ? -1.0 : -0.5;
  for (int64_t i = 0; i < tensor.element_count(); ++i) elements[i] *= static_cast<T>(std::pow(size, exponent));
  return {};
}

}  // namespace

Result<Tensor> fourier_transform(const KernelContext& context, const Tensor& self, std::span<const int64_t> dimensions,
                                 FourierScale scale, bool forward) {
  HEARTH_RETURN_IF_ERROR(check_defined("fft", "self", self));
  HEARTH_ASSIGN_OR_RETURN(Tensor result, row_major_as(*context.pool, self, self.dtype()));
  if (self.dtype() == DType::kComplex64) {
    HEARTH_RETURN_IF_ERROR(transform<float>(result, dimensions, scale, forward));
  } else {
    HEARTH_RETURN_IF_ERROR(check_dtype("fft", "self", self, DType::kComplex128));
    HEARTH_RETURN_IF_ERROR(transform<double>(result, dimensions, scale, forward));
  }
  return result;
}

}  // namespace hearth::reference
