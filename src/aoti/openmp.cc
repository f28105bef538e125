// The OpenMP functions that generated code calls, on Hearth's thread team: those of GCC (GOMP_*), of LLVM (__kmpc_*,
// which zig and clang use) and the common ones (omp_*). Semantics: the OpenMP 5.2 specification, with the calling
// conventions of libgomp's and LLVM's public runtime interfaces. Outside of a run, and in a nested region, a region has
// one thread.

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <csetjmp>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "aoti/abi.h"
#include "base/errors.h"
#include "base/function_ref.h"
#include "base/thread_team.h"
#include "kernels/context.h"

namespace hearth {
namespace {

/// Pointers that a microtask may take: each count up to the first has a caller of its own, then each power of two, and
/// what is too much of it is passed without meaning.
constexpr size_t kMostExactArguments = 64;
constexpr size_t kMostArguments = 4096;

thread_local int t_wanted_threads = 0;
/// Regions of one thread that this thread has entered inside of its innermost run_region; LLVM's callers enter and
/// leave them themselves.
thread_local int t_serialized = 0;

int thread_number() { return t_serialized > 0 ? 0 : ThreadTeam::current_member(); }
int thread_count() { return t_serialized > 0 ? 1 : ThreadTeam::current_members(); }

/// The first check that failed in a region.
struct Failure {
  std::atomic<bool> happened{false};
  std::string message;
};

/// The way out of a region for one of its members. An exception has none: compilers let it end the process where it
/// would leave a region, so a check that fails jumps. What the member's frames of generated code hold is lost then.
struct Exit {
  std::jmp_buf target;
  Failure* failure;
};

thread_local Exit* t_exit = nullptr;

[[noreturn]] void leave_region() {
  ThreadTeam::break_barrier();
  std::longjmp(t_exit->target, 1);  // NOLINT(cert-err52-cpp): see Exit.
}

void fail_check(std::string_view message) {
  if (t_exit == nullptr) {
    constexpr std::string_view kIndex = "index out of bounds";
    const std::string_view hint = message.starts_with(kIndex)
                                      ? " (an id or a number among the inputs lies outside of the table that it is for)"
                                      : "";
    keep_shim_error("a check of the model", fmt::format("{}{}", message, hint));
    return;
  }
  if (!t_exit->failure->happened.exchange(true)) t_exit->failure->message = message;
  leave_region();
}

void run_member(FunctionRef<void(int)> body, int member, Failure& failure) {
  Exit exit;  // NOLINT(cppcoreguidelines-pro-type-member-init): setjmp() fills it in.
  exit.failure = &failure;
  Exit* const outer = std::exchange(t_exit, &exit);
  if (setjmp(exit.target) == 0) body(member);  // NOLINT(cert-err52-cpp)
  t_exit = outer;
  t_serialized = 0;
}

void wait_for_all() {
  if (t_serialized == 0 && !ThreadTeam::barrier()) leave_region();
}

/// Runs `body` on every member of the run's team, each under the run's context. When a check fails in one of them, the
/// region around this one is left too; without one, the message is kept and the run has failed.
void run_region(int threads, FunctionRef<void(int)> body) {
  const KernelContext* context = current_kernel_context();
  const int serialized = std::exchange(t_serialized, 0);
  Failure failure;
  if (context == nullptr) {
    run_member(body, 0, failure);
  } else {
    context->team->run(
        [&](int member) {
          const ScopedKernelContext scope(*context);
          run_member(body, member, failure);
        },
        threads);
  }
  t_serialized = serialized;
  if (failure.happened) fail_check(failure.message);
}

// One of these may be taken while another is held: an update that is too wide for one instruction inside of a critical
// block, a critical block of one name inside of another's.
std::mutex critical_mutex;
std::mutex atomic_mutex;

/// The word that compilers reserve, as 0, for each name of a critical block or reduction.
using Name = std::atomic_ref<uint32_t>;

void lock(void* name) {
  const Name word(*static_cast<uint32_t*>(name));
  while (word.exchange(1, std::memory_order_acquire) != 0) word.wait(1, std::memory_order_relaxed);
}

void unlock(void* name) {
  const Name word(*static_cast<uint32_t*>(name));
  word.store(0, std::memory_order_release);
  word.notify_one();
}

/// LLVM's outlined region: two thread numbers, then the captured pointers.
using Microtask = void (*)(int32_t*, int32_t*, ...);

template <size_t... I>
void call_microtask(Microtask task, int32_t* global, int32_t* bound, void** arguments, std::index_sequence<I...>) {
  task(global, bound, arguments[I]...);
}

/// A function that calls a microtask with N pointers. The callee is not variadic and may take less: on x86-64 and
/// AArch64 it is the caller who puts arguments on the stack and takes them away.
using Caller = void (*)(Microtask, int32_t*, int32_t*, void**);

template <size_t N>
constexpr Caller kCaller = [](Microtask task, int32_t* global, int32_t* bound, void** arguments) {
  call_microtask(task, global, bound, arguments, std::make_index_sequence<N>{});
};

template <size_t... N>
constexpr std::array<Caller, sizeof...(N)> make_callers(std::index_sequence<N...>) {
  return {kCaller<N>...};
}

constexpr auto kExactCallers = make_callers(std::make_index_sequence<kMostExactArguments + 1>{});
constexpr std::array<Caller, 6> kRoundedCallers{kCaller<128>,  kCaller<256>,  kCaller<512>,
                                                kCaller<1024>, kCaller<2048>, kCaller<4096>};

/// The caller for `count` pointers, which becomes as many as it passes.
Caller caller_for(size_t& count) {
  if (count <= kMostExactArguments) return kExactCallers[count];
  const size_t passed = std::bit_ceil(count);
  count = passed;
  return kRoundedCallers[static_cast<size_t>(std::countr_zero(passed / (2 * kMostExactArguments)))];
}

/// The share of this thread in a loop from *lower to *upper, both included. `schedule` 33 deals chunks out in turn,
/// everything else gives each thread one contiguous part, and the modifiers in its high bits ask for nothing. Indices
/// wrap as unsigned numbers do, so that an empty share can be written as lower > upper.
template <typename T>
void static_share(int32_t schedule, int32_t* last, T* lower, T* upper, std::make_signed_t<T>* stride,
                  std::make_signed_t<T> increment, std::make_signed_t<T> chunk) {
  using U = std::make_unsigned_t<T>;
  constexpr int32_t kStaticChunked = 33;
  constexpr int32_t kModifiers = 1 << 29 | 1 << 30;
  const auto threads = static_cast<U>(thread_count());
  const auto thread = static_cast<U>(thread_number());
  const bool empty = increment > 0 ? *upper < *lower : *lower < *upper;
  if (empty) {
    if (last) *last = 0;
    *stride = increment;
    return;
  }
  const U step = static_cast<U>(increment > 0 ? increment : -increment);
  const U distance =
      increment > 0 ? static_cast<U>(*upper) - static_cast<U>(*lower) : static_cast<U>(*lower) - static_cast<U>(*upper);
  const U trips = distance / step + 1;
  const auto at = [&](U trip) { return static_cast<T>(static_cast<U>(*lower) + trip * static_cast<U>(increment)); };

  if ((schedule & ~kModifiers) == kStaticChunked) {
    const U size = chunk < 1 ? 1 : static_cast<U>(chunk);
    const U begin = thread * size;
    *stride = static_cast<std::make_signed_t<T>>(size * threads * static_cast<U>(increment));
    if (last) *last = (trips - 1) / size % threads == thread ? 1 : 0;
    const T first = at(begin);
    *upper = at(begin + size - 1);
    *lower = first;
    return;
  }
  const U share = trips / threads;
  const U extra = trips % threads;
  const U begin = thread * share + (thread < extra ? thread : extra);
  const U count = share + (thread < extra ? 1 : 0);
  *stride = static_cast<std::make_signed_t<T>>(trips * static_cast<U>(increment));
  if (last) *last = count > 0 && begin + count == trips ? 1 : 0;
  const T first = at(begin);
  *upper = count > 0 ? at(begin + count - 1) : static_cast<T>(static_cast<U>(first) - static_cast<U>(increment));
  *lower = first;
}

}  // namespace
}  // namespace hearth

