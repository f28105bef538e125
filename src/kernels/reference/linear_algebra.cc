#include "kernels/linear_algebra.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "kernels/matrix_batch.h"
#include "kernels/operands.h"
#include "kernels/shape_ops.h"

namespace hearth {
namespace {

/// LU with row exchanges, in place. Returns the 1-based column of the first zero pivot, or 0.
int32_t factor(const Matrix& a, int32_t* pivots) {
  int32_t info = 0;
  for (int64_t k = 0; k < std::min(a.rows, a.columns); ++k) {
    int64_t best = k;
    for (int64_t i = k + 1; i < a.rows; ++i) {
      if (std::abs(a(i, k)) > std::abs(a(best, k))) best = i;
    }
    pivots[k] = static_cast<int32_t>(best + 1);
    for (int64_t j = 0; best != k && j < a.columns; ++j) std::swap(a(k, j), a(best, j));
    if (a(k, k) == 0) {
      if (info == 0) info = static_cast<int32_t>(k + 1);
      continue;
    }
    for (int64_t i = k + 1; i < a.rows; ++i) {
      const double multiple = a(i, k) /= a(k, k);
      for (int64_t j = k + 1; j < a.columns; ++j) a(i, j) -= multiple * a(k, j);
    }
  }
  return info;
}

/// x with t·x = b in place of b, for one triangle of t.
void substitute(const Matrix& t, const Matrix& b, bool upper, bool unit) {
  for (int64_t step = 0; step < t.rows; ++step) {
    const int64_t i = upper ? t.rows - 1 - step : step;
    for (int64_t c = 0; c < b.columns; ++c) {
      double sum = b(i, c);
      const int64_t begin = upper ? i + 1 : 0;
      const int64_t end = upper ? t.rows : i;
      for (int64_t j = begin; j < end; ++j) sum -= t(i, j) * b(j, c);
      b(i, c) = unit ? sum : sum / t(i, i);
    }
  }
}

/// x with a·x = b in place of b, from a's factors.
void solve_factored(const Matrix& lu, const int32_t* pivots, const Matrix& b) {
  for (int64_t k = 0; k < lu.rows; ++k) {
    const int64_t other = pivots[k] - 1;
    for (int64_t c = 0; other != k && c < b.columns; ++c) std::swap(b(k, c), b(other, c));
  }
  substitute(lu, b, /*upper=*/false, /*unit=*/true);
  substitute(lu, b, /*upper=*/true, /*unit=*/false);
}

/// `to` (zeros) becomes the matrix that undoes exchanges of rows: P with a = P·L·U.
Status permute_rows(const int32_t* pivots, int64_t steps, const Matrix& to) {
  std::vector<int64_t> order(static_cast<size_t>(to.rows));
  std::iota(order.begin(), order.end(), 0);
  for (int64_t k = 0; k < steps; ++k) {
    if (pivots[k] < 1 || pivots[k] > to.rows) return invalid_argument("lu_unpack: pivot {} is {}", k, pivots[k]);
    std::swap(order[static_cast<size_t>(k)], order[static_cast<size_t>(pivots[k] - 1)]);
  }
  for (int64_t k = 0; k < to.rows; ++k) to(order[static_cast<size_t>(k)], k) = 1;
  return {};
}

/// Factors of a batch: lu in place of the matrices.
struct Factored {
  Batch lu;
  Tensor pivots;
  Tensor info;

