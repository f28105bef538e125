#include "base/thread_team.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "base/cpu_quota.h"
#include "base/log.h"
#include "base/processors.h"
#include "base/spin_wait.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hearth {
namespace {

/// One run(): the members that work in it meet at its barrier.
struct Region {
  int members = 1;
  std::atomic<int> arrived{0};
  std::atomic<uint32_t> phase{0};
  std::atomic<bool> broken{false};
};

struct Membership {
  Region* region = nullptr;
  int member = 0;
};

thread_local Membership t_membership;

class ScopedMembership {
 public:
  ScopedMembership(Region* region, int member) : previous_(t_membership) { t_membership = {region, member}; }
  ~ScopedMembership() { t_membership = previous_; }
  ScopedMembership(const ScopedMembership&) = delete;
  ScopedMembership& operator=(const ScopedMembership&) = delete;

 private:
  Membership previous_;
};

/// A piece of work as workers see it, in one word: workers that are not among its members may look at it after it has
/// ended.
struct Ticket {
  uint64_t number;
  int members;
  static constexpr int kMemberBits = 16;
  static Ticket unpack(uint64_t word) {
    return {word >> kMemberBits, static_cast<int>(word & ((1U << kMemberBits) - 1))};
  }
  uint64_t pack() const { return number << kMemberBits | static_cast<uint64_t>(members); }
};

constexpr int kStop = 0;  ///< Members of the ticket that ends the workers.

/// The part of a parallel_for() that one member begins with, on a line of the cache of its own.
struct alignas(64) Share {
  std::atomic<int64_t> next{0};
  int64_t end = 0;
};

/// More members than this share them.
constexpr int kMostShares = 32;

struct Worker {
  enum class State { kAwake, kAsleep, kPlaced };

  std::thread thread;
  std::atomic<State> state{State::kAwake};
};

}  // namespace

class ThreadTeam::Impl {
 public:
  explicit Impl(int size) : size_(size) {}

  ~Impl() {
    publish(kStop);
    for (const auto& worker : workers_) worker->thread.join();
  }

  int size() const { return size_; }

  void enter() { callers_.fetch_add(1, std::memory_order_relaxed); }
  void leave() { callers_.fetch_sub(1, std::memory_order_relaxed); }
  bool is_crowded() const { return callers_.load(std::memory_order_relaxed) >= size_; }

  void run(FunctionRef<void(int)> body, int members) {
    const std::lock_guard turn(turn_);
    members = std::min(members, start_workers() + 1);
    Region region;
    region.members = members;
    body_ = &body;
    region_ = &region;
    remaining_.store(members - 1, std::memory_order_relaxed);
    place_sleeping_workers(members);
    publish(members);
    work(0);
    spin_then_wait(remaining_, [](int remaining) { return remaining == 0; });
  }

 private:
  /// Returns how many there are: all but one of size_, or fewer where the system grants no more threads.
  int start_workers() {
    for (int member = static_cast<int>(workers_.size()) + 1; member < wanted_; ++member) {
      try {
        auto worker = std::make_unique<Worker>();
        worker->thread = std::thread([this, member, self = worker.get(),
                                      seen = ticket_.load(std::memory_order_relaxed)] { serve(*self, member, seen); });
        place(*worker, member);
        workers_.push_back(std::move(worker));
      } catch (const std::system_error& problem) {
        log_warning("{} of {} threads can be started: {}", member, size_, problem.what());
        wanted_ = member;
      }
    }
    return static_cast<int>(workers_.size());
  }

  void publish(int members) {
    const Ticket last = Ticket::unpack(ticket_.load(std::memory_order_relaxed));
    ticket_.store(Ticket{last.number + 1, members}.pack(), std::memory_order_release);
    ticket_.notify_all();
  }

  void place_sleeping_workers(int members) {
    for (int member = 1; member < members; ++member) {
      Worker& worker = *workers_[static_cast<size_t>(member - 1)];
      if (worker.state.load(std::memory_order_relaxed) == Worker::State::kAsleep) place(worker, member);
    }
  }

  void place(Worker& worker, int member) {
    processors_.place(worker.thread.native_handle(), member);
    // A worker that has seen an earlier ticket meanwhile is free to move again when it sees the next.
    worker.state.store(Worker::State::kPlaced, std::memory_order_relaxed);
  }

  void serve(Worker& self, int member, uint64_t seen) {
    const ScopedFlushDenormals flush;
    for (;;) {
      seen = spin_then_wait(
          ticket_, [seen](uint64_t word) { return word != seen; },
          [&self] { self.state.store(Worker::State::kAsleep, std::memory_order_relaxed); });
      if (self.state.exchange(Worker::State::kAwake, std::memory_order_relaxed) == Worker::State::kPlaced) {
        processors_.release();
      }
      const Ticket ticket = Ticket::unpack(seen);
      if (ticket.members == kStop) return;
      if (member >= ticket.members) continue;
      work(member);
      if (remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1) remaining_.notify_one();
    }
  }

