#include "base/processors.h"

#include <pthread.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <utility>

namespace hearth {

std::vector<int> cores_first(const std::vector<int>& processors, const std::filesystem::path& folder) {
  std::map<std::string, int> threads_of_core;
  std::vector<std::pair<int, int>> ranked;
  for (const int processor : processors) {
    std::ifstream file(folder / ("cpu" + std::to_string(processor)) / "topology" / "thread_siblings_list");
    std::string core;
    std::getline(file, core);
    ranked.emplace_back(core.empty() ? 0 : threads_of_core[core]++, processor);
  }
  std::ranges::sort(ranked);
  std::vector<int> order;
  for (const auto& [rank, processor] : ranked) order.push_back(processor);
  return order;
}

Processors::Processors() {
  CPU_ZERO(&allowed_);
  // Fails on machines with more processors than the set can name; then threads are left where the kernel puts them.
  if (sched_getaffinity(0, sizeof(allowed_), &allowed_) != 0) return;
  std::vector<int> processors;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (CPU_ISSET(processor, &allowed_)) processors.push_back(processor);
  }
  order_ = cores_first(processors, "/sys/devices/system/cpu");
}

void Processors::place(std::thread::native_handle_type thread, int steps) const {
  const auto here = std::ranges::find(order_, sched_getcpu());
  if (here == order_.end()) return;
  const auto index = static_cast<size_t>(here - order_.begin() + steps) % order_.size();
  cpu_set_t place;
  CPU_ZERO(&place);
  CPU_SET(order_[index], &place);
  pthread_setaffinity_np(thread, sizeof(place), &place);
}

void Processors::release() const {
  if (!order_.empty()) sched_setaffinity(0, sizeof(allowed_), &allowed_);
}

}  // namespace hearth
