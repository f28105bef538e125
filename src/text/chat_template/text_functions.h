#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "hearth/status.h"
#include "text/chat_template/budget.h"
#include "text/chat_template/origin_text.h"
#include "text/chat_template/value.h"

namespace hearth::jinja {

/// What filters and methods of strings share. Each character of a result has the origin that it had before.

OriginText upper(const OriginText& text);
OriginText lower(const OriginText& text);
/// The first character as a title's, the others small.
OriginText capitalize(const OriginText& text);
/// Words' first letters large, the others small, as str.title; words are made of letters.
OriginText title(const OriginText& text);

enum class Side : unsigned char { kLeft, kRight, kBoth };
/// Without the characters of `characters`, or white space, at the ends.
OriginText strip(const OriginText& text, const std::optional<OriginText>& characters, Side side);

/// With `fresh` for the first `count` occurrences of `old`; all when it is negative.
Result<Value> replace(Budget& budget, const OriginText& text, const OriginText& old, const OriginText& fresh,
                      int64_t count);
/// The parts between separators, at most `most` splits when that is not negative. An empty separator fails.
Result<std::vector<Value>> split(Budget& budget, const OriginText& text, std::string_view separator, int64_t most);
Result<std::vector<Value>> split_from_right(Budget& budget, const OriginText& text, std::string_view separator,
                                            int64_t most);
/// The parts between runs of white space.
Result<std::vector<Value>> split_words(Budget& budget, const OriginText& text, int64_t most);
Result<std::vector<Value>> split_words_from_right(Budget& budget, const OriginText& text, int64_t most);
Result<std::vector<Value>> split_lines(Budget& budget, const OriginText& text, bool keep_ends);

/// With `fill` around, so that there are `width` characters: more on the right for kLeft.
Result<Value> justify(Budget& budget, const OriginText& text, int64_t width, const OriginText& fill, Side side);
/// The items as text, with a separator between.
Result<Value> join(Budget& budget, const OriginText& separator, const std::vector<Value>& items, bool only_strings);

}  // namespace hearth::jinja
