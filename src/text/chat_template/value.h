#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "hearth/status.h"
#include "text/chat_template/budget.h"
#include "text/chat_template/origin_text.h"

namespace hearth::jinja {

struct Dictionary;
struct Method;
struct Object;
struct Sequence;

struct Undefined {
  std::shared_ptr<const std::string> message;  ///< What an operation on it complains of.
};
struct None {};

/// A value of Python as templates see it. Strings, sequences and dictionaries are immutable and shared; objects belong
/// to the rendering (`Runtime`), which outlives all values.
class Value {
 public:
  using Text = std::shared_ptr<const OriginText>;
  using Data = std::variant<Undefined, None, bool, int64_t, double, Text, std::shared_ptr<const Sequence>,
                            std::shared_ptr<const Dictionary>, std::shared_ptr<const Method>, Object*>;

  Value() : data_(None{}) {}
  /// `trusted` says where it comes from; strings know that of each byte themselves.
  explicit Value(Data data, bool trusted = true) : data_(std::move(data)), trusted_(trusted) {}
  static Value undefined(std::string message);

  template <typename T>
  bool is() const {
    return std::holds_alternative<T>(data_);
  }
  bool is_undefined() const { return is<Undefined>(); }
  bool is_none() const { return is<None>(); }
  bool is_boolean() const { return is<bool>(); }
  bool is_string() const { return is<Text>(); }
  bool is_dictionary() const { return is<std::shared_ptr<const Dictionary>>(); }
  /// A whole number or a boolean, which Python takes for one.
  bool is_integral() const { return is<int64_t>() || is_boolean(); }
  bool is_number() const { return is_integral() || is<double>(); }

  /// Null when it is something else.
  const Sequence* sequence() const;
  const Dictionary* dictionary() const;
  const Method* method() const;
  Object* object() const;
  /// Only of strings.
  const OriginText& text() const { return *std::get<Text>(data_); }
  /// Only of integral values.
  int64_t integer() const { return is_boolean() ? int64_t{std::get<bool>(data_)} : std::get<int64_t>(data_); }
  /// Only of numbers.
  double number() const { return is<double>() ? std::get<double>(data_) : static_cast<double>(integer()); }
  const std::string& undefined_message() const { return *std::get<Undefined>(data_).message; }

  /// Of a string, whether all of it is.
  bool trusted() const { return is_string() ? text().trusted() : trusted_; }
  /// How many levels of values lie in one another, 1 for a number.
  size_t depth() const;
  /// Python's name of its type, for example "str".
  std::string_view type_name() const;

 private:
  Data data_;
  bool trusted_ = true;
};

/// Values in order.
struct Sequence {
  enum class Kind : unsigned char { kList, kTuple, kRange, kKeys, kValues, kItems, kIterator };

  Kind kind = Kind::kList;
  std::vector<Value> items = {};
  std::array<int64_t, 3> range{};  ///< Start, stop and step, of kRange.
  size_t depth = 1;
  mutable size_t consumed = 0;  ///< How many items of a kIterator were taken: it gives each once.

  bool is_subscriptable() const { return kind == Kind::kList || kind == Kind::kTuple || kind == Kind::kRange; }
};

/// Keys and values in the order in which the keys came first.
struct Dictionary {
  std::vector<std::pair<Value, Value>> entries;
  std::unordered_map<std::string, size_t> index;  ///< Of entries by `dictionary_key`.
  size_t depth = 1;

  /// Adds an entry, or gives it another value.
  void set(const std::string& identity, Value key, Value value);
  /// Null when there is none.
  const Value* find(const std::string& identity) const;
};

/// What two keys have in common when they are the same key: text, or a number whatever its type. kInvalidArgument for
/// values that cannot be keys.
Result<std::string> dictionary_key(Budget& budget, const Value& key);
/// The same of a string.
std::string string_key(std::string_view text);

/// What has an identity and may change.
struct Object {
  enum class Kind : unsigned char { kNamespace, kLoop, kMacro, kCycler, kJoiner, kFunction };
  explicit Object(Kind object_kind) : kind(object_kind) {}
  virtual ~Object() = default;
  Kind kind;
};

Value make_text(std::string_view bytes, bool trusted);
Result<Value> make_text(Budget& budget, OriginText text);
Result<Value> make_sequence(Budget& budget, Sequence::Kind kind, std::vector<Value> items, bool trusted = true);
Result<Value> make_dictionary(Budget& budget, Dictionary dictionary, bool trusted = true);

}  // namespace hearth::jinja
