// flash_attention.cu for float32, with ordinary multiplications: 16 x 16 threads compute 64 queries by 64 keys, heads
// go through shared memory 32 columns at a time.

#include "flash_attention_parameters.h"

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

/// One tile of queries (x), head (y) and batch entry (z). A thread has rows y + 16 i, and keys x + 16 j or columns
/// 2 x and 2 x + 1 of each part of the head.
template <int kDepth>
__device__ void attend(const float* query, const float* key, const float* value, const float* mask,
                       const int64_t* lengths, float* output, float* logsumexp, const FlashAttentionShape& shape) {
  __shared__ __align__(16) float query_part[kTile * kStride];
  __shared__ __align__(16) float key_part[kTile * kStride];
  __shared__ __align__(16) float weights[kTile * kWeightStride];
  constexpr int kParts = kDepth / kColumns;
  const int x = static_cast<int>(threadIdx.x) % 16;
  const int y = static_cast<int>(threadIdx.x) / 16;
  const int64_t head = blockIdx.y;
  const int64_t key_head = head / shape.heads_per_key_head;
  const int64_t batch = blockIdx.z;
  query += batch * shape.query.strides[0] + head * shape.query.strides[1];
  key += batch * shape.key.strides[0] + key_head * shape.key.strides[1];
  value += batch * shape.value.strides[0] + key_head * shape.value.strides[1];
  output += batch * shape.output.strides[0] + head * shape.output.strides[1];
  if (mask != nullptr) mask += batch * shape.mask_strides[0] + head * shape.mask_strides[1];

  // The longest first: of causal ones, the last.
  const unsigned tile = shape.causal != 0 ? gridDim.x - 1 - blockIdx.x : blockIdx.x;
  const int first = static_cast<int>(tile) * kTile;
  int queries_end = shape.queries;
  int keys_end = shape.keys;
  if (lengths != nullptr) {
    const int64_t length = lengths[batch * shape.lengths_stride];
    queries_end = static_cast<int>(length < 0 ? 0 : length > queries_end ? queries_end : length);
    keys_end = queries_end;
  }
  if (shape.causal != 0) keys_end = min(keys_end, first + kTile);
  if (first >= queries_end) keys_end = 0;

  float maximum[4];
  float total[4] = {};
  float sums[kParts][4][2] = {};
#pragma unroll
  for (float& of_row : maximum) of_row = -kInfinity;
  for (int first_key = 0; first_key < keys_end; first_key += kTile) {
    float scores[4][4] = {};
    for (int part = 0; part < kParts; ++part) {
      __syncthreads();
      load(query_part, query, shape.query, shape.depth, first, queries_end, part * kColumns);
      load(key_part, key, shape.key, shape.depth, first_key, keys_end, part * kColumns);
      __syncthreads();
#pragma unroll
      for (int d = 0; d < kColumns; d += 4) {
        float4 k[4];
#pragma unroll
        for (int j = 0; j < 4; ++j) k[j] = four(key_part + (x + 16 * j) * kStride + d);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const float4 q = four(query_part + (y + 16 * i) * kStride + d);
#pragma unroll
          for (int j = 0; j < 4; ++j) multiply_add(scores[i][j], q, k[j]);
        }
      }
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int row = first + y + 16 * i;
      float largest = maximum[i];
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const int column = first_key + x + 16 * j;
        scores[i][j] *= shape.scale;
        if (column >= keys_end || (shape.causal != 0 && column > row)) {
          scores[i][j] = -kInfinity;
        } else if (mask != nullptr && row < queries_end) {
          scores[i][j] += mask[row * shape.mask_strides[2] + column * shape.mask_strides[3]];
        }
        largest = fmaxf(largest, scores[i][j]);
      }
      largest = largest_of_row(largest);
      // A row that has seen no key: infinity less infinity would be no number.
      const float base = largest == -kInfinity ? 0.0F : largest;
      const float shrink = expf(maximum[i] - base);
      maximum[i] = largest;
      total[i] *= shrink;
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float weight = expf(scores[i][j] - base);
        total[i] += weight;
        weights[(y + 16 * i) * kWeightStride + x + 16 * j] = weight;
      }
#pragma unroll
      for (int part = 0; part < kParts; ++part) {
        sums[part][i][0] *= shrink;
        sums[part][i][1] *= shrink;
      }
    }
#pragma unroll
    for (int part = 0; part < kParts; ++part) {
      __syncthreads();
      load(key_part, value, shape.value, shape.depth, first_key, keys_end, part * kColumns);
      __syncthreads();
#pragma unroll 2
      for (int k = 0; k < kTile; k += 4) {
        float2 v[4];
#pragma unroll
        for (int n = 0; n < 4; ++n) v[n] = *reinterpret_cast<const float2*>(key_part + (k + n) * kStride + 2 * x);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const float4 weight = four(weights + (y + 16 * i) * kWeightStride + k);
          multiply_add(sums[part][i][0], weight, make_float4(v[0].x, v[1].x, v[2].x, v[3].x));
          multiply_add(sums[part][i][1], weight, make_float4(v[0].y, v[1].y, v[2].y, v[3].y));
        }
      }
    }
  }

#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int row = first + y + 16 * i;
    const float sum = sum_of_row(total[i]);
    if (row >= shape.queries) continue;
    const bool nothing = sum == 0 || row >= queries_end;
#pragma unroll
    for (int part = 0; part < kParts; ++part) {
#pragma unroll
      for (int n = 0; n < 2; ++n) {
        const int column = part * kColumns + 2 * x + n;
        if (column >= shape.depth) continue;
        output[row * shape.output.strides[2] + column * shape.output.strides[3]] =
            nothing ? 0.0F : sums[part][i][n] / sum;
      }
    }
    if (logsumexp != nullptr && x == 0) {
      logsumexp[batch * shape.logsumexp_strides[0] + head * shape.logsumexp_strides[1] +
                row * shape.logsumexp_strides[2]] = nothing ? 0.0F : maximum[i] + logf(sum);
    }
  }
}

}  // namespace

#define HEARTH_ATTEND(depth)                                                                               \
  extern "C" __global__ void __launch_bounds__(kThreads) attend_float32_##depth(                           \
      const float* query, const float* key, const float* value, const float* mask, const int64_t* lengths, \
      float* output, float* logsumexp, const __grid_constant__ FlashAttentionShape shape) {                \
    attend<depth>(query, key, value, mask, lengths, output, logsumexp, shape);                             \
  }

HEARTH_ATTEND(32)
HEARTH_ATTEND(64)
HEARTH_ATTEND(96)
HEARTH_ATTEND(128)
HEARTH_ATTEND(256)
