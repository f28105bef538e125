#include "text/chat_template/parameters.h"

#include <algorithm>

#include "base/errors.h"
#include "text/chat_template/operators.h"

namespace hearth::jinja {

Result<Parameters> Parameters::bind(std::string_view function, const Arguments& arguments,
                                    std::initializer_list<std::string_view> names, size_t required) {
  Parameters parameters;
  parameters.function_ = function;
  parameters.names_ = names;
  parameters.values_.resize(names.size(), nullptr);
  if (arguments.positional.size() > names.size()) {
    return invalid_argument("{} takes {} arguments at the most, not {}", function, names.size(),
                            arguments.positional.size());
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) parameters.values_[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::ranges::find(parameters.names_, name);
    if (found == parameters.names_.end()) return invalid_argument("{} has no argument '{}'", function, name);
    const Value*& slot = parameters.values_[static_cast<size_t>(found - parameters.names_.begin())];
    if (slot) return invalid_argument("{} gets its argument '{}' twice", function, name);
    slot = &value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (!parameters.values_[i]) return invalid_argument("{} needs its argument '{}'", function, parameters.names_[i]);
  }
  return parameters;
}

bool Parameters::truth(size_t index, bool fallback) const {
  return values_[index] ? is_true(*values_[index]) : fallback;
}

Result<int64_t> Parameters::integer(size_t index, int64_t fallback) const {
  if (!has(index)) return fallback;
  if (at(index).is_integral()) return at(index).integer();
  return invalid_argument("{}: '{}' must be a whole number, not a {}", function_, names_[index], at(index).type_name());
}

Result<OriginText> Parameters::text(size_t index) const {
  if (!values_[index]) return OriginText();
  if (at(index).is_string()) return at(index).text();
  return invalid_argument("{}: '{}' must be a string, not a {}", function_, names_[index], at(index).type_name());
}

}  // namespace hearth::jinja
