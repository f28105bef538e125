#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/checked.h"

namespace hearth {

/// The part of `bytes` at [offset, offset + size), or nothing when it does not lie inside.
inline std::optional<std::span<const std::byte>> slice(std::span<const std::byte> bytes, CheckedSize offset,
                                                       CheckedSize size) {
  if (!fits(offset + size, CheckedSize(bytes.size()))) return std::nullopt;
  return bytes.subspan(static_cast<size_t>(*offset.get()), static_cast<size_t>(*size.get()));
}

/// Reads little-endian numbers one after the other. A read beyond the end gives 0 and makes ok() false for good, so
/// that a whole header can be read before it is checked once.
class ByteCursor {
 public:
  explicit ByteCursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <std::unsigned_integral T>
  T read() {
    const std::span<const std::byte> part = take(sizeof(T));
    uint64_t value = 0;
    for (size_t i = part.size(); i-- > 0;) value = value << 8 | std::to_integer<uint64_t>(part[i]);
    return static_cast<T>(value);
  }

  std::span<const std::byte> take(size_t size) {
    if (size > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const std::span<const std::byte> part = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return part;
  }

  bool ok() const { return ok_; }
  size_t remaining() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
  bool ok_ = true;
};

}  // namespace hearth
