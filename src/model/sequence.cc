#include "model/sequence.h"

#include "base/errors.h"

namespace hearth {

Status Sequence::check() const {
  constexpr std::string_view kAdvice = "its tokens are in doubt; go on with a new session";
  if (is_running_) return error(StatusCode::kFailed, "a run of the session did not come to its end: {}", kAdvice);
  if (doubt_.ok()) return {};
  return error(StatusCode::kFailed, "a run of the session failed with '{}': {}", doubt_.message(), kAdvice);
}

void Sequence::end_run(const Status& outcome) {
  is_running_ = false;
  outcome.ok() ? cache_.commit() : cache_.abandon();
  if (outcome.code() == StatusCode::kInternal) doubt_ = outcome;
}

Status Sequence::rewind(int64_t length) {
  HEARTH_RETURN_IF_ERROR(check());
  return cache_.truncate(length);
}

}  // namespace hearth
