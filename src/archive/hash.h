#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace hearth {

/// XXH3-64 of the bytes, for integrity. The manifest spells it as 16 hex digits of this number.
uint64_t xxh3(std::span<const std::byte> bytes);
/// SHA-256 of the bytes as 64 lower-case hex digits, for code.
std::string sha256(std::span<const std::byte> bytes);

}  // namespace hearth
