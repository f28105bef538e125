#pragma once

#include <type_traits>

#include "kernels/cpu/result_vector.h"
#include "kernels/cpu/vector_math.h"

namespace hearth {

/// Finishes a block of sums, column of vectors by column of vectors: what belongs to a column is read once for all its
/// rows. Residual and Result are float, BFloat16 or uint8_t. Where the activation is a clamp, scales, bias and residual
/// are multiplied by the result's factor beforehand, so that values need not be.
template <class Isa, class Residual, class Result, bool kIntegers>
class BlockFinisher {
 public:
  explicit BlockFinisher(const FinishArguments& block)
      : block_(block),
        result_(block.activation, block.result_affine),
        factor_(result_.is_clamp() ? result_.factor() : 1),
        residual_scale_(std::is_same_v<Residual, uint8_t> ? block.residual_affine.scale * factor_ : factor_) {}

  void run() const {
    if (result_.is_clamp()) {
      return for_each_vector([&](int64_t n, int columns) __attribute__((always_inline)) {
        for_each_value(n, columns, [&](int64_t r, Vector value) __attribute__((always_inline)) {
          result_.store_scaled(result(r) + n, value, columns);
        });
      });
    }
    for_each_vector([&](int64_t n, int columns) __attribute__((always_inline)) {
      for_each_value(n, columns,
                     [&](int64_t r, Vector value) __attribute__((always_inline)) { Isa::store(sums(r) + n, value); });
    });
    for (int64_t r = 0; r < block_.rows; ++r) activate<Isa>(block_.activation, sums(r), block_.columns);
    for_each_vector([&](int64_t n, int columns) __attribute__((always_inline)) {
      for (int64_t r = 0; r < block_.rows; ++r) result_.store(result(r) + n, Isa::load(sums(r) + n), columns);
    });
  }

  /// Asks for the lines of memory that run() of so many rows is going to touch: where rows lie far apart the processor
  /// does not guess them.
  template <int kRows>
  [[gnu::always_inline]] void prefetch() const {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      if (block_.residual) {
        __builtin_prefetch(static_cast<const Residual*>(block_.residual) + r * block_.residual_stride);
      }
      __builtin_prefetch(result(r), 1);
    }
  }

