#pragma once

#include <cstdint>
#include <optional>

#include "hal/memory_pool.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// The keys, or the values, of kTokens tokens in a row.
struct CachePage {
  static constexpr int64_t kTokens = 256;
  /// What int8 numbers are stored with, as unsigned bytes.
  static constexpr int64_t kZero = 128;

  Tensor rows;    ///< [1, heads, kTokens, depth], row-major. uint8: int8 numbers with kZero added, times their scale.
  Tensor scales;  ///< Of uint8 rows, else undefined: float32 [1, heads, kTokens].

  size_t byte_count() const { return rows.byte_count() + (scales.defined() ? scales.byte_count() : 0); }
  bool is_shared() const { return rows.storage()->is_shared(); }
};

/// The dtype of pages' rows for keys and values that are computed in `computed` and kept as `kept`; nullopt: as they
/// are.
DType page_dtype(DType computed, std::optional<DType> kept);

Result<CachePage> empty_page(MemoryPool& pool, DType dtype, int64_t heads, int64_t depth);

/// Writes rows [1, heads, tokens, depth] to a page's tokens from `first` on, rounded to the nearest number of its
/// dtype. With scales: of each token and head the largest magnitude becomes 127; what is not finite makes its row NaN.
Status write_rows(const CachePage& page, int64_t first, const Tensor& rows);

/// Copies the first `count` tokens.
Status copy_tokens(const CachePage& to, const CachePage& from, int64_t count);

}  // namespace hearth
