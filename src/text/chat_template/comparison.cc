#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "text/chat_template/characters.h"
#include "text/chat_template/operators.h"
#include "text/chat_template/runtime.h"
#include "text/chat_template/text_search.h"

namespace hearth::jinja {
namespace {

bool is_ordinary(const Sequence& sequence) {
  return sequence.kind == Sequence::Kind::kList || sequence.kind == Sequence::Kind::kTuple;
}

/// Wide enough for all of int64_t and double.
long double exact(const Value& number) {
  return number.is<double>() ? static_cast<long double>(number.number()) : static_cast<long double>(number.integer());
}

Result<bool> equal_sequences(Budget& budget, const Sequence& a, const Sequence& b) {
  if (&a == &b) return true;
  if (a.kind != b.kind || a.items.size() != b.items.size()) return false;
  for (size_t i = 0; i < a.items.size(); ++i) {
    HEARTH_ASSIGN_OR_RETURN(const bool same, equal(budget, a.items[i], b.items[i]));
    if (!same) return false;
  }
  return true;
}

Result<bool> equal_dictionaries(Budget& budget, const Dictionary& a, const Dictionary& b) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [identity, index] : a.index) {
    const Value* other = b.find(identity);
    if (!other) return false;
    HEARTH_ASSIGN_OR_RETURN(const bool same, equal(budget, a.entries[index].second, *other));
    if (!same) return false;
  }
  return true;
}

Result<bool> less_sequences(Budget& budget, const Sequence& a, const Sequence& b) {
  const size_t common = std::min(a.items.size(), b.items.size());
  for (size_t i = 0; i < common; ++i) {
    HEARTH_ASSIGN_OR_RETURN(const bool same, equal(budget, a.items[i], b.items[i]));
    if (!same) return less(budget, a.items[i], b.items[i]);
  }
  return a.items.size() < b.items.size();
}

}  // namespace

bool is_true(const Value& value) {
  if (value.is_undefined() || value.is_none()) return false;
  if (value.is_number()) return value.number() != 0;
  if (value.is_string()) return !value.text().empty();
  if (const Dictionary* dictionary = value.dictionary()) return !dictionary->entries.empty();
  if (const Sequence* sequence = value.sequence()) {
    return sequence->kind == Sequence::Kind::kIterator || !sequence->items.empty();
  }
  return true;
}

Result<bool> equal(Budget& budget, const Value& a, const Value& b) {
  Nesting nesting(budget);
  HEARTH_RETURN_IF_ERROR(nesting.enter());
  if (a.is_number() && b.is_number()) return exact(a) == exact(b);
  if (a.is_string() && b.is_string()) {
    HEARTH_RETURN_IF_ERROR(budget.step(std::min(a.text().size(), b.text().size()) / 128));
    return a.text().bytes() == b.text().bytes();
  }
  if (a.is_none() || b.is_none()) return a.is_none() && b.is_none();
  if (a.is_undefined() || b.is_undefined()) return a.is_undefined() && b.is_undefined();
  if (a.sequence() && b.sequence()) {
    if (is_ordinary(*a.sequence()) || a.sequence()->kind == Sequence::Kind::kRange) {
      return equal_sequences(budget, *a.sequence(), *b.sequence());
    }
    return a.sequence() == b.sequence();
  }
  if (a.dictionary() && b.dictionary()) return equal_dictionaries(budget, *a.dictionary(), *b.dictionary());
  if (a.object() && b.object()) return a.object() == b.object();
  return false;
}

Result<bool> less(Budget& budget, const Value& a, const Value& b) {
  Nesting nesting(budget);
  HEARTH_RETURN_IF_ERROR(nesting.enter());
  if (a.is_undefined() || b.is_undefined()) {
    return invalid_argument("{}", (a.is_undefined() ? a : b).undefined_message());
  }
  if (a.is_number() && b.is_number()) return exact(a) < exact(b);
  if (a.is_string() && b.is_string()) {
    HEARTH_RETURN_IF_ERROR(budget.step(std::min(a.text().size(), b.text().size()) / 128));
    return a.text().bytes() < b.text().bytes();
  }
  const Sequence* left = a.sequence();
  const Sequence* right = b.sequence();
  if (left && right && left->kind == right->kind && is_ordinary(*left)) return less_sequences(budget, *left, *right);
  return invalid_argument("a {} and a {} have no order", a.type_name(), b.type_name());
}

