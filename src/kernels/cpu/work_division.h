#pragma once

#include <algorithm>
#include <cstdint>

namespace hearth {

constexpr int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// How many items of so many multiply-adds are worth handing to a thread: what takes some microseconds, several times
/// what the handing takes.
constexpr int64_t worthwhile_items(int64_t work_of_item) {
  constexpr int64_t kWorthwhileWork = 60'000;
  return std::max<int64_t>(kWorthwhileWork / std::max<int64_t>(work_of_item, 1), 1);
}

}  // namespace hearth