  void work(int member) {
    const ScopedMembership membership(region_, member);
    (*body_)(member);
  }

  const int size_;
  int wanted_ = size_;  ///< Threads that are still worth trying to start.
  std::mutex turn_;
  const Processors processors_;
  std::vector<std::unique_ptr<Worker>> workers_;
  FunctionRef<void(int)>* body_ = nullptr;
  Region* region_ = nullptr;
  std::atomic<uint64_t> ticket_{Ticket{1, 1}.pack()};
  std::atomic<int> remaining_{0};
  std::atomic<int> callers_{0};
};

ThreadTeam::ThreadTeam(int threads)
    : impl_(std::make_unique<Impl>(threads <= 0 ? available_threads() : std::min(threads, available_threads()))) {}

ThreadTeam::~ThreadTeam() = default;

int ThreadTeam::size() const { return impl_->size(); }

ThreadTeam::ScopedCaller::ScopedCaller(ThreadTeam& team) : team_(team) { team_.impl_->enter(); }
ThreadTeam::ScopedCaller::~ScopedCaller() { team_.impl_->leave(); }

void ThreadTeam::run(FunctionRef<void(int)> body, int members) {
  if (members <= 0 || members > size()) members = size();
  const ScopedFlushDenormals flush;
  if (members > 1 && t_membership.region == nullptr && !impl_->is_crowded()) {
    impl_->run(body, members);
    return;
  }
  Region alone;
  const ScopedMembership membership(&alone, 0);
  body(0);
}

void ThreadTeam::parallel_for(int64_t count, int64_t grain, FunctionRef<void(int64_t, int64_t)> body) {
  if (count <= 0) return;
  constexpr int64_t kChunksPerMember = 8;
  const int64_t chunk = std::min(count, std::max({grain, int64_t{1}, count / (kChunksPerMember * size())}));
  const int64_t chunks = (count - 1) / chunk + 1;
  if (chunks == 1) {
    run([&](int) { body(0, count); }, 1);
    return;
  }
  const int members = static_cast<int>(std::min<int64_t>(chunks, size()));
  const int shares = std::min(members, kMostShares);
  std::array<Share, kMostShares> share;
  for (int i = 0; i < shares; ++i) {
    share[i].next.store(chunks * i / shares * chunk, std::memory_order_relaxed);
    share[i].end = std::min(chunks * (i + 1) / shares * chunk, count);
  }
  const auto take_chunks = [&](int member) {
    for (int i = 0; i < shares; ++i) {
      Share& from = share[(member + i) % shares];
      for (;;) {
        const int64_t begin = from.next.fetch_add(chunk, std::memory_order_relaxed);
        if (begin >= from.end) break;
        body(begin, std::min(begin + chunk, from.end));
      }
    }
  };
  run(take_chunks, members);
}

int ThreadTeam::current_member() { return t_membership.member; }

int ThreadTeam::current_members() { return t_membership.region ? t_membership.region->members : 1; }

bool ThreadTeam::barrier() {
  Region* region = t_membership.region;
  if (region == nullptr || region->members == 1) return true;
  const uint32_t phase = region->phase.load(std::memory_order_acquire);
  if (region->broken.load(std::memory_order_acquire)) return false;
  if (region->arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == region->members) {
    region->arrived.store(0, std::memory_order_relaxed);
    region->phase.store(phase + 1, std::memory_order_release);
    region->phase.notify_all();
    return true;
  }
  spin_then_wait(region->phase, [phase](uint32_t now) { return now != phase; });
  return !region->broken.load(std::memory_order_acquire);
}

void ThreadTeam::break_barrier() {
  Region* region = t_membership.region;
  if (region == nullptr) return;
  region->broken.store(true, std::memory_order_release);
  region->phase.fetch_add(1, std::memory_order_release);
  region->phase.notify_all();
}

#if defined(__x86_64__)
namespace {
constexpr uint32_t kFlushToZero = 1U << 15;
constexpr uint32_t kDenormalsAreZero = 1U << 6;
}  // namespace

ScopedFlushDenormals::ScopedFlushDenormals() : saved_(_mm_getcsr()) {
  _mm_setcsr(static_cast<uint32_t>(saved_) | kFlushToZero | kDenormalsAreZero);
}
ScopedFlushDenormals::~ScopedFlushDenormals() { _mm_setcsr(static_cast<uint32_t>(saved_)); }
#elif defined(__aarch64__)
namespace {
constexpr uint64_t kFlushToZero = uint64_t{1} << 24;
}  // namespace

ScopedFlushDenormals::ScopedFlushDenormals() {
  asm volatile("mrs %0, fpcr" : "=r"(saved_));
  asm volatile("msr fpcr, %0" : : "r"(saved_ | kFlushToZero));
}
ScopedFlushDenormals::~ScopedFlushDenormals() { asm volatile("msr fpcr, %0" : : "r"(saved_)); }
#endif

}  // namespace hearth
