#include "base/cpu_quota.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>

#include "base/thread_team.h"

namespace hearth {
namespace {

std::string read_small_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::optional<double> read_number(const std::filesystem::path& path) {
  std::istringstream text(read_small_file(path));
  double value = 0;
  return text >> value ? std::optional(value) : std::nullopt;
}

std::optional<double> quota_of_folder(const std::filesystem::path& folder) {
  if (const auto quota = parse_cpu_max(read_small_file(folder / "cpu.max"))) return quota;
  const auto quota = read_number(folder / "cpu.cfs_quota_us");
  const auto period = read_number(folder / "cpu.cfs_period_us");
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return *quota / *period;
}

/// `controllers` is a list like "cpu,cpuacct", in which "cpuset" is another controller.
bool lists_cpu(const std::string& controllers) { return ("," + controllers + ",").find(",cpu,") != std::string::npos; }

/// The folder may list the controllers in another order than the kernel does; then a link "cpu" leads to it.
std::filesystem::path version_1_root(const std::filesystem::path& mount, const std::string& controllers) {
  std::error_code ignored;
  return mount / (std::filesystem::is_directory(mount / controllers, ignored) ? controllers : "cpu");
}

void take_smaller(std::optional<double>& least, std::optional<double> quota) {
  if (quota && (!least || *quota < *least)) least = quota;
}

int online_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace

std::optional<double> parse_cpu_max(std::string_view text) {
  std::istringstream stream{std::string(text)};
  double quota = 0;
  double period = 0;
  if (!(stream >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

std::optional<double> cgroup_cpu_quota(std::string_view proc_cgroup, const std::filesystem::path& mount) {
  std::optional<double> least;
  std::istringstream lines{std::string(proc_cgroup)};
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool version_2 = controllers.empty();
    if (!version_2 && !lists_cpu(controllers)) continue;
    const std::filesystem::path root = version_2 ? mount : version_1_root(mount, controllers);
    std::filesystem::path group = std::filesystem::path(line.substr(second + 1)).relative_path();
    for (;; group = group.parent_path()) {
      take_smaller(least, quota_of_folder(root / group));
      if (group.empty()) break;
    }
  }
  return least;
}

int available_threads() {
  static const int threads = [] {
    const int processors = online_processors();
    const auto quota = cgroup_cpu_quota(read_small_file("/proc/self/cgroup"), "/sys/fs/cgroup");
    if (!quota) return processors;
    return std::clamp(static_cast<int>(std::ceil(*quota)), 1, processors);
  }();
  return threads;
}

}  // namespace hearth
