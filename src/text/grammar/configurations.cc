#include "text/grammar/configurations.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

namespace hearth {
namespace {

uint64_t mixed(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 29);
}

uint64_t as_key(const Configuration& configuration) {
  return uint64_t{configuration.state} << 32 | configuration.frame;
}

}  // namespace

size_t Configurations::FrameHash::operator()(const Frame& frame) const {
  return mixed(mixed(mixed(1, frame.next), frame.turns), frame.below);
}

size_t Configurations::SetHash::operator()(const ConfigurationSet& set) const {
  uint64_t hash = mixed(set.ended ? 1 : 0, set.deepest);
  for (const Configuration& configuration : set.configurations) hash = mixed(hash, as_key(configuration));
  return hash;
}

/// Finds all that a state is without a byte: through empty ways, calls, ends and turns.
class Configurations::Closure {
 public:
  explicit Closure(Configurations& owner) : owner_(owner) {}

  void add(StateId state, FrameId frame) {
    left_.push_back({state, frame});
    while (!left_.empty()) {
      const Configuration next = left_.back();
      left_.pop_back();
      visit(next);
    }
  }

  void end(FrameId id) {
    const Frame frame = owner_.frames_[id];
    if (frame.below == kNoFrame) {
      result_.ended = true;
    } else {
      add(frame.next, frame.below);
    }
  }

  ConfigurationSet result() && { return std::move(result_); }

 private:
  void visit(const Configuration& here) {
    if (seen_.size() > kMostConfigurations) {
      owner_.overflowed_ = true;
      left_.clear();
      return;
    }
    if (!seen_.insert(as_key(here)).second) return;
    const uint32_t needed = owner_.calls_needed(here);
    result_.deepest = std::max(result_.deepest, needed);
    if (needed > kDeepestCalls) return;
    const Automaton::State& state = owner_.automaton_.states[here.state];
    if (!state.edges.empty()) result_.configurations.push_back(here);
    for (const StateId target : state.empties) left_.push_back({target, here.frame});
    for (const Automaton::Call& call : state.calls) visit_call(call, here.frame);
    if (state.kind != Automaton::StateKind::kPlain) visit_end(state, here.frame);
  }

  void visit_call(const Automaton::Call& call, FrameId caller) {
    const Automaton& automaton = owner_.automaton_;
    FrameId frame = kNoFrame;
    if (automaton.states[call.next].returns_only) {
      // Nothing follows in the caller: the frame takes its place, so that a list may be as long as it likes.
      const Frame replaced = owner_.frames_[caller];
      frame = owner_.frame(replaced.next, 0, replaced.below);
    } else {
      const Configuration next{call.next, caller};
      const uint32_t needed = owner_.calls_needed(next);
      result_.deepest = std::max(result_.deepest, needed);
      if (needed > kDeepestCalls) return;
      frame = owner_.frame(call.next, 0, caller);
    }
    left_.push_back({automaton.procedures[call.procedure].start, frame});
  }

  void visit_end(const Automaton::State& state, FrameId id) {
    const Frame frame = owner_.frames_[id];
    const Automaton::Procedure& procedure = owner_.automaton_.procedures[state.procedure];
    if (state.kind == Automaton::StateKind::kTurnEnded) {
      // Without a limit only the turns that are still to come matter.
      const bool enough = procedure.most == kUnlimited && frame.turns >= procedure.least;
      const uint32_t turns = enough ? frame.turns : frame.turns + 1;
      left_.push_back({procedure.start, owner_.frame(frame.next, turns, frame.below)});
      return;
    }
    const bool loop = state.kind == Automaton::StateKind::kLoop;
    if (loop && frame.turns < procedure.most) left_.push_back({procedure.turn, id});
    if (loop && frame.turns < procedure.least) return;
    if (frame.below == kNoFrame) {
      result_.ended = true;
    } else {
      left_.push_back({frame.next, frame.below});
    }
  }

  Configurations& owner_;
  std::vector<Configuration> left_;
  std::unordered_set<uint64_t> seen_;
  ConfigurationSet result_;
};

Configurations::Configurations(const Automaton& automaton) : automaton_(automaton) { clear(); }

void Configurations::clear() {
  frames_.clear();
  sets_.clear();
  steps_.clear();
  frame_ids_.clear();
  set_ids_.clear();
  overflowed_ = false;
  keep({});
}

