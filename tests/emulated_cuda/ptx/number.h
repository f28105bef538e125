#pragma once

#include <cstdint>
#include <string_view>

#include "emulated_cuda/ptx/token_cursor.h"

namespace hearth::ptx {

/// A literal as written.
struct Number {
  enum class Kind : uint8_t {
    kInteger,  ///< `bits` in two's complement.
    kFloat32,  ///< `bits` are those of a float: "0f3F800000".
    kFloat64,  ///< `bits` are those of a double: "0d…" or "1.5".
  };
  Kind kind = Kind::kInteger;
  uint64_t bits = 0;
};

/// Reads a number with its sign: "-12", "0x1FU", "0f3F800000", "0d3FF0000000000000", "1.5", "0b101", "017".
Result<Number> parse_number(TokenCursor& cursor);

/// A number that must be an integer in [0, most].
Result<uint64_t> parse_size(TokenCursor& cursor, uint64_t most);

/// The double that a number of any kind stands for.
double value_of(const Number& number);

}  // namespace hearth::ptx
