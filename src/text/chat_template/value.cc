#include "text/chat_template/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "text/chat_template/runtime.h"

namespace hearth::jinja {
namespace {

template <typename T>
const T* shared(const Value::Data& data) {
  const auto* pointer = std::get_if<std::shared_ptr<const T>>(&data);
  return pointer ? pointer->get() : nullptr;
}

std::string_view sequence_name(Sequence::Kind kind) {
  switch (kind) {
    case Sequence::Kind::kList:
      return "list";
    case Sequence::Kind::kTuple:
      return "tuple";
    case Sequence::Kind::kRange:
      return "range";
    case Sequence::Kind::kKeys:
      return "dict_keys";
    case Sequence::Kind::kValues:
      return "dict_values";
    case Sequence::Kind::kItems:
      return "dict_items";
    case Sequence::Kind::kIterator:
      return "generator";
  }
  return "";
}

std::string_view object_name(Object::Kind kind) {
  switch (kind) {
    case Object::Kind::kNamespace:
      return "Namespace";
    case Object::Kind::kLoop:
      return "LoopContext";
    case Object::Kind::kMacro:
      return "Macro";
    case Object::Kind::kCycler:
      return "Cycler";
    case Object::Kind::kJoiner:
      return "Joiner";
    case Object::Kind::kFunction:
      return "function";
  }
  return "";
}

std::string number_key(double number) {
  // A whole number is the same key as the integer of its value.
  if (std::floor(number) == number && std::fabs(number) < 0x1p63) {
    return fmt::format("n{}", static_cast<int64_t>(number));
  }
  return fmt::format("f{}", number);
}

}  // namespace

Value Value::undefined(std::string message) {
  return Value(Undefined{std::make_shared<const std::string>(std::move(message))});
}

const Sequence* Value::sequence() const { return shared<Sequence>(data_); }
const Dictionary* Value::dictionary() const { return shared<Dictionary>(data_); }
const Method* Value::method() const { return shared<Method>(data_); }
Object* Value::object() const {
  const auto* pointer = std::get_if<Object*>(&data_);
  return pointer ? *pointer : nullptr;
}

size_t Value::depth() const {
  if (const Sequence* list = sequence()) return list->depth;
  if (const Dictionary* map = dictionary()) return map->depth;
  if (const Method* bound = method()) return bound->self.depth() + 1;
  return 1;
}

std::string_view Value::type_name() const {
  if (is_undefined()) return "Undefined";
  if (is_none()) return "NoneType";
  if (is_boolean()) return "bool";
  if (is<int64_t>()) return "int";
  if (is<double>()) return "float";
  if (is_string()) return "str";
  if (is_dictionary()) return "dict";
  if (const Sequence* list = sequence()) return sequence_name(list->kind);
  if (method()) return "method";
  return object_name(object()->kind);
}

void Dictionary::set(const std::string& identity, Value key, Value value) {
  depth = std::max({depth, key.depth() + 1, value.depth() + 1});
  const auto [found, added] = index.try_emplace(identity, entries.size());
  if (added) {
    entries.emplace_back(std::move(key), std::move(value));
  } else {
    entries[found->second].second = std::move(value);
  }
}

const Value* Dictionary::find(const std::string& identity) const {
  const auto found = index.find(identity);
  return found == index.end() ? nullptr : &entries[found->second].second;
}

std::string string_key(std::string_view text) { return fmt::format("s{}", text); }

Result<std::string> dictionary_key(Budget& budget, const Value& key) {
  HEARTH_RETURN_IF_ERROR(budget.step());
  if (key.is_string()) {
    HEARTH_RETURN_IF_ERROR(budget.allocate(key.text().size()));
    return string_key(key.text().bytes());
  }
  if (key.is_integral()) return fmt::format("n{}", key.integer());
  if (key.is_number()) return number_key(key.number());
  if (key.is_none()) return std::string("none");
  if (key.is_undefined()) return std::string("undefined");
  if (const Sequence* tuple = key.sequence(); tuple && tuple->kind == Sequence::Kind::kTuple) {
    std::string identity = "t";
    for (const Value& item : tuple->items) {
      HEARTH_ASSIGN_OR_RETURN(const std::string part, dictionary_key(budget, item));
      HEARTH_RETURN_IF_ERROR(budget.allocate(part.size()));
      identity += fmt::format("{}:{}", part.size(), part);
    }
    return identity;
  }
  if (key.object()) return fmt::format("o{}", static_cast<const void*>(key.object()));
  return invalid_argument("a {} cannot be a key of a dictionary", key.type_name());
}

Value make_text(std::string_view bytes, bool trusted) {
  return Value(std::make_shared<const OriginText>(std::string(bytes), trusted));
}

Result<Value> make_text(Budget& budget, OriginText text) {
  HEARTH_RETURN_IF_ERROR(budget.allocate(text.size() + text.runs().size() * sizeof(OriginText::Run)));
  return Value(std::make_shared<const OriginText>(std::move(text)));
}

Result<Value> make_sequence(Budget& budget, Sequence::Kind kind, std::vector<Value> items, bool trusted) {
  HEARTH_RETURN_IF_ERROR(budget.allocate(sizeof(Sequence) + items.size() * sizeof(Value)));
  Sequence sequence{.kind = kind, .items = std::move(items)};
  for (const Value& item : sequence.items) sequence.depth = std::max(sequence.depth, item.depth() + 1);
  HEARTH_RETURN_IF_ERROR(budget.check_depth(sequence.depth));
  return Value(std::make_shared<const Sequence>(std::move(sequence)), trusted);
}

Result<Value> make_dictionary(Budget& budget, Dictionary dictionary, bool trusted) {
  HEARTH_RETURN_IF_ERROR(budget.allocate(sizeof(Dictionary) + dictionary.entries.size() * 4 * sizeof(Value)));
  HEARTH_RETURN_IF_ERROR(budget.check_depth(dictionary.depth));
  return Value(std::make_shared<const Dictionary>(std::move(dictionary)), trusted);
}

}  // namespace hearth::jinja
