#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

namespace hearth {

/// An unsigned 64-bit number that came from outside (a file, a caller). Arithmetic that overflows, or a subtraction
/// below zero, makes it invalid, and it stays invalid; the value can be read only through get(), which says whether
/// there is one.
class CheckedSize {
 public:
  constexpr CheckedSize() = default;
  /// A negative number is invalid from the start.
  template <std::integral T>
  constexpr CheckedSize(T value)  // NOLINT(google-explicit-constructor): numbers mix freely with checked ones.
      : value_(static_cast<uint64_t>(value)), valid_(!std::is_signed_v<T> || value >= T{0}) {}

  constexpr bool valid() const { return valid_; }
  /// The value, or nothing after an overflow.
  constexpr std::optional<uint64_t> get() const { return valid_ ? std::optional(value_) : std::nullopt; }
  /// The value as T, or nothing after an overflow or when T cannot hold it.
  template <std::integral T>
  constexpr std::optional<T> as() const {
    if (!valid_ || value_ > static_cast<uint64_t>(std::numeric_limits<T>::max())) return std::nullopt;
    return static_cast<T>(value_);
  }

  friend constexpr CheckedSize operator+(CheckedSize a, CheckedSize b) {
    CheckedSize result;
    result.valid_ = !__builtin_add_overflow(a.value_, b.value_, &result.value_) && a.valid_ && b.valid_;
    return result;
  }
  friend constexpr CheckedSize operator-(CheckedSize a, CheckedSize b) {
    CheckedSize result;
    result.valid_ = !__builtin_sub_overflow(a.value_, b.value_, &result.value_) && a.valid_ && b.valid_;
    return result;
  }
  friend constexpr CheckedSize operator*(CheckedSize a, CheckedSize b) {
    CheckedSize result;
    result.valid_ = !__builtin_mul_overflow(a.value_, b.value_, &result.value_) && a.valid_ && b.valid_;
    return result;
  }
  constexpr CheckedSize& operator+=(CheckedSize other) { return *this = *this + other; }
  constexpr CheckedSize& operator*=(CheckedSize other) { return *this = *this * other; }

  /// False when either side is invalid.
  friend constexpr bool fits(CheckedSize needed, CheckedSize available) {
    return needed.valid_ && available.valid_ && needed.value_ <= available.value_;
  }

 private:
  uint64_t value_ = 0;
  bool valid_ = true;
};

}  // namespace hearth
