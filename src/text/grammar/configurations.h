#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "text/grammar/automaton.h"

namespace hearth {

using FrameId = uint32_t;
using SetId = uint32_t;
inline constexpr FrameId kNoFrame = kUnlimited;

/// A call that is not over: where it goes on then, and how many turns it has had, if it is counted.
struct Frame {
  StateId next = kNoState;
  uint32_t turns = 0;
  FrameId below = kNoFrame;  ///< The call that it was made by.
  uint32_t depth = 1;
  uint64_t bytes_after = 0;  ///< The fewest that follow its own end.
};

/// One way to read the text so far: a state that takes bytes, and the calls that are not over.
struct Configuration {
  StateId state;
  FrameId frame;
  auto operator<=>(const Configuration&) const = default;
};

/// All ways to read the text so far.
struct ConfigurationSet {
  std::vector<Configuration> configurations{};  ///< Sorted.
  bool ended = false;                           ///< The text may end here.
  uint64_t bytes_to_finish = 0;                 ///< The fewest bytes with which it may; undefined for the dead set.
  uint32_t deepest = 0;  ///< Calls that these ways need at once, those given up as too deep as well.
};

/// Follows an Automaton by bytes. Frames and sets are kept once, with what each byte leads to, so that what was seen
/// before costs one look-up. Of what would need more than kDeepestCalls calls at once nothing is left. One thread at a
/// time.
class Configurations {
 public:
  static constexpr SetId kDead = 0;
  static constexpr uint32_t kDeepestCalls = 512;

  explicit Configurations(const Automaton& automaton);

  /// Where a procedure's call begins that nothing follows.
  FrameId bottom_frame(uint32_t turns) { return frame(kNoState, turns, kNoFrame); }
  FrameId frame(StateId next, uint32_t turns, FrameId below);
  /// A state and all that it is without a byte.
  SetId set_from(StateId state, FrameId frame);
  /// What is left after the frame's procedure ended.
  SetId set_after(FrameId frame);
  /// A set of configurations whose states take bytes.
  SetId set_of(std::vector<Configuration> configurations, bool ended);
  /// What the byte leads to; kDead when it may not come.
  SetId step(SetId set, uint8_t byte) {
    const SetId known = steps_[set][byte];
    return known != kUnknown ? known : find_step(set, byte);
  }

  const Automaton& automaton() const { return automaton_; }
  const ConfigurationSet& set(SetId id) const { return sets_[id]; }
  const Frame& frame(FrameId id) const { return frames_[id]; }
  /// The fewest bytes from here to the end of the frame's procedure.
  uint64_t bytes_to_end(StateId state, uint32_t turns) const;
  uint64_t bytes_to_finish(const Configuration& configuration) const;

  /// True when a step needed more room than there is: what was answered since is wrong, and clear() is due.
  bool overflowed() const { return overflowed_; }
  /// True when so much is kept that it should be forgotten before the next piece of work.
  bool full() const { return sets_.size() > kManySets || frames_.size() > kManyFrames; }
  /// Forgets all frames and sets; ids of before have no meaning any more.
  void clear();

 private:
  static constexpr SetId kUnknown = kUnlimited;
  static constexpr size_t kManySets = 8192;
  static constexpr size_t kMostSets = 65536;
  static constexpr size_t kManyFrames = size_t{1} << 16;
  static constexpr size_t kMostFrames = size_t{1} << 20;
  static constexpr size_t kMostConfigurations = 8192;

  struct FrameHash {
    size_t operator()(const Frame& frame) const;
  };
  struct FrameEqual {
    bool operator()(const Frame& a, const Frame& b) const {
      return a.next == b.next && a.turns == b.turns && a.below == b.below;
    }
  };
  struct SetHash {
    size_t operator()(const ConfigurationSet& set) const;
  };
  struct SetEqual {
    bool operator()(const ConfigurationSet& a, const ConfigurationSet& b) const {
      return a.ended == b.ended && a.deepest == b.deepest && a.configurations == b.configurations;
    }
  };
  class Closure;

  SetId find_step(SetId set, uint8_t byte);
  SetId keep(ConfigurationSet set);
  uint32_t calls_needed(const Configuration& configuration) const;

  const Automaton& automaton_;
  std::vector<Frame> frames_;
  std::vector<ConfigurationSet> sets_;
  std::vector<std::array<SetId, 256>> steps_;
  std::unordered_map<Frame, FrameId, FrameHash, FrameEqual> frame_ids_;
  std::unordered_map<ConfigurationSet, SetId, SetHash, SetEqual> set_ids_;
  bool overflowed_ = false;
};

}  // namespace hearth
