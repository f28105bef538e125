#pragma once

#include <array>
#include <cstdint>

namespace hearth {

/// Philox4x32-10: four random words for each counter.
class Philox {
 public:
  using Block = std::array<uint32_t, 4>;

  explicit constexpr Philox(uint64_t seed) : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)} {}

  constexpr Block operator()(const Block& counter) const {
    Block block = counter;
    auto [low, high] = key_;
    for (int round = 0; round < 10; ++round) {
      const uint64_t a = uint64_t{0xD2511F53U} * block[0];
      const uint64_t b = uint64_t{0xCD9E8D57U} * block[2];
      block = {static_cast<uint32_t>(b >> 32) ^ block[1] ^ low, static_cast<uint32_t>(b),
               static_cast<uint32_t>(a >> 32) ^ block[3] ^ high, static_cast<uint32_t>(a)};
      low += 0x9E3779B9U;
      high += 0xBB67AE85U;
    }
    return block;
  }
  constexpr Block operator()(uint64_t counter) const {
    return (*this)(Block{static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32), 0, 0});
  }

 private:
  std::array<uint32_t, 2> key_;
};

}  // namespace hearth
