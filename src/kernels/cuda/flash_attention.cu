// Attention that keeps its scores in registers: a tile of queries goes once over all keys, with a running maximum (Dao,
// "FlashAttention-2", 2023). Products by tensor cores, sums in float. While scores are computed the tile's values
// arrive, and the next keys while values are added.

#include "flash_attention.cuh"
#include "tensor_core.cuh"

namespace {

using namespace hearth::gpu;

constexpr int kThreads = 32 * FlashTile::kWarps;
constexpr float kInfinity = __builtin_inff();
constexpr float kLog2OfE = 1.44269504F;

__device__ float exp2_fast(float value) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(value));
  return result;
}

template <typename Number>
__device__ uint32_t packed(float low, float high);
template <>
__device__ uint32_t packed<__nv_bfloat16>(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return reinterpret_cast<const uint32_t&>(pair);
}
template <>
__device__ uint32_t packed<__half>(float low, float high) {
  const __half2 pair = __floats2half2_rn(low, high);
  return reinterpret_cast<const uint32_t&>(pair);
}

/// Of all lanes with the same row of a tile.
__device__ float largest_of_row(float value) {
  value = fmaxf(value, __shfl_xor_sync(~0U, value, 1));
  return fmaxf(value, __shfl_xor_sync(~0U, value, 2));
}
__device__ float sum_of_row(float value) {
  value += __shfl_xor_sync(~0U, value, 1);
  return value + __shfl_xor_sync(~0U, value, 2);
}

template <typename Number, int kDepth, int kRowTiles, int kKeys>
struct Attention {
  static constexpr FlashTile kTile{kDepth, kRowTiles, kKeys};
  static constexpr int kStride = kTile.row_stride();
  static constexpr int kQueries = kTile.queries();

  /// Rows `first` on into shared memory, zeros from row `end` and column `depth` on.
  template <int kRows>
  static __device__ void load(Number* shared, const Number* rows, const AttentionRowsOnGpu& layout, int depth,
                              int first, int end) {
    if (layout.vectors != 0) {
      constexpr int kChunks = kDepth / 8;
#pragma unroll 4
      for (int i = static_cast<int>(threadIdx.x); i < kRows * kChunks; i += kThreads) {
        const int row = i / kChunks;
        const int column = i % kChunks * 8;
        const bool there = first + row < end && column < depth;
        copy_async(shared + row * kStride + column, there ? rows + (first + row) * layout.strides[2] + column : rows,
                   there ? 16 : 0);
      }
      return;
    }
    for (int i = static_cast<int>(threadIdx.x); i < kRows * kDepth; i += kThreads) {
      const int row = i / kDepth;
      const int column = i % kDepth;
      const bool there = first + row < end && column < depth;
      shared[row * kStride + column] =
          there ? rows[(first + row) * layout.strides[2] + column * layout.strides[3]] : from_float<Number>(0.0F);
    }
  }

  /// A warp's sums of a tile of kColumns columns.
  template <int kColumns>
  using Sums = float[kRowTiles][kColumns / 8][4];