/// For a check of generated code that does not hold: inside of a parallel region it leaves the region, and the run
/// fails with the message; outside of one it returns, and the caller throws.
HEARTH_SHIM void hearth_check_failed(const char* message) { hearth::fail_check(message); }

HEARTH_SHIM int omp_get_thread_num() { return hearth::thread_number(); }
HEARTH_SHIM int omp_get_num_threads() { return hearth::thread_count(); }
HEARTH_SHIM int omp_in_parallel() { return hearth::thread_count() > 1 ? 1 : 0; }
HEARTH_SHIM int omp_get_max_threads() {
  const hearth::KernelContext* context = hearth::current_kernel_context();
  return context ? context->team->size() : 1;
}
HEARTH_SHIM int omp_get_num_procs() { return hearth::available_threads(); }
/// The team's size is the user's choice, not the model's.
HEARTH_SHIM void omp_set_num_threads(int) {}

HEARTH_SHIM void GOMP_parallel(void (*function)(void*), void* data, unsigned threads, unsigned) {
  hearth::run_region(static_cast<int>(threads), [&](int) { function(data); });
}
HEARTH_SHIM void GOMP_barrier() { hearth::wait_for_all(); }
HEARTH_SHIM bool GOMP_single_start() { return hearth::thread_number() == 0; }
HEARTH_SHIM void GOMP_critical_start() { hearth::critical_mutex.lock(); }
HEARTH_SHIM void GOMP_critical_end() { hearth::critical_mutex.unlock(); }
HEARTH_SHIM void GOMP_critical_name_start(void** name) { hearth::lock(name); }
HEARTH_SHIM void GOMP_critical_name_end(void** name) { hearth::unlock(name); }
HEARTH_SHIM void GOMP_atomic_start() { hearth::atomic_mutex.lock(); }
HEARTH_SHIM void GOMP_atomic_end() { hearth::atomic_mutex.unlock(); }

