#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hal/memory_pool.h"
#include "hearth/status.h"
#include "hearth/tensor.h"
#include "kernels/cache_page.h"

namespace hearth {

/// The keys and values that one sequence of tokens left at every layer of a model. A step of the model appends those of
/// its tokens, layer by layer; commit() then makes them part of the sequence. They lie in pages, which are allocated
/// when they are needed and shared by copies of the cache: a page is copied before it is written to while another cache
/// has it. Layers that look back through a window give pages back when no token looks at them any more. Used from one
/// thread at a time; copies are independent of each other.
class KeyValueCache {
 public:
  static constexpr int64_t kTokensOfPage = CachePage::kTokens;
  /// Tokens before a layer's window that it keeps, so that the sequence can be taken back by so many at least.
  static constexpr int64_t kTokensToGoBack = 256;
  static constexpr int64_t kMostLayers = 1024;  ///< A layer number beyond is no model's, but a damaged file's.

  struct Layer {
    std::vector<CachePage> keys;  ///< Of the sequence's pages from `first_page` on.
    std::vector<CachePage> values;
    int64_t first_page = 0;  ///< Pages before it were given back.
    int64_t window = -1;     ///< The longest that it was appended to with; 0: all tokens. -1: never appended to.
    int64_t tokens = 0;      ///< Committed and pending ones.
  };

  /// Keeps keys and values as `dtype`: a floating one, or kInt8, with a scale for each token and head; nullopt: as they
  /// were computed.
  explicit KeyValueCache(std::optional<DType> dtype = {}) : dtype_(dtype) {}
  /// A cache that has what another had: `length` tokens, and its layers.
  KeyValueCache(std::optional<DType> dtype, int64_t length, std::vector<Layer> layers)
      : dtype_(dtype), layers_(std::move(layers)), length_(length) {}

  std::optional<DType> dtype() const { return dtype_; }
  /// Tokens that were committed.
  int64_t length() const { return length_; }
  /// Tokens of the step that is going on: as many as its first layer appended.
  int64_t pending() const { return pending_; }
  /// Bytes of all pages, also of shared ones.
  size_t byte_count() const;

  /// Writes the keys and values [tokens, heads, depth] of a step's tokens behind the committed ones of layer `layer`;
  /// new pages come from `pool`. `window`: tokens that one looks back at, itself among them; 0: all before it.
  /// kInvalidArgument where they do not go with each other, with other layers' tokens or with what the layer has;
  /// kOutOfMemory. What was committed stays as it is.
  Status append(MemoryPool& pool, int64_t layer, const Tensor& keys, const Tensor& values, int64_t window = 0);
  /// What a layer has, committed and pending. The layer must have been appended to.
  const Layer& layer(int64_t number) const { return layers_[static_cast<size_t>(number)]; }
  const std::vector<Layer>& layers() const { return layers_; }

  /// Ends a step: its tokens become part of the sequence.
  void commit();
  /// Ends a step that failed: the sequence is as before.
  void abandon();
  /// Takes the sequence back to its first `length` tokens. kInvalidArgument when it is shorter, or when a layer gave
  /// back what the tokens behind them would look at.
  Status truncate(int64_t length);
  /// The shortest length, other than 0, that truncate() takes.
  int64_t shortest_truncation() const;

 private:
  Status check_layer(int64_t number, const Layer& layer, const Tensor& keys, const Tensor& values,
                     int64_t window) const;
  Status append_to(MemoryPool& pool, const Layer& layer, std::vector<CachePage>& pages, const Tensor& rows) const;

  std::optional<DType> dtype_;
  std::vector<Layer> layers_;
  int64_t length_ = 0;
  int64_t pending_ = 0;
};

/// `count` tokens of `rows` [tokens, heads, depth] from `first` on, seen as [1, heads, count, depth].
Result<Tensor> by_head(const Tensor& rows, int64_t first, int64_t count);

}  // namespace hearth
