#include "text/grammar/token_masks.h"

#include <algorithm>

namespace hearth {
namespace {

void set_bit(std::span<uint64_t> bits, uint32_t index) { bits[index / 64] |= uint64_t{1} << (index % 64); }

/// Walks the nodes `begin` to `end`, all at depths beyond `base`, which follow `start`. `visit` gets each node that may
/// come and the set after it; below one whose set takes no byte there is nothing to see.
template <typename Visit>
void walk(Configurations& configurations, const TokenTrie& trie, SetId start, uint32_t begin, uint32_t end, size_t base,
          Visit visit) {
  const std::span<const TokenTrie::Node> nodes = trie.nodes();
  std::vector<SetId> path(trie.longest() - base + 1, Configurations::kDead);
  path[0] = start;
  for (uint32_t i = begin; i < end;) {
    const TokenTrie::Node& node = nodes[i];
    const size_t depth = node.depth - base;
    const SetId set = configurations.step(path[depth - 1], node.byte);
    if (set == Configurations::kDead) {
      i = node.after;
      continue;
    }
    path[depth] = set;
    visit(i, set);
    ++i;
  }
}

/// The same with limits: only the tokens after which there is room for the end.
void walk_limited(Configurations& configurations, const TokenTrie& trie, SetId start, uint32_t begin, uint32_t end,
                  size_t base, const GenerationLimits& limits, std::span<uint64_t> bits) {
  walk(configurations, trie, start, begin, end, base, [&](uint32_t i, SetId set) {
    const uint64_t rest = configurations.set(set).bytes_to_finish;
    const uint64_t depth = trie.nodes()[i].depth;
    if (rest >= limits.tokens || depth > limits.bytes || rest > limits.bytes - depth) return;
    for (const uint32_t token : trie.tokens(i)) set_bit(bits, token);
  });
}

/// The least number of turns from which the next `bytes` bytes may go on as from `turns`: limits that are farther away
/// than there are bytes make no difference.
uint32_t equal_turns(const Automaton::Procedure& procedure, uint32_t turns, size_t bytes) {
  if (!procedure.counted()) return turns;
  if (procedure.most != kUnlimited && procedure.most - turns <= bytes) return turns;
  if (turns < procedure.least) {
    const uint32_t left = procedure.least - turns;
    return left > bytes ? procedure.least - static_cast<uint32_t>(bytes) - 1 : turns;
  }
  return procedure.most == kUnlimited ? procedure.least : procedure.most - static_cast<uint32_t>(bytes) - 1;
}

}  // namespace

void TokenMasks::forget() {
  inner_.clear();
  kept_ = 0;
}

void TokenMasks::trim() {
  if (kept_ > kMostKept) forget();
}

std::pair<TokenMasks::Key, FrameId> TokenMasks::key_of(const Configurations& configurations, Configuration way,
                                                       size_t bytes) {
  Key key;
  for (;;) {
    const Frame& frame = configurations.frame(way.frame);
    const Automaton& automaton = configurations.automaton();
    const Automaton::Procedure& procedure = automaton.procedures[automaton.states[way.state].procedure];
    key.emplace_back(way.state, equal_turns(procedure, frame.turns, bytes));
    // A counted procedure that is the last of the text may lie at the bottom.
    if (!procedure.counted() || frame.below == kNoFrame) return {key, way.frame};
    way = {frame.next, frame.below};
  }
}

const TokenMasks::Inner& TokenMasks::inner_of(Configurations& configurations, const Key& key, const TokenTrie& trie) {
  const auto [place, is_new] = inner_.try_emplace(key);
  Inner& inner = place->second;
  if (!is_new) return inner;
  FrameId frame = configurations.bottom_frame(key.back().second);
  for (size_t i = key.size() - 1; i-- > 0;) frame = configurations.frame(key[i + 1].first, key[i].second, frame);
  const SetId start = configurations.set_of({{key.front().first, frame}}, false);
  const uint64_t before = configurations.set(start).bytes_to_finish;
  const auto node_count = static_cast<uint32_t>(trie.nodes().size());
  walk(configurations, trie, start, 0, node_count, 0, [&](uint32_t i, SetId id) {
    const ConfigurationSet& set = configurations.set(id);
    inner.deepest = std::max(inner.deepest, set.deepest);
    if (set.ended && trie.nodes()[i].after != i + 1) inner.exits.push_back(i);
    if (trie.tokens(i).empty()) return;
    if (set.bytes_to_finish > before) inner.growth = std::max(inner.growth, set.bytes_to_finish - before);
    inner.tokens.insert(inner.tokens.end(), trie.tokens(i).begin(), trie.tokens(i).end());
  });
  const size_t words = (trie.vocabulary_size() + 63) / 64;
  if (inner.tokens.size() > words) {
    inner.bits.resize(words);
    for (const uint32_t token : inner.tokens) set_bit(inner.bits, token);
    inner.tokens = {};
  }
  kept_ += sizeof(Inner) + inner.bits.size() * sizeof(uint64_t) + (inner.tokens.size() + inner.exits.size()) * 4;
  return inner;
}

void TokenMasks::fill(Configurations& configurations, SetId id, const TokenTrie& trie, const GenerationLimits& limits,
                      std::span<uint64_t> bits) {
  if (serial_ != trie.serial()) forget();
  serial_ = trie.serial();
  const std::vector<Configuration> ways = configurations.set(id).configurations;
  const auto room = [&](const Configuration& way, const Inner& inner) {
    const uint64_t farthest = configurations.bytes_to_finish(way) + inner.growth;
    const uint64_t depth = configurations.frame(way.frame).depth + inner.deepest;
    return farthest < limits.tokens && farthest + trie.longest() <= limits.bytes &&
           depth <= Configurations::kDeepestCalls;
  };
  for (const Configuration& way : ways) {
    const auto [key, outermost] = key_of(configurations, way, trie.longest());
    const Inner& inner = inner_of(configurations, key, trie);
    if (configurations.overflowed()) return forget();
    if (!room(way, inner)) {
      std::ranges::fill(bits, 0);
      const auto node_count = static_cast<uint32_t>(trie.nodes().size());
      return walk_limited(configurations, trie, id, 0, node_count, 0, limits, bits);
    }
    for (size_t i = 0; i < inner.bits.size(); ++i) bits[i] |= inner.bits[i];
    for (const uint32_t token : inner.tokens) set_bit(bits, token);
    if (inner.exits.empty()) continue;
    const SetId outer = configurations.set_after(outermost);
    for (const uint32_t node : inner.exits) {
      const TokenTrie::Node& exit = trie.nodes()[node];
      walk_limited(configurations, trie, outer, node + 1, exit.after, exit.depth, limits, bits);
    }
  }
}

}  // namespace hearth
