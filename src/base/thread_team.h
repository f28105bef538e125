#pragma once

#include <cstdint>
#include <memory>

#include "base/function_ref.h"

namespace hearth {

/// Threads this process may use: the smallest of the online processors, the affinity mask and the cgroup quota (rounded
/// up), at least 1.
int available_threads();

/// A fixed group of threads that run one piece of work together: the caller is member 0, the others are persistent
/// workers that spin for a while and then sleep. Subnormal floats are flushed to zero in every member while it works
/// for the team; the caller's mode is restored afterwards. Thread-safe: when several threads call in at once, they take
/// turns, or, when they are ScopedCallers and as many as the team has members, each works alone.
class ThreadTeam {
 public:
  /// `threads` ≥ 1 members; 0 or more than available_threads() means available_threads(). Workers start with the first
  /// piece of work.
  explicit ThreadTeam(int threads = 0);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int size() const;

  /// While it lives, its thread is one of those that call the team: as many callers as members leave no processor idle,
  /// so that sharing each one's work would only make them wait for each other.
  class ScopedCaller {
   public:
    explicit ScopedCaller(ThreadTeam& team);
    ~ScopedCaller();
    ScopedCaller(const ScopedCaller&) = delete;
    ScopedCaller& operator=(const ScopedCaller&) = delete;

   private:
    ThreadTeam& team_;
  };

  /// Calls body(member) once on each of `members` (0: all) members at the same time and waits for all of them: on fewer
  /// where the system refuses threads or callers are many, which current_members() tells. Inside a body a nested call
  /// runs on the calling thread alone, as member 0 of 1. The body must not throw.
  void run(FunctionRef<void(int member)> body, int members = 0);

  /// Splits [0, count) into chunks of at least `grain`, and waits. Each member takes the chunks of a part of its own,
  /// in loop after loop of the same count the same part, which its caches know; then what others have left. body(begin,
  /// end) must not throw.
  void parallel_for(int64_t count, int64_t grain, FunctionRef<void(int64_t begin, int64_t end)> body);

  /// The calling thread's member number and the number of members in the innermost run() that it works in; 0 and 1
  /// outside.
  static int current_member();
  static int current_members();
  /// Waits until every member of the innermost run() has arrived, and returns true: at once outside of one. False when
  /// a member has broken it.
  static bool barrier();
  /// The calling member will come to no barrier of the innermost run() any more: whoever waits there, or comes later,
  /// is told so.
  static void break_barrier();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Flushes subnormal results and inputs to zero on this thread (FTZ and DAZ) for its lifetime, then restores the mode.
class ScopedFlushDenormals {
 public:
  ScopedFlushDenormals();
  ~ScopedFlushDenormals();
  ScopedFlushDenormals(const ScopedFlushDenormals&) = delete;
  ScopedFlushDenormals& operator=(const ScopedFlushDenormals&) = delete;

 private:
  uint64_t saved_;
};

}  // namespace hearth
