#include "text/grammar/matcher.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "base/errors.h"
#include "text/grammar/automaton.h"
#include "text/grammar/configurations.h"
#include "text/grammar/token_masks.h"

namespace hearth {

/// What matchers of one grammar share.
struct GrammarMatcher::Engine {
  explicit Engine(Automaton made) : automaton(std::move(made)), configurations(automaton) {}

  SetId set_of(const State& state) {
    std::vector<FrameId> frames;
    for (const State::Call& call : state.calls) {
      frames.push_back(
          configurations.frame(call.next, call.turns, call.below == kUnlimited ? kNoFrame : frames[call.below]));
    }
    std::vector<Configuration> ways;
    for (const State::Way& way : state.ways) ways.push_back({way.state, frames[way.call]});
    return configurations.set_of(std::move(ways), state.ended);
  }

  State state_of(SetId id) const {
    const ConfigurationSet& set = configurations.set(id);
    State state{.ended = set.ended, .bytes_to_finish = set.bytes_to_finish};
    std::map<FrameId, uint32_t> calls;
    for (const Configuration& way : set.configurations)
      state.ways.push_back({way.state, copy_call(way.frame, state, calls)});
    return state;
  }

  /// Prepares for a piece of work; ids of before may have no meaning any more.
  void tidy() {
    if (configurations.full() || configurations.overflowed()) configurations.clear();
    masks.trim();
  }

  Automaton automaton;
  std::mutex mutex;  ///< Guards the rest.
  Configurations configurations;
  TokenMasks masks;

 private:
  uint32_t copy_call(FrameId id, State& state, std::map<FrameId, uint32_t>& calls) const {
    std::vector<FrameId> path;
    for (; id != kNoFrame && !calls.contains(id); id = configurations.frame(id).below) path.push_back(id);
    uint32_t below = id == kNoFrame ? kUnlimited : calls.at(id);
    for (size_t i = path.size(); i-- > 0;) {
      const Frame& frame = configurations.frame(path[i]);
      state.calls.push_back({frame.next, frame.turns, below});
      below = static_cast<uint32_t>(state.calls.size() - 1);
      calls.emplace(path[i], below);
    }
    return below;
  }
};

namespace {

Status too_ambiguous() {
  return error(StatusCode::kFailed,
               "grammar: there are too many ways to read the text: make the grammar less ambiguous");
}

}  // namespace

Result<GrammarMatcher> GrammarMatcher::create(const Grammar& grammar) {
  HEARTH_ASSIGN_OR_RETURN(Automaton automaton, make_automaton(grammar));
  GrammarMatcher matcher(std::make_shared<Engine>(std::move(automaton)));
  Configurations& configurations = matcher.engine_->configurations;
  const StateId start = matcher.engine_->automaton.procedures[0].start;
  HEARTH_RETURN_IF_ERROR(matcher.take(configurations.set_from(start, configurations.bottom_frame(0))));
  return matcher;
}

Status GrammarMatcher::take(uint32_t set) {
  if (engine_->configurations.overflowed()) return too_ambiguous();
  if (set == Configurations::kDead) return invalid_argument("grammar: its rules are nested too deep");
  state_ = engine_->state_of(set);
  return {};
}

Status GrammarMatcher::accept(std::string_view bytes) {
  const std::scoped_lock lock(engine_->mutex);
  engine_->tidy();
  SetId set = engine_->set_of(state_);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    set = engine_->configurations.step(set, byte);
    if (engine_->configurations.overflowed()) return too_ambiguous();
    if (set == Configurations::kDead) {
      return invalid_argument("grammar: byte {} of the new ones (0x{:02x}) may not come there", i, byte);
    }
  }
  return take(set);
}

Status GrammarMatcher::mask(const TokenTrie& trie, const MaskOptions& options, std::span<uint64_t> bits) {
  if (bits.size() != (trie.vocabulary_size() + 63) / 64) {
    return invalid_argument("grammar: a mask of {} tokens has {} words, not {}", trie.vocabulary_size(),
                            (trie.vocabulary_size() + 63) / 64, bits.size());
  }
  const GenerationLimits limits{.tokens = static_cast<uint64_t>(std::max<int64_t>(options.tokens_left, 0)),
                                .bytes = static_cast<uint64_t>(std::max<int64_t>(options.bytes_left, 0))};
  if (state_.bytes_to_finish > std::min(limits.tokens, limits.bytes)) {
    return invalid_argument("grammar: the text needs {} bytes more, but only {} tokens or {} bytes may come",
                            state_.bytes_to_finish, limits.tokens, limits.bytes);
  }
  std::ranges::fill(bits, 0);
  const std::scoped_lock lock(engine_->mutex);
  engine_->tidy();
  engine_->masks.fill(engine_->configurations, engine_->set_of(state_), trie, limits, bits);
  if (engine_->configurations.overflowed()) return too_ambiguous();
  for (const int64_t token : options.end_tokens) {
    if (token < 0 || static_cast<uint64_t>(token) >= trie.vocabulary_size()) {
      return invalid_argument("grammar: {} is not a token of the vocabulary, which has {}", token,
                              trie.vocabulary_size());
    }
    if (is_complete()) bits[static_cast<size_t>(token) / 64] |= uint64_t{1} << (token % 64);
  }
  return {};
}

}  // namespace hearth
