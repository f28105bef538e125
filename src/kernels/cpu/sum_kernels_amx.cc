#include <immintrin.h>

#include "kernels/cpu/tile_table.h"

namespace hearth {
namespace amx {
namespace {

constexpr int kRowsOfRegister = 16;
constexpr int kLanes = 16;
constexpr int kElementsOfRow = 16;  // Of four bytes each.
constexpr int kStepsAhead = 2;

/// The first of two registers with rows takes the larger half of them.
constexpr int first_rows(int rows) { return (rows + 1) / 2; }

struct alignas(64) TileConfiguration {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

/// Registers 0 to 3 hold sums: two of rows by two of columns; 4 and 5 the rows of a, 6 and 7 the columns of b.
void configure(int rows) {
  const int first = rows > kRowsOfRegister ? first_rows(rows) : rows;
  const int second = rows > kRowsOfRegister ? rows - first : 1;
  const int of_register[8] = {first, first, second, second, first, second, kElementsOfRow, kElementsOfRow};
  TileConfiguration configuration;
  for (int i = 0; i < 8; ++i) {
    configuration.rows[i] = static_cast<uint8_t>(of_register[i]);
    configuration.row_bytes[i] = kLanes * sizeof(float);
  }
  _tile_loadconfig(&configuration);
}

void release() { _tile_release(); }

struct BFloat16Product {
  static constexpr const char* kName = "amx_bf16";
  /// Adds to the sums `kSum` the product of the rows and columns that belong to them. (g++ takes only literal numbers.)
  template <int kSum>
  static void multiply() {
    if constexpr (kSum == 0) _tile_dpbf16ps(0, 4, 6);
    if constexpr (kSum == 1) _tile_dpbf16ps(1, 4, 7);
    if constexpr (kSum == 2) _tile_dpbf16ps(2, 5, 6);
    if constexpr (kSum == 3) _tile_dpbf16ps(3, 5, 7);
  }
};

struct Int8Product {
  static constexpr const char* kName = "amx_int8";
  template <int kSum>
  static void multiply() {
    if constexpr (kSum == 0) _tile_dpbusd(0, 4, 6);
    if constexpr (kSum == 1) _tile_dpbusd(1, 4, 7);
    if constexpr (kSum == 2) _tile_dpbusd(2, 5, 6);
    if constexpr (kSum == 3) _tile_dpbusd(3, 5, 7);
  }
};

template <class Product, int kRows, int kVectors>
void sum_tile(const TileArguments& tile) {
  constexpr bool kTwoRows = kRows > kRowsOfRegister;
  constexpr int kFirstRows = first_rows(kRows);
  const auto a_bytes = tile.a_stride * static_cast<int64_t>(sizeof(float));
  const auto b_bytes = tile.b_stride * static_cast<int64_t>(sizeof(float));
  const auto c_bytes = tile.c_stride * static_cast<int64_t>(sizeof(float));
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int64_t i = 0; i < tile.run_count; ++i) {
    const float* a = tile.runs[i].a;
    const float* b = tile.runs[i].b;
    for (int64_t k = 0; k < tile.runs[i].depth; k += kElementsOfRow) {
      const float* ahead = b + kStepsAhead * kElementsOfRow * tile.b_stride;
#pragma GCC unroll 16
      for (int r = 0; r < kElementsOfRow; ++r) {
        __builtin_prefetch(ahead + r * tile.b_stride);
        if constexpr (kVectors == 2) __builtin_prefetch(ahead + r * tile.b_stride + kLanes);
      }
      _tile_loadd(6, b, b_bytes);
      _tile_loadd(4, a, a_bytes);
      Product::template multiply<0>();
      if constexpr (kVectors == 2) {
        _tile_loadd(7, b + kLanes, b_bytes);
        Product::template multiply<1>();
      }
      if constexpr (kTwoRows) {
        _tile_loadd(5, a + kFirstRows * tile.a_stride, a_bytes);
        Product::template multiply<2>();
        if constexpr (kVectors == 2) Product::template multiply<3>();
      }
      a += kElementsOfRow;
      b += kElementsOfRow * tile.b_stride;
    }
  }
  _tile_stored(0, tile.c, c_bytes);
  if constexpr (kVectors == 2) _tile_stored(1, tile.c + kLanes, c_bytes);
  if constexpr (kTwoRows) {
    _tile_stored(2, tile.c + kFirstRows * tile.c_stride, c_bytes);
    if constexpr (kVectors == 2) _tile_stored(3, tile.c + kFirstRows * tile.c_stride + kLanes, c_bytes);
  }
}

template <class Product>
struct Tiles {
  static constexpr int kTileRows = 2 * kRowsOfRegister;
  static constexpr int kTileVectors = 2;
  template <int kRows, int kVectors>
  static constexpr TileKernels::Tile kTile = sum_tile<Product, kRows, kVectors>;
};

template <class Product>
constexpr TileKernels kernels() {
  return {.name = Product::kName,
          .lanes = kLanes,
          .tile_rows = Tiles<Product>::kTileRows,
          .tile_vectors = Tiles<Product>::kTileVectors,
          .tiles = kTileTable<Tiles<Product>>.tiles,
          .depth_step = kElementsOfRow,
          .configure = configure,
          .release = release};
}

}  // namespace
}  // namespace amx

extern const TileKernels kAmxBFloat16Kernels;
constexpr TileKernels kAmxBFloat16Kernels = amx::kernels<amx::BFloat16Product>();
extern const TileKernels kAmxInt8Kernels;
constexpr TileKernels kAmxInt8Kernels = amx::kernels<amx::Int8Product>();

}  // namespace hearth
