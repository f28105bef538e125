#include <charconv>
#include <cmath>

#include "base/errors.h"
#include "text/chat_template/characters.h"
#include "text/chat_template/formatting.h"
#include "text/chat_template/printing.h"

namespace hearth::jinja {
namespace {

class PercentFormatter {
 public:
  PercentFormatter(Budget& budget, const OriginText& format, const Value& values)
      : budget_(budget), format_(format), values_(values), builder_(budget) {
    const Sequence* sequence = values.sequence();
    if (sequence && sequence->kind == Sequence::Kind::kTuple) tuple_ = sequence;
  }

  Result<Value> run() {
    const std::string& bytes = format_.bytes();
    while (position_ < bytes.size()) {
      const size_t percent = std::min(bytes.find('%', position_), bytes.size());
      builder_.append(format_, position_, percent - position_);
      position_ = percent;
      if (position_ < bytes.size()) HEARTH_RETURN_IF_ERROR(append_field());
    }
    const bool all_used = tuple_ ? used_ == tuple_->items.size() : used_ == 1 || values_.dictionary();
    const bool may_stay = (values_.sequence() && !tuple_) || values_.is_undefined();
    if (!all_used && !may_stay) return invalid_argument("the format has fewer fields than there are values");
    return builder_.finish();
  }

 private:
  char current() const { return position_ < format_.size() ? format_.bytes()[position_] : '\0'; }

  /// A number, or the next value when it is `*`.
  Result<std::optional<size_t>> read_size() {
    if (current() == '*') {
      ++position_;
      HEARTH_ASSIGN_OR_RETURN(const Value value, next_value());
      if (!value.is_integral() || value.integer() < 0) return invalid_argument("the width of a field is no size");
      return std::optional(static_cast<size_t>(value.integer()));
    }
    size_t size = 0;
    const char* begin = format_.bytes().data() + position_;
    const auto [end, failure] = std::from_chars(begin, format_.bytes().data() + format_.size(), size);
    if (failure == std::errc::invalid_argument) return std::optional<size_t>();
    if (failure != std::errc()) return invalid_argument("the width of a field is too large");
    position_ += static_cast<size_t>(end - begin);
    return std::optional(size);
  }

  Result<Value> next_value() {
    if (!tuple_ && used_ == 0) return ++used_, values_;
    if (!tuple_ || used_ >= tuple_->items.size()) return invalid_argument("the format has more fields than values");
    return tuple_->items[used_++];
  }

  Result<Value> named_value() {
    const size_t end = format_.bytes().find(')', position_);
    const Dictionary* dictionary = values_.dictionary();
    if (end == std::string::npos || !dictionary) {
      return invalid_argument("a format with names in parentheses needs a dictionary");
    }
    const std::string name = format_.bytes().substr(position_, end - position_);
    position_ = end + 1;
    const Value* value = dictionary->find(string_key(name));
    if (!value) return invalid_argument("the format names '{}', which the dictionary does not have", name);
    return *value;
  }

  void read_flags(FieldLayout& layout) {
    for (;; ++position_) {
      switch (current()) {
        case '-':
          layout.align = '<';
          break;
        case '+':
          layout.sign = '+';
          break;
        case ' ':
          layout.sign = layout.sign == '+' ? '+' : ' ';
          break;
        case '#':
          layout.alternate = true;
          break;
        case '0':
          layout.fill = U'0';
          break;
        default:
          return;
      }
    }
  }

  Status append_field() {
    ++position_;
    std::optional<Value> named;
    if (current() == '(') {
      ++position_;
      HEARTH_ASSIGN_OR_RETURN(named, named_value());
    }
    FieldLayout layout;
    read_flags(layout);
    HEARTH_ASSIGN_OR_RETURN(const std::optional<size_t> width, read_size());
    layout.width = width.value_or(0);
    if (current() == '.') {
      ++position_;
      HEARTH_ASSIGN_OR_RETURN(layout.precision, read_size());
      layout.precision = layout.precision.value_or(0);
    }
    layout.type = current();
    ++position_;
    if (layout.type == '%') {
      builder_.append("%", format_.trusted_at(position_ - 1));
      return {};
    }
    if (layout.type == '\0') return invalid_argument("the format ends in the middle of a field");
    if (named) return append_value(*named, layout);
    HEARTH_ASSIGN_OR_RETURN(const Value value, next_value());
    return append_value(value, layout);
  }

  Status append_value(const Value& value, FieldLayout layout) {
    if (layout.type == 's' || layout.type == 'r') return append_text(value, layout);
    if (std::string_view("diuxXofFeEgG").find(layout.type) == std::string_view::npos) {
      return invalid_argument("'%{}' is no format", layout.type);
    }
    if (layout.type == 'u' || layout.type == 'i') layout.type = 'd';
    Value number = value;
    if (layout.type == 'd' && value.is<double>()) {
      if (!(std::fabs(value.number()) < 0x1p63)) return invalid_argument("the number does not fit in 64 bits");
      number = Value(static_cast<int64_t>(value.number()), value.trusted());
    }
    HEARTH_ASSIGN_OR_RETURN(std::string digits, number_text(number, layout));
    if (layout.fill == U'0' && layout.align == '\0') layout.align = '=';
    if (layout.align == '<') layout.fill = U' ';
    append_padded(builder_, OriginText(std::move(digits), value.trusted()), layout, '>');
    return {};
  }

  Status append_text(const Value& value, FieldLayout layout) {
    TextBuilder builder(budget_);
    HEARTH_RETURN_IF_ERROR(layout.type == 'r' ? append_repr(budget_, builder, value)
                                              : append_str(budget_, builder, value));
    HEARTH_ASSIGN_OR_RETURN(OriginText text, builder.take());
    if (layout.precision && *layout.precision < count_characters(text.bytes())) {
      text = text.part(0, character_offsets(text.bytes())[*layout.precision]);
    }
    layout.fill = U' ';
    append_padded(builder_, text, layout, '>');
    return {};
  }

  Budget& budget_;
  const OriginText& format_;
  const Value& values_;
  const Sequence* tuple_ = nullptr;
  TextBuilder builder_;
  size_t position_ = 0;
  size_t used_ = 0;
};

}  // namespace

Result<Value> format_percent(Budget& budget, const OriginText& format, const Value& values) {
  return PercentFormatter(budget, format, values).run();
}

}  // namespace hearth::jinja
