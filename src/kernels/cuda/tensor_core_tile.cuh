// Sums of one tile of a matrix product on tensor cores. Tiles of both operands, 64 bytes deep, pass through shared
// memory in a ring of stages that asynchronous copies fill (the scheme of CUTLASS's multistage kernels for sm_80).
// Pieces of 16 bytes are exchanged within their row, so that neither copies nor ldmatrix meet in one bank.
#pragma once

#include <cstddef>

#include "tensor_core.cuh"

namespace hearth::gpu {

/// What lies side by side in an operand's memory, in pieces of 16 bytes that are aligned to 16 bytes.
enum class Order {
  kDepth,   ///< Neighbours along the depth: of a row of a, or of a column of b.
  kAcross,  ///< Neighbours across it. For numbers of 16 bits.
  kAny,     ///< Nothing in particular: elements are copied one by one.
};

constexpr int kDepthBytes = 64;
constexpr int kStepBytes = 32;  // What one mma.sync takes of the depth.
constexpr int kPieceBytes = 16;
constexpr int kPieces = kDepthBytes / kPieceBytes;

/// An operand as a block sees it: rows of a, or columns of b, that its tile of the result needs.
template <typename Number>
struct OperandStrip {
  const Number* data;  ///< Of the batch's entry.
  int64_t across_stride;
  int64_t depth_stride;
  int first;  ///< Row or column that the tile begins at.
  int size;   ///< Of all rows or columns.
};

/// Copies tiles of an operand to shared memory, and reads fragments from there.
template <typename Number, int kSize, Order kOrder, int kThreads>
class OperandTile {
 public:
  static constexpr int kBytes = kSize * kDepthBytes;
  static constexpr int kDepth = kDepthBytes / sizeof(Number);

  /// `begin` and `end`: what is summed of the depth.
  __device__ OperandTile(const OperandStrip<Number>& strip, int begin, int end) : strip_(strip), end_(end) {
    const int thread = static_cast<int>(threadIdx.x);
    if constexpr (kOrder == Order::kDepth) {
      row_ = thread / kPieces;
      number_ = begin + thread % kPieces * kPerPiece;
      from_ = strip.data + (strip.first + row_) * strip.across_stride + number_;
      step_ = kRowsAtOnce * strip.across_stride;
      place_ = place_along_depth(row_, thread % kPieces);
    } else if constexpr (kOrder == Order::kAcross) {
      row_ = begin + thread / kPiecesAcross;
      number_ = strip.first + thread % kPiecesAcross * kPerPiece;
      from_ = strip.data + row_ * strip.depth_stride + number_;
      step_ = kDepthsAtOnce * strip.depth_stride;
      place_ = place_across(thread / kPiecesAcross, thread % kPiecesAcross);
    } else {
      const bool along_depth = strip.depth_stride == 1;  // Neighbouring threads copy what is adjacent in memory.
      row_ = along_depth ? thread / kDepth : thread % kSize;
      number_ = begin + (along_depth ? thread % kDepth : thread / kSize);
      row_step_ = along_depth ? kThreads / kDepth : 0;
      depth_step_ = along_depth ? 0 : kThreads / kSize;
      from_ = strip.data + (strip.first + row_) * strip.across_stride + number_ * strip.depth_stride;
      step_ = row_step_ * strip.across_stride + depth_step_ * strip.depth_stride;
      place_ = number_ - begin;
    }
  }

  /// Starts the copy of the next kDepth of the depth; zeros beyond the operand.
  __device__ void load(std::byte* shared) {
    const Number* from = from_;
    if constexpr (kOrder == Order::kDepth) {
      const int bytes = bytes_of(end_ - number_);
#pragma unroll
      for (int i = 0; i < kSize / kRowsAtOnce; ++i) {
        const int row = row_ + i * kRowsAtOnce;
        copy_async(shared + place_ + i * kRowsAtOnce * kDepthBytes, from, strip_.first + row < strip_.size ? bytes : 0);
        from += step_;
      }
      from_ += kDepth;
      number_ += kDepth;
    } else if constexpr (kOrder == Order::kAcross) {
      const int bytes = bytes_of(strip_.size - number_);
#pragma unroll
      for (int i = 0; i < kDepth / kDepthsAtOnce; ++i) {
        const int row = row_ + i * kDepthsAtOnce;
        copy_async(shared + place_ + i * kDepthsAtOnce * kRowBytes, from, row < end_ ? bytes : 0);
        from += step_;
      }
      from_ = from;
      row_ += kDepth;
    } else {
      load_elements(shared);
      from_ += kDepth * strip_.depth_stride;
      number_ += kDepth;
    }
  }

  /// A fragment for one step of mma.sync: four matrices of 8 rows (of a; columns of b) by 16 bytes of the depth. `row`
  /// and `piece` say which of the fragment's two by two matrices this lane gives an address for.
  __device__ static void load_fragment(uint32_t (&to)[4], const std::byte* shared, int origin, int step, int row,
                                       int piece) {
    const int lane_row = static_cast<int>(threadIdx.x) % 8;
    if constexpr (kOrder == Order::kAcross) {
      const int depth = step * (kStepBytes / static_cast<int>(sizeof(Number))) + piece * 8;
      load_transposed_matrices(to, shared + depth * kRowBytes + place_across(lane_row, origin / kPerPiece + row));
    } else {
      load_matrices(to, shared + (origin + row * 8) * kDepthBytes + place_along_depth(lane_row, 2 * step + piece));
    }
  }

