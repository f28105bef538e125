#pragma once

#include <bit>
#include <optional>

#include "text/tokenizer/table_reader.h"

namespace hearth::tokenizer {

/// Which pairs of tokens become one: a hash table with linear probing, used in place.
class MergeTable {
 public:
  struct Merge {
    uint32_t rank;   ///< The lower, the earlier.
    uint32_t token;  ///< What the pair becomes.
  };

  /// kInvalidFile when a token is not less than `tokens`.
  static Result<MergeTable> read(TableReader& reader, size_t tokens);

  std::optional<Merge> find(uint32_t left, uint32_t right) const {
    size_t index = hash(left, right) >> shift_;
    for (uint32_t probe = 0; probe < longest_probe_; ++probe) {
      const Slot slot = slots_[index];
      if (slot.token == kEmpty) return std::nullopt;
      if (slot.left == left && slot.right == right) return Merge{slot.rank, slot.token};
      index = (index + 1) & (slots_.size() - 1);
    }
    return std::nullopt;
  }

 private:
  struct Slot {
    uint32_t left;
    uint32_t right;
    uint32_t rank;
    uint32_t token;
  };
  static constexpr uint32_t kEmpty = 0xFFFFFFFF;

  static uint64_t hash(uint32_t left, uint32_t right) {
    uint64_t key = uint64_t{left} << 32 | right;
    key *= 0x9E3779B97F4A7C15;
    key ^= key >> 32;
    return key * 0xD6E8FEB86659FD93;
  }

  PackedArray<Slot> slots_;
  int shift_ = 0;
  uint32_t longest_probe_ = 0;
};

}  // namespace hearth::tokenizer
