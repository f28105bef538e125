#include "text/grammar/automaton.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/errors.h"

namespace hearth {
namespace {

constexpr size_t kMostStates = size_t{1} << 18;
/// Expressions that a rule may have to become part of those that use it.
constexpr uint32_t kLargestInlined = 48;

/// Says which rules become part of those that use them.
class Inlining {
 public:
  explicit Inlining(const Grammar& grammar) : grammar_(grammar), rules_(grammar.rules().size()) {
    for (RuleId rule = 0; rule < rules_.size(); ++rule) size_of_rule(rule);
  }
  bool inlined(RuleId rule) const {
    return !rules_[rule].recursive && rules_[rule].size <= kLargestInlined &&
           !grammar_.is_nothing(grammar_.rules()[rule].expression);
  }

 private:
  struct Info {
    bool visiting = false;
    bool recursive = false;
    uint32_t size = 0;  ///< 0: not known yet.
  };

  // Long chains of rules would need as deep a recursion: beyond kDeepest a rule counts as large.
  static constexpr int kDeepest = 50;

  uint32_t size_of_rule(RuleId rule) {
    Info& info = rules_[rule];
    if (info.size != 0) return info.size;
    if (info.visiting || depth_ > kDeepest) {
      info.recursive = true;
      return 1;
    }
    info.visiting = true;
    ++depth_;
    const uint32_t size = size_of(grammar_.rules()[rule].expression);
    --depth_;
    rules_[rule].visiting = false;
    return rules_[rule].size = size;
  }

  uint32_t size_of(ExpressionId id) {
    const Grammar::Expression& expression = grammar_.expression(id);
    if (expression.kind == Grammar::Kind::kReference) {
      const uint32_t size = size_of_rule(expression.rule);
      return inlined(expression.rule) ? std::min(size + 1, kLargestInlined + 1) : 1;
    }
    const auto ranges = static_cast<uint32_t>(expression.characters.ranges().size());
    uint32_t size = 1 + static_cast<uint32_t>(expression.bytes.size()) + ranges;
    for (const ExpressionId part : expression.parts) {
      size += size_of(part);
      if (size > kLargestInlined) return kLargestInlined + 1;
    }
    return std::min(size, kLargestInlined + 1);
  }

  const Grammar& grammar_;
  std::vector<Info> rules_;
  int depth_ = 0;
};

/// Thompson's construction ("Regular expression search algorithm", 1968), with calls for rules and counted turns.
class AutomatonBuilder {
 public:
  explicit AutomatonBuilder(const Grammar& grammar) : grammar_(grammar), inlining_(grammar) {}

  Result<Automaton> build() {
    if (grammar_.rules().empty()) return invalid_argument("grammar: it has no rule");
    procedures_.resize(grammar_.rules().size());
    procedure_of(0);
    while (!pending_.empty() && automaton_.states.size() <= kMostStates) {
      const Pending next = pending_.back();
      pending_.pop_back();
      next.counted ? build_counted(next) : build_plain(next);
    }
    if (automaton_.states.size() > kMostStates) {
      return invalid_argument("grammar: it needs more than {} states: make it smaller", kMostStates);
    }
    determinise(automaton_);
    HEARTH_RETURN_IF_ERROR(find_costs(automaton_));
    HEARTH_RETURN_IF_ERROR(check_progress(automaton_));
    return std::move(automaton_);
  }

 private:
  using StateKind = Automaton::StateKind;
  struct Pending {
    uint32_t procedure;
    ExpressionId expression;
    bool counted;
  };

  StateId add_state(uint32_t procedure, StateKind kind = StateKind::kPlain) {
    automaton_.states.push_back({.kind = kind, .returns_only = kind == StateKind::kEnd, .procedure = procedure});
    return static_cast<StateId>(automaton_.states.size() - 1);
  }
  Automaton::State& state(StateId id) { return automaton_.states[id]; }
  bool too_large() const { return automaton_.states.size() > kMostStates; }

  uint32_t add_procedure(const std::string& name, ExpressionId expression, bool counted) {
    const auto procedure = static_cast<uint32_t>(automaton_.procedures.size());
    automaton_.procedures.push_back({.name = name});
    automaton_.procedures[procedure].start = add_state(procedure, counted ? StateKind::kLoop : StateKind::kPlain);
    pending_.push_back({procedure, expression, counted});
    return procedure;
  }

  uint32_t procedure_of(RuleId rule) {
    if (!procedures_[rule]) {
      const Grammar::Rule& definition = grammar_.rules()[rule];
      procedures_[rule] = add_procedure(definition.name, definition.expression, false);
    }
    return *procedures_[rule];
  }