 private:
  static constexpr int kPerPiece = kPieceBytes / sizeof(Number);
  static constexpr int kRowsAtOnce = kThreads / kPieces;    // Order::kDepth: rows that all threads copy together.
  static constexpr int kRowBytes = kSize * sizeof(Number);  // Order::kAcross: of a row in shared memory.
  static constexpr int kPiecesAcross = kSize / kPerPiece;
  static constexpr int kDepthsAtOnce = kThreads / kPiecesAcross;
  // Steps between a thread's pieces leave their exchange as it is.
  static_assert(kRowsAtOnce % 8 == 0 && (kOrder != Order::kAcross || kDepthsAtOnce % 8 == 0));

  __device__ static int place_along_depth(int row, int piece) {
    return row * kDepthBytes + (piece ^ (row / 2 % kPieces)) * kPieceBytes;
  }
  __device__ static int place_across(int depth, int piece) {
    return depth * kRowBytes + (piece ^ (depth % 8)) * kPieceBytes;
  }
  __device__ static int bytes_of(int numbers) {
    return min(max(numbers * static_cast<int>(sizeof(Number)), 0), kPieceBytes);
  }

  __device__ void load_elements(std::byte* shared) const {
    constexpr int kAtOnce = 4;
    const Number* from = from_;
    int row = row_;
    int depth = number_;
    // Not unrolled further: the compiler would keep what each element needs in registers, of which there are too few.
#pragma unroll 1
    for (int i = 0; i < kSize * kDepth / kThreads; i += kAtOnce) {
      Number numbers[kAtOnce];
#pragma unroll
      for (int j = 0; j < kAtOnce; ++j) {
        const bool inside = strip_.first + row + j * row_step_ < strip_.size && depth + j * depth_step_ < end_;
        numbers[j] = inside ? *from : Number();
        from += step_;
      }
#pragma unroll
      for (int j = 0; j < kAtOnce; ++j) {
        const int place = depth - number_ + place_;
        std::byte* piece = shared + place_along_depth(row, place / kPerPiece);
        reinterpret_cast<Number*>(piece)[place % kPerPiece] = numbers[j];
        row += row_step_;
        depth += depth_step_;
      }
    }
  }

  OperandStrip<Number> strip_;
  int end_;
  const Number* from_ = nullptr;  ///< This thread's first piece, or element, of the next tile.
  int64_t step_ = 0;              ///< To its next one.
  int row_ = 0;                   ///< Across, within the tile; in Order::kAcross: along the depth.
  int number_ = 0;                ///< Along the depth; in Order::kAcross: across.
  int place_ = 0;                 ///< In shared memory; in Order::kAny: along the depth, within the tile.
  int row_step_ = 0;              ///< Order::kAny: to the next element.
  int depth_step_ = 0;
};

/// The shape of a tile of the result, two warps high and `kTileWarps` wide.
template <int kTileRows, int kTileColumns, int kTileWarps, int kTileStages>
struct TileShape {
  static constexpr int kThreads = 2 * kTileWarps * 32;
  static constexpr int kRows = kTileRows;
  static constexpr int kColumns = kTileColumns;
  static constexpr int kWarpsAcross = kTileWarps;
  static constexpr int kWarpRows = kRows / 2;
  static constexpr int kWarpColumns = kColumns / kTileWarps;
  static constexpr int kStages = kTileStages;
  static constexpr int kRowBlocks = kWarpRows / 16;       // Of a warp, of 16 rows.
  static constexpr int kColumnBlocks = kWarpColumns / 8;  // Of a warp, of 8 columns.
  static constexpr int kStageBytes = (kRows + kColumns) * kDepthBytes;
  static_assert(kStages * kStageBytes >= kRows * kWarpColumns * 4, "sums take the operands' place at the end");
};

/// A block's sums, of Number · OtherNumber, and the steps to them.
template <typename Number, typename OtherNumber, typename Sum, class Shape, Order kOrderOfA, Order kOrderOfB>
class TileSums {
 public:
  using TileOfA = OperandTile<Number, Shape::kRows, kOrderOfA, Shape::kThreads>;
  using TileOfB = OperandTile<OtherNumber, Shape::kColumns, kOrderOfB, Shape::kThreads>;