  const int32_t* pivots_at(int64_t index) const {
    return pivots.data_as<int32_t>() + index * std::min(lu.rows(), lu.columns());
  }
};

Result<Factored> factor_batch(const KernelContext& context, Batch a) {
  HEARTH_ASSIGN_OR_RETURN(Tensor pivots,
                          context.pool->empty(DType::kInt32, a.shape({std::min(a.rows(), a.columns())})));
  HEARTH_ASSIGN_OR_RETURN(Tensor info, context.pool->empty(DType::kInt32, a.shape({})));
  Factored factored{std::move(a), std::move(pivots), std::move(info)};
  for (int64_t i = 0; i < factored.lu.count(); ++i) {
    factored.info.data_as<int32_t>()[i] = factor(factored.lu.at(i), const_cast<int32_t*>(factored.pivots_at(i)));
  }
  return factored;
}

/// Lower Cholesky factor in place; the upper triangle becomes 0.
int32_t factor_positive(const Matrix& a) {
  int32_t info = 0;
  for (int64_t j = 0; j < a.columns; ++j) {
    for (int64_t i = 0; i < j; ++i) a(i, j) = 0;
    for (int64_t i = j; i < a.rows; ++i) {
      double sum = a(i, j);
      for (int64_t k = 0; k < j; ++k) sum -= a(i, k) * a(j, k);
      if (i == j) {
        if (!(sum > 0) && info == 0) info = static_cast<int32_t>(j + 1);
        a(j, j) = std::sqrt(sum);
      } else {
        a(i, j) = sum / a(j, j);
      }
    }
  }
  return info;
}

/// One Householder reflection: column k of a becomes (…, β, 0…); v (from row k on) and the returned factor reflect as
/// 1 - τ·v·vᵀ.
double reflect_column(const Matrix& a, int64_t k, std::vector<double>& v) {
  double squares = 0;
  for (int64_t i = k + 1; i < a.rows; ++i) squares += a(i, k) * a(i, k);
  v.assign(static_cast<size_t>(a.rows), 0);
  v[static_cast<size_t>(k)] = 1;
  if (squares == 0) return 0;
  const double alpha = a(k, k);
  const double beta = -std::copysign(std::sqrt(alpha * alpha + squares), alpha);
  for (int64_t i = k + 1; i < a.rows; ++i) v[static_cast<size_t>(i)] = a(i, k) / (alpha - beta);
  return (beta - alpha) / beta;
}

void reflect(const Matrix& a, const std::vector<double>& v, double tau, int64_t first_column) {
  for (int64_t j = first_column; j < a.columns; ++j) {
    double sum = 0;
    for (int64_t i = 0; i < a.rows; ++i) sum += v[static_cast<size_t>(i)] * a(i, j);
    for (int64_t i = 0; i < a.rows; ++i) a(i, j) -= tau * sum * v[static_cast<size_t>(i)];
  }
}

/// a becomes R (rows below its height are 0); q, which holds the first columns of the identity, becomes Q.
void decompose(const Matrix& a, const Matrix& q) {
  const int64_t steps = std::min(a.rows, a.columns);
  std::vector<std::vector<double>> reflections(static_cast<size_t>(steps));
  std::vector<double> taus(static_cast<size_t>(steps));
  for (int64_t k = 0; k < steps; ++k) {
    const auto index = static_cast<size_t>(k);
    taus[index] = reflect_column(a, k, reflections[index]);
    reflect(a, reflections[index], taus[index], k);
    for (int64_t i = k + 1; i < a.rows; ++i) a(i, k) = 0;
  }
  for (auto k = static_cast<size_t>(steps); k-- > 0;) reflect(q, reflections[k], taus[k], 0);
}

}  // namespace

Result<std::tuple<Tensor, Tensor>> inverse(const KernelContext& context, const Tensor& a) {
  HEARTH_ASSIGN_OR_RETURN(Batch batch, read_square("linalg.inv", context, a));
  HEARTH_ASSIGN_OR_RETURN(const Batch result, new_batch(context, to_dimensions(a.shape())));
  HEARTH_ASSIGN_OR_RETURN(const Factored factored, factor_batch(context, std::move(batch)));
  for (int64_t i = 0; i < result.count(); ++i) {
    const Matrix x = result.at(i);
    for (int64_t k = 0; k < x.rows; ++k) x(k, k) = 1;
    solve_factored(factored.lu.at(i), factored.pivots_at(i), x);
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor inverted, column_major(context, result, a.dtype()));
  return std::tuple(std::move(inverted), factored.info);
}

Result<std::tuple<Tensor, Tensor>> cholesky(const KernelContext& context, const Tensor& a, bool upper) {
  HEARTH_ASSIGN_OR_RETURN(Batch batch, read_square("linalg.cholesky", context, a));
  if (upper) {
    HEARTH_ASSIGN_OR_RETURN(const Tensor flipped, transposed(batch.tensor()));
    HEARTH_ASSIGN_OR_RETURN(batch, read_batch("linalg.cholesky", context, flipped));
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor info, context.pool->empty(DType::kInt32, batch.shape({})));
  for (int64_t i = 0; i < batch.count(); ++i) info.data_as<int32_t>()[i] = factor_positive(batch.at(i));
  if (upper) {
    HEARTH_ASSIGN_OR_RETURN(const Tensor flipped, transposed(batch.tensor()));
    HEARTH_ASSIGN_OR_RETURN(batch, read_batch("linalg.cholesky", context, flipped));
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor result, column_major(context, batch, a.dtype()));
  return std::tuple(std::move(result), std::move(info));
}

Result<std::tuple<Tensor, Tensor, Tensor>> lu_factor(const KernelContext& context, const Tensor& a) {
  HEARTH_ASSIGN_OR_RETURN(Batch batch, read_batch("linalg.lu_factor", context, a));
  HEARTH_ASSIGN_OR_RETURN(const Factored factored, factor_batch(context, std::move(batch)));
  HEARTH_ASSIGN_OR_RETURN(Tensor lu, column_major(context, factored.lu, a.dtype()));
  return std::tuple(std::move(lu), factored.pivots, factored.info);
}

Result<std::tuple<Tensor, Tensor, Tensor, Tensor>> solve(const KernelContext& context, const Tensor& a, const Tensor& b,
                                                         bool left) {
  constexpr std::string_view kOp = "linalg.solve";
  HEARTH_ASSIGN_OR_RETURN(Batch batch, read_square(kOp, context, a));
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "B", b));
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "B", b, a.dtype()));
  const bool is_vector = b.rank() == 1 || (b.rank() + 1 == a.rank() &&
                                           std::ranges::equal(b.shape(), a.shape().first(a.shape().size() - 1)));
  Tensor columns = b;
  if (is_vector) {
    HEARTH_ASSIGN_OR_RETURN(columns, unsqueeze(b, -1));
  } else if (!left) {
    HEARTH_ASSIGN_OR_RETURN(columns, transposed(b));
  }
  HEARTH_ASSIGN_OR_RETURN(const Batch x, read_batch(kOp, context, columns));
  if (x.rows() != batch.rows() || x.count() != batch.count()) {
    return invalid_argument("{}: B {} does not fit A {}", kOp, describe(b), describe(a));
  }
  // The factors that are returned are a's own; from the right, it is aᵀ that is solved with.
  HEARTH_ASSIGN_OR_RETURN(const Factored factored, factor_batch(context, std::move(batch)));
  Factored used = factored;
  if (!left) {
    HEARTH_ASSIGN_OR_RETURN(const Tensor flipped, transposed(a));
    HEARTH_ASSIGN_OR_RETURN(Batch other, read_square(kOp, context, flipped));
    HEARTH_ASSIGN_OR_RETURN(used, factor_batch(context, std::move(other)));
  }
  for (int64_t i = 0; i < x.count(); ++i) solve_factored(used.lu.at(i), used.pivots_at(i), x.at(i));
  HEARTH_ASSIGN_OR_RETURN(Tensor solved, column_major(context, x, a.dtype()));
  if (is_vector) {
    HEARTH_ASSIGN_OR_RETURN(solved, squeeze(solved, -1));
  } else if (!left) {
    HEARTH_ASSIGN_OR_RETURN(solved, transposed(solved));
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor lu, column_major(context, factored.lu, a.dtype()));
  return std::tuple(std::move(solved), std::move(lu), factored.pivots, factored.info);
}

