#include "model/shared_team.h"

#include <algorithm>
#include <map>
#include <mutex>

namespace hearth {

std::shared_ptr<ThreadTeam> shared_team(int threads) {
  static std::mutex mutex;
  static std::map<int, std::weak_ptr<ThreadTeam>> teams;
  const int most = available_threads();
  const int size = threads <= 0 ? most : std::min(threads, most);
  const std::lock_guard lock(mutex);
  std::weak_ptr<ThreadTeam>& slot = teams[size];
  if (std::shared_ptr<ThreadTeam> team = slot.lock()) return team;
  auto team = std::make_shared<ThreadTeam>(size);
  slot = team;
  return team;
}

}  // namespace hearth
