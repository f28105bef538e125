#include "base/thread_team.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>

#include <array>
#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "base/testing/sanitizers.h"

namespace hearth {
namespace {

/// Sizes that this machine allows, from one thread to all of them.
std::vector<int> team_sizes() {
  std::set<int> sizes{1, 2, 3, available_threads()};
  std::erase_if(sizes, [](int size) { return size > available_threads(); });
  return {sizes.begin(), sizes.end()};
}

/// How often parallel_for handed out each index.
std::vector<int> cover(ThreadTeam& team, int64_t count, int64_t grain) {
  std::vector<std::atomic<int>> visits(static_cast<size_t>(count));
  team.parallel_for(count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) visits[static_cast<size_t>(i)].fetch_add(1, std::memory_order_relaxed);
  });
  return {visits.begin(), visits.end()};
}

TEST(ThreadTeam, NeverHasMoreThreadsThanAvailable) {
  const std::pair<int, int> cases[] = {{0, available_threads()},
                                       {-3, available_threads()},
                                       {1, 1},
                                       {available_threads(), available_threads()},
                                       {available_threads() + 1, available_threads()},
                                       {std::numeric_limits<int>::max(), available_threads()}};
  for (const auto& [asked, size] : cases) EXPECT_EQ(ThreadTeam(asked).size(), size) << asked;
}

TEST(ThreadTeam, CoversEveryIndexOnce) {
  for (const int threads : team_sizes()) {
    ThreadTeam team(threads);
    for (const int64_t count : {1, 2, 3, 7, 8, 15, 16, 17, 63, 64, 100, 1000, 4099}) {
      for (const int64_t grain : {int64_t{-1}, int64_t{0}, int64_t{1}, int64_t{2}, int64_t{7}, int64_t{64}, count - 1,
                                  count, count + 1, std::numeric_limits<int64_t>::max()}) {
        EXPECT_EQ(cover(team, count, grain), std::vector<int>(static_cast<size_t>(count), 1))
            << threads << " threads, " << count << " indices, grain " << grain;
      }
    }
  }
}

TEST(ThreadTeam, ChunksAreAtLeastTheGrain) {
  ThreadTeam team;
  team.parallel_for(1000, 64, [&](int64_t begin, int64_t end) {
    EXPECT_TRUE(end - begin >= 64 || end == 1000);
    EXPECT_EQ(begin % 64, 0);
  });
}

TEST(ThreadTeam, MembersBeginWithPartsOfTheirOwn) {
  constexpr int64_t kCount = 1200;
  for (const int size : team_sizes()) {
    ThreadTeam team(size);
    std::vector<int64_t> first(static_cast<size_t>(size), -1);
    team.parallel_for(kCount, 1, [&](int64_t begin, int64_t) {
      int64_t& own = first[static_cast<size_t>(ThreadTeam::current_member())];
      if (own >= 0) return;
      own = begin;
      ThreadTeam::barrier();  // Nobody is done with a part before all have begun.
    });
    for (int member = 1; member < size; ++member) {
      const auto i = static_cast<size_t>(member);
      EXPECT_NEAR(static_cast<double>(first[i] - first[i - 1]), static_cast<double>(kCount) / size, kCount / 20.0);
    }
  }
}

TEST(ThreadTeam, HasNothingToDoForNoIndices) {
  ThreadTeam team;
  for (const int64_t count : {int64_t{0}, int64_t{-5}, std::numeric_limits<int64_t>::min()}) {
    team.parallel_for(count, 1, [](int64_t, int64_t) { FAIL(); });
  }
}

TEST(ThreadTeam, RunsTheBodyOnceOnEachMember) {
  for (const int threads : team_sizes()) {
    ThreadTeam team(threads);
    for (int members = -1; members <= threads + 1; ++members) {
      const int expected = members <= 0 || members > threads ? threads : members;
      std::vector<std::atomic<int>> calls(static_cast<size_t>(threads));
      const std::thread::id caller = std::this_thread::get_id();
      team.run(
          [&](int member) {
            calls[static_cast<size_t>(member)].fetch_add(1);
            EXPECT_EQ(ThreadTeam::current_member(), member);
            EXPECT_EQ(ThreadTeam::current_members(), expected);
            EXPECT_EQ(std::this_thread::get_id() == caller, member == 0);
          },
          members);
      for (int member = 0; member < threads; ++member) EXPECT_EQ(calls[static_cast<size_t>(member)], member < expected);
    }
  }
  EXPECT_EQ(ThreadTeam::current_member(), 0);
  EXPECT_EQ(ThreadTeam::current_members(), 1);
}

TEST(ThreadTeam, BarrierSeparatesPhases) {
  for (const int threads : team_sizes()) {
    ThreadTeam team(threads);
    std::atomic<int> arrived{0};
    std::atomic<bool> early{false};
    team.run([&](int) {
      for (int phase = 1; phase <= 200; ++phase) {
        arrived.fetch_add(1);
        ThreadTeam::barrier();
        if (arrived.load() != phase * threads) early = true;
        ThreadTeam::barrier();
      }
    });
    EXPECT_FALSE(early);
  }
  ThreadTeam::barrier();
}

