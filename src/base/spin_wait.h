#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hearth {

/// Tells the processor that this thread is waiting in a loop.
inline void pause_processor() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Waits until `done(value)` holds and returns that value: for about a millisecond in a loop, because the next parallel
/// loop usually follows sooner, and waking a thread costs more, on a virtual machine that has to get its processor back
/// above all; then asleep, which `falls_asleep()` announces. Whoever changes the value must notify.
template <typename T, typename Done, typename FallsAsleep>
T spin_then_wait(std::atomic<T>& value, Done done, FallsAsleep falls_asleep) {
  constexpr auto kSpinTime = std::chrono::milliseconds(1);
  constexpr int kLooksPerClock = 64;
  const auto end = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int look = 0; look < kLooksPerClock; ++look) {
      const T now = value.load(std::memory_order_acquire);
      if (done(now)) return now;
      pause_processor();
    }
    // Where another process has taken a processor, the thread that is waited for may be waiting for this one's.
    std::this_thread::yield();
  } while (std::chrono::steady_clock::now() < end);
  falls_asleep();
  for (;;) {
    const T now = value.load(std::memory_order_acquire);
    if (done(now)) return now;
    value.wait(now, std::memory_order_acquire);
  }
}

template <typename T, typename Done>
T spin_then_wait(std::atomic<T>& value, Done done) {
  return spin_then_wait(value, done, [] {});
}

}  // namespace hearth
