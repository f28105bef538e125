// Products of float32 by ordinary multiply-add instructions: tensor cores would round the operands.

#include "product_rows.cuh"

namespace hearth::gpu {
namespace {

constexpr int kThreads = 256;
constexpr int kSide = 16;  // Threads of a block in each direction.
constexpr int kDepth = 8;  // Of a stage in shared memory.
constexpr int kStages = 3;

/// Copies 4 bytes in the background; zeros when they are not `wanted`.
__device__ inline void copy_number(float* shared, const float* global, bool wanted) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(shared_address(shared)), "l"(global),
               "r"(wanted ? 4 : 0)
               : "memory");
}

/// A strip of an operand, kDepth deep, with its rows (of a; columns of b) side by side. Rows are apart by a bit more
/// than kSize, so that threads that copy along the depth write to different banks.
template <int kSize>
struct Strip {
  float at[kDepth][kSize + 4];
};

/// What a thread copies of an operand's strips: any strides, in the order that reads neighbours in memory together.
template <int kSize>
struct StripCopy {
  static constexpr int kNumbers = kSize * kDepth / kThreads;  // Of a thread.

  const float* data;
  int64_t across_stride;
  int64_t depth_stride;
  int across;  ///< The first number's place in the strip.
  int depth;
  int across_step;  ///< To the next number of this thread.
  int depth_step;
  int across_left;  ///< Of the operand, from the strip on.

  __device__ StripCopy(const float* operand, int64_t across_stride, int64_t depth_stride, int first, int size)
      : data(operand + first * across_stride),
        across_stride(across_stride),
        depth_stride(depth_stride),
        across_left(size - first) {
    const int thread = static_cast<int>(threadIdx.x);
    const bool along_depth = depth_stride == 1;
    across = along_depth ? thread / kDepth : thread % kSize;
    depth = along_depth ? thread % kDepth : thread / kSize;
    across_step = along_depth ? kThreads / kDepth : 0;
    depth_step = along_depth ? 0 : kThreads / kSize;
  }

  __device__ void load(Strip<kSize>& to, int begin, int end) const {
#pragma unroll
    for (int i = 0; i < kNumbers; ++i) {
      const int row = across + i * across_step;
      const int k = depth + i * depth_step;
      const bool wanted = row < across_left && begin + k < end;
      copy_number(&to.at[k][row], wanted ? data + row * across_stride + (begin + k) * depth_stride : data, wanted);
    }
  }
};

/// kBlock by kBlock results of a thread: fours of rows and columns, each 64 apart, so that reading them is free of
/// conflicts.
template <int kBlock>
struct FloatTile {
  static constexpr int kSize = kSide * kBlock;
  static constexpr int kFours = kBlock / 4;
  static constexpr int kFoursApart = kSide * 4;

  struct Operands {
    Strip<kSize> a[kStages];
    Strip<kSize> b[kStages];
  };
  union Shared {
    Operands operands;
    float sums[kFoursApart][kSize];  // Of one four of each thread's rows.
  };

  float sums[kBlock][kBlock] = {};

  __device__ static int thread_row() { return static_cast<int>(threadIdx.x) / kSide * 4; }
  __device__ static int thread_column() { return static_cast<int>(threadIdx.x) % kSide * 4; }

  __device__ static void read_fours(float (&to)[kBlock], const float (&from)[kSize + 4], int first) {
#pragma unroll
    for (int four = 0; four < kFours; ++four) {
      const float4 numbers = *reinterpret_cast<const float4*>(&from[first + four * kFoursApart]);
      to[four * 4] = numbers.x;
      to[four * 4 + 1] = numbers.y;
      to[four * 4 + 2] = numbers.z;
      to[four * 4 + 3] = numbers.w;
    }
  }

  __device__ void add(const Strip<kSize>& a, const Strip<kSize>& b) {
#pragma unroll
    for (int k = 0; k < kDepth; ++k) {
      float rows[kBlock];
      float columns[kBlock];
      read_fours(rows, a.at[k], thread_row());
      read_fours(columns, b.at[k], thread_column());
#pragma unroll
      for (int i = 0; i < kBlock; ++i) {
#pragma unroll
        for (int j = 0; j < kBlock; ++j) sums[i][j] += rows[i] * columns[j];
      }
    }
  }
};

/// grid: x: tiles, y: splits of the depth, z: the batch.
template <int kBlock>
__device__ void multiply_floats(const Product& product) {
  using Tile = FloatTile<kBlock>;
  __shared__ __align__(16) typename Tile::Shared shared;
  const TilePlace place = place_of_tile(static_cast<int>(blockIdx.x), (product.rows - 1) / Tile::kSize + 1,
                                        (product.columns - 1) / Tile::kSize + 1);
  const int first_row = place.row * Tile::kSize;
  const int first_column = place.column * Tile::kSize;
  const DepthRange range = depth_of_split(product);
  const int64_t batch = blockIdx.z;
  const StripCopy<Tile::kSize> a(address_of<const float>(product.a, batch, 0, 0), product.a.row_stride,
                                 product.a.column_stride, first_row, product.rows);
  const StripCopy<Tile::kSize> b(address_of<const float>(product.b, batch, 0, 0), product.b.column_stride,
                                 product.b.row_stride, first_column, product.columns);
  const int strips = (range.end - range.begin + kDepth - 1) / kDepth;
  const auto load = [&](int strip) {
    if (strip < strips) {
      a.load(shared.operands.a[strip % kStages], range.begin + strip * kDepth, range.end);
      b.load(shared.operands.b[strip % kStages], range.begin + strip * kDepth, range.end);
    }
    commit_copies();
  };

  Tile tile;
  for (int strip = 0; strip < kStages - 1; ++strip) load(strip);
  for (int strip = 0; strip < strips; ++strip) {
    wait_for_copies<kStages - 2>();
    __syncthreads();
    load(strip + kStages - 1);
    tile.add(shared.operands.a[strip % kStages], shared.operands.b[strip % kStages]);
  }

  constexpr int kPairs = Tile::kSize / 2;
#pragma unroll
  for (int four = 0; four < Tile::kFours; ++four) {
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 4; ++i) {
#pragma unroll
      for (int j = 0; j < kBlock; j += 4) {
        const float* sums = &tile.sums[four * 4 + i][j];
        *reinterpret_cast<float4*>(
            &shared.sums[Tile::thread_row() + i][Tile::thread_column() + j / 4 * Tile::kFoursApart]) = {
            sums[0], sums[1], sums[2], sums[3]};
      }
    }
    __syncthreads();
#pragma unroll 1
    for (int i = static_cast<int>(threadIdx.x); i < Tile::kFoursApart * kPairs; i += kThreads) {
      const int row = first_row + four * Tile::kFoursApart + i / kPairs;
      const int column = first_column + i % kPairs * 2;
      if (row >= product.rows || column >= product.columns) continue;
      const float* sums = &shared.sums[i / kPairs][i % kPairs * 2];
      finish_or_keep<float>(product, batch, row, column, sums[0], sums[1]);
    }
  }
}

}  // namespace
}  // namespace hearth::gpu

HEARTH_PRODUCT_ROWS(float)

extern "C" __global__ void __launch_bounds__(hearth::gpu::kThreads, 2)
    large(const __grid_constant__ hearth::gpu::Product product) {
  hearth::gpu::multiply_floats<8>(product);
}

extern "C" __global__ void __launch_bounds__(hearth::gpu::kThreads, 2)
    small(const __grid_constant__ hearth::gpu::Product product) {
  hearth::gpu::multiply_floats<4>(product);
}
