#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hal/memory_pool.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// The keys and values that one sequence of tokens left at every layer of a model. A step of the model appends those of
/// its tokens, layer by layer; commit() then makes them part of the sequence. They lie in pages, which are allocated
/// when they are needed and shared by copies of the cache: a page is copied before it is written to while another cache
/// has it. Used from one thread at a time; copies are independent of each other.
class KeyValueCache {
 public:
  /// Tokens whose keys, or values, of all heads lie in one page.
  static constexpr int64_t kTokensOfPage = 256;

  /// Pages [1, heads, kTokensOfPage, depth], the first for the sequence's first tokens; row-major.
  struct Layer {
    std::vector<Tensor> keys;
    std::vector<Tensor> values;
  };

  /// Tokens that were committed.
  int64_t length() const { return length_; }
  /// Tokens of the step that is going on: as many as its first layer appended.
  int64_t pending() const { return pending_; }
  /// Bytes of all pages, also of shared ones.
  size_t byte_count() const;

  /// Writes the keys and values [tokens, heads, depth] of a step's tokens behind the committed ones of layer `layer`;
  /// new pages come from `pool`. kInvalidArgument where they do not go with each other, with other layers' tokens or
  /// with what the layer has; kOutOfMemory. What was committed stays as it is.
  Status append(MemoryPool& pool, int64_t layer, const Tensor& keys, const Tensor& values);
  /// What a layer has, committed and pending. The layer must have been appended to.
  const Layer& layer(int64_t number) const { return layers_[static_cast<size_t>(number)]; }

  /// Ends a step: its tokens become part of the sequence.
  void commit();
  /// Ends a step that failed: the sequence is as before.
  void abandon() { pending_ = 0; }
  /// Takes the sequence back to its first `length` tokens. kInvalidArgument when it is shorter.
  Status truncate(int64_t length);

 private:
  Status append_to(MemoryPool& pool, std::vector<Tensor>& pages, const Tensor& rows);

  std::vector<Layer> layers_;
  int64_t length_ = 0;
  int64_t pending_ = 0;
};

/// `count` tokens of `rows` [tokens, heads, depth] from `first` on, seen as [1, heads, count, depth].
Result<Tensor> by_head(const Tensor& rows, int64_t first, int64_t count);

}  // namespace hearth
