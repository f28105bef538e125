#pragma once

#include <cstddef>
#include <cstdint>

namespace hearth {

/// What a chat template may use up: templates come with models, so they are as trustworthy as any download. A template
/// that needs more is refused with a message that names the limit.
struct TemplateLimits {
  size_t source_bytes = size_t{1} << 20;     ///< Of the template's text.
  size_t context_bytes = size_t{256} << 20;  ///< Of the JSON text with the messages.
  size_t depth = 400;          ///< How deep expressions, blocks, calls and values may lie in one another, all together.
  uint64_t steps = 5'000'000;  ///< Expressions evaluated, items looked at, and one for each 16 to 128 bytes of text.
  uint64_t value_bytes = uint64_t{1} << 29;  ///< The sum of the sizes of all strings and lists that a rendering makes.
  size_t output_bytes = size_t{64} << 20;    ///< Of the rendered text.
};

}  // namespace hearth