  /// Adds up the depth from `begin` to `end`. `shared`: kStages · kStageBytes, free again for give(). on_step(b), b
  /// being fragments of B, is called for each step beside the multiplications.
  template <typename OnStep>
  __device__ void add(const OperandStrip<Number>& a, const OperandStrip<OtherNumber>& b, int begin, int end,
                      std::byte* shared, OnStep on_step) {
    const int tiles = (end - begin + TileOfA::kDepth - 1) / TileOfA::kDepth;
    if (tiles <= 0) return;
    TileOfA tile_of_a(a, begin, end);
    TileOfB tile_of_b(b, begin, end);
    const auto load = [&](int tile) {
      if (tile < tiles) {
        tile_of_a.load(stage(shared, tile));
        tile_of_b.load(stage(shared, tile) + TileOfA::kBytes);
      }
      commit_copies();
    };
    for (int tile = 0; tile < Shape::kStages - 1; ++tile) load(tile);
    wait_for_copies<Shape::kStages - 2>();
    __syncthreads();
    Fragments even;
    Fragments odd;
    load_fragments(even, shared, 0);
#pragma unroll 1
    for (int tile = 0; tile < tiles; ++tile) {
      load(tile + Shape::kStages - 1);
      load_fragments(odd, stage(shared, tile), 1);
      multiply(even);
      on_step(even.b);
      wait_for_copies<Shape::kStages - 2>();
      __syncthreads();
      if (tile + 1 < tiles) load_fragments(even, stage(shared, tile + 1), 0);
      multiply(odd);
      on_step(odd.b);
    }
  }

  struct alignas(8) Pair {
    Sum first;
    Sum second;
  };

  /// Calls take(row, column, pair) for all pairs of neighbouring sums, places counted within the tile. They go through
  /// shared memory, those of two warps at a time, so that the code for one pair is there once and neighbouring threads
  /// have neighbouring pairs.
  template <typename Take>
  __device__ void give(std::byte* shared, Take take) const {
    constexpr int kPairs = Shape::kWarpColumns / 2;
#pragma unroll 1
    for (int part = 0; part < Shape::kWarpsAcross; ++part) {
      if (part > 0) __syncthreads();
      if (warp_column() == part * Shape::kWarpColumns) store(shared);
      __syncthreads();
#pragma unroll 1
      for (int i = static_cast<int>(threadIdx.x); i < Shape::kRows * kPairs; i += Shape::kThreads) {
        const int column = i % kPairs * 2;
        take(i / kPairs, part * Shape::kWarpColumns + column, *pair_at(shared, i / kPairs, column));
      }
    }
  }

  __device__ static int lane() { return static_cast<int>(threadIdx.x) % 32; }
  /// Where the warp's part of the tile begins.
  __device__ static int warp_row() {
    return static_cast<int>(threadIdx.x) / 32 / Shape::kWarpsAcross * Shape::kWarpRows;
  }
  __device__ static int warp_column() {
    return static_cast<int>(threadIdx.x) / 32 % Shape::kWarpsAcross * Shape::kWarpColumns;
  }

 private:
  struct Fragments {
    uint32_t a[Shape::kRowBlocks][4];
    uint32_t b[Shape::kColumnBlocks / 2][4];  // Two blocks of columns each.
  };

  __device__ static std::byte* stage(std::byte* shared, int tile) {
    return shared + tile % Shape::kStages * Shape::kStageBytes;
  }

  __device__ static void load_fragments(Fragments& to, const std::byte* stage, int step) {
    const int matrix = lane() / 8;
#pragma unroll
    for (int i = 0; i < Shape::kRowBlocks; ++i) {
      TileOfA::load_fragment(to.a[i], stage, warp_row() + i * 16, step, matrix % 2, matrix / 2);
    }
#pragma unroll
    for (int j = 0; j < Shape::kColumnBlocks / 2; ++j) {
      TileOfB::load_fragment(to.b[j], stage + TileOfA::kBytes, warp_column() + j * 16, step, matrix / 2, matrix % 2);
    }
  }

  __device__ void multiply(const Fragments& by) {
#pragma unroll
    for (int i = 0; i < Shape::kRowBlocks; ++i) {
#pragma unroll
      for (int j = 0; j < Shape::kColumnBlocks; ++j) {
        multiply_add<Number>(sums_[i][j], by.a[i], by.b[j / 2][j % 2 * 2], by.b[j / 2][j % 2 * 2 + 1]);
      }
    }
  }

  /// `column` is counted within the warps' part. Rows are exchanged by eights of columns: else lanes that store to the
  /// same columns of different rows would meet in one bank.
  __device__ static Pair* pair_at(std::byte* shared, int row, int column) {
    return reinterpret_cast<Pair*>(shared) + (row * Shape::kWarpColumns + (column ^ (row % 4 * 8))) / 2;
  }

  __device__ void store(std::byte* shared) const {
    const int row = warp_row() + lane() / 4;
    const int column = lane() % 4 * 2;
#pragma unroll
    for (int i = 0; i < Shape::kRowBlocks; ++i) {
#pragma unroll
      for (int j = 0; j < Shape::kColumnBlocks; ++j) {
        *pair_at(shared, row + i * 16, column + j * 8) = {sums_[i][j][0], sums_[i][j][1]};
        *pair_at(shared, row + i * 16 + 8, column + j * 8) = {sums_[i][j][2], sums_[i][j][3]};
      }
    }
  }

  Sum sums_[Shape::kRowBlocks][Shape::kColumnBlocks][4] = {};
};

}  // namespace hearth::gpu
