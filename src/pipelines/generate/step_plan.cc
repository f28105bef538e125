#include "pipelines/generate/step_plan.h"

#include <algorithm>

namespace hearth {

int64_t tokens_to_read(int64_t unread, int64_t room, int64_t most) {
  if (unread <= room) return unread;
  const int64_t fewest = std::min(kFewestTokensOfPart, most / 2);
  // The rest should not be too short either.
  const int64_t tokens = std::min(room, unread - fewest);
  return tokens < fewest ? 0 : tokens;
}

std::vector<int64_t> plan_step(std::span<const int64_t> unread, int64_t most) {
  std::vector<int64_t> tokens(unread.size());
  int64_t room = most;
  for (const bool reads_prompts : {false, true}) {
    for (size_t i = 0; i < unread.size(); ++i) {
      if ((unread[i] > 1) != reads_prompts) continue;
      tokens[i] = tokens_to_read(unread[i], room, most);
      room -= tokens[i];
    }
  }
  return tokens;
}

}  // namespace hearth
