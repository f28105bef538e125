#pragma once

#include <cstdint>
#include <vector>

#include "hearth/status.h"
#include "text/grammar/regex.h"

namespace hearth {

/// A regular expression as an automaton whose states are the places of its characters (Glushkov, "The abstract theory
/// of automata", 1961).
struct PositionAutomaton {
  std::vector<CodePointSet> characters;       ///< Of each place.
  std::vector<std::vector<uint32_t>> follow;  ///< Places that may come after each place.
  std::vector<uint32_t> first;                ///< Places that may come first.
  std::vector<bool> last;                     ///< Whether the text may end after a place.
  bool empty = false;                         ///< Whether the empty text matches.
};

/// kInvalidArgument when it would need more than some thousand places.
Result<PositionAutomaton> make_position_automaton(const Regex& regex);

}  // namespace hearth
