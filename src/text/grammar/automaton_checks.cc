// Costs by Knuth's "A generalization of Dijkstra's algorithm" (1977): what a state or procedure costs is settled in
// ascending order. Progress by a topological order of who calls whom before the first byte.
#include <functional>
#include <optional>
#include <queue>
#include <tuple>

#include "base/errors.h"
#include "text/grammar/automaton.h"

namespace hearth {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 40;

class CostSearch {
 public:
  explicit CostSearch(Automaton& automaton)
      : automaton_(automaton),
        before_(automaton.states.size()),
        callers_(automaton.procedures.size()),
        state_costs_(automaton.states.size()),
        procedure_costs_(automaton.procedures.size()) {
    for (StateId id = 0; id < automaton.states.size(); ++id) {
      const Automaton::State& state = automaton.states[id];
      for (const Automaton::Edge& edge : state.edges) before_[edge.target].push_back(id);
      for (const StateId target : state.empties) before_[target].push_back(id);
      for (const Automaton::Call& call : state.calls) {
        before_[call.next].push_back(id);
        callers_[call.procedure].push_back(id);
      }
    }
  }

  Status run() {
    offer_ends();
    while (!queue_.empty()) {
      const auto [cost, id] = queue_.top();
      queue_.pop();
      if (state_costs_[id]) continue;
      state_costs_[id] = cost;
      settle_procedure(id, cost);
      for (const StateId earlier : before_[id]) offer(earlier);
    }
    for (StateId id = 0; id < automaton_.states.size(); ++id) {
      Automaton::State& state = automaton_.states[id];
      Automaton::Procedure& procedure = automaton_.procedures[state.procedure];
      if (!state_costs_[id]) return invalid_argument("grammar: rule '{}' cannot end: no text fits it", procedure.name);
      state.to_end = *state_costs_[id];
      if (id == procedure.start) procedure.cost = state.to_end;
    }
    return {};
  }

 private:
  void offer_ends() {
    for (StateId id = 0; id < automaton_.states.size(); ++id) {
      const Automaton::State& state = automaton_.states[id];
      const bool ends = state.kind == Automaton::StateKind::kEnd || state.kind == Automaton::StateKind::kTurnEnded;
      if (ends) queue_.push({Cost{}, id});
      if (state.kind == Automaton::StateKind::kLoop && automaton_.procedures[state.procedure].least == 0) {
        queue_.push({Cost{}, id});
      }
    }
  }

  /// The state's cheapest way over what is settled so far.
  void offer(StateId id) {
    if (state_costs_[id]) return;
    const Automaton::State& state = automaton_.states[id];
    std::optional<Cost> best;
    const auto consider = [&](Cost cost) {
      if (!best || cost < *best) best = cost;
    };
    for (const Automaton::Edge& edge : state.edges) {
      if (const auto& rest = state_costs_[edge.target]) consider({rest->bytes + 1, rest->depth});
    }
    for (const StateId target : state.empties) {
      if (const auto& rest = state_costs_[target]) consider(*rest);
    }
    for (const Automaton::Call& call : state.calls) {
      const auto& rest = state_costs_[call.next];
      const auto& called = procedure_costs_[call.procedure];
      if (!rest || !called) continue;
      consider({std::min(rest->bytes + called->bytes, kMostBytes), std::max(rest->depth, called->depth + 1)});
    }
    if (best) queue_.push({*best, id});
  }

  void settle_procedure(StateId id, Cost cost) {
    const uint32_t index = automaton_.states[id].procedure;
    const Automaton::Procedure& procedure = automaton_.procedures[index];
    if (procedure.counted() && id == procedure.turn && !state_costs_[procedure.start]) {
      const uint64_t bytes = std::min(cost.bytes, kMostBytes / procedure.least) * procedure.least;
      queue_.push({{bytes, cost.depth}, procedure.start});
    }
    if (id != procedure.start) return;
    procedure_costs_[index] = cost;
    for (const StateId caller : callers_[index]) offer(caller);
  }

  using Offer = std::tuple<Cost, StateId>;

  Automaton& automaton_;
  std::vector<std::vector<StateId>> before_;
  std::vector<std::vector<StateId>> callers_;
  std::vector<std::optional<Cost>> state_costs_;
  std::vector<std::optional<Cost>> procedure_costs_;
  std::priority_queue<Offer, std::vector<Offer>, std::greater<>> queue_;
};

/// The procedures that each one may call before it has taken a byte.
std::vector<std::vector<uint32_t>> calls_before_first_byte(const Automaton& automaton) {
  std::vector<std::vector<uint32_t>> result(automaton.procedures.size());
  std::vector<bool> seen(automaton.states.size());
  for (uint32_t i = 0; i < automaton.procedures.size(); ++i) {
    const Automaton::Procedure& procedure = automaton.procedures[i];
    std::vector<StateId> left{procedure.counted() ? procedure.turn : procedure.start};
    while (!left.empty()) {
      const StateId id = left.back();
      left.pop_back();
      if (seen[id]) continue;
      seen[id] = true;
      const Automaton::State& state = automaton.states[id];
      left.insert(left.end(), state.empties.begin(), state.empties.end());
      for (const Automaton::Call& call : state.calls) {
        result[i].push_back(call.procedure);
        if (automaton.procedures[call.procedure].cost.bytes == 0) left.push_back(call.next);
      }
    }
  }
  return result;
}

}  // namespace

Status find_costs(Automaton& automaton) { return CostSearch(automaton).run(); }

Status check_progress(const Automaton& automaton) {
  for (const Automaton::Procedure& procedure : automaton.procedures) {
    if (procedure.counted() && automaton.states[procedure.turn].to_end.bytes == 0) {
      return invalid_argument("grammar: rule '{}' counts turns of what may be empty: use * instead", procedure.name);
    }
  }
  const std::vector<std::vector<uint32_t>> calls = calls_before_first_byte(automaton);
  std::vector<uint32_t> callers(calls.size());
  for (const std::vector<uint32_t>& called : calls) {
    for (const uint32_t procedure : called) ++callers[procedure];
  }
  std::vector<uint32_t> ordered;
  for (uint32_t i = 0; i < calls.size(); ++i) {
    if (callers[i] == 0) ordered.push_back(i);
  }
  for (size_t next = 0; next < ordered.size(); ++next) {
    for (const uint32_t procedure : calls[ordered[next]]) {
      if (--callers[procedure] == 0) ordered.push_back(procedure);
    }
  }
  for (uint32_t i = 0; i < calls.size(); ++i) {
    if (callers[i] == 0) continue;
    return invalid_argument("grammar: rule '{}' may begin with itself (left recursion): write it as a repetition",
                            automaton.procedures[i].name);
  }
  return {};
}

}  // namespace hearth
