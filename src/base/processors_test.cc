#include "base/processors.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "base/testing/temporary_folder.h"

namespace hearth {
namespace {

int count_allowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof(set), &set);
  return CPU_COUNT(&set);
}

TEST(Processors, CoresComeBeforeTheirSecondThreads) {
  const std::pair<std::vector<std::string>, std::vector<int>> cases[] = {
      {{"0,2", "1,3", "0,2", "1,3"}, {0, 1, 2, 3}},
      {{"0-1", "0-1", "2-3", "2-3"}, {0, 2, 1, 3}},
      {{"0", "1", "2"}, {0, 1, 2}},
      {{"", "", ""}, {0, 1, 2}},
  };
  for (const auto& [siblings, order] : cases) {
    const testing::TemporaryFolder folder;
    std::vector<int> processors;
    for (const std::string& list : siblings) {
      const auto processor = static_cast<int>(processors.size());
      folder.write("cpu" + std::to_string(processor) + "/topology/thread_siblings_list", list + "\n");
      processors.push_back(processor);
    }
    EXPECT_EQ(cores_first(processors, folder.path()), order);
  }
  EXPECT_EQ(cores_first({5, 7}, "/nowhere"), (std::vector<int>{5, 7}));
}

/// Where a thread wakes that was placed so many steps away, and how many processors it may use then and at last.
struct Waking {
  int processor;
  int allowed_then;
  int allowed_at_last;
};

Waking wake_a_thread(const Processors& processors, int steps) {
  std::atomic<int> go{0};
  Waking waking{};
  std::thread sleeper([&] {
    go.wait(0);
    waking.processor = sched_getcpu();
    waking.allowed_then = count_allowed();
    processors.release();
    waking.allowed_at_last = count_allowed();
  });
  processors.place(sleeper.native_handle(), steps);
  go = 1;
  go.notify_one();
  sleeper.join();
  return waking;
}

TEST(Processors, AThreadWakesWhereItWasPlacedUntilItIsReleased) {
  const int allowed = count_allowed();
  const Processors processors;
  for (int steps = 0; steps < allowed; ++steps) {
    const int before = sched_getcpu();
    const Waking waking = wake_a_thread(processors, steps);
    EXPECT_EQ(waking.allowed_then, 1);
    EXPECT_EQ(waking.allowed_at_last, allowed);
    const bool moved = sched_getcpu() != before;
    EXPECT_TRUE(moved || (waking.processor == before) == (steps == 0));
  }
}

}  // namespace
}  // namespace hearth
