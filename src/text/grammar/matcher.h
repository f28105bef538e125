#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "hearth/status.h"
#include "text/grammar/grammar.h"
#include "text/grammar/token_trie.h"

namespace hearth {

struct MaskOptions {
  /// Tokens that end the text: allowed when it is complete.
  std::span<const int64_t> end_tokens{};
  /// The most tokens that may still come, an end token not counted. Tokens after which the rest could not be written in
  /// so many are not allowed, provided that each byte that a rest may need is a token too.
  int64_t tokens_left = std::numeric_limits<int64_t>::max();
  /// The same in bytes.
  int64_t bytes_left = std::numeric_limits<int64_t>::max();
};

/// How far one text has come that is to fit a grammar. A copy goes on independently and costs little: what both find
/// out about the grammar is shared. Copies may be used by different threads, one of them by one at a time.
///
/// Rules may be nested 512 deep; deeper texts are not allowed.
class GrammarMatcher {
 public:
  /// The beginning of a text. kInvalidArgument says what is wrong with the grammar.
  static Result<GrammarMatcher> create(const Grammar& grammar);

  /// Takes the bytes as the text's next. kInvalidArgument when they may not come, kFailed when there are too many ways
  /// to read them; nothing was taken then.
  Status accept(std::string_view bytes);
  /// True when the text may end here.
  bool is_complete() const { return state_.ended; }
  /// The fewest bytes that complete the text.
  uint64_t bytes_to_finish() const { return state_.bytes_to_finish; }
  /// Sets bit t % 64 of word t / 64 for each token t that may come next, and clears the others. `bits` has
  /// (vocabulary size + 63) / 64 words. kInvalidArgument when it has not, for an end token outside of the vocabulary,
  /// and when the text cannot be finished within the options' limits; kFailed when there are too many ways to read it.
  Status mask(const TokenTrie& trie, const MaskOptions& options, std::span<uint64_t> bits);

 private:
  struct Engine;
  /// What a Configurations' set is, without the ids that only live as long as it keeps them.
  struct State {
    struct Call {
      uint32_t next;
      uint32_t turns;
      uint32_t below;  ///< Its index among the calls, less than its own; kUnlimited for the outermost.
    };
    struct Way {
      uint32_t state;
      uint32_t call;
    };
    std::vector<Call> calls{};
    std::vector<Way> ways{};
    bool ended = false;
    uint64_t bytes_to_finish = 0;
  };

  explicit GrammarMatcher(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}
  Status take(uint32_t set);

  std::shared_ptr<Engine> engine_;
  State state_;
};

}  // namespace hearth