Result<std::tuple<Tensor, Tensor, Tensor, Tensor>> log_determinant(const KernelContext& context, const Tensor& a) {
  HEARTH_ASSIGN_OR_RETURN(Batch batch, read_square("linalg.slogdet", context, a));
  HEARTH_ASSIGN_OR_RETURN(const Factored factored, factor_batch(context, std::move(batch)));
  HEARTH_ASSIGN_OR_RETURN(const Tensor signs, context.pool->empty(DType::kFloat64, factored.lu.shape({})));
  HEARTH_ASSIGN_OR_RETURN(const Tensor logarithms, context.pool->empty(DType::kFloat64, factored.lu.shape({})));
  for (int64_t i = 0; i < factored.lu.count(); ++i) {
    const Matrix lu = factored.lu.at(i);
    double sign = 1;
    double logarithm = 0;
    for (int64_t k = 0; k < lu.rows; ++k) {
      const bool exchanged = factored.pivots_at(i)[k] != k + 1;
      sign *= (exchanged ? -1.0 : 1.0) * (lu(k, k) > 0 ? 1.0 : lu(k, k) < 0 ? -1.0 : lu(k, k));
      logarithm += std::log(std::abs(lu(k, k)));
    }
    signs.data_as<double>()[i] = sign;
    logarithms.data_as<double>()[i] = logarithm;
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor sign, row_major_as(*context.pool, signs, a.dtype()));
  HEARTH_ASSIGN_OR_RETURN(Tensor logarithm, row_major_as(*context.pool, logarithms, a.dtype()));
  HEARTH_ASSIGN_OR_RETURN(Tensor lu, column_major(context, factored.lu, a.dtype()));
  return std::tuple(std::move(sign), std::move(logarithm), std::move(lu), factored.pivots);
}

