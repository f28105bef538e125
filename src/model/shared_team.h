#pragma once

#include <memory>

#include "base/thread_team.h"

namespace hearth {

/// The process's team of that many threads (0: all that the process may use), made on the first call and shared by
/// every model that asks for as many, so that models do not compete with threads of their own. Ends with its last user.
/// Thread-safe.
std::shared_ptr<ThreadTeam> shared_team(int threads);

}  // namespace hearth
