#include "text/tokenizer/merge_table.h"

namespace hearth::tokenizer {
namespace {

constexpr uint32_t kMostProbes = 4096;

}  // namespace

Result<MergeTable> MergeTable::read(TableReader& reader, size_t tokens) {
  MergeTable table;
  table.longest_probe_ = reader.number<uint32_t>();
  table.slots_ = reader.array<Slot>();
  const size_t slots = table.slots_.size();
  if (!reader.ok() || slots < 2 || !std::has_single_bit(slots) || table.longest_probe_ > kMostProbes) {
    return damaged("the merges are cut off or in a table of {} places", slots);
  }
  for (size_t i = 0; i < slots; ++i) {
    const Slot slot = table.slots_[i];
    if (slot.token != kEmpty && slot.token >= tokens)
      return damaged("a merge makes token {}, there are {}", slot.token, tokens);
  }
  table.shift_ = 64 - std::countr_zero(slots);
  return table;
}

}  // namespace hearth::tokenizer
