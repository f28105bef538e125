#include "kernels/eigen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "kernels/matrix_batch.h"
#include "kernels/operands.h"

namespace hearth {
namespace {

constexpr int kMostSweeps = 60;
constexpr double kPrecision = 1e-15;

/// Cosine and sine of the angle that makes a symmetric pair ((p, r), (r, q)) diagonal.
std::pair<double, double> rotation(double p, double q, double r) {
  const double zeta = (q - p) / (2 * r);
  const double tangent = std::copysign(1.0, zeta) / (std::abs(zeta) + std::hypot(1.0, zeta));
  const double cosine = 1 / std::hypot(1.0, tangent);
  return {cosine, cosine * tangent};
}

void rotate_rows(const Matrix& a, int64_t i, int64_t j, double cosine, double sine) {
  for (int64_t k = 0; k < a.columns; ++k) {
    const double first = a(i, k);
    const double second = a(j, k);
    a(i, k) = cosine * first - sine * second;
    a(j, k) = sine * first + cosine * second;
  }
}

void rotate_columns(const Matrix& a, int64_t i, int64_t j, double cosine, double sine) {
  for (int64_t k = 0; k < a.rows; ++k) {
    const double first = a(k, i);
    const double second = a(k, j);
    a(k, i) = cosine * first - sine * second;
    a(k, j) = sine * first + cosine * second;
  }
}

double dot(const Matrix& a, int64_t i, int64_t j) {
  double sum = 0;
  for (int64_t k = 0; k < a.columns; ++k) sum += a(i, k) * a(j, k);
  return sum;
}

/// What is nothing but a rounding error beside the elements of `a`.
double negligible(const Matrix& a) {
  double squares = 0;
  for (int64_t i = 0; i < a.rows; ++i) squares += dot(a, i, i);
  return kPrecision * std::sqrt(squares);
}

/// The symmetric `a` becomes diagonal; the rows of `vectors`, the identity before, become its eigenvectors.
void diagonalize(const Matrix& a, const Matrix& vectors) {
  const double least = negligible(a) / static_cast<double>(std::max<int64_t>(a.rows, 1));
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    bool rotated = false;
    for (int64_t i = 0; i < a.rows; ++i) {
      for (int64_t j = i + 1; j < a.rows; ++j) {
        if (!(std::abs(a(i, j)) > least)) continue;
        const auto [cosine, sine] = rotation(a(i, i), a(j, j), a(i, j));
        rotate_rows(a, i, j, cosine, sine);
        rotate_columns(a, i, j, cosine, sine);
        rotate_rows(vectors, i, j, cosine, sine);
        rotated = true;
      }
    }
    if (!rotated) return;
  }
}

/// Rotates the rows of `a` until they are orthogonal, and those of `vectors` with them.
void orthogonalize(const Matrix& a, const Matrix& vectors) {
  const double least = negligible(a);
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    bool rotated = false;
    for (int64_t i = 0; i < a.rows; ++i) {
      for (int64_t j = i + 1; j < a.rows; ++j) {
        const double p = dot(a, i, i);
        const double q = dot(a, j, j);
        const double r = dot(a, i, j);
        if (!(std::abs(r) > kPrecision * std::sqrt(p * q)) || std::sqrt(std::min(p, q)) <= least) continue;
        const auto [cosine, sine] = rotation(p, q, r);
        rotate_rows(a, i, j, cosine, sine);
        rotate_rows(vectors, i, j, cosine, sine);
        rotated = true;
      }
    }
    if (!rotated) return;
  }
}

/// Makes row `row` a unit vector orthogonal to those before it.
void complete_row(const Matrix& a, int64_t row) {
  for (int64_t axis = 0; axis < a.columns; ++axis) {
    for (int64_t k = 0; k < a.columns; ++k) a(row, k) = k == axis ? 1 : 0;
    // Twice: the first pass leaves rounding errors.
    for (int pass = 0; pass < 2; ++pass) {
      for (int64_t before = 0; before < row; ++before) {
        const double along = dot(a, row, before);
        for (int64_t k = 0; k < a.columns; ++k) a(row, k) -= along * a(before, k);
      }
    }
    const double length = std::sqrt(dot(a, row, row));
    // One axis at least is this far from the others' span.
    if (length * length * static_cast<double>(a.columns) < 0.5) continue;
    for (int64_t k = 0; k < a.columns; ++k) a(row, k) /= length;
    return;
  }
}

