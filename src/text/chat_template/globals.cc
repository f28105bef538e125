// The functions that every template knows.

#include <algorithm>

#include "base/errors.h"
#include "text/chat_template/builtins.h"
#include "text/chat_template/clock.h"
#include "text/chat_template/methods.h"
#include "text/chat_template/operators.h"
#include "text/chat_template/parameters.h"
#include "text/chat_template/printing.h"

namespace hearth::jinja {
namespace {

constexpr int64_t kLongestRange = 100'000;  ///< Of Jinja's sandbox.

Result<Value> range(Runtime& runtime, const Value&, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("range", arguments, {"start", "stop", "step"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const int64_t first, parameters.integer(0, 0));
  HEARTH_ASSIGN_OR_RETURN(const int64_t second, parameters.integer(1, 0));
  HEARTH_ASSIGN_OR_RETURN(const int64_t step, parameters.integer(2, 1));
  const int64_t start = parameters.find(1) ? first : 0;
  const int64_t stop = parameters.find(1) ? second : first;
  if (step == 0) return invalid_argument("range: the step must not be zero");
  const __int128 distance = step > 0 ? __int128{stop} - start : __int128{start} - stop;
  const __int128 stride = step > 0 ? __int128{step} : -__int128{step};
  const __int128 count = distance > 0 ? (distance - 1) / stride + 1 : 0;
  if (count > kLongestRange) return invalid_argument("range: more than {} numbers are not allowed", kLongestRange);
  HEARTH_RETURN_IF_ERROR(runtime.budget.allocate(static_cast<uint64_t>(count) * sizeof(Value)));
  Sequence numbers{.kind = Sequence::Kind::kRange, .range = {start, stop, step}, .depth = 2};
  for (int64_t i = 0; i < static_cast<int64_t>(count); ++i) numbers.items.emplace_back(start + i * step);
  return Value(std::make_shared<const Sequence>(std::move(numbers)));
}

/// Entries from a dictionary or pairs, and from named arguments.
Result<Dictionary> entries_of(Runtime& runtime, const Arguments& arguments) {
  Dictionary dictionary;
  if (arguments.positional.size() > 1) return invalid_argument("one dictionary can be given, not more");
  if (!arguments.positional.empty()) {
    const Value& source = arguments.positional[0];
    HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> pairs, source.is_dictionary()
                                                                ? dictionary_items(runtime.budget, source)
                                                                : iterate(runtime.budget, source));
    for (const Value& pair : pairs) {
      HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> parts, iterate(runtime.budget, pair));
      if (parts.size() != 2) return invalid_argument("a dictionary is made of pairs of key and value");
      HEARTH_ASSIGN_OR_RETURN(const std::string identity, dictionary_key(runtime.budget, parts[0]));
      dictionary.set(identity, parts[0], parts[1]);
    }
  }
  for (const auto& [name, value] : arguments.named) dictionary.set(string_key(name), make_text(name, true), value);
  return dictionary;
}

Result<Value> dict(Runtime& runtime, const Value&, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(Dictionary dictionary, entries_of(runtime, arguments));
  const bool trusted = arguments.positional.empty() || arguments.positional[0].trusted();
  return make_dictionary(runtime.budget, std::move(dictionary), trusted);
}

Result<Value> make_namespace(Runtime& runtime, const Value&, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(runtime.budget.allocate(sizeof(NamespaceObject)));
  HEARTH_ASSIGN_OR_RETURN(Dictionary attributes, entries_of(runtime, arguments));
  auto* object = runtime.make<NamespaceObject>();
  object->attributes = std::move(attributes);
  return Value(static_cast<Object*>(object));
}

Result<Value> cycler(Runtime& runtime, const Value&, const Arguments& arguments) {
  if (arguments.positional.empty() || !arguments.named.empty()) return invalid_argument("cycler needs items");
  HEARTH_RETURN_IF_ERROR(runtime.budget.allocate(sizeof(CyclerObject) + arguments.positional.size() * sizeof(Value)));
  return Value(static_cast<Object*>(runtime.make<CyclerObject>(arguments.positional)));
}

Result<Value> joiner(Runtime& runtime, const Value&, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("joiner", arguments, {"sep"}));
  HEARTH_RETURN_IF_ERROR(runtime.budget.allocate(sizeof(JoinerObject)));
  const Value separator = parameters.find(0) ? parameters.at(0) : make_text(", ", true);
  return Value(static_cast<Object*>(runtime.make<JoinerObject>(separator)));
}

Result<Value> raise_exception(Runtime& runtime, const Value&, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("raise_exception", arguments, {"message"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const OriginText message, to_text(runtime.budget, parameters.at(0)));
  return invalid_argument("{}", message.bytes());
}

Result<Value> strftime_now(Runtime& runtime, const Value&, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("strftime_now", arguments, {"format"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const OriginText format, parameters.text(0));
  // The longest directive is 24 characters long.
  HEARTH_RETURN_IF_ERROR(runtime.budget.allocate(format.size() * 12));
  HEARTH_ASSIGN_OR_RETURN(std::string text, format_time(format.bytes(), runtime.now));
  return make_text(runtime.budget, OriginText(std::move(text), format.trusted()));
}

constexpr NamedFunction kGlobals[] = {{"cycler", cycler},
                                      {"dict", dict},
                                      {"joiner", joiner},
                                      {"namespace", make_namespace},
                                      {"raise_exception", raise_exception},
                                      {"range", range},
                                      {"strftime_now", strftime_now}};

}  // namespace

Function find_global(std::string_view name) { return find_named(kGlobals, name); }

}  // namespace hearth::jinja