  static __device__ void multiply_keys(Sums<kKeys>& scores, const Number* queries, const Number* keys, int lane) {
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
      for (int k = 0; k < kKeys / 8; ++k) {
#pragma unroll
        for (int i = 0; i < 4; ++i) scores[r][k][i] = 0;
      }
    }
#pragma unroll
    for (int d = 0; d < kDepth; d += 16) {
      uint32_t a[kRowTiles][4];
#pragma unroll
      for (int r = 0; r < kRowTiles; ++r) {
        load_matrices(a[r], queries + (r * 16 + lane % 16) * kStride + d + lane / 16 * 8);
      }
#pragma unroll
      for (int k = 0; k < kKeys; k += 16) {
        uint32_t b[4];
        load_matrices(b, keys + (k + lane / 16 * 8 + lane % 8) * kStride + d + lane / 8 % 2 * 8);
#pragma unroll
        for (int r = 0; r < kRowTiles; ++r) {
          multiply_add<Number>(scores[r][k / 8], a[r], b[0], b[1]);
          multiply_add<Number>(scores[r][k / 8 + 1], a[r], b[2], b[3]);
        }
      }
    }
  }

  static __device__ void add_values(Sums<kDepth>& sums, const Sums<kKeys>& weights, const Number* values, int lane) {
#pragma unroll
    for (int k = 0; k < kKeys; k += 16) {
      uint32_t a[kRowTiles][4];
#pragma unroll
      for (int r = 0; r < kRowTiles; ++r) {
        const auto& left = weights[r][k / 8];
        const auto& right = weights[r][k / 8 + 1];
        a[r][0] = packed<Number>(left[0], left[1]);
        a[r][1] = packed<Number>(left[2], left[3]);
        a[r][2] = packed<Number>(right[0], right[1]);
        a[r][3] = packed<Number>(right[2], right[3]);
      }
#pragma unroll
      for (int d = 0; d < kDepth; d += 16) {
        uint32_t b[4];
        load_transposed_matrices(b, values + (k + lane % 16) * kStride + d + lane / 16 * 8);
#pragma unroll
        for (int r = 0; r < kRowTiles; ++r) {
          multiply_add<Number>(sums[r][d / 8], a[r], b[0], b[1]);
          multiply_add<Number>(sums[r][d / 8 + 1], a[r], b[2], b[3]);
        }
      }
    }
  }

  /// Calls visit(score, query, key) for each score of the lane.
  template <typename Visit>
  static __device__ void for_each_score(Sums<kKeys>& scores, int first_query, int first_key, int lane, Visit visit) {
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
      for (int k = 0; k < kKeys / 8; ++k) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          visit(scores[r][k][i], first_query + r * 16 + lane / 4 + i / 2 * 8, first_key + k * 8 + lane % 4 * 2 + i % 2);
        }
      }
    }
  }

  /// Of the lane's rows of each row tile: the largest score so far, in the units of the scores, and the lane's part of
  /// the sum of weights.
  struct Running {
    float maximum[kRowTiles][2];
    float total[kRowTiles][2];
  };

  /// Turns scores into weights relative to the new maximum, and brings `sums` there. `scale` turns scores into powers
  /// of two.
  static __device__ void weigh(Sums<kKeys>& scores, Sums<kDepth>& sums, Running& running, float scale) {
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float maximum = running.maximum[r][half];
#pragma unroll
        for (int k = 0; k < kKeys / 8; ++k) {
          maximum = fmaxf(maximum, fmaxf(scores[r][k][2 * half], scores[r][k][2 * half + 1]));
        }
        maximum = largest_of_row(maximum);
        // A row that has seen no key: infinity less infinity would be no number.
        const float base = maximum == -kInfinity ? 0.0F : maximum * scale;
        const float shrink = exp2_fast(running.maximum[r][half] * scale - base);
        running.maximum[r][half] = maximum;
        float total = 0;
#pragma unroll
        for (int k = 0; k < kKeys / 8; ++k) {
#pragma unroll
          for (int i = 2 * half; i < 2 * half + 2; ++i) {
            scores[r][k][i] = exp2_fast(fmaf(scores[r][k][i], scale, -base));
            total += scores[r][k][i];
          }
        }
        running.total[r][half] = running.total[r][half] * shrink + total;
#pragma unroll
        for (int d = 0; d < kDepth / 8; ++d) {
          sums[r][d][2 * half] *= shrink;
          sums[r][d][2 * half + 1] *= shrink;
        }
      }
    }
  }

  /// The warp's rows, from `first` on, by way of its part of shared memory.
  static __device__ void store(Number* output, const AttentionRowsOnGpu& layout, int depth, int first, int end,
                               Number* shared, int lane) {
    if (layout.vectors != 0) {
      constexpr int kChunks = kDepth / 8;
      for (int i = lane; i < 16 * kRowTiles * kChunks; i += 32) {
        const int row = i / kChunks;
        const int column = i % kChunks * 8;
        if (first + row >= end || column >= depth) continue;
        *reinterpret_cast<uint4*>(output + (first + row) * layout.strides[2] + column) =
            *reinterpret_cast<const uint4*>(shared + row * kStride + column);
      }
      return;
    }
    for (int i = lane; i < 16 * kRowTiles * kDepth; i += 32) {
      const int row = i / kDepth;
      const int column = i % kDepth;
      if (first + row >= end || column >= depth) continue;
      output[(first + row) * layout.strides[2] + column * layout.strides[3]] = shared[row * kStride + column];
    }
  }

  static __device__ void clear(Sums<kDepth>& sums, Running& running) {
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        running.maximum[r][half] = -kInfinity;
        running.total[r][half] = 0;
      }