TEST(ThreadTeam, NestedCallsRunAlone) {
  ThreadTeam team;
  ThreadTeam other;
  std::atomic<int64_t> total{0};
  team.run([&](int outer) {
    for (ThreadTeam* nested : {&team, &other}) {
      const std::thread::id self = std::this_thread::get_id();
      nested->run([&](int member) {
        EXPECT_EQ(member, 0);
        EXPECT_EQ(ThreadTeam::current_members(), 1);
        EXPECT_EQ(std::this_thread::get_id(), self);
        ThreadTeam::barrier();
      });
      nested->parallel_for(100, 1, [&](int64_t begin, int64_t end) { total += end - begin; });
      EXPECT_EQ(ThreadTeam::current_member(), outer);
      EXPECT_EQ(ThreadTeam::current_members(), team.size());
    }
  });
  EXPECT_EQ(total, 200 * team.size());
}

TEST(ThreadTeam, CallersFromSeveralThreadsTakeTurns) {
  ThreadTeam team;
  std::atomic<int> inside{0};
  std::atomic<int> failures{0};
  const auto call = [&] {
    for (int round = 0; round < 200; ++round) {
      team.run([&](int member) {
        if (member == 0 && inside.fetch_add(1) != 0 && team.size() > 1) ++failures;
        ThreadTeam::barrier();
        if (member == 0) inside.fetch_sub(1);
      });
      if (cover(team, 97, 3) != std::vector<int>(97, 1)) ++failures;
    }
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) callers.emplace_back(call);
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(failures, 0);
}

TEST(ThreadTeam, GivesEachOfManyCallersOneThread) {
  for (const int threads : team_sizes()) {
    ThreadTeam team(threads);
    const auto members_of_a_run = [&team] {
      std::atomic<int> members{0};
      team.run([&](int) { members = ThreadTeam::current_members(); });
      return members.load();
    };
    std::vector<std::unique_ptr<ThreadTeam::ScopedCaller>> callers;
    for (int caller = 1; caller < threads; ++caller) {
      callers.push_back(std::make_unique<ThreadTeam::ScopedCaller>(team));
      EXPECT_EQ(members_of_a_run(), threads) << caller << " callers";
    }
    callers.push_back(std::make_unique<ThreadTeam::ScopedCaller>(team));
    EXPECT_EQ(members_of_a_run(), 1);
    EXPECT_EQ(cover(team, 100, 1), std::vector<int>(100, 1));
    callers.clear();
    EXPECT_EQ(members_of_a_run(), threads);
  }
}

/// The kernel's own choice puts both on one processor for tens of milliseconds, on some machines every other time.
TEST(ThreadTeam, MembersThatSleptDoNotShareAProcessor) {
  if (available_threads() < 2) GTEST_SKIP() << "there is one processor";
  ThreadTeam team(2);
  constexpr int kRounds = 20;
  int shared = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    std::array<int, 2> processors{};
    team.run([&](int member) {
      processors[static_cast<size_t>(member)] = sched_getcpu();
      ThreadTeam::barrier();
    });
    shared += processors[0] == processors[1] ? 1 : 0;
  }
  EXPECT_LE(shared, kRounds / 4);
}

TEST(ThreadTeam, StartsAndStopsWithAndWithoutWork) {
  for (int round = 0; round < 50; ++round) {
    const ThreadTeam idle;
    ThreadTeam busy;
    EXPECT_EQ(cover(busy, 10, 1), std::vector<int>(10, 1));
  }
}

/// Runs out of threads by leaving no address space for their stacks.
int members_without_threads() {
  const rlimit none{0, 0};
  ThreadTeam team;
  setrlimit(RLIMIT_AS, &none);
  std::atomic<int> calls{0};
  team.run([&](int) { calls += ThreadTeam::current_members(); });
  int64_t indices = 0;
  team.parallel_for(1000, 1, [&](int64_t begin, int64_t end) { indices += end - begin; });
  return indices == 1000 ? calls.load() : -1;
}

TEST(ThreadTeamDeathTest, MakesDoWithTheThreadsThatTheSystemGrants) {
  if (testing::kSanitized) GTEST_SKIP() << "sanitizers need the address space that the test takes away";
  if (available_threads() == 1) GTEST_SKIP() << "one processor needs no other thread";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(std::_Exit(members_without_threads()), ::testing::ExitedWithCode(1), "1 of .* threads can be started");
}

float half_of(float value) {
  const volatile float input = value;
  const volatile float half = input * 0.5F;
  return half;
}

float twice_of(float value) {
  const volatile float input = value;
  const volatile float twice = input * 2.0F;
  return twice;
}

/// True when a subnormal result and a subnormal operand both count as zero on this thread.
bool flushes_subnormals() {
  constexpr float kLeastNormal = std::numeric_limits<float>::min();
  return half_of(kLeastNormal) == 0 && twice_of(kLeastNormal / 2) == 0;
}

TEST(ThreadTeam, FlushesSubnormalsInEveryMember) {
  ASSERT_FALSE(flushes_subnormals());
  for (const int threads : team_sizes()) {
    ThreadTeam team(threads);
    std::atomic<int> flushing{0};
    team.run([&](int) { flushing += flushes_subnormals() ? 1 : 0; });
    EXPECT_EQ(flushing, threads);
    team.parallel_for(1, 1, [&](int64_t, int64_t) { flushing += flushes_subnormals() ? 1 : 0; });
    EXPECT_EQ(flushing, threads + 1);
    EXPECT_FALSE(flushes_subnormals()) << "the caller's mode must come back";
  }
}

TEST(ScopedFlushDenormals, NestsAndRestores) {
  {
    const ScopedFlushDenormals outer;
    EXPECT_TRUE(flushes_subnormals());
    {
      const ScopedFlushDenormals inner;
    }
    EXPECT_TRUE(flushes_subnormals());
  }
  EXPECT_FALSE(flushes_subnormals());
}

}  // namespace
}  // namespace hearth
