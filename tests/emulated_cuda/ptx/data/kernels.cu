// Kernels whose PTX (kernels.ptx) the interpreter's tests run; made by
//   nvcc -ptx -arch=sm_80 -O3 kernels.cu -o kernels.ptx
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

// out[0] += the sum of x[0..n).
extern "C" __global__ void sum(const float* x, float* out, int n) {
  __shared__ float partial[32];
  float value = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) value += x[i];
  for (int step = 16; step > 0; step /= 2) value += __shfl_down_sync(0xffffffffU, value, step);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  if (threadIdx.x < 32) {
    value = threadIdx.x < blockDim.x / 32 ? partial[threadIdx.x] : 0;
    for (int step = 16; step > 0; step /= 2) value += __shfl_down_sync(0xffffffffU, value, step);
    if (threadIdx.x == 0) atomicAdd(out, value);
  }
}

__device__ uint32_t shared_address(const void* pointer) { return static_cast<uint32_t>(__cvta_generic_to_shared(pointer)); }

// c[64, 64] = a[64, depth] · b[depth, 64], bfloat16 to float; one block of 128 threads, depth a multiple of 32.
extern "C" __global__ void __launch_bounds__(128) matmul(const __nv_bfloat16* a, const __nv_bfloat16* b, float* c, int depth) {
  constexpr int kTile = 32;
  __shared__ alignas(16) __nv_bfloat16 tile_a[2][64][kTile + 8];
  __shared__ alignas(16) __nv_bfloat16 tile_b[2][kTile][64 + 8];
  const int thread = threadIdx.x, warp = thread / 32, lane = thread % 32;
  float sum[8][4] = {};
  auto load = [&](int stage, int from) {
    for (int i = thread; i < 64 * kTile / 8; i += 128) {
      const int row = i / (kTile / 8), column = i % (kTile / 8) * 8;
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(&tile_a[stage][row][column])),
                   "l"(a + row * depth + from + column));
    }
    for (int i = thread; i < kTile * 64 / 8; i += 128) {
      const int row = i / 8, column = i % 8 * 8;
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(&tile_b[stage][row][column])),
                   "l"(b + (from + row) * 64 + column));
    }
    asm volatile("cp.async.commit_group;");
  };
  load(0, 0);
  for (int from = 0, stage = 0; from < depth; from += kTile, stage ^= 1) {
    if (from + kTile < depth) {
      load(stage ^ 1, from + kTile);
      asm volatile("cp.async.wait_group 1;" ::: "memory");
    } else {
      asm volatile("cp.async.wait_group 0;" ::: "memory");
    }
    __syncthreads();
    for (int k = 0; k < kTile; k += 16) {
      uint32_t fa[4];
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                   : "=r"(fa[0]), "=r"(fa[1]), "=r"(fa[2]), "=r"(fa[3])
                   : "r"(shared_address(&tile_a[stage][warp * 16 + lane % 16][k + lane / 16 * 8])));
      for (int n = 0; n < 8; ++n) {
        uint32_t fb[2];
        asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                     : "=r"(fb[0]), "=r"(fb[1])
                     : "r"(shared_address(&tile_b[stage][k + lane % 16][n * 8])));
        asm volatile(
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
            "{%0, %1, %2, %3};"
            : "+f"(sum[n][0]), "+f"(sum[n][1]), "+f"(sum[n][2]), "+f"(sum[n][3])
            : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[0]), "r"(fb[1]));
      }
    }
    __syncthreads();
  }
  for (int n = 0; n < 8; ++n) {
    for (int i = 0; i < 4; ++i) {
      c[(warp * 16 + lane / 4 + i / 2 * 8) * 64 + n * 8 + lane % 4 * 2 + i % 2] = sum[n][i];
    }
  }
}

// y[row] = softmax(x[row]) of half[columns] with columns even; one block for each row.
extern "C" __global__ void softmax(const __half2* x, __half2* y, int columns) {
  extern __shared__ float scratch[];
  const int pairs = columns / 2, thread = threadIdx.x;
  x += static_cast<size_t>(blockIdx.x) * pairs;
  y += static_cast<size_t>(blockIdx.x) * pairs;
  const auto reduce = [&](float value, bool maximum) {
    scratch[thread] = value;
    __syncthreads();
    for (int step = blockDim.x / 2; step > 0; step /= 2) {
      if (thread < step) {
        const float other = scratch[thread + step];
        scratch[thread] = maximum ? fmaxf(scratch[thread], other) : scratch[thread] + other;
      }
      __syncthreads();
    }
    const float result = scratch[0];
    __syncthreads();
    return result;
  };
  float most = -INFINITY;
  for (int i = thread; i < pairs; i += blockDim.x) {
    const float2 pair = __half22float2(x[i]);
    most = fmaxf(most, fmaxf(pair.x, pair.y));
  }
  most = reduce(most, true);
  float total = 0;
  for (int i = thread; i < pairs; i += blockDim.x) {
    const float2 pair = __half22float2(x[i]);
    total += __expf(pair.x - most) + __expf(pair.y - most);
  }
  total = reduce(total, false);
  const __half2 shift = __float2half2_rn(most), scale = __float2half2_rn(1 / total);
  for (int i = thread; i < pairs; i += blockDim.x) y[i] = __hmul2(h2exp(__hsub2(x[i], shift)), scale);
}

// counts[x] += 1 for each byte x below 64, largest = max(x), all = the number of bytes, by a lock.
extern "C" __global__ void histogram(const uint8_t* x, int n, uint32_t* counts, int* largest, int* lock, int* all) {
  __shared__ uint32_t own[64];
  for (int i = threadIdx.x; i < 64; i += blockDim.x) own[i] = 0;
  __syncthreads();
  int seen = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    atomicAdd(&own[x[i]], 1U);
    atomicMax(largest, static_cast<int>(x[i]));
    ++seen;
  }
  __syncthreads();
  for (int i = threadIdx.x; i < 64; i += blockDim.x) atomicAdd(&counts[i], own[i]);
  while (atomicCAS(lock, 0, 1) != 0) {
  }
  *reinterpret_cast<volatile int*>(all) += seen;
  __threadfence();
  atomicExch(lock, 0);
}

// Newton's method in a function of its own, with an array in local memory.
__device__ __noinline__ double root(double value, int degree) {
  double powers[8];
  double x = value > 1 ? value : 1;
  for (int step = 0; step < 60; ++step) {
    powers[0] = 1;
    for (int i = 1; i <= degree; ++i) powers[i] = powers[i - 1] * x;
    x -= (powers[degree] - value) / (degree * powers[degree - 1]);
  }
  return x;
}

// What y gets of x depends on the thread; dot products of four bytes are among it.
extern "C" __global__ void mixed(const int* x, double* y, int n, int degree) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  double result = 0;
  switch (i % 7) {
    case 0: result = root(fabs(static_cast<double>(x[i])), degree); break;
    case 1: result = __dp4a(x[i], 0x01020304, 5); break;
    case 2: result = static_cast<double>(x[i]) / 3; break;
    case 3: result = __popc(x[i]) + 100 * __clz(x[i]); break;
    case 4: result = sqrt(fabs(static_cast<double>(x[i]))); break;
    case 5: result = x[i] % 1000 + x[i] / 1000; break;
    default: result = static_cast<double>(static_cast<int64_t>(x[i]) * x[i] * 3 % 1000003); break;
  }
  y[i] = result;
}