HEARTH_SHIM void __kmpc_fork_call(void*, int32_t count, hearth::Microtask task, ...) {
  if (count < 0 || static_cast<size_t>(count) > hearth::kMostArguments) {
    std::fprintf(stderr, "hearth: a parallel region of the model passes %d variables, more than %zu\n", count,
                 hearth::kMostArguments);
    std::abort();
  }
  auto passed = static_cast<size_t>(count);
  const hearth::Caller caller = hearth::caller_for(passed);
  // Only what is passed is written: most regions have few arguments.
  std::array<void*, hearth::kMostArguments> arguments;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  va_list list;
  va_start(list, task);
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) arguments[i] = va_arg(list, void*);
  va_end(list);
  std::fill(arguments.begin() + count, arguments.begin() + static_cast<ptrdiff_t>(passed), nullptr);
  const int threads = std::exchange(hearth::t_wanted_threads, 0);
  hearth::run_region(threads, [&](int member) {
    int32_t global = member;
    int32_t bound = member;
    caller(task, &global, &bound, arguments.data());
  });
}
HEARTH_SHIM void __kmpc_push_num_threads(void*, int32_t, int32_t threads) { hearth::t_wanted_threads = threads; }
HEARTH_SHIM int32_t __kmpc_global_thread_num(void*) { return hearth::thread_number(); }
HEARTH_SHIM void __kmpc_barrier(void*, int32_t) { hearth::wait_for_all(); }
HEARTH_SHIM void __kmpc_serialized_parallel(void*, int32_t) {
  hearth::t_wanted_threads = 0;
  ++hearth::t_serialized;
}
HEARTH_SHIM void __kmpc_end_serialized_parallel(void*, int32_t) { --hearth::t_serialized; }
HEARTH_SHIM int32_t __kmpc_master(void*, int32_t) { return hearth::thread_number() == 0 ? 1 : 0; }
HEARTH_SHIM void __kmpc_end_master(void*, int32_t) {}
HEARTH_SHIM int32_t __kmpc_single(void*, int32_t) { return hearth::thread_number() == 0 ? 1 : 0; }
HEARTH_SHIM void __kmpc_end_single(void*, int32_t) {}
HEARTH_SHIM void __kmpc_critical(void*, int32_t, void* name) { hearth::lock(name); }
HEARTH_SHIM void __kmpc_end_critical(void*, int32_t, void* name) { hearth::unlock(name); }

// 1 tells every thread to combine its own result, under the lock that the matching end releases.
HEARTH_SHIM int32_t __kmpc_reduce_nowait(void*, int32_t, int32_t, size_t, void*, void (*)(void*, void*), void* name) {
  hearth::lock(name);
  return 1;
}
HEARTH_SHIM void __kmpc_end_reduce_nowait(void*, int32_t, void* name) { hearth::unlock(name); }
HEARTH_SHIM int32_t __kmpc_reduce(void*, int32_t, int32_t, size_t, void*, void (*)(void*, void*), void* name) {
  hearth::lock(name);
  return 1;
}
HEARTH_SHIM void __kmpc_end_reduce(void*, int32_t, void* name) {
  hearth::unlock(name);
  hearth::wait_for_all();
}

#define HEARTH_STATIC_INIT(suffix, type, signed_type)                                                            \
  HEARTH_SHIM void __kmpc_for_static_init_##suffix(void*, int32_t, int32_t schedule, int32_t* last, type* lower, \
                                                   type* upper, signed_type* stride, signed_type increment,      \
                                                   signed_type chunk) {                                          \
    hearth::static_share<type>(schedule, last, lower, upper, stride, increment, chunk);                          \
  }
HEARTH_STATIC_INIT(4, int32_t, int32_t)
HEARTH_STATIC_INIT(4u, uint32_t, int32_t)
HEARTH_STATIC_INIT(8, int64_t, int64_t)
HEARTH_STATIC_INIT(8u, uint64_t, int64_t)
HEARTH_SHIM void __kmpc_for_static_fini(void*, int32_t) {}
