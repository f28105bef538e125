#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hearth/status.h"
#include "text/grammar/grammar.h"

namespace hearth {

using StateId = uint32_t;
inline constexpr StateId kNoState = kUnlimited;

/// The cheapest way to an end: bytes first, then how many calls deep it goes on the way.
struct Cost {
  uint64_t bytes = 0;
  uint32_t depth = 0;
  auto operator<=>(const Cost&) const = default;
};

/// A Grammar as automata that call one another, one for each rule and for each repetition that has to be counted. Small
/// rules that do not refer to themselves are part of those that use them.
struct Automaton {
  enum class StateKind : uint8_t {
    kPlain,
    kEnd,        ///< The procedure is over.
    kLoop,       ///< Of a counted procedure: over, if there were enough turns, or another one.
    kTurnEnded,  ///< Of a counted procedure: one turn more, on to its loop.
  };
  struct Edge {
    ByteRange bytes;
    StateId target;
  };
  struct Call {
    uint32_t procedure;
    StateId next;  ///< Where it goes on when the procedure is over.
  };
  struct State {
    StateKind kind = StateKind::kPlain;
    bool returns_only = false;  ///< Nothing follows but the procedure's end, at once.
    uint32_t procedure = 0;
    std::vector<Edge> edges{};
    std::vector<Call> calls{};
    std::vector<StateId> empties{};  ///< States that it is as well.
    Cost to_end{};                   ///< To the end of the procedure, of a counted one to the turn's end.
  };
  struct Procedure {
    std::string name;
    StateId start = 0;
    StateId turn = kNoState;  ///< Where a turn begins, if it is counted.
    uint32_t least = 1;       ///< Turns.
    uint32_t most = 1;
    Cost cost{};  ///< From start to end.
    bool counted() const { return turn != kNoState; }
  };

  std::vector<State> states;
  std::vector<Procedure> procedures;  ///< The whole text first.
};

/// kInvalidArgument for a grammar that needs too many states, of which a rule cannot end or begins with itself, or that
/// counts turns that may be empty.
Result<Automaton> make_automaton(const Grammar& grammar);

/// Puts together what begins alike in each procedure, where that does not make it much larger.
void determinise(Automaton& automaton);

/// Fills in all costs. kInvalidArgument names a procedure that cannot end.
Status find_costs(Automaton& automaton);

/// kInvalidArgument names a procedure that may call itself before it has taken a byte, and a counted one whose turns
/// may be empty. Needs the costs.
Status check_progress(const Automaton& automaton);

}  // namespace hearth
