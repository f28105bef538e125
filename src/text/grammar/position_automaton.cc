#include "text/grammar/position_automaton.h"

#include <algorithm>

#include "base/errors.h"

namespace hearth {
namespace {

constexpr size_t kMostPlaces = 4096;
constexpr size_t kMostParts = 65536;
constexpr size_t kMostFollowers = size_t{1} << 18;

class PositionBuilder {
 public:
  Result<PositionAutomaton> build(const Regex& regex) {
    const Part whole = add(regex);
    if (too_large()) {
      return invalid_argument("regular expression: it counts too far to be combined with other conditions");
    }
    for (std::vector<uint32_t>& places : automaton_.follow) {
      std::ranges::sort(places);
      places.erase(std::ranges::unique(places).begin(), places.end());
    }
    automaton_.first = whole.first;
    automaton_.empty = whole.empty;
    automaton_.last.resize(automaton_.characters.size());
    for (const uint32_t place : whole.last) automaton_.last[place] = true;
    return std::move(automaton_);
  }

 private:
  struct Part {
    std::vector<uint32_t> first{};
    std::vector<uint32_t> last{};
    bool empty = true;
  };

  bool too_large() const {
    return automaton_.characters.size() > kMostPlaces || followers_ > kMostFollowers || parts_ > kMostParts;
  }

  Part add(const Regex& regex) {
    ++parts_;
    switch (regex.kind) {
      case Regex::Kind::kCharacter:
        return add_place(regex.characters);
      case Regex::Kind::kAlternatives:
        return add_alternatives(regex.parts);
      case Regex::Kind::kRepeat:
        return add_repeat(regex);
      default:
        break;
    }
    Part sequence;
    for (const Regex& part : regex.parts) {
      if (too_large()) break;
      sequence = joined(sequence, add(part));
    }
    return sequence;
  }

  Part add_place(const CodePointSet& characters) {
    const auto place = static_cast<uint32_t>(automaton_.characters.size());
    automaton_.characters.push_back(characters);
    automaton_.follow.emplace_back();
    return {.first = {place}, .last = {place}, .empty = false};
  }

  Part add_alternatives(const std::vector<Regex>& parts) {
    Part result{.empty = false};
    for (const Regex& each : parts) {
      if (too_large()) break;
      const Part part = add(each);
      result.first.insert(result.first.end(), part.first.begin(), part.first.end());
      result.last.insert(result.last.end(), part.last.begin(), part.last.end());
      result.empty = result.empty || part.empty;
    }
    return result;
  }

  /// Copies: as many as are needed, then one that may come again, or such as may be missing.
  Part add_repeat(const Regex& regex) {
    Part result;
    for (uint32_t i = 0; i < regex.least && !too_large(); ++i) result = joined(result, add(regex.parts[0]));
    if (regex.most == kUnlimited) {
      Part again = add(regex.parts[0]);
      connect(again.last, again.first);
      again.empty = true;
      return joined(result, again);
    }
    // The last copy first: each may be missing together with those after it.
    Part rest;
    for (uint32_t i = regex.least; i < regex.most && !too_large(); ++i) {
      rest = joined(add(regex.parts[0]), rest);
      rest.empty = true;
    }
    return joined(result, rest);
  }

  void connect(const std::vector<uint32_t>& from, const std::vector<uint32_t>& to) {
    followers_ += from.size() * to.size();
    if (too_large()) return;
    for (const uint32_t place : from) {
      automaton_.follow[place].insert(automaton_.follow[place].end(), to.begin(), to.end());
    }
  }

  Part joined(const Part& a, const Part& b) {
    connect(a.last, b.first);
    Part result{.first = a.first, .last = b.last, .empty = a.empty && b.empty};
    if (a.empty) result.first.insert(result.first.end(), b.first.begin(), b.first.end());
    if (b.empty) result.last.insert(result.last.end(), a.last.begin(), a.last.end());
    return result;
  }

  PositionAutomaton automaton_;
  size_t followers_ = 0;
  size_t parts_ = 0;  ///< Copies of parts, those without places too.
};

}  // namespace

Result<PositionAutomaton> make_position_automaton(const Regex& regex) { return PositionBuilder().build(regex); }

}  // namespace hearth
