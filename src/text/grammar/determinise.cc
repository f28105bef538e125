// The subset construction (Rabin and Scott, "Finite automata and their decision problems", 1959) on each procedure, in
// which calls of the same procedure count as the same symbol. Alternatives that begin alike are followed as one, so
// that stacks of calls do not double where they nest.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "text/grammar/automaton.h"

namespace hearth {
namespace {

using StateSet = std::vector<StateId>;  ///< Sorted.

class Determiniser {
 public:
  explicit Determiniser(Automaton& automaton) : automaton_(automaton) {}

  void run() {
    std::vector<size_t> sizes(automaton_.procedures.size());
    for (const Automaton::State& state : automaton_.states) ++sizes[state.procedure];
    for (uint32_t i = 0; i < automaton_.procedures.size(); ++i) {
      Automaton::Procedure& procedure = automaton_.procedures[i];
      StateId& begin = procedure.counted() ? procedure.turn : procedure.start;
      if (const std::optional<StateId> made = make(i, begin, sizes[i])) begin = *made;
    }
    remove_unused();
  }

 private:
  /// The new begin of a procedure, or nothing when it would become much larger.
  std::optional<StateId> make(uint32_t procedure, StateId begin, size_t size) {
    ids_.clear();
    left_.clear();
    procedure_ = procedure;
    const size_t first = automaton_.states.size();
    work_ = 0;
    const StateId result = state_of({begin});
    while (!left_.empty()) {
      const auto [set, id] = left_.back();
      left_.pop_back();
      if (automaton_.states.size() - first > 2 * size + 64 || work_ > 64 * size + 4096) {
        automaton_.states.resize(first);
        return std::nullopt;
      }
      fill(id, set);
    }
    return result;
  }

  StateSet closed(StateSet states) {
    StateSet result;
    std::set<StateId> known;
    while (!states.empty()) {
      const StateId id = states.back();
      states.pop_back();
      if (!known.insert(id).second) continue;
      ++work_;
      result.push_back(id);
      const StateSet& empties = automaton_.states[id].empties;
      states.insert(states.end(), empties.begin(), empties.end());
    }
    std::ranges::sort(result);
    return result;
  }

  bool is_plain(StateId id) const { return automaton_.states[id].kind == Automaton::StateKind::kPlain; }

  /// The state that stands for all of these.
  StateId state_of(StateSet states) {
    StateSet set = closed(std::move(states));
    // What only leads on to others is among them.
    std::erase_if(set, [&](StateId id) {
      const Automaton::State& state = automaton_.states[id];
      return is_plain(id) && state.edges.empty() && state.calls.empty();
    });
    if (set.size() == 1 && !is_plain(set[0])) return set[0];
    const auto [place, is_new] = ids_.try_emplace(set, static_cast<StateId>(automaton_.states.size()));
    if (is_new) {
      automaton_.states.push_back({.procedure = procedure_});
      left_.emplace_back(set, place->second);
    }
    return place->second;
  }

  void fill(StateId id, const StateSet& set) {
    std::map<uint32_t, StateSet> calls;
    std::vector<Automaton::Edge> edges;
    for (const StateId part : set) {
      const Automaton::State& state = automaton_.states[part];
      if (!is_plain(part)) automaton_.states[id].empties.push_back(part);
      edges.insert(edges.end(), state.edges.begin(), state.edges.end());
      for (const Automaton::Call& call : state.calls) calls[call.procedure].push_back(call.next);
    }
    for (auto& [procedure, next] : calls) {
      const StateId after = state_of(std::move(next));
      automaton_.states[id].calls.push_back({procedure, after});
    }
    fill_edges(id, edges);
  }

  void fill_edges(StateId id, const std::vector<Automaton::Edge>& edges) {
    std::vector<int> cuts;
    for (const Automaton::Edge& edge : edges) {
      cuts.push_back(edge.bytes.first);
      cuts.push_back(edge.bytes.last + 1);
    }
    std::ranges::sort(cuts);
    cuts.erase(std::ranges::unique(cuts).begin(), cuts.end());
    for (size_t i = 0; i + 1 < cuts.size(); ++i) {
      const ByteRange piece{static_cast<uint8_t>(cuts[i]), static_cast<uint8_t>(cuts[i + 1] - 1)};
      StateSet targets;
      for (const Automaton::Edge& edge : edges) {
        if (edge.bytes.first <= piece.first && piece.last <= edge.bytes.last) targets.push_back(edge.target);
      }
      if (targets.empty()) continue;
      const StateId target = state_of(std::move(targets));
      automaton_.states[id].edges.push_back({piece, target});
    }
  }

  void remove_unused() {
    std::vector<StateId> left;
    std::vector<StateId> new_ids(automaton_.states.size(), kNoState);
    const auto use = [&](StateId id) {
      if (new_ids[id] != kNoState) return;
      new_ids[id] = 0;
      left.push_back(id);
    };
    for (const Automaton::Procedure& procedure : automaton_.procedures) {
      use(procedure.start);
      if (procedure.counted()) use(procedure.turn);
    }
    while (!left.empty()) {
      const Automaton::State& state = automaton_.states[left.back()];
      left.pop_back();
      for (const Automaton::Edge& edge : state.edges) use(edge.target);
      for (const Automaton::Call& call : state.calls) use(call.next);
      for (const StateId target : state.empties) use(target);
    }
    renumber(new_ids);
  }

  void renumber(std::vector<StateId>& new_ids) {
    std::vector<Automaton::State> kept;
    for (StateId id = 0; id < new_ids.size(); ++id) {
      if (new_ids[id] == kNoState) continue;
      new_ids[id] = static_cast<StateId>(kept.size());
      kept.push_back(std::move(automaton_.states[id]));
    }
    for (Automaton::State& state : kept) {
      for (Automaton::Edge& edge : state.edges) edge.target = new_ids[edge.target];
      for (Automaton::Call& call : state.calls) call.next = new_ids[call.next];
      for (StateId& target : state.empties) target = new_ids[target];
    }
    for (Automaton::Procedure& procedure : automaton_.procedures) {
      procedure.start = new_ids[procedure.start];
      if (procedure.counted()) procedure.turn = new_ids[procedure.turn];
    }
    automaton_.states = std::move(kept);
  }

  Automaton& automaton_;
  uint32_t procedure_ = 0;
  size_t work_ = 0;  ///< States looked at.
  std::map<StateSet, StateId> ids_;
  std::vector<std::pair<StateSet, StateId>> left_;
};

}  // namespace

void determinise(Automaton& automaton) { Determiniser(automaton).run(); }

}  // namespace hearth
