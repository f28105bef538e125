#pragma once

#include <string>

#include "hearth/status.h"
#include "text/chat_template/text_builder.h"
#include "text/chat_template/value.h"

namespace hearth::jinja {

/// Appends what Python's str() makes of a value; nothing for an undefined one. Brackets and quotes have their
/// container's origin. kInvalidArgument for generators and functions, whose text would be an address.
Status append_str(Budget& budget, TextBuilder& builder, const Value& value);
/// The same for repr().
Status append_repr(Budget& budget, TextBuilder& builder, const Value& value);
/// str() as a string of its own; a string is its own text.
Result<OriginText> to_text(Budget& budget, const Value& value);

/// Python's text of a floating-point number: the shortest that is read back as the same.
std::string float_text(double number);

/// How json.dumps writes. What stands around the items of a container is trusted if the container and this text are.
struct JsonLayout {
  bool ascii = false;  ///< Other characters as \u escapes.
  bool sort_keys = false;
  bool multiline = false;
  OriginText indent;          ///< Of one level, when multiline.
  OriginText item_separator;  ///< Between items; a line break follows it when multiline.
  OriginText key_separator;
};

/// What Python's json.dumps makes of a value. kInvalidArgument for what has no JSON.
Result<Value> to_json(Budget& budget, const Value& value, const JsonLayout& layout);

}  // namespace hearth::jinja
