#pragma once

#include <cstdint>
#include <span>

namespace hearth {

/// A guess at what follows a sequence of tokens: what followed the last tokens of it when they came before. The most of
/// them that came before are looked for, four at most and two at least, and the latest place where they did; nothing is
/// guessed where there is none. Source: Saxena, "Prompt lookup decoding", 2023. Returns at most `most` tokens of
/// `sequence`.
std::span<const int64_t> look_up(std::span<const int64_t> sequence, size_t most);

}  // namespace hearth
