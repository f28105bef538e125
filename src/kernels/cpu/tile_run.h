#pragma once

#include "kernels/cpu/micro_kernels.h"

namespace hearth {

/// Tiles that one thread computes one after the other: sets the thread up for them, and cleans up after them.
class TileRun {
 public:
  explicit TileRun(const TileKernels& kernels) : kernels_(kernels) {}
  ~TileRun() {
    if (rows_ != 0) kernels_.release();
  }
  TileRun(const TileRun&) = delete;
  TileRun& operator=(const TileRun&) = delete;

  void compute(int rows, int vectors, const TileArguments& tile) {
    if (kernels_.configure && rows != rows_) {
      kernels_.configure(rows);
      rows_ = rows;
    }
    kernels_.compute_tile(rows, vectors, tile);
  }

 private:
  const TileKernels& kernels_;
  int rows_ = 0;
};

}  // namespace hearth