#pragma unroll
      for (int d = 0; d < kDepth / 8; ++d) {
#pragma unroll
        for (int i = 0; i < 4; ++i) sums[r][d][i] = 0;
      }
    }
  }

  /// Adds the mask, which makes scores powers of two, and hides what a query does not see.
  static __device__ void mask_scores(Sums<kKeys>& scores, const AttentionBlock<Number>& block,
                                     const FlashAttentionShape& shape, int first_query, int first_key, int lane) {
    if (block.mask != nullptr) {
      for_each_score(scores, first_query, first_key, lane, [&](float& score, int row, int column) {
        if (row >= block.queries_end || column >= block.keys_end) return;
        const Number added = block.mask[row * shape.mask_strides[2] + column * shape.mask_strides[3]];
        score = kLog2OfE * (score * shape.scale + to_float(added));
      });
    }
    const bool causal = shape.causal != 0;
    if (first_key + kKeys <= block.keys_end && !(causal && first_key + kKeys > first_query + 1)) return;
    for_each_score(scores, first_query, first_key, lane, [&](float& score, int row, int column) {
      if (column >= block.keys_end || (causal && column > row)) score = -kInfinity;
    });
  }

  /// The weighted means of a warp's rows into its part of shared memory, `rows`, and the logarithms of their sums out.
  static __device__ void finish(const Sums<kDepth>& sums, const Running& running, const AttentionBlock<Number>& block,
                                const FlashAttentionShape& shape, float scale, int first_query, Number* rows,
                                int lane) {
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int row = r * 16 + lane / 4 + half * 8;
        const int query = first_query + row;
        const float total = sum_of_row(running.total[r][half]);
        const bool nothing = total == 0 || query >= block.queries_end;
        const float factor = 1.0F / total;
#pragma unroll
        for (int d = 0; d < kDepth / 8; ++d) {
          const float x = nothing ? 0.0F : sums[r][d][2 * half] * factor;
          const float y = nothing ? 0.0F : sums[r][d][2 * half + 1] * factor;
          *reinterpret_cast<uint32_t*>(rows + row * kStride + d * 8 + lane % 4 * 2) = packed<Number>(x, y);
        }
        if (block.logsumexp != nullptr && lane % 4 == 0 && query < shape.queries) {
          block.logsumexp[query * shape.logsumexp_strides[2]] =
              nothing ? 0.0F : running.maximum[r][half] * scale / kLog2OfE + logf(total);
        }
      }
    }
  }

  static __device__ void run(const AttentionOperandsOnGpu<Number>& operands, const FlashAttentionShape& shape) {
    extern __shared__ __align__(16) unsigned char memory[];
    auto* queries = reinterpret_cast<Number*>(memory);
    Number* keys = queries + kQueries * kStride;
    Number* values = keys + kKeys * kStride;
    const AttentionBlock<Number> block(operands, shape, kQueries);
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warp_row = static_cast<int>(threadIdx.x) / 32 * 16 * kRowTiles;
    const int first_query = block.first + warp_row;
    Number* warp_queries = queries + warp_row * kStride;
    // What makes scores powers of two; with a mask they are.
    const float scale = block.mask == nullptr ? shape.scale * kLog2OfE : 1.0F;

    Sums<kDepth> sums;
    Running running;
    clear(sums, running);
    if (block.keys_end > 0) {
      load<kQueries>(queries, block.query, shape.query, shape.depth, block.first, block.queries_end);
      load<kKeys>(keys, block.key, shape.key, shape.depth, 0, block.keys_end);
      commit_copies();
    }
    for (int first_key = 0; first_key < block.keys_end; first_key += kKeys) {
      wait_for_copies<0>();
      __syncthreads();
      load<kKeys>(values, block.value, shape.value, shape.depth, first_key, block.keys_end);
      commit_copies();
      Sums<kKeys> scores;
      multiply_keys(scores, warp_queries, keys, lane);
      mask_scores(scores, block, shape, first_query, first_key, lane);
      wait_for_copies<0>();
      __syncthreads();
      if (first_key + kKeys < block.keys_end) {
        load<kKeys>(keys, block.key, shape.key, shape.depth, first_key + kKeys, block.keys_end);
        commit_copies();
      }
      weigh(scores, sums, running, scale);
      add_values(sums, scores, values, lane);
    }
    // Nobody else reads the warp's queries, and it is done with them.
    __syncwarp();
    finish(sums, running, block, shape, scale, first_query, warp_queries, lane);
    __syncwarp();
    store(block.output, shape.output, shape.depth, first_query, shape.queries, warp_queries, lane);
  }
};

}  // namespace

#define HEARTH_ATTEND(name, number, depth, rows, keys_of_tile)                                                     \
  extern "C" __global__ void __launch_bounds__(kThreads) attend_##name##_##depth##_##rows(                         \
      const number* query, const number* key, const number* value, const number* mask, const int64_t* lengths,     \
      number* output, float* logsumexp, const __grid_constant__ FlashAttentionShape shape) {                       \
    Attention<number, depth, rows, keys_of_tile>::run({query, key, value, mask, lengths, output, logsumexp}, shape); \
  }
#define HEARTH_ATTEND_TILES(name, number) \
  HEARTH_ATTEND(name, number, 32, 1, 64)  \
  HEARTH_ATTEND(name, number, 32, 2, 64)  \
  HEARTH_ATTEND(name, number, 64, 1, 64)  \
  HEARTH_ATTEND(name, number, 64, 2, 64)  \
  HEARTH_ATTEND(name, number, 96, 1, 64)  \
  HEARTH_ATTEND(name, number, 96, 2, 64)  \
  HEARTH_ATTEND(name, number, 128, 1, 64) \
  HEARTH_ATTEND(name, number, 128, 2, 32) \
  HEARTH_ATTEND(name, number, 256, 1, 32)

HEARTH_ATTEND_TILES(bfloat16, __nv_bfloat16)
HEARTH_ATTEND_TILES(float16, __half)
