#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hearth {

/// Tokens of prompts that go through a model together: enough to keep it busy, few enough to bound memory.
inline constexpr int64_t kUsualTokensOfStep = 512;
/// A prompt is cut into parts of at least so many tokens where a step takes twice as many: shorter ones would cost
/// nearly as much as these, and attention sums up in another order for less than 8.
inline constexpr int64_t kFewestTokensOfPart = 16;

/// How many of `unread` tokens of a sequence a step reads that has `room` for more, of `most` tokens in all. Zero when
/// they should wait for a step with more room; never for an empty step.
int64_t tokens_to_read(int64_t unread, int64_t room, int64_t most);

/// How many tokens of each sequence a step of at most `most` tokens reads. `unread`: of each sequence, at least 1,
/// those that came first being first. Sequences with one unread token, which are those that a step answers for, come
/// before prompts.
std::vector<int64_t> plan_step(std::span<const int64_t> unread, int64_t most);

}  // namespace hearth
