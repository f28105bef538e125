#pragma once

#include <sched.h>

#include <filesystem>
#include <thread>
#include <vector>

namespace hearth {

/// The processors that threads of one job take: those that the creating thread may use.
class Processors {
 public:
  Processors();

  /// Has `thread`, which sleeps, wake on the processor `steps` places after the one that the calling thread is on, and
  /// stay there until it calls release(). Left to itself, the kernel may wake it on the caller's own, where the two
  /// take turns for tens of milliseconds until its balancing notices. Does nothing where the system refuses.
  void place(std::thread::native_handle_type thread, int steps) const;
  /// Lets the calling thread move among all of them.
  void release() const;

 private:
  cpu_set_t allowed_;
  std::vector<int> order_;
};

/// The same processors, one of every core before the second one of any; `folder` is /sys/devices/system/cpu, where each
/// has its topology.
std::vector<int> cores_first(const std::vector<int>& processors, const std::filesystem::path& folder);

}  // namespace hearth