/// Numbers of `values` in ascending or descending order, equal ones as they stand, NaN among the largest.
std::vector<int64_t> sorted_positions(const std::vector<double>& values, bool descending) {
  std::vector<int64_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  const auto key = [&](int64_t position) {
    const double value = values[static_cast<size_t>(position)];
    const double number = std::isnan(value) ? std::numeric_limits<double>::infinity() : value;
    return std::pair(descending ? -number : number, position);
  };
  std::ranges::sort(order, {}, key);
  return order;
}

void copy_row(const Matrix& from, int64_t from_row, const Matrix& to, int64_t to_row) {
  std::copy_n(from.data + from_row * from.columns, from.columns, to.data + to_row * to.columns);
}

void set_identity(const Matrix& a) {
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < a.columns; ++j) a(i, j) = i == j ? 1 : 0;
  }
}

/// Of a matrix given as its K shorter side's rows [K, L], L ≥ K: its singular values; the vectors of the long side as
/// rows of `along` [K or L, L], those of the short side as rows of `across` [K, K].
void decompose(const Matrix& rows, double* values, const Matrix& along, const Matrix& across) {
  std::vector<double> rotations(static_cast<size_t>(rows.rows * rows.rows));
  const Matrix turned{rotations.data(), rows.rows, rows.rows};
  set_identity(turned);
  orthogonalize(rows, turned);
  std::vector<double> lengths(static_cast<size_t>(rows.rows));
  for (int64_t i = 0; i < rows.rows; ++i) lengths[static_cast<size_t>(i)] = std::sqrt(dot(rows, i, i));
  const std::vector<int64_t> order = sorted_positions(lengths, /*descending=*/true);
  for (int64_t i = 0; i < along.rows; ++i) {
    const int64_t from = i < rows.rows ? order[static_cast<size_t>(i)] : -1;
    const double length = from < 0 ? 0 : lengths[static_cast<size_t>(from)];
    if (from >= 0) {
      values[i] = length;
      copy_row(turned, from, across, i);
    }
    // What is left of a vanishing row is rounding errors, which are not orthogonal to anything.
    if (length == 0 || length <= kPrecision * values[0] * static_cast<double>(rows.columns)) {
      complete_row(along, i);
      continue;
    }
    copy_row(rows, from, along, i);
    for (int64_t k = 0; k < along.columns; ++k) along(i, k) /= length;
  }
}

void multiply(const Matrix& a, const Matrix& b, const Matrix& to) {
  for (int64_t i = 0; i < a.rows; ++i) {
    std::fill_n(to.data + i * to.columns, to.columns, 0.0);
    for (int64_t k = 0; k < a.columns; ++k) {
      for (int64_t j = 0; j < b.columns; ++j) to(i, j) += a(i, k) * b(k, j);
    }
  }
}

double largest_row_sum(const Matrix& a) {
  double largest = 0;
  for (int64_t i = 0; i < a.rows; ++i) {
    double sum = 0;
    for (int64_t j = 0; j < a.columns; ++j) sum += std::abs(a(i, j));
    largest = std::max(largest, sum);
  }
  return largest;
}

/// `result` = e^a; a is overwritten.
void exponentiate(const Matrix& a, const Matrix& result) {
  constexpr int kDegree = 18;
  const double norm = largest_row_sum(a);
  const int squarings = norm > 0.5 && std::isfinite(norm) ? std::min(std::ilogb(norm) + 2, 1100) : 0;
  const int64_t count = a.rows * a.columns;
  for (int64_t i = 0; i < count; ++i) a.data[i] = std::ldexp(a.data[i], -squarings);
  std::vector<double> scratch(static_cast<size_t>(count));
  const Matrix next{scratch.data(), a.rows, a.columns};
  // Horner's rule: 1 + a(1 + a/2(1 + a/3(…))).
  set_identity(result);
  for (int term = kDegree; term > 0; --term) {
    multiply(a, result, next);
    for (int64_t i = 0; i < count; ++i) result.data[i] = next.data[i] / term;
    for (int64_t i = 0; i < a.rows; ++i) result(i, i) += 1;
  }
  for (int i = 0; i < squarings; ++i) {
    multiply(result, result, next);
    std::copy_n(next.data, count, result.data);
  }
}

/// Matrices whose rows are vectors, as columns.
Result<Tensor> as_columns(const KernelContext& context, const Batch& rows, DType dtype) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor flipped, transposed(rows.tensor()));
  HEARTH_ASSIGN_OR_RETURN(const Tensor columns, row_major_as(*context.pool, flipped, DType::kFloat64));
  return column_major(context, Batch(columns), dtype);
}

}  // namespace

