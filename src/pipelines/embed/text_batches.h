#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hearth {

/// Places of texts that go through a model together, given the tokens of each: texts of similar length, so that little
/// is filled up to the longest, and no more tokens than bound memory. Each place occurs once; each batch has 1 to
/// `most_texts` and begins with its longest text.
std::vector<std::vector<size_t>> batch_texts(std::span<const int64_t> lengths, int64_t most_texts);

}  // namespace hearth
