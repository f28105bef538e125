#include "text/grammar/text_language.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/errors.h"
#include "text/grammar/position_automaton.h"
#include "text/utf8.h"

namespace hearth {
namespace {

constexpr size_t kMostStates = 8192;
constexpr size_t kMostWork = size_t{1} << 24;

/// Follows several automata at once, each as the set of places where it may be ("subset construction").
class LanguageProduct {
 public:
  LanguageProduct(std::vector<PositionAutomaton> automata, size_t required)
      : automata_(std::move(automata)), required_(required) {}

  /// Finds all states that the texts go through. kInvalidArgument when there are too many.
  Status explore() {
    state_of(Places(automata_.size(), {kStart}));
    for (size_t next = 0; next < states_.size(); ++next) {
      find_moves(next);
      if (states_.size() > kMostStates || work_ > kMostWork) {
        return invalid_argument(
            "these conditions on a text are too complex together: simplify the patterns or lengths");
      }
    }
    find_live();
    return {};
  }

  ExpressionId add_to(Grammar& grammar, const std::string& name, Spelling spelling) const {
    if (!states_[0].live) return grammar.nothing();
    std::vector<RuleId> rules(states_.size());
    for (size_t i = 0; i < states_.size(); ++i) {
      if (states_[i].live) rules[i] = grammar.add_rule(name);
    }
    for (size_t i = 0; i < states_.size(); ++i) {
      if (!states_[i].live) continue;
      std::vector<ExpressionId> alternatives;
      if (states_[i].accepting) alternatives.push_back(grammar.empty());
      for (const auto& [target, characters] : states_[i].moves) {
        if (!states_[target].live) continue;
        alternatives.push_back(grammar.sequence({spelling(grammar, characters), grammar.reference(rules[target])}));
      }
      grammar.define(rules[i], grammar.alternatives(alternatives));
    }
    return grammar.reference(rules[0]);
  }

 private:
  /// For each automaton the places where it may be, sorted; kStart before the first character.
  using Places = std::vector<std::vector<uint32_t>>;
  static constexpr uint32_t kStart = kUnlimited;

  struct State {
    Places places;
    bool accepting = false;
    bool live = false;  ///< Whether a text can end from here.
    std::map<uint32_t, CodePointSet> moves{};
  };

  static const std::vector<uint32_t>& followers(const PositionAutomaton& automaton, uint32_t place) {
    return place == kStart ? automaton.first : automaton.follow[place];
  }

  static bool may_end(const PositionAutomaton& automaton, const std::vector<uint32_t>& places) {
    return std::ranges::any_of(
        places, [&](uint32_t place) { return place == kStart ? automaton.empty : automaton.last[place]; });
  }

  uint32_t state_of(const Places& places) {
    const auto [place, is_new] = ids_.try_emplace(places, static_cast<uint32_t>(states_.size()));
    if (!is_new) return place->second;
    bool accepting = true;
    for (size_t i = 0; i < automata_.size(); ++i) {
      accepting = accepting && may_end(automata_[i], places[i]) == (i < required_);
    }
    states_.push_back({.places = places, .accepting = accepting});
    return place->second;
  }

  /// Ranges of code points in which all places that may come next agree.
  std::vector<CodePointRange> pieces(const Places& next) const {
    std::vector<char32_t> cuts{0};
    for (size_t i = 0; i < automata_.size(); ++i) {
      for (const uint32_t place : next[i]) {
        for (const CodePointRange& range : automata_[i].characters[place].ranges()) {
          cuts.push_back(range.first);
          cuts.push_back(range.last + 1);
        }
      }
    }
    std::ranges::sort(cuts);
    cuts.erase(std::ranges::unique(cuts).begin(), cuts.end());
    std::vector<CodePointRange> result;
    for (size_t i = 0; i < cuts.size() && cuts[i] <= 0x10FFFF; ++i) {
      result.push_back({cuts[i], i + 1 < cuts.size() ? cuts[i + 1] - 1 : 0x10FFFF});
    }
    return result;
  }