Result<std::tuple<Tensor, Tensor>> symmetric_eigen(const KernelContext& context, const Tensor& a, bool lower,
                                                   bool vectors) {
  HEARTH_ASSIGN_OR_RETURN(const Batch batch, read_square("linalg.eigh", context, a));
  const int64_t size = batch.rows();
  HEARTH_ASSIGN_OR_RETURN(const Tensor values, context.pool->empty(DType::kFloat64, batch.shape({size})));
  HEARTH_ASSIGN_OR_RETURN(const Batch rows, new_batch(context, to_dimensions(a.shape())));
  std::vector<double> rotations(static_cast<size_t>(size * size));
  std::vector<double> diagonal(static_cast<size_t>(size));
  for (int64_t n = 0; n < batch.count(); ++n) {
    const Matrix matrix = batch.at(n);
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t j = 0; j < i; ++j) (lower ? matrix(j, i) : matrix(i, j)) = lower ? matrix(i, j) : matrix(j, i);
    }
    const Matrix turned{rotations.data(), size, size};
    set_identity(turned);
    diagonalize(matrix, turned);
    for (int64_t i = 0; i < size; ++i) diagonal[static_cast<size_t>(i)] = matrix(i, i);
    const std::vector<int64_t> order = sorted_positions(diagonal, /*descending=*/false);
    for (int64_t i = 0; i < size; ++i) {
      const int64_t from = order[static_cast<size_t>(i)];
      values.data_as<double>()[n * size + i] = diagonal[static_cast<size_t>(from)];
      copy_row(turned, from, rows.at(n), i);
    }
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor eigenvalues, row_major_as(*context.pool, values, a.dtype()));
  HEARTH_ASSIGN_OR_RETURN(
      Tensor columns, vectors ? as_columns(context, rows, a.dtype()) : context.pool->empty(a.dtype(), Dimensions{0}));
  return std::tuple(std::move(eigenvalues), std::move(columns));
}

Result<std::tuple<Tensor, Tensor, Tensor>> singular_values(const KernelContext& context, const Tensor& a, bool full,
                                                           bool vectors) {
  constexpr std::string_view kOp = "linalg.svd";
  HEARTH_RETURN_IF_ERROR(read_batch(kOp, context, a).status());
  const bool tall = a.size(a.rank() - 2) >= a.size(a.rank() - 1);
  HEARTH_ASSIGN_OR_RETURN(const Tensor lying, tall ? transposed(a) : Result<Tensor>(a));
  HEARTH_ASSIGN_OR_RETURN(const Batch batch, read_batch(kOp, context, lying));
  const int64_t count = batch.rows();
  const int64_t length = batch.columns();
  HEARTH_ASSIGN_OR_RETURN(const Tensor values, context.pool->empty(DType::kFloat64, batch.shape({count})));
  HEARTH_ASSIGN_OR_RETURN(const Batch along, new_batch(context, batch.shape({full ? length : count, length})));
  HEARTH_ASSIGN_OR_RETURN(const Batch across, new_batch(context, batch.shape({count, count})));
  for (int64_t n = 0; n < batch.count(); ++n) {
    decompose(batch.at(n), values.data_as<double>() + n * count, along.at(n), across.at(n));
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor singular, row_major_as(*context.pool, values, a.dtype()));
  if (!vectors) {
    HEARTH_ASSIGN_OR_RETURN(Tensor none, context.pool->empty(a.dtype(), Dimensions{0}));
    return std::tuple(none, std::move(singular), none);
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor left, as_columns(context, tall ? along : across, a.dtype()));
  HEARTH_ASSIGN_OR_RETURN(Tensor right, column_major(context, tall ? across : along, a.dtype()));
  return std::tuple(std::move(left), std::move(singular), std::move(right));
}

Result<Tensor> matrix_exponential(const KernelContext& context, const Tensor& a) {
  HEARTH_ASSIGN_OR_RETURN(const Batch batch, read_square("linalg.matrix_exp", context, a));
  HEARTH_ASSIGN_OR_RETURN(const Batch result, new_batch(context, to_dimensions(a.shape())));
  for (int64_t i = 0; i < batch.count(); ++i) exponentiate(batch.at(i), result.at(i));
  return row_major_as(*context.pool, result.tensor(), a.dtype());
}

}  // namespace hearth
