#include "text/chat_template/context_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/errors.h"

namespace hearth::jinja {
namespace {

using Json = nlohmann::json;

/// Makes values while the text is read. Each function answers whether to go on, as nlohmann-json wants it.
class ContextReader : public nlohmann::json_sax<Json> {
 public:
  ContextReader(Budget& budget, const RenderOptions& options) : budget_(budget), options_(options) {}

  const Status& status() const { return status_; }
  const Value& root() const { return root_; }

  bool null() override { return add(Value()); }
  bool boolean(bool value) override { return add(Value(value, trusted())); }
  bool number_integer(int64_t value) override { return add(Value(value, trusted())); }
  bool number_unsigned(uint64_t value) override {
    if (value > static_cast<uint64_t>(INT64_MAX))
      return fail(invalid_argument("the number {} needs more than 64 bits", value));
    return add(Value(static_cast<int64_t>(value), trusted()));
  }
  bool number_float(double value, const std::string& text) override {
    if (text.find_first_of(".eE") == std::string::npos) {
      return fail(invalid_argument("the number {} needs more than 64 bits", text));
    }
    return add(Value(value, trusted()));
  }
  bool string(std::string& text) override {
    const bool is_trusted = trusted() || is_trusted_role(text);
    Result<Value> value = make_text(budget_, OriginText(std::move(text), is_trusted));
    return value.ok() ? add(*std::move(value)) : fail(value.status());
  }
  bool binary(binary_t&) override { return fail(invalid_argument("binary data is no JSON")); }

  bool start_object(size_t) override { return open(true); }
  bool start_array(size_t) override { return open(false); }
  bool key(std::string& text) override {
    open_.back().key = std::move(text);
    return true;
  }
  bool end_object() override {
    Level level = close();
    Result<Value> value = make_dictionary(budget_, std::move(level.dictionary), trusted());
    return value.ok() ? add(*std::move(value)) : fail(value.status());
  }
  bool end_array() override {
    Level level = close();
    Result<Value> value = make_sequence(budget_, Sequence::Kind::kList, std::move(level.items), trusted());
    return value.ok() ? add(*std::move(value)) : fail(value.status());
  }
  bool parse_error(size_t position, const std::string&, const Json::exception&) override {
    return fail(invalid_argument("the text is not JSON, see byte {}", position));
  }

 private:
  struct Level {
    bool is_object = false;
    std::string key = {};  ///< Of the member that is being read.
    Dictionary dictionary = {};
    std::vector<Value> items = {};
  };

  bool fail(Status status) {
    status_ = std::move(status);
    return false;
  }

  /// Of what is being read: whether its variable is.
  bool trusted() const {
    return open_.empty() || (open_[0].is_object && std::ranges::find(options_.trusted_variables, open_[0].key) !=
                                                       options_.trusted_variables.end());
  }

  /// Whether this is the role of a message, and one that templates make special tokens of.
  bool is_trusted_role(const std::string& text) const {
    return open_.size() == 3 && open_[0].key == "messages" && !open_[1].is_object && open_[2].key == "role" &&
           std::ranges::find(options_.trusted_roles, text) != options_.trusted_roles.end();
  }

  bool open(bool is_object) {
    const Status status = budget_.check_depth(open_.size() + 1);
    if (!status.ok()) return fail(status);
    open_.push_back(Level{.is_object = is_object});
    return true;
  }

  Level close() {
    Level level = std::move(open_.back());
    open_.pop_back();
    return level;
  }

  bool add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Level& level = open_.back();
    if (!level.is_object) {
      level.items.push_back(std::move(value));
      return true;
    }
    const Status status = budget_.allocate(level.key.size() * 2 + sizeof(Value));
    if (!status.ok()) return fail(status);
    level.dictionary.set(string_key(level.key), make_text(level.key, trusted()), std::move(value));
    return true;
  }

  Budget& budget_;
  const RenderOptions& options_;
  std::vector<Level> open_;
  Value root_;
  Status status_;
};

}  // namespace

Status load_context(Budget& budget, std::string_view json, const RenderOptions& options,
                    std::map<std::string, Value, std::less<>>& variables) {
  if (json.size() > budget.limits().context_bytes) {
    return invalid_argument("{} bytes are more than TemplateLimits::context_bytes, {}", json.size(),
                            budget.limits().context_bytes);
  }
  ContextReader reader(budget, options);
  if (!Json::sax_parse(json, &reader)) return reader.status();
  const Dictionary* members = reader.root().dictionary();
  if (!members) return invalid_argument("an object with the variables is needed");
  variables["tools"] = Value();
  variables["documents"] = Value();
  variables["add_generation_prompt"] = Value(false);
  for (const auto& [name, value] : members->entries) variables[name.text().bytes()] = value;
  return {};
}

}  // namespace hearth::jinja
