#pragma once

#include <cstdint>

#include "kernels/context.h"
#include "kernels/cpu/micro_kernels.h"

namespace hearth {

/// A left operand that is not in memory as a matrix but is made block by block. Thread-safe.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  /// Writes rows [row, row + rows) x depths [depth_begin, depth_begin + depth) of `instance` to `to`, whose rows are
  /// `to_stride` elements apart.
  virtual void gather(int64_t instance, int64_t row, int64_t rows, int64_t depth_begin, int64_t depth, float* to,
                      int64_t to_stride) const = 0;
};

/// A left operand whose rows lie evenly spaced within lines and whose depth falls into runs, each at an address of its
/// own: a convolution's windows. Thread-safe.
class WindowSource {
 public:
  /// Runs that one row may have.
  static constexpr int kMostRuns = 64;

  virtual ~WindowSource() = default;
  virtual int64_t line_length() const = 0;  ///< Rows of a line.
  virtual int64_t row_stride() const = 0;
  /// Writes the runs of depths [depth_begin, depth_begin + depth) for row `row` of `instance` (and those after it in
  /// its line) to `runs`; depths that are 0 for the whole line may be left out. The first b is `b`, and b_stride leads
  /// from depth to depth. Returns how many.
  virtual int runs(int64_t instance, int64_t row, int64_t depth_begin, int64_t depth, const float* b, int64_t b_stride,
                   DepthRun* runs) const = 0;
};

/// Takes the sums of tiles that do not finish them. Thread-safe.
class TileSink {
 public:
  virtual ~TileSink() = default;
  /// The sums of rows [row, row + rows) x columns [column, column + columns) of `instance`, rows `stride` elements
  /// apart. They may be overwritten.
  virtual void store(int64_t instance, int64_t row, int64_t rows, int64_t column, int64_t columns, float* sums,
                     int64_t stride) const = 0;
  /// True when tiles of `kernels` can finish their sums by themselves, each with its finish_arguments().
  virtual bool is_finished_by(const TileKernels& kernels) const = 0;
  virtual FinishArguments finish_arguments(int64_t instance, int64_t row, int64_t rows, int64_t column,
                                           int64_t columns) const = 0;
};

/// For each instance (a batch entry, a group): c = activation(alpha · (a · b) + bias + residual). Strides are in
/// elements; those named after an instance lead from one instance to the next.
struct Gemm {
  int64_t instances = 1;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t depth = 0;  ///< A multiple of the kernels' depth_step.

  /// The left operand: blocks, windows, or else a matrix [rows, depth] of any strides.
  const BlockSource* blocks = nullptr;
  const WindowSource* windows = nullptr;
  const float* a = nullptr;
  int64_t a_instance = 0;
  int64_t a_row = 0;
  int64_t a_depth = 1;

  const float* b = nullptr;  ///< Panels as pack.h makes them or, when b_row is not 0, [depth, columns] row-major.
  int64_t b_instance = 0;
  int64_t b_row = 0;  ///< Needs columns that are a multiple of the lanes.

  /// Set for kernels that only sum, which use nothing of what follows; or else null, and they store the sums in c,
  /// whole vectors of them.
  const TileSink* sink = nullptr;
  float* c = nullptr;  ///< [rows, columns], columns adjacent. Must not overlap a, b or residual.
  int64_t c_instance = 0;
  int64_t c_row = 0;
  const float* bias = nullptr;  ///< [columns] or null.
  int64_t bias_instance = 0;
  const float* residual = nullptr;  ///< [rows, columns], columns adjacent, or null.
  int64_t residual_instance = 0;
  int64_t residual_row = 0;
  float alpha = 1;
  Activation activation = Activation::kNone;
};

/// The bounds that put `activation`, or nothing, into the clamp at the end of a tile; false when it is no clamp and
/// must follow on its own.
bool activation_as_clamp(Activation activation, float& low, float& high);

/// Rows that lie a multiple of this many elements apart share sets of a first-level cache and drive each other out.
inline constexpr int64_t kAliasingStride = 512;

/// Computes it with the context's team. The bits of the result do not depend on the size of the team. kOutOfMemory.
Status run_gemm(const KernelContext& context, const TileKernels& kernels, const Gemm& gemm);

}  // namespace hearth