  /// The same for sums in registers, all rows and columns of the block, whose activation is a clamp and whose rows have
  /// no scales.
  template <int kRows, int kVectors>
  [[gnu::always_inline]] void run(const typename Isa::Vector (&sums)[kRows][kVectors]) const {
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j) {
      const int64_t n = j * Isa::kLanes;
      if (n + Isa::kLanes <= block_.columns) {
        run_vector(sums, j, columns(n, Isa::kLanes));
      } else if (n < block_.columns) {
        run_vector(sums, j, columns(n, static_cast<int>(block_.columns - n)));
      }
    }
  }

 private:
  using Vector = typename Isa::Vector;
  using Integer = typename Isa::Integer;

  /// What belongs to a vector of columns.
  struct Columns {
    int64_t first;
    int count;
    Vector bias;  ///< Less what the bytes of a residual are too large by.
    Vector scale;
    Integer offset;
  };

  [[gnu::always_inline]] Columns columns(int64_t n, int count) const {
    Columns columns{n, count, block_.bias ? load_columns<Isa>(block_.bias + n, count) : Vector{}, {}, {}};
    if constexpr (std::is_same_v<Result, uint8_t>) columns.bias *= factor_;
    if constexpr (std::is_same_v<Residual, uint8_t>) {
      if (block_.residual) columns.bias -= static_cast<float>(block_.residual_affine.zero) * residual_scale_;
    }
    if constexpr (kIntegers) {
      columns.scale = load_columns<Isa>(block_.integers.scales + n, count) * factor_;
      columns.offset = reinterpret_cast<Integer>(
          load_columns<Isa>(reinterpret_cast<const float*>(block_.integers.offsets) + n, count));
    }
    return columns;
  }

  /// A sum with bias.
  [[gnu::always_inline]] Vector with_bias(const Columns& columns, Vector sum) const {
    if constexpr (!kIntegers) return sum + columns.bias;
    const Vector exact = __builtin_convertvector(reinterpret_cast<Integer>(sum) - columns.offset, Vector);
    return exact * columns.scale + columns.bias;
  }

  [[gnu::always_inline]] Vector with_residual(const Columns& columns, int64_t r, Vector value) const {
    const Residual* from = static_cast<const Residual*>(block_.residual) + r * block_.residual_stride + columns.first;
    if constexpr (std::is_same_v<Residual, uint8_t>) {
      return value + load_bytes<Isa>(from, 0, columns.count) * residual_scale_;
    } else if constexpr (std::is_same_v<Result, uint8_t>) {
      return value + load_columns<Isa>(from, columns.count) * residual_scale_;
    } else {
      return value + load_columns<Isa>(from, columns.count);
    }
  }

  template <int kRows, int kVectors>
  [[gnu::always_inline]] void run_vector(const Vector (&sums)[kRows][kVectors], int j, const Columns& columns) const {
    Vector values[kRows];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) values[r] = with_bias(columns, sums[r][j]);
    // All loads come before the stores: the processor takes addresses a multiple of 4 KiB apart for the same.
    if (block_.residual) {
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) values[r] = with_residual(columns, r, values[r]);
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) result_.store_scaled(result(r) + columns.first, values[r], columns.count);
  }

  /// Calls `visit(n, columns)` for each vector. `columns` is a constant for whole ones.
  template <class Visit>
  [[gnu::always_inline]] void for_each_vector(Visit visit) const {
    int64_t n = 0;
    for (; n + Isa::kLanes <= block_.columns; n += Isa::kLanes) visit(n, Isa::kLanes);
    if (n < block_.columns) visit(n, static_cast<int>(block_.columns - n));
  }

  /// Calls `visit(r, sum with bias and residual)` for each row of the vector at column `n`.
  template <class Visit>
  [[gnu::always_inline]] void for_each_value(int64_t n, int count, Visit visit) const {
    const Columns of_vector = columns(n, count);
    const auto value_of = [&](int64_t r) { return with_bias(of_row(of_vector, r), Isa::load(sums(r) + n)); };
    if (block_.residual) {
      for (int64_t r = 0; r < block_.rows; ++r) visit(r, with_residual(of_vector, r, value_of(r)));
    } else {
      for (int64_t r = 0; r < block_.rows; ++r) visit(r, value_of(r));
    }
  }

  /// `columns` with the row's own scale.
  [[gnu::always_inline]] Columns of_row(Columns columns, int64_t r) const {
    if constexpr (kIntegers) {
      if (block_.integers.row_scales) columns.scale *= block_.integers.row_scales[r];
    }
    return columns;
  }

  float* sums(int64_t r) const { return block_.sums + r * block_.sums_stride; }
  Result* result(int64_t r) const { return static_cast<Result*>(block_.result) + r * block_.result_stride; }

  const FinishArguments block_;
  const ResultVector<Isa, Result> result_;
  const float factor_;
  const float residual_scale_;
};

template <class Isa>
void finish(const FinishArguments& block) {
  if (block.result_dtype == DType::kBFloat16) return BlockFinisher<Isa, BFloat16, BFloat16, false>(block).run();
  if (!block.integers.offsets) return BlockFinisher<Isa, float, float, false>(block).run();
  const bool byte_residual = block.residual && block.residual_dtype == DType::kUInt8;
  if (block.result_dtype == DType::kUInt8) {
    return byte_residual ? BlockFinisher<Isa, uint8_t, uint8_t, true>(block).run()
                         : BlockFinisher<Isa, float, uint8_t, true>(block).run();
  }
  byte_residual ? BlockFinisher<Isa, uint8_t, float, true>(block).run()
                : BlockFinisher<Isa, float, float, true>(block).run();
}

}  // namespace hearth
