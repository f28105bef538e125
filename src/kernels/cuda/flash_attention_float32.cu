// flash_attention.cu for float32, with ordinary multiplications: 64 queries by 64 keys, of heads that go through
// shared memory 32 columns at a time.

#include "flash_attention.cuh"

namespace {

using namespace hearth::gpu;

constexpr int kThreads = 256;
constexpr int kTile = kFlashFloat32Queries;
constexpr int kColumns = 32;
// Elements between rows: multiples of 16 bytes that spread neighbouring rows over the banks.
constexpr int kStride = kColumns + 4;
constexpr int kWeightStride = kTile + 4;
constexpr float kInfinity = __builtin_inff();

/// Columns `column` on of rows `first` on into shared memory, zeros from row `end` and column `depth` on.
__device__ void load(float* shared, const float* rows, const AttentionRowsOnGpu& layout, int depth, int first, int end,
                     int column) {
  for (int i = static_cast<int>(threadIdx.x); i < kTile * kColumns; i += kThreads) {
    const int row = first + i / kColumns;
    const int at = column + i % kColumns;
    shared[i / kColumns * kStride + i % kColumns] =
        row < end && at < depth ? rows[row * layout.strides[2] + at * layout.strides[3]] : 0.0F;
  }
}

__device__ void multiply_add(float& sum, const float4& a, const float4& b) {
  sum = fmaf(a.x, b.x, sum);
  sum = fmaf(a.y, b.y, sum);
  sum = fmaf(a.z, b.z, sum);
  sum = fmaf(a.w, b.w, sum);
}

__device__ const float4& four(const float* at) { return *reinterpret_cast<const float4*>(at); }

/// Of the 16 threads with the same rows.
__device__ float largest_of_row(float value) {
  for (int lanes = 1; lanes < 16; lanes *= 2) value = fmaxf(value, __shfl_xor_sync(~0U, value, lanes));
  return value;
}
__device__ float sum_of_row(float value) {
  for (int lanes = 1; lanes < 16; lanes *= 2) value += __shfl_xor_sync(~0U, value, lanes);
  return value;
}

/// 16 x 16 threads. One has rows y + 16 i of the tile, and keys x + 16 j or columns 2 x and 2 x + 1 of each part of the
/// head.
template <int kDepth>
struct Attention {
  static constexpr int kParts = kDepth / kColumns;

  struct Shared {
    float queries[kTile * kStride];
    float keys[kTile * kStride];  ///< Or values.
    float weights[kTile * kWeightStride];
  };

  /// Of the thread's rows.
  struct Running {
    float maximum[4] = {-kInfinity, -kInfinity, -kInfinity, -kInfinity};
    float total[4] = {};  ///< The thread's part.
    float sums[kParts][4][2] = {};
  };

  static __device__ void multiply_keys(float (&scores)[4][4], Shared& shared, const AttentionBlock<float>& block,
                                       const FlashAttentionShape& shape, int first_key, int x, int y) {
    for (int part = 0; part < kParts; ++part) {
      const int column = part * kColumns;
      __syncthreads();
      load(shared.queries, block.query, shape.query, shape.depth, block.first, block.queries_end, column);
      load(shared.keys, block.key, shape.key, shape.depth, first_key, block.keys_end, column);
      __syncthreads();
#pragma unroll
      for (int d = 0; d < kColumns; d += 4) {
        float4 k[4];
#pragma unroll
        for (int j = 0; j < 4; ++j) k[j] = four(shared.keys + (x + 16 * j) * kStride + d);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const float4 q = four(shared.queries + (y + 16 * i) * kStride + d);
#pragma unroll
          for (int j = 0; j < 4; ++j) multiply_add(scores[i][j], q, k[j]);
        }
      }
    }
  }

  static __device__ void mask_scores(float (&scores)[4][4], const AttentionBlock<float>& block,
                                     const FlashAttentionShape& shape, int first_key, int x, int y) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int row = block.first + y + 16 * i;
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const int column = first_key + x + 16 * j;
        scores[i][j] *= shape.scale;
        if (column >= block.keys_end || (shape.causal != 0 && column > row)) {
          scores[i][j] = -kInfinity;
        } else if (block.mask != nullptr && row < block.queries_end) {
          scores[i][j] += block.mask[row * shape.mask_strides[2] + column * shape.mask_strides[3]];
        }
      }
    }
  }

  /// Turns scores into weights relative to the new maximum, and brings the sums there.
  static __device__ void weigh(const float (&scores)[4][4], Running& running, float* weights, int x, int y) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      float largest = running.maximum[i];