  void build_plain(const Pending& pending) {
    const StateId end = add_state(pending.procedure, StateKind::kEnd);
    connect(pending.expression, automaton_.procedures[pending.procedure].start, end);
  }

  void build_counted(const Pending& pending) {
    const Grammar::Expression& repeat = grammar_.expression(pending.expression);
    const StateId turn = add_state(pending.procedure);
    const StateId ended = add_state(pending.procedure, StateKind::kTurnEnded);
    Automaton::Procedure& procedure = automaton_.procedures[pending.procedure];
    procedure.turn = turn;
    procedure.least = repeat.least;
    procedure.most = repeat.most;
    connect(repeat.parts[0], turn, ended);
  }

  /// Adds what leads from `from` to `to` over the expression.
  void connect(ExpressionId id, StateId from, StateId to) {
    if (too_large()) return;
    const Grammar::Expression& expression = grammar_.expression(id);
    switch (expression.kind) {
      case Grammar::Kind::kBytes:
        return connect_bytes(expression.bytes, from, to);
      case Grammar::Kind::kCharacter:
        return connect_character(expression.characters, from, to);
      case Grammar::Kind::kSequence:
        return connect_sequence(expression.parts, from, to);
      case Grammar::Kind::kAlternatives:
        for (const ExpressionId part : expression.parts) connect(part, from, to);
        return;
      case Grammar::Kind::kRepeat:
        return connect_repeat(id, from, to);
      case Grammar::Kind::kReference:
        return connect_rule(expression.rule, from, to);
    }
  }

  void connect_bytes(const std::string& bytes, StateId from, StateId to) {
    if (bytes.empty()) return state(from).empties.push_back(to);
    for (size_t i = 0; i < bytes.size(); ++i) {
      const StateId next = i + 1 == bytes.size() ? to : add_state(state(from).procedure);
      const auto byte = static_cast<uint8_t>(bytes[i]);
      state(from).edges.push_back({{byte, byte}, next});
      from = next;
    }
  }

  void connect_character(const CodePointSet& characters, StateId from, StateId to) {
    // Sequences share what they end with.
    std::map<std::pair<ByteRange, StateId>, StateId> before;
    for (const std::vector<ByteRange>& sequence : utf8_sequences(characters)) {
      StateId target = to;
      for (size_t i = sequence.size(); i-- > 1;) {
        const auto [place, is_new] = before.try_emplace({sequence[i], target});
        if (is_new) {
          place->second = add_state(state(from).procedure);
          state(place->second).edges.push_back({sequence[i], target});
        }
        target = place->second;
      }
      state(from).edges.push_back({sequence[0], target});
    }
  }

  void connect_sequence(const std::vector<ExpressionId>& parts, StateId from, StateId to) {
    if (parts.empty()) return state(from).empties.push_back(to);
    for (size_t i = 0; i < parts.size() && !too_large(); ++i) {
      const StateId next = i + 1 == parts.size() ? to : add_state(state(from).procedure);
      connect(parts[i], from, next);
      from = next;
    }
  }

  void connect_repeat(ExpressionId id, StateId from, StateId to) {
    const Grammar::Expression& repeat = grammar_.expression(id);
    const bool counted = repeat.least > 1 || (repeat.most != 1 && repeat.most != kUnlimited);
    const uint32_t procedure = state(from).procedure;
    if (counted) {
      const std::string name = automaton_.procedures[procedure].name;
      const uint32_t turns = add_procedure(name, id, true);
      return state(from).calls.push_back({turns, to});
    }
    const StateId before = add_state(procedure);
    const StateId after = add_state(procedure);
    state(from).empties.push_back(before);
    state(after).empties.push_back(to);
    connect(repeat.parts[0], before, after);
    if (repeat.most == kUnlimited) state(after).empties.push_back(before);
    if (repeat.least == 0) state(from).empties.push_back(to);
  }

  void connect_rule(RuleId rule, StateId from, StateId to) {
    if (inlining_.inlined(rule)) return connect(grammar_.rules()[rule].expression, from, to);
    const uint32_t procedure = procedure_of(rule);
    state(from).calls.push_back({procedure, to});
  }

  const Grammar& grammar_;
  Inlining inlining_;
  Automaton automaton_;
  std::vector<std::optional<uint32_t>> procedures_;  ///< Of rules.
  std::vector<Pending> pending_;
};

}  // namespace

Result<Automaton> make_automaton(const Grammar& grammar) { return AutomatonBuilder(grammar).build(); }

}  // namespace hearth