Result<bool> contains(Budget& budget, const Value& container, const Value& item) {
  if (container.is_string()) {
    if (item.is_undefined()) return invalid_argument("{}", item.undefined_message());
    if (!item.is_string()) return invalid_argument("a {} cannot be in a string", item.type_name());
    HEARTH_ASSIGN_OR_RETURN(const size_t found, find_text(budget, container.text().bytes(), item.text().bytes(), 0));
    return found != std::string::npos;
  }
  if (const Dictionary* dictionary = container.dictionary()) {
    HEARTH_ASSIGN_OR_RETURN(const std::string identity, dictionary_key(budget, item));
    return dictionary->find(identity) != nullptr;
  }
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(budget, container));
  for (const Value& candidate : items) {
    HEARTH_ASSIGN_OR_RETURN(const bool same, equal(budget, candidate, item));
    if (same) return true;
  }
  return false;
}

Result<bool> compare(Budget& budget, Comparison comparison, const Value& a, const Value& b) {
  const bool is_nan = (a.is<double>() && std::isnan(a.number())) || (b.is<double>() && std::isnan(b.number()));
  switch (comparison) {
    case Comparison::kEqual:
      return equal(budget, a, b);
    case Comparison::kNotEqual: {
      HEARTH_ASSIGN_OR_RETURN(const bool same, equal(budget, a, b));
      return !same;
    }
    case Comparison::kLess:
      return less(budget, a, b);
    case Comparison::kGreater:
      return less(budget, b, a);
    case Comparison::kLessEqual: {
      HEARTH_ASSIGN_OR_RETURN(const bool greater, less(budget, b, a));
      return !greater && !is_nan;
    }
    case Comparison::kGreaterEqual: {
      HEARTH_ASSIGN_OR_RETURN(const bool smaller, less(budget, a, b));
      return !smaller && !is_nan;
    }
    case Comparison::kIn:
      return contains(budget, b, a);
    case Comparison::kNotIn: {
      HEARTH_ASSIGN_OR_RETURN(const bool found, contains(budget, b, a));
      return !found;
    }
  }
  return false;
}

Result<int64_t> length(Budget& budget, const Value& value) {
  if (value.is_undefined()) return 0;
  if (value.is_string()) {
    HEARTH_RETURN_IF_ERROR(budget.step(value.text().size() / 128));
    return static_cast<int64_t>(count_characters(value.text().bytes()));
  }
  if (const Dictionary* dictionary = value.dictionary()) return static_cast<int64_t>(dictionary->entries.size());
  const Sequence* sequence = value.sequence();
  if (sequence && sequence->kind != Sequence::Kind::kIterator) return static_cast<int64_t>(sequence->items.size());
  return invalid_argument("a {} has no length", value.type_name());
}

namespace {

Result<std::vector<Value>> characters_of(Budget& budget, const OriginText& text) {
  HEARTH_RETURN_IF_ERROR(budget.allocate(text.size() * (sizeof(Value) + sizeof(OriginText))));
  std::vector<Value> characters;
  const std::vector<size_t> offsets = character_offsets(text.bytes());
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    OriginText character = text.part(offsets[i], offsets[i + 1] - offsets[i]);
    characters.emplace_back(std::make_shared<const OriginText>(std::move(character)));
  }
  return characters;
}

}  // namespace

Result<std::vector<Value>> iterate(Budget& budget, const Value& value) {
  if (value.is_undefined()) return std::vector<Value>();
  if (value.is_string()) return characters_of(budget, value.text());
  std::vector<Value> items;
  if (const Dictionary* dictionary = value.dictionary()) {
    HEARTH_RETURN_IF_ERROR(budget.allocate(dictionary->entries.size() * sizeof(Value)));
    for (const auto& entry : dictionary->entries) items.push_back(entry.first);
    return items;
  }
  const Sequence* sequence = value.sequence();
  if (!sequence) return invalid_argument("a {} cannot be iterated over", value.type_name());
  HEARTH_RETURN_IF_ERROR(budget.allocate(sequence->items.size() * sizeof(Value)));
  items.assign(sequence->items.begin() + static_cast<ptrdiff_t>(sequence->consumed), sequence->items.end());
  if (sequence->kind == Sequence::Kind::kIterator) sequence->consumed = sequence->items.size();
  return items;
}

}  // namespace hearth::jinja
