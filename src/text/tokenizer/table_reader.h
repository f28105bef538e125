#pragma once

#include <cstring>
#include <span>
#include <string_view>

#include "base/byte_cursor.h"
#include "base/errors.h"
#include "text/utf8.h"

namespace hearth::tokenizer {

/// Numbers of the table, used in place: little-endian, at any address.
template <typename T>
class PackedArray {
 public:
  PackedArray() = default;
  explicit PackedArray(std::span<const std::byte> bytes) : bytes_(bytes) {}

  size_t size() const { return bytes_.size() / sizeof(T); }
  T operator[](size_t index) const {
    T value;
    std::memcpy(&value, bytes_.data() + index * sizeof(T), sizeof(T));
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
};

template <typename... Args>
Status damaged(fmt::format_string<Args...> format, Args&&... args) {
  return invalid_file("tokenizer table: {}; export the model again", fmt::format(format, std::forward<Args>(args)...));
}

/// Reads a table's fields one after the other (docs/tokenizer-format.md). A field that is not there reads as zero or
/// empty and makes ok() false for good.
class TableReader {
 public:
  explicit TableReader(std::span<const std::byte> bytes) : cursor_(bytes) {}

  template <std::unsigned_integral T>
  T number() {
    return cursor_.read<T>();
  }
  /// A byte that is 0 or 1.
  bool flag() {
    const auto value = number<uint8_t>();
    ok_ &= value <= 1;
    return value == 1;
  }
  /// Valid UTF-8, after its size.
  std::string_view text() {
    const std::span<const std::byte> bytes = cursor_.take(number<uint32_t>());
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const bool valid = is_valid_utf8(text);
    ok_ &= valid;
    return valid ? text : std::string_view();
  }
  /// So many numbers as the field before them says.
  template <typename T>
  PackedArray<T> array() {
    return PackedArray<T>(cursor_.take(size_t{number<uint32_t>()} * sizeof(T)));
  }

  bool ok() const { return ok_ && cursor_.ok(); }
  size_t remaining() const { return cursor_.remaining(); }

 private:
  ByteCursor cursor_;
  bool ok_ = true;
};

}  // namespace hearth::tokenizer