FrameId Configurations::frame(StateId next, uint32_t turns, FrameId below) {
  const auto [place, is_new] =
      frame_ids_.try_emplace({.next = next, .turns = turns, .below = below}, static_cast<FrameId>(frames_.size()));
  if (is_new) {
    Frame frame = place->first;
    if (below != kNoFrame) {
      frame.depth = frames_[below].depth + 1;
      frame.bytes_after = bytes_to_finish({next, below});
    }
    frames_.push_back(frame);
    overflowed_ = overflowed_ || frames_.size() > kMostFrames;
  }
  return place->second;
}

uint64_t Configurations::bytes_to_end(StateId id, uint32_t turns) const {
  const Automaton::State& state = automaton_.states[id];
  const Automaton::Procedure& procedure = automaton_.procedures[state.procedure];
  if (!procedure.counted()) return state.to_end.bytes;
  const bool loop = state.kind == Automaton::StateKind::kLoop;
  const uint64_t done = uint64_t{turns} + (loop ? 0 : 1);
  const uint64_t left = procedure.least > done ? procedure.least - done : 0;
  return (loop ? 0 : state.to_end.bytes) + left * automaton_.states[procedure.turn].to_end.bytes;
}

uint64_t Configurations::bytes_to_finish(const Configuration& configuration) const {
  const Frame& frame = frames_[configuration.frame];
  return bytes_to_end(configuration.state, frame.turns) + frame.bytes_after;
}

/// Calls at once on the cheapest way to the end of the procedure; what follows it was counted when it was called.
uint32_t Configurations::calls_needed(const Configuration& configuration) const {
  const Automaton::State& state = automaton_.states[configuration.state];
  const Automaton::Procedure& procedure = automaton_.procedures[state.procedure];
  const Frame& frame = frames_[configuration.frame];
  uint32_t needed = state.to_end.depth;
  if (procedure.counted()) {
    const bool loop = state.kind == Automaton::StateKind::kLoop;
    const bool more = frame.turns + (loop ? 0 : 1) < procedure.least;
    needed = std::max(loop ? 0 : needed, more ? automaton_.states[procedure.turn].to_end.depth : 0);
  }
  return frame.depth + needed;
}

SetId Configurations::set_from(StateId state, FrameId frame) {
  Closure closure(*this);
  closure.add(state, frame);
  return keep(std::move(closure).result());
}

SetId Configurations::set_after(FrameId frame) {
  Closure closure(*this);
  closure.end(frame);
  return keep(std::move(closure).result());
}

SetId Configurations::set_of(std::vector<Configuration> configurations, bool ended) {
  ConfigurationSet set{.configurations = std::move(configurations), .ended = ended};
  for (const Configuration& each : set.configurations) set.deepest = std::max(set.deepest, calls_needed(each));
  return keep(std::move(set));
}

SetId Configurations::keep(ConfigurationSet set) {
  std::ranges::sort(set.configurations);
  if (set.configurations.empty() && !set.ended && !sets_.empty()) return kDead;
  uint64_t least = set.ended ? 0 : std::numeric_limits<uint64_t>::max();
  for (const Configuration& each : set.configurations) least = std::min(least, bytes_to_finish(each));
  set.bytes_to_finish = least;
  const auto [place, is_new] = set_ids_.try_emplace(set, static_cast<SetId>(sets_.size()));
  if (!is_new) return place->second;
  if (sets_.size() >= kMostSets) {
    overflowed_ = true;
    set_ids_.erase(place);
    return kDead;
  }
  sets_.push_back(std::move(set));
  steps_.emplace_back();
  // From the dead set nothing leads anywhere.
  steps_.back().fill(sets_.size() == 1 ? kDead : kUnknown);
  return place->second;
}

SetId Configurations::find_step(SetId from, uint8_t byte) {
  Closure closure(*this);
  const std::vector<Configuration> configurations = sets_[from].configurations;
  for (const Configuration& here : configurations) {
    for (const Automaton::Edge& edge : automaton_.states[here.state].edges) {
      if (byte >= edge.bytes.first && byte <= edge.bytes.last) closure.add(edge.target, here.frame);
    }
  }
  const SetId to = keep(std::move(closure).result());
  if (!overflowed_) steps_[from][byte] = to;
  return to;
}

}  // namespace hearth