#pragma unroll
      for (int j = 0; j < 4; ++j) largest = fmaxf(largest, scores[i][j]);
      largest = largest_of_row(largest);
      // A row that has seen no key: infinity less infinity would be no number.
      const float base = largest == -kInfinity ? 0.0F : largest;
      const float shrink = expf(running.maximum[i] - base);
      running.maximum[i] = largest;
      running.total[i] *= shrink;
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float weight = expf(scores[i][j] - base);
        running.total[i] += weight;
        weights[(y + 16 * i) * kWeightStride + x + 16 * j] = weight;
      }
#pragma unroll
      for (int part = 0; part < kParts; ++part) {
        running.sums[part][i][0] *= shrink;
        running.sums[part][i][1] *= shrink;
      }
    }
  }

  static __device__ void add_values(Running& running, Shared& shared, const AttentionBlock<float>& block,
                                    const FlashAttentionShape& shape, int first_key, int x, int y) {
#pragma unroll
    for (int part = 0; part < kParts; ++part) {
      __syncthreads();
      load(shared.keys, block.value, shape.value, shape.depth, first_key, block.keys_end, part * kColumns);
      __syncthreads();
#pragma unroll 2
      for (int k = 0; k < kTile; k += 4) {
        float2 v[4];
#pragma unroll
        for (int n = 0; n < 4; ++n) v[n] = *reinterpret_cast<const float2*>(shared.keys + (k + n) * kStride + 2 * x);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const float4 weight = four(shared.weights + (y + 16 * i) * kWeightStride + k);
          multiply_add(running.sums[part][i][0], weight, make_float4(v[0].x, v[1].x, v[2].x, v[3].x));
          multiply_add(running.sums[part][i][1], weight, make_float4(v[0].y, v[1].y, v[2].y, v[3].y));
        }
      }
    }
  }

  static __device__ void store(const Running& running, const AttentionBlock<float>& block,
                               const FlashAttentionShape& shape, int x, int y) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int row = block.first + y + 16 * i;
      const float total = sum_of_row(running.total[i]);
      if (row >= shape.queries) continue;
      const bool nothing = total == 0 || row >= block.queries_end;
#pragma unroll
      for (int part = 0; part < kParts; ++part) {
#pragma unroll
        for (int n = 0; n < 2; ++n) {
          const int column = part * kColumns + 2 * x + n;
          if (column >= shape.depth) continue;
          block.output[row * shape.output.strides[2] + column * shape.output.strides[3]] =
              nothing ? 0.0F : running.sums[part][i][n] / total;
        }
      }
      if (block.logsumexp != nullptr && x == 0) {
        block.logsumexp[row * shape.logsumexp_strides[2]] = nothing ? 0.0F : running.maximum[i] + logf(total);
      }
    }
  }

  static __device__ void run(const AttentionOperandsOnGpu<float>& operands, const FlashAttentionShape& shape) {
    __shared__ __align__(16) Shared shared;
    const AttentionBlock<float> block(operands, shape, kTile);
    const int x = static_cast<int>(threadIdx.x) % 16;
    const int y = static_cast<int>(threadIdx.x) / 16;
    Running running;
    for (int first_key = 0; first_key < block.keys_end; first_key += kTile) {
      float scores[4][4] = {};
      multiply_keys(scores, shared, block, shape, first_key, x, y);
      mask_scores(scores, block, shape, first_key, x, y);
      weigh(scores, running, shared.weights, x, y);
      add_values(running, shared, block, shape, first_key, x, y);
    }
    store(running, block, shape, x, y);
  }
};

}  // namespace

#define HEARTH_ATTEND(depth)                                                                               \
  extern "C" __global__ void __launch_bounds__(kThreads) attend_float32_##depth(                           \
      const float* query, const float* key, const float* value, const float* mask, const int64_t* lengths, \
      float* output, float* logsumexp, const __grid_constant__ FlashAttentionShape shape) {                \
    Attention<depth>::run({query, key, value, mask, lengths, output, logsumexp}, shape);                             \
  }

HEARTH_ATTEND(32)
HEARTH_ATTEND(64)
HEARTH_ATTEND(96)
HEARTH_ATTEND(128)
HEARTH_ATTEND(256)