Result<std::tuple<Tensor, Tensor, Tensor>> determinant(const KernelContext& context, const Tensor& a) {
  HEARTH_ASSIGN_OR_RETURN(Batch batch, read_square("linalg.det", context, a));
  HEARTH_ASSIGN_OR_RETURN(const Factored factored, factor_batch(context, std::move(batch)));
  HEARTH_ASSIGN_OR_RETURN(const Tensor products, context.pool->empty(DType::kFloat64, factored.lu.shape({})));
  for (int64_t i = 0; i < factored.lu.count(); ++i) {
    const Matrix lu = factored.lu.at(i);
    double product = 1;
    for (int64_t k = 0; k < lu.rows; ++k) product *= factored.pivots_at(i)[k] == k + 1 ? lu(k, k) : -lu(k, k);
    products.data_as<double>()[i] = product;
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor result, row_major_as(*context.pool, products, a.dtype()));
  HEARTH_ASSIGN_OR_RETURN(Tensor lu, column_major(context, factored.lu, a.dtype()));
  return std::tuple(std::move(result), std::move(lu), factored.pivots);
}

Result<std::tuple<Tensor, Tensor, Tensor>> unpack_lu(const KernelContext& context, const Tensor& lu,
                                                     const Tensor& pivots) {
  constexpr std::string_view kOp = "lu_unpack";
  HEARTH_ASSIGN_OR_RETURN(const Batch factors, read_batch(kOp, context, lu));
  const int64_t steps = std::min(factors.rows(), factors.columns());
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "pivots", pivots));
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "pivots", pivots, DType::kInt32));
  HEARTH_RETURN_IF_ERROR(check_shape(kOp, "pivots", pivots, factors.shape({steps})));
  HEARTH_ASSIGN_OR_RETURN(const Tensor exchanges, row_major_as(*context.pool, pivots, DType::kInt32));
  HEARTH_ASSIGN_OR_RETURN(const Batch permutation, new_batch(context, factors.shape({factors.rows(), factors.rows()})));
  HEARTH_ASSIGN_OR_RETURN(const Batch lower, new_batch(context, factors.shape({factors.rows(), steps})));
  HEARTH_ASSIGN_OR_RETURN(const Batch upper, new_batch(context, factors.shape({steps, factors.columns()})));
  for (int64_t i = 0; i < factors.count(); ++i) {
    const Matrix from = factors.at(i);
    for (int64_t row = 0; row < from.rows; ++row) {
      for (int64_t k = 0; k < std::min(row, steps); ++k) lower.at(i)(row, k) = from(row, k);
      if (row >= steps) continue;
      lower.at(i)(row, row) = 1;
      for (int64_t k = row; k < from.columns; ++k) upper.at(i)(row, k) = from(row, k);
    }
    HEARTH_RETURN_IF_ERROR(permute_rows(exchanges.data_as<int32_t>() + i * steps, steps, permutation.at(i)));
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor p, row_major_as(*context.pool, permutation.tensor(), lu.dtype()));
  HEARTH_ASSIGN_OR_RETURN(Tensor l, row_major_as(*context.pool, lower.tensor(), lu.dtype()));
  HEARTH_ASSIGN_OR_RETURN(Tensor u, row_major_as(*context.pool, upper.tensor(), lu.dtype()));
  return std::tuple(std::move(p), std::move(l), std::move(u));
}

Result<Tensor> householder_product(const KernelContext& context, const Tensor& reflections, const Tensor& taus) {
  constexpr std::string_view kOp = "linalg.householder_product";
  HEARTH_ASSIGN_OR_RETURN(const Batch batch, read_batch(kOp, context, reflections));
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "tau", taus));
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "tau", taus, reflections.dtype()));
  const int64_t steps = taus.rank() == 0 ? 0 : taus.size(taus.rank() - 1);
  HEARTH_RETURN_IF_ERROR(check_shape(kOp, "tau", taus, batch.shape({steps})));
  if (steps > batch.columns() || batch.columns() > batch.rows()) {
    return invalid_argument("{}: {} and tau {} do not fit", kOp, describe(reflections), describe(taus));
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor factors, row_major_as(*context.pool, taus, DType::kFloat64));
  HEARTH_ASSIGN_OR_RETURN(const Batch q, new_batch(context, to_dimensions(reflections.shape())));
  std::vector<double> v(static_cast<size_t>(batch.rows()));
  for (int64_t i = 0; i < batch.count(); ++i) {
    for (int64_t k = 0; k < batch.columns(); ++k) q.at(i)(k, k) = 1;
    for (int64_t k = steps; k-- > 0;) {
      for (int64_t row = 0; row < batch.rows(); ++row) {
        v[static_cast<size_t>(row)] = row < k ? 0 : row == k ? 1 : batch.at(i)(row, k);
      }
      reflect(q.at(i), v, factors.data_as<double>()[i * steps + k], 0);
    }
  }
  return column_major(context, q, reflections.dtype());
}

