#include "base/cpu_quota.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <array>

#include "base/testing/temporary_folder.h"
#include "base/thread_team.h"

namespace hearth {
namespace {

using Quota = std::optional<double>;

TEST(CpuQuota, ReadsCpuMax) {
  const std::pair<const char*, Quota> cases[] = {{"200000 100000\n", 2.0},
                                                 {"50000 100000", 0.5},
                                                 {"150000 100000\n", 1.5},
                                                 {"max 100000\n", {}},
                                                 {"", {}},
                                                 {"100000", {}},
                                                 {"-1 100000", {}},
                                                 {"0 100000", {}},
                                                 {"100000 0", {}},
                                                 {"100000 -5", {}},
                                                 {"many few", {}}};
  for (const auto& [text, quota] : cases) EXPECT_EQ(parse_cpu_max(text), quota) << text;
}

struct File {
  const char* name;
  const char* contents;
};

struct Tree {
  const char* what;
  const char* proc_cgroup;
  std::vector<File> files;
  Quota quota;
};

TEST(CpuQuota, TakesTheSmallestOnTheWayToTheRoot) {
  const std::array trees{
      Tree{"version 2, own group", "0::/user/app\n", {{"user/app/cpu.max", "300000 100000\n"}}, 3.0},
      Tree{"version 2, parent is tighter",
           "0::/user/app\n",
           {{"user/app/cpu.max", "300000 100000\n"}, {"user/cpu.max", "150000 100000\n"}, {"cpu.max", "max 100000\n"}},
           1.5},
      Tree{"version 2, a container's root", "0::/\n", {{"cpu.max", "400000 100000\n"}}, 4.0},
      Tree{"version 2, unlimited", "0::/user\n", {{"user/cpu.max", "max 100000\n"}}, {}},
      Tree{"version 2, a sibling does not count", "0::/user\n", {{"other/cpu.max", "100000 100000\n"}}, {}},
      Tree{"version 1",
           "4:memory:/app\n3:cpu,cpuacct:/app\n1:name=systemd:/app\n",
           {{"cpu,cpuacct/app/cpu.cfs_quota_us", "250000\n"}, {"cpu,cpuacct/app/cpu.cfs_period_us", "100000\n"}},
           2.5},
      Tree{"version 1, only the container's root is mounted",
           "3:cpu,cpuacct:/docker/0123\n",
           {{"cpu,cpuacct/cpu.cfs_quota_us", "100000\n"}, {"cpu,cpuacct/cpu.cfs_period_us", "50000\n"}},
           2.0},
      Tree{"version 1, controllers in another order than the mount's name",
           "3:cpuacct,cpu:/app\n",
           {{"cpu/app/cpu.cfs_quota_us", "100000\n"}, {"cpu/app/cpu.cfs_period_us", "100000\n"}},
           1.0},
      Tree{"version 1, unlimited",
           "3:cpu:/app\n",
           {{"cpu/app/cpu.cfs_quota_us", "-1\n"}, {"cpu/app/cpu.cfs_period_us", "100000\n"}},
           {}},
      Tree{"version 1, another controller's files do not count",
           "3:cpuset:/app\n",
           {{"cpuset/app/cpu.cfs_quota_us", "100000\n"}, {"cpuset/app/cpu.cfs_period_us", "100000\n"}},
           {}},
      Tree{"both, version 1 is tighter",
           "3:cpu:/app\n0::/app\n",
           {{"app/cpu.max", "300000 100000\n"},
            {"cpu/app/cpu.cfs_quota_us", "200000\n"},
            {"cpu/app/cpu.cfs_period_us", "100000\n"}},
           2.0},
      Tree{"no files", "0::/user\n", {}, {}},
      Tree{"no cgroups", "", {}, {}},
      Tree{"malformed lines", "0:\nnothing\n::\n", {}, {}},
  };
  for (const Tree& tree : trees) {
    const testing::TemporaryFolder mount;
    for (const File& file : tree.files) mount.write(file.name, file.contents);
    EXPECT_EQ(cgroup_cpu_quota(tree.proc_cgroup, mount.path()), tree.quota) << tree.what;
  }
}

// available_threads() is read once, so the mask is set in a process of its own.
TEST(AvailableThreadsDeathTest, FollowsTheAffinityMask) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto threads_on_one_processor = [] {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    CPU_SET(static_cast<size_t>(sched_getcpu()), &mask);
    if (sched_setaffinity(0, sizeof(mask), &mask) != 0) return -1;
    return available_threads();
  };
  EXPECT_EXIT(std::_Exit(threads_on_one_processor()), ::testing::ExitedWithCode(1), "");
  EXPECT_GE(available_threads(), 1);
}

}  // namespace
}  // namespace hearth
