#pragma once

#include <string_view>
#include <utility>

#include "base/errors.h"
#include "text/chat_template/budget.h"
#include "text/chat_template/origin_text.h"
#include "text/chat_template/value.h"

namespace hearth::jinja {

/// Puts a string together within the budget. What does not fit any more is left out, and finish() says so.
class TextBuilder {
 public:
  explicit TextBuilder(Budget& budget) : budget_(budget) {}

  void append(std::string_view bytes, bool trusted) {
    if (reserve(bytes.size())) text_.append(bytes, trusted);
  }
  void append(const OriginText& text) { append(text, 0, text.size()); }
  /// A part of a text, which must lie inside.
  void append(const OriginText& text, size_t begin, size_t size) {
    if (reserve(size + sizeof(OriginText::Run))) text_.append(text, begin, size);
  }

  size_t size() const { return text_.size(); }
  const Status& status() const { return status_; }
  Result<OriginText> take() {
    HEARTH_RETURN_IF_ERROR(status_);
    return std::move(text_);
  }
  Result<Value> finish() {
    HEARTH_ASSIGN_OR_RETURN(OriginText text, take());
    return Value(std::make_shared<const OriginText>(std::move(text)));
  }

 private:
  bool reserve(size_t bytes) {
    if (status_.ok()) status_ = budget_.allocate(bytes);
    return status_.ok();
  }

  Budget& budget_;
  OriginText text_;
  Status status_;
};

}  // namespace hearth::jinja
