// Rows of tables in blocks, as kernels/block_weights.h lays them out.

#include "embedding_parameters.h"
#include "tensor_core.cuh"
#include "walk.cuh"

namespace {

using namespace hearth::gpu;

constexpr int kRows = 16;
constexpr int kDepth = 64;
constexpr int kGroup = 32;

__device__ float block_value(const unsigned char* block, const BlockTable& table, int row, int depth) {
  const int group = depth / kGroup;
  const int in_group = depth % kGroup;
  const int packed = table.nibbles != 0 ? kGroup / 2 : kGroup;
  const int place = in_group % packed;
  int number = block[table.numbers + group * kRows * packed + place / 4 * kRows * 4 + row * 4 + place % 4];
  if (table.nibbles != 0) number = in_group < packed ? number & 15 : number >> 4;
  const auto* halves = reinterpret_cast<const __half*>(block);
  const float scale = to_float(halves[group * kRows + row]);
  if (table.minimum == 0) return static_cast<float>(number - (table.nibbles != 0 ? 8 : 128)) * scale;
  return static_cast<float>(number) * scale + to_float(halves[(kDepth / kGroup + group) * kRows + row]);
}

template <typename Number>
__device__ void read_rows(Number* values, const int64_t* rows, const unsigned char* blocks, const BlockTable& table) {
  for_each_number(table.count * table.depth, [&](int64_t i) {
    const int64_t row = rows[i / table.depth];
    const int64_t depth = i % table.depth;
    const int64_t block = row / kRows * table.blocks_of_panel + depth / kDepth;
    values[i] = from_float<Number>(block_value(blocks + block * table.block_bytes, table, static_cast<int>(row % kRows),
                                               static_cast<int>(depth % kDepth)));
  });
}

}  // namespace

#define HEARTH_READ_ROWS(name, number)                                                                              \
  extern "C" __global__ void read_rows_##name(number* values, const int64_t* rows, const unsigned char* blocks,     \
                                              const __grid_constant__ BlockTable table) {                           \
    read_rows(values, rows, blocks, table);                                                                         \
  }

HEARTH_READ_ROWS(float32, float)
HEARTH_READ_ROWS(bfloat16, __nv_bfloat16)
HEARTH_READ_ROWS(float16, __half)
