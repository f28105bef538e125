#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace hearth {

/// XXH3-64 of the bytes, for integrity. The manifest spells it as 16 hex digits of this number.
uint64_t xxh3(std::span<const std::byte> bytes);
/// The same of bytes that come one after the other.
class Xxh3 {
 public:
  Xxh3();
  ~Xxh3();
  Xxh3(const Xxh3&) = delete;
  Xxh3& operator=(const Xxh3&) = delete;
  void add(std::span<const std::byte> bytes);
  uint64_t digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 of the bytes as 64 lower-case hex digits, for code.
std::string sha256(std::span<const std::byte> bytes);

}  // namespace hearth
