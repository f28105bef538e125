#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "text/grammar/configurations.h"
#include "text/grammar/token_trie.h"

namespace hearth {

/// How much may still be generated. Tokens after which the text could not be finished in time are not allowed.
struct GenerationLimits {
  uint64_t tokens = std::numeric_limits<uint64_t>::max();
  uint64_t bytes = std::numeric_limits<uint64_t>::max();
};

/// Finds the tokens that may come next. What does not depend on the calls around a configuration is found once and
/// kept: the tokens that stay inside its procedure (as in XGrammar: Dong and others, 2024), and where in the trie it
/// may end.
class TokenMasks {
 public:
  /// Sets the bits of all tokens of the trie that may follow the set. `bits` is zero before. Look at
  /// `configurations.overflowed()` after it.
  void fill(Configurations& configurations, SetId set, const TokenTrie& trie, const GenerationLimits& limits,
            std::span<uint64_t> bits);

  /// Forgets what was kept, if it is much.
  void trim();

 private:
  static constexpr size_t kMostKept = size_t{64} << 20;

  /// What may follow a configuration while its procedure lasts; if that is counted, while the one that called it does,
  /// since turns are short.
  struct Inner {
    std::vector<uint32_t> tokens{};  ///< If they are few; else bits.
    std::vector<uint64_t> bits{};
    std::vector<uint32_t> exits{};  ///< Nodes after which the procedure may be over, and below which there are others.
    uint64_t growth = 0;            ///< How much farther than before the end may be after one of the tokens.
    uint32_t deepest = 0;           ///< Calls at once that were needed on the way, the procedure's own as the first.
  };
  /// The state and turns of each procedure up to the one that is not counted.
  using Key = std::vector<std::pair<StateId, uint32_t>>;

  /// What is kept for a configuration, and the frame of the last procedure in it; tokens have at most `bytes`.
  static std::pair<Key, FrameId> key_of(const Configurations& configurations, Configuration way, size_t bytes);
  const Inner& inner_of(Configurations& configurations, const Key& key, const TokenTrie& trie);
  void forget();

  std::map<Key, Inner> inner_;
  uint64_t serial_ = 0;  ///< Of the trie that it was found for.
  size_t kept_ = 0;      ///< Bytes.
};

}  // namespace hearth
