#include "aoti/fallback_operators.h"

#include <unordered_map>

#include "kernels/complex_numbers.h"
#include "kernels/counting.h"
#include "kernels/eigen.h"
#include "kernels/elementwise.h"
#include "kernels/linear.h"
#include "kernels/linear_algebra.h"
#include "kernels/operands.h"
#include "kernels/shape_ops.h"
#include "kernels/sorting.h"
#include "kernels/spectral.h"

namespace hearth {
namespace {

// Arguments in the order of PyTorch's schemas; std::monostate: one that is always None, or asks for nothing here.
using Unused = std::monostate;
using Sizes = std::vector<int64_t>;

Result<Tensor> fft_to_real(const KernelContext& context, const Tensor& self, const Sizes& dimensions, int64_t scale,
                           int64_t last_size) {
  return fourier_transform_to_real(context, self, dimensions, static_cast<FourierScale>(scale), last_size);
}

/// `sorted` asks for nothing: the values always are.
Result<UniqueValues> unique_values(const KernelContext& context, const Tensor& self, bool, bool inverse, bool counts) {
  return hearth::unique_values(context, self, std::nullopt, inverse, counts);
}

Result<UniqueValues> unique_slices(const KernelContext& context, const Tensor& self, int64_t dimension, bool,
                                   bool inverse, bool counts) {
  return hearth::unique_values(context, self, dimension, inverse, counts);
}

Result<UniqueValues> unique_runs(const KernelContext& context, const Tensor& self, bool inverse, bool counts,
                                 std::optional<int64_t> dimension) {
  return hearth::unique_runs(context, self, dimension, inverse, counts);
}

Result<UniqueValues> unique_slice_runs(const KernelContext& context, const Tensor& self, int64_t dimension,
                                       bool inverse, bool counts) {
  return hearth::unique_runs(context, self, dimension, inverse, counts);
}

Result<SortedLines> median_of(const KernelContext& context, const Tensor& self, int64_t dimension, bool keep) {
  return median_of_lines(context, self, dimension, keep, /*leave_out_nan=*/false);
}

Result<SortedLines> median_of_numbers(const KernelContext& context, const Tensor& self, int64_t dimension, bool keep) {
  return median_of_lines(context, self, dimension, keep, /*leave_out_nan=*/true);
}

Result<Tensor> count_bins(const KernelContext& context, const Tensor& self, const Tensor& weights, int64_t least_bins) {
  return hearth::count_bins(context, self, weights, least_bins);
}

Result<Tensor> grouped_matmul(const KernelContext& context, const Tensor& x, const Tensor& weights,
                              const Tensor& ends) {
  return hearth::grouped_matmul(context, x, weights, ends);
}

/// No results; fails where a decomposition did.
Result<std::tuple<>> checked_errors(const KernelContext&, const Tensor& info, const std::string& api, bool) {
  HEARTH_RETURN_IF_ERROR(check_decomposed(info, api));
  return std::tuple();
}

Result<std::tuple<Tensor, Tensor, Tensor>> determinant_of(const KernelContext& context, const Tensor& a) {
  return determinant(context, a);
}

Result<std::tuple<Tensor, Tensor, Tensor, Tensor>> log_determinant_of(const KernelContext& context, const Tensor& a) {
  return log_determinant(context, a);
}

/// Fails with the operator's name where `check` is asked for and a matrix did not decompose.
template <typename Tuple>
Result<Tuple> checked(Result<Tuple> result, const Tensor& info, bool check, std::string_view api) {
  if (check) HEARTH_RETURN_IF_ERROR(check_decomposed(info, api));
  return result;
}

Result<std::tuple<Tensor, Tensor, Tensor, Tensor>> solution(const KernelContext& context, const Tensor& a,
                                                            const Tensor& b, std::optional<bool> left, bool check) {
  HEARTH_ASSIGN_OR_RETURN(auto result, solve(context, a, b, left.value_or(true)));
  const Tensor info = std::get<3>(result);
  return checked(Result(std::move(result)), info, check, "linalg.solve");
}

Result<std::tuple<Tensor, Tensor>> cholesky_factor(const KernelContext& context, const Tensor& a, bool upper,
                                                   bool check) {
  HEARTH_ASSIGN_OR_RETURN(auto result, cholesky(context, a, upper));
  const Tensor info = std::get<1>(result);
  return checked(Result(std::move(result)), info, check, "linalg.cholesky");
}

Result<std::tuple<Tensor, Tensor>> inverse_of(const KernelContext& context, const Tensor& a, bool check) {
  HEARTH_ASSIGN_OR_RETURN(auto result, inverse(context, a));
  const Tensor info = std::get<1>(result);
  return checked(Result(std::move(result)), info, check, "linalg.inv");
}

Result<std::tuple<Tensor, Tensor, Tensor>> lu_factors(const KernelContext& context, const Tensor& a,
                                                      std::optional<bool> pivot, bool check) {
  if (!pivot.value_or(true)) return invalid_argument("without exchanges of rows it is not computed");
  HEARTH_ASSIGN_OR_RETURN(auto result, lu_factor(context, a));
  const Tensor info = std::get<2>(result);
  return checked(Result(std::move(result)), info, check, "linalg.lu_factor");
}

Result<std::tuple<Tensor, Tensor>> qr_factors(const KernelContext& context, const Tensor& a,
                                              const std::optional<std::string>& mode) {
  return qr(context, a, mode.value_or("reduced"));
}

Result<Tensor> triangular_solution(const KernelContext& context, const Tensor& a, const Tensor& b, bool upper,
                                   std::optional<bool> left, bool unit) {
  return solve_triangular(context, a, b, upper, left.value_or(true), unit);
}

Result<Tensor> exponential_of_matrix(const KernelContext& context, const Tensor& a) {
  return matrix_exponential(context, a);
}

Result<Tensor> product_of_reflections(const KernelContext& context, const Tensor& input, const Tensor& tau) {
  return householder_product(context, input, tau);
}

Result<std::tuple<Tensor, Tensor>> eigen_of(const KernelContext& context, const Tensor& a, const std::string& triangle,
                                            bool vectors) {
  return symmetric_eigen(context, a, triangle == "L" || triangle == "l" || triangle.empty(), vectors);
}

/// The driver only chooses a way.
Result<std::tuple<Tensor, Tensor, Tensor>> singular_values_of(const KernelContext& context, const Tensor& a, bool full,
                                                              bool vectors, const std::optional<std::string>&) {
  return singular_values(context, a, full, vectors);
}

/// A complex tensor in another dtype, or another one as complex numbers.
Result<Tensor> converted(const KernelContext& context, const Tensor& self, DType dtype) {
  HEARTH_RETURN_IF_ERROR(check_defined("convert_element_type", "self", self));
  HEARTH_ASSIGN_OR_RETURN(Tensor result, empty_like(*context.pool, self, dtype));
  HEARTH_RETURN_IF_ERROR(parallel_copy_strided(*context.team, result, self));
  return result;
}

Result<Tensor> padded(const KernelContext& context, const Tensor& self, const Sizes& padding, double value) {
  return pad_constant(context, self, padding, value);
}

Result<Tensor> conjugate_of(const KernelContext& context, const Tensor& self) { return conjugate(context, self); }

Result<Tensor> complex_product(const KernelContext& context, const Tensor& a, const Tensor& b) {
  return complex_matmul(context, a, b);
}

Result<Tensor> complex_product_added(const KernelContext& context, const Tensor& self, const Tensor& a, const Tensor& b,
                                     std::optional<double> beta, std::optional<double> alpha) {
  HEARTH_ASSIGN_OR_RETURN(Tensor product, complex_matmul(context, a, b));
  HEARTH_ASSIGN_OR_RETURN(product, binary(context, Binary::kMultiply, product, alpha.value_or(1.0)));
  if (beta.value_or(1.0) == 0) return product;
  return binary(context, Binary::kAdd, product, self, beta.value_or(1.0));
}

Result<Tensor> copy_of(const KernelContext& context, const Tensor& self, Unused) {
  HEARTH_RETURN_IF_ERROR(check_defined("clone", "self", self));
  return clone(*context.pool, self);
}

Result<Tensor> copied_into(const KernelContext& context, const Tensor& self, const Tensor& source, bool) {
  HEARTH_RETURN_IF_ERROR(check_defined("copy", "self", self));
  HEARTH_ASSIGN_OR_RETURN(const Tensor expanded, expand("copy", "src", source, self.shape()));
  HEARTH_ASSIGN_OR_RETURN(Tensor result, empty_like(*context.pool, self, self.dtype()));
  HEARTH_RETURN_IF_ERROR(parallel_copy_strided(*context.team, result, expanded));
  return result;
}

Result<Tensor> quotient(const KernelContext& context, const Tensor& self, const Tensor& other) {
  return binary(context, Binary::kDivide, self, other);
}

template <Unary kOp>
Result<Tensor> unary_of(const KernelContext& context, const Tensor& self) {
  return unary(context, kOp, self);
}

Result<Tensor> expanded(const KernelContext&, const Tensor& self, Sizes sizes, bool) {
  HEARTH_RETURN_IF_ERROR(check_defined("expand", "self", self));
  // -1 leaves a size as it is.
  for (size_t i = 0; i < sizes.size(); ++i) {
    const int64_t d = static_cast<int64_t>(i) - std::ssize(sizes) + self.rank();
    if (sizes[i] == -1 && d >= 0) sizes[i] = self.size(static_cast<int>(d));
  }
  return expand("expand", "self", self, sizes);
}

Result<Tensor> filled(const KernelContext& context, const Sizes& sizes, double value, std::optional<DType> dtype,
                      Unused, Unused, std::optional<bool>) {
  HEARTH_ASSIGN_OR_RETURN(Tensor result, context.pool->empty(dtype.value_or(DType::kFloat32), sizes));
  HEARTH_RETURN_IF_ERROR(fill(context, result, value));
  return result;
}

Result<Tensor> selected(const KernelContext&, const Tensor& self, int64_t dimension, int64_t index) {
  HEARTH_RETURN_IF_ERROR(check_defined("select", "self", self));
  HEARTH_ASSIGN_OR_RETURN(const int d, wrap_dimension("select", dimension, self.rank()));
  if (self.rank() > 0 && index < 0) index += self.size(d);
  HEARTH_ASSIGN_OR_RETURN(const Tensor kept, narrow(self, d, index, 1));
  return squeeze(kept, d);
}

Result<Tensor> with_slice(const KernelContext& context, const Tensor& self, const Tensor& source, int64_t dimension,
                          std::optional<int64_t> start, std::optional<int64_t> end, std::optional<int64_t> step) {
  HEARTH_RETURN_IF_ERROR(check_defined("slice_scatter", "self", self));
  HEARTH_ASSIGN_OR_RETURN(Tensor result, clone(*context.pool, self));
  HEARTH_ASSIGN_OR_RETURN(const Tensor place, slice(result, dimension, start, end, step.value_or(1)));
  HEARTH_ASSIGN_OR_RETURN(const Tensor expanded, expand("slice_scatter", "src", source, place.shape()));
  HEARTH_RETURN_IF_ERROR(parallel_copy_strided(*context.team, place, expanded));
  return result;
}

Result<Tensor> difference(const KernelContext& context, const Tensor& self, const Tensor& other,
                          std::optional<double> alpha) {
  return binary(context, Binary::kAdd, self, other, -alpha.value_or(1.0));
}

Result<Tensor> sum_of(const KernelContext& context, const Tensor& self, const std::optional<Sizes>& dimensions,
                      bool keep, std::optional<DType>) {
  return complex_sum(context, self, dimensions.value_or(Sizes()), keep);
}

Result<Tensor> sum_of_all(const KernelContext& context, const Tensor& self, std::optional<DType>) {
  return complex_sum(context, self, {}, /*keep_dimensions=*/false);
}

Result<Tensor> unsqueezed(const KernelContext&, const Tensor& self, int64_t dimension) {
  return unsqueeze(self, dimension);
}

constexpr FallbackOperator kOperators[] = {
#define HEARTH_FALLBACK(name, function) {name, kFallbackArguments<&function>, &as_fallback<&function>},
#include "aoti/fallback_operators.def"
#undef HEARTH_FALLBACK
};

}  // namespace

const FallbackOperator* find_fallback_operator(std::string_view name) {
  static const auto operators = [] {
    std::unordered_map<std::string_view, const FallbackOperator*> all;
    for (const FallbackOperator& op : kOperators) all.emplace(op.name, &op);
    return all;
  }();
  const auto found = operators.find(name);
  return found == operators.end() ? nullptr : found->second;
}

}  // namespace hearth