Result<std::tuple<Tensor, Tensor>> qr(const KernelContext& context, const Tensor& a, std::string_view mode) {
  constexpr std::string_view kOp = "linalg.qr";
  if (mode != "reduced" && mode != "complete" && mode != "r") {
    return invalid_argument("{}: the mode '{}' is none of reduced, complete and r", kOp, mode);
  }
  HEARTH_ASSIGN_OR_RETURN(const Batch batch, read_batch(kOp, context, a));
  const int64_t height = mode == "complete" ? batch.rows() : std::min(batch.rows(), batch.columns());
  HEARTH_ASSIGN_OR_RETURN(const Batch q, new_batch(context, batch.shape({batch.rows(), height})));
  HEARTH_ASSIGN_OR_RETURN(const Batch r, new_batch(context, batch.shape({height, batch.columns()})));
  for (int64_t i = 0; i < batch.count(); ++i) {
    for (int64_t k = 0; k < height; ++k) q.at(i)(k, k) = 1;
    decompose(batch.at(i), q.at(i));
    std::copy_n(batch.at(i).data, height * batch.columns(), r.at(i).data);
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor triangle, column_major(context, r, a.dtype()));
  if (mode == "r") {
    HEARTH_ASSIGN_OR_RETURN(Tensor none, context.pool->empty(a.dtype(), Dimensions{0}));
    return std::tuple(std::move(none), std::move(triangle));
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor orthogonal, column_major(context, q, a.dtype()));
  return std::tuple(std::move(orthogonal), std::move(triangle));
}

Result<Tensor> solve_triangular(const KernelContext& context, const Tensor& a, const Tensor& b, bool upper, bool left,
                                bool unit) {
  constexpr std::string_view kOp = "linalg.solve_triangular";
  HEARTH_RETURN_IF_ERROR(read_square(kOp, context, a).status());
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "B", b));
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "B", b, a.dtype()));
  // x·a = b is aᵀ·xᵀ = bᵀ, where the other triangle counts.
  HEARTH_ASSIGN_OR_RETURN(const Tensor matrices, left ? Result<Tensor>(a) : transposed(a));
  HEARTH_ASSIGN_OR_RETURN(const Tensor sides, left ? Result<Tensor>(b) : transposed(b));
  HEARTH_ASSIGN_OR_RETURN(const Batch triangles, read_square(kOp, context, matrices));
  HEARTH_ASSIGN_OR_RETURN(const Batch x, read_batch(kOp, context, sides));
  if (x.rows() != triangles.rows() || x.count() != triangles.count()) {
    return invalid_argument("{}: B {} does not fit A {}", kOp, describe(b), describe(a));
  }
  for (int64_t i = 0; i < x.count(); ++i) substitute(triangles.at(i), x.at(i), upper == left, unit);
  if (left) return column_major(context, x, a.dtype());
  HEARTH_ASSIGN_OR_RETURN(const Tensor flipped, transposed(x.tensor()));
  HEARTH_ASSIGN_OR_RETURN(const Batch result, read_batch(kOp, context, flipped));
  return column_major(context, result, a.dtype());
}

Status check_decomposed(const Tensor& info, std::string_view api) {
  HEARTH_RETURN_IF_ERROR(check_defined(api, "info", info));
  HEARTH_RETURN_IF_ERROR(check_dtype(api, "info", info, DType::kInt32));
  if (!info.is_contiguous()) return invalid_argument("{}: info is {} with gaps", api, describe(info));
  const std::span values(info.data_as<int32_t>(), static_cast<size_t>(info.element_count()));
  const auto bad = std::ranges::find_if(values, [](int32_t value) { return value != 0; });
  if (bad == values.end()) return {};
  return error(StatusCode::kFailed, "{}: matrix {} is singular or not positive definite (column {})", api,
               bad - values.begin(), *bad);
}

}  // namespace hearth
