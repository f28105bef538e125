#include "base/spin_wait.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

TEST(SpinWait, ReturnsAtOnceWhatAlreadyHolds) {
  std::atomic<int> value{3};
  EXPECT_EQ(spin_then_wait(value, [](int now) { return now == 3; }), 3);
}

/// Both the loop and the sleep are reached: the value changes at once or long after the spinning has ended.
TEST(SpinWait, WakesWhenTheValueChanges) {
  for (const auto delay : {std::chrono::milliseconds(0), std::chrono::milliseconds(5)}) {
    std::atomic<int> value{0};
    std::thread changer([&] {
      for (const int next : {1, 2, 3}) {
        std::this_thread::sleep_for(delay);
        value.store(next, std::memory_order_release);
        value.notify_one();
      }
    });
    EXPECT_EQ(spin_then_wait(value, [](int now) { return now >= 3; }), 3);
    changer.join();
  }
}

}  // namespace
}  // namespace hearth