  void find_moves(size_t index) {
    Places next;
    size_t count = 1;
    for (size_t i = 0; i < automata_.size(); ++i) {
      std::vector<uint32_t> places;
      for (const uint32_t place : states_[index].places[i]) {
        const std::vector<uint32_t>& after = followers(automata_[i], place);
        places.insert(places.end(), after.begin(), after.end());
      }
      std::ranges::sort(places);
      places.erase(std::ranges::unique(places).begin(), places.end());
      count += places.size();
      next.push_back(std::move(places));
    }
    std::map<uint32_t, std::vector<CodePointRange>> moves;
    for (const CodePointRange& piece : pieces(next)) {
      work_ += count;
      if (work_ > kMostWork) return;
      const CodePointSet members{piece};
      if (members.empty()) continue;
      const std::optional<Places> places = places_after(next, members.ranges()[0].first);
      if (places) moves[state_of(*places)].push_back(piece);
    }
    for (const auto& [target, ranges] : moves) states_[index].moves.emplace(target, CodePointSet(ranges));
  }

  /// Nothing when what is required cannot match any more.
  std::optional<Places> places_after(const Places& next, char32_t code_point) const {
    Places result(automata_.size());
    for (size_t i = 0; i < automata_.size(); ++i) {
      std::ranges::copy_if(next[i], std::back_inserter(result[i]),
                           [&](uint32_t place) { return automata_[i].characters[place].contains(code_point); });
      if (i < required_ && result[i].empty()) return std::nullopt;
    }
    return result;
  }

  void find_live() {
    std::vector<std::vector<uint32_t>> before(states_.size());
    std::vector<uint32_t> left;
    for (uint32_t i = 0; i < states_.size(); ++i) {
      for (const auto& [target, characters] : states_[i].moves) before[target].push_back(i);
      if (states_[i].accepting) left.push_back(i);
    }
    while (!left.empty()) {
      State& state = states_[left.back()];
      const std::vector<uint32_t>& earlier = before[left.back()];
      left.pop_back();
      if (state.live) continue;
      state.live = true;
      left.insert(left.end(), earlier.begin(), earlier.end());
    }
  }

  std::vector<PositionAutomaton> automata_;
  size_t required_;  ///< So many come first; the rest is excluded.
  std::vector<State> states_;
  std::map<Places, uint32_t> ids_;
  size_t work_ = 0;
};

}  // namespace

Regex regex_of_length(uint32_t least, uint32_t most) {
  Regex repeat{.kind = Regex::Kind::kRepeat, .least = least, .most = most};
  repeat.parts.push_back({.kind = Regex::Kind::kCharacter, .characters = CodePointSet::all()});
  return repeat;
}

Regex regex_of_texts(const std::vector<std::string>& texts) {
  Regex regex{.kind = Regex::Kind::kAlternatives};
  for (const std::string& text : texts) {
    Regex sequence;
    for (const char32_t code_point : decode_utf8(text).value_or(U"")) {
      sequence.parts.push_back({.kind = Regex::Kind::kCharacter, .characters = CodePointSet::of(code_point)});
    }
    regex.parts.push_back(std::move(sequence));
  }
  return regex;
}

Result<ExpressionId> add_language(Grammar& grammar, const TextLanguage& language, const std::string& name,
                                  Spelling spelling) {
  if (language.required.size() == 1 && language.excluded.empty()) {
    return add_regex(grammar, language.required[0], spelling);
  }
  std::vector<PositionAutomaton> automata;
  for (const std::vector<Regex>* regexes : {&language.required, &language.excluded}) {
    for (const Regex& regex : *regexes) {
      HEARTH_ASSIGN_OR_RETURN(PositionAutomaton automaton, make_position_automaton(regex));
      automata.push_back(std::move(automaton));
    }
  }
  if (language.required.empty()) {
    HEARTH_ASSIGN_OR_RETURN(PositionAutomaton any, make_position_automaton(regex_of_length(0, kUnlimited)));
    automata.insert(automata.begin(), std::move(any));
  }
  LanguageProduct product(std::move(automata), std::max<size_t>(language.required.size(), 1));
  HEARTH_RETURN_IF_ERROR(product.explore());
  return product.add_to(grammar, name, spelling);
}

ExpressionId add_regex(Grammar& grammar, const Regex& regex, Spelling spelling) {
  if (regex.kind == Regex::Kind::kCharacter) return spelling(grammar, regex.characters);
  std::vector<ExpressionId> parts;
  for (const Regex& part : regex.parts) parts.push_back(add_regex(grammar, part, spelling));
  if (regex.kind == Regex::Kind::kRepeat) return grammar.repeat(parts[0], regex.least, regex.most);
  return regex.kind == Regex::Kind::kSequence ? grammar.sequence(parts) : grammar.alternatives(parts);
}

}  // namespace hearth
