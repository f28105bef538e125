#pragma once

#include <utility>

#include "hearth/status.h"
#include "kernels/key_value_cache.h"

namespace hearth {

/// A session's sequence of tokens, and whether it can be relied on.
///
/// A run that fails leaves the sequence as it was, whatever the failure: what was committed is never written to. Two
/// things leave it in doubt, after which everything but its length is refused: a run that reports a bug in Hearth
/// (kInternal), and one that was left by an exception, so that nobody ended it. Used from one thread at a time.
class Sequence {
 public:
  /// A sequence that goes on from what `cache` has.
  explicit Sequence(KeyValueCache cache = KeyValueCache()) : cache_(std::move(cache)) {}

  KeyValueCache& cache() { return cache_; }
  const KeyValueCache& cache() const { return cache_; }

  /// kFailed when the sequence is in doubt, with what put it there.
  Status check() const;
  /// Begins a run, which end_run() ends. The sequence has passed check().
  void begin_run() { is_running_ = true; }
  /// The run's tokens become part of the sequence when it succeeded.
  void end_run(const Status& outcome);
  /// See KeyValueCache::truncate().
  Status rewind(int64_t length);

 private:
  KeyValueCache cache_;
  Status doubt_;
  bool is_running_ = false;
};

}  // namespace hearth
