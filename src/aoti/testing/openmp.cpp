// One program for three compilers: g++ -fopenmp, clang++ -fopenmp, and without OpenMP, which gives the answers that the
// others must give. Every function maps a size to a number that does not depend on the threads.

#include <cstddef>
#include <cstdint>
#include <vector>

#if defined(_OPENMP)
extern "C" {
int omp_get_thread_num();
int omp_get_num_threads();
int omp_get_max_threads();
int omp_get_num_procs();
int omp_in_parallel();
void omp_set_num_threads(int);
void hearth_check_failed(const char*);
}
#else
static void hearth_check_failed(const char*) {}
static int omp_get_thread_num() { return 0; }
static int omp_get_num_threads() { return 1; }
static int omp_get_max_threads() { return 1; }
static int omp_get_num_procs() { return 1; }
static int omp_in_parallel() { return 0; }
static void omp_set_num_threads(int) {}
#endif

using std::size_t;

namespace {

int64_t weigh(int64_t i) { return i * i + 3 * i + 1; }

/// The sum, each element times its place: tells who wrote what.
int64_t digest(const std::vector<int64_t>& values) {
  int64_t sum = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += values[i] * static_cast<int64_t>(i + 1);
  return sum;
}

/// A loop that belongs to whatever region it is called from.
void fill_shared(std::vector<int64_t>& values) {
#pragma omp for
  for (int64_t i = 0; i < static_cast<int64_t>(values.size()); ++i) values[static_cast<size_t>(i)] += weigh(i);
}

template <typename T>
int64_t loop_up(T size) {
  std::vector<int64_t> values(static_cast<size_t>(size), 0);
#pragma omp parallel for
  for (T i = 0; i < size; i += 3) values[static_cast<size_t>(i)] += weigh(static_cast<int64_t>(i));
  return digest(values);
}

template <typename T>
int64_t loop_down(T size) {
  std::vector<int64_t> values(static_cast<size_t>(size), 0);
#pragma omp parallel for schedule(static, 2)
  for (T i = size; i > 0; --i) values[static_cast<size_t>(i - 1)] += weigh(static_cast<int64_t>(i));
  return digest(values);
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default"))) int64_t

EXPORT loop_int32(int64_t n) { return loop_up<int32_t>(static_cast<int32_t>(n)); }
EXPORT loop_uint32(int64_t n) { return loop_up<uint32_t>(static_cast<uint32_t>(n)); }
EXPORT loop_int64(int64_t n) { return loop_up<int64_t>(n); }
EXPORT loop_uint64(int64_t n) { return loop_up<uint64_t>(static_cast<uint64_t>(n)); }
EXPORT down_int32(int64_t n) { return loop_down<int32_t>(static_cast<int32_t>(n)); }
EXPORT down_uint32(int64_t n) { return loop_down<uint32_t>(static_cast<uint32_t>(n)); }
EXPORT down_int64(int64_t n) { return loop_down<int64_t>(n); }
EXPORT down_uint64(int64_t n) { return loop_down<uint64_t>(static_cast<uint64_t>(n)); }

EXPORT sum_reduction(int64_t n) {
  int64_t sum = 0;
  double halves = 0;
#pragma omp parallel for reduction(+ : sum, halves)
  for (int64_t i = 0; i < n; ++i) {
    sum += weigh(i);
    halves += 0.5 * static_cast<double>(i);
  }
  return sum + static_cast<int64_t>(halves);
}

EXPORT extreme_reduction(int64_t n) {
  int64_t least = 1 << 20;
  int64_t most = -1;
#pragma omp parallel
  {
#pragma omp for reduction(min : least) reduction(max : most) schedule(monotonic : static, 2)
    for (int64_t i = 0; i < n; ++i) {
      const int64_t value = (i * 7919) % 1009;
      least = value < least ? value : least;
      most = value > most ? value : most;
    }
  }
  return least * 2000 + most;
}

EXPORT collapsed_loops(int64_t n) {
  std::vector<int64_t> values(static_cast<size_t>(n * 5), 0);
#pragma omp parallel for collapse(2)
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < 5; ++j) values[static_cast<size_t>(i * 5 + j)] += weigh(i) * j;
  }
  return digest(values);
}

EXPORT last_value(int64_t n) {
  int64_t last = -1;
#pragma omp parallel for lastprivate(last)
  for (int64_t i = 0; i < n; ++i) last = weigh(i);
  return n == 0 ? 0 : last;
}

EXPORT single_block(int64_t n) {
  int64_t count = 0;
  std::vector<int64_t> values(static_cast<size_t>(n), 0);
#pragma omp parallel
  {
#pragma omp single
    ++count;
    fill_shared(values);
#pragma omp master
    count += 10;
#pragma omp barrier
#pragma omp single nowait
    count += 100;
  }
  return digest(values) + count;
}

EXPORT barrier_phases(int64_t n) {
  std::vector<int64_t> first(static_cast<size_t>(n), 0);
  std::vector<int64_t> second(static_cast<size_t>(n), 0);
#pragma omp parallel
  {
#pragma omp for nowait
    for (int64_t i = 0; i < n; ++i) first[static_cast<size_t>(i)] = weigh(i);
#pragma omp barrier
#pragma omp for
    for (int64_t i = 0; i < n; ++i) second[static_cast<size_t>(i)] = first[static_cast<size_t>(n - 1 - i)] + i;
  }
  return digest(second);
}

EXPORT critical_blocks(int64_t n) {
  int64_t sum = 0;
  int64_t pairs = 0;
  long double wide = 0;
#pragma omp parallel for
  for (int64_t i = 0; i < n; ++i) {
#pragma omp critical
    {
      sum += i;
#pragma omp critical(second)
      pairs += i * i;
#if !defined(__clang__)
      // Too wide for one instruction: g++ takes a lock, and must not wait for the one that it holds.
#pragma omp atomic
      wide += 1;
#else
      wide += 1;
#endif
    }
  }
  return sum + pairs + static_cast<int64_t>(wide);
}

EXPORT atomic_updates(int64_t n) {
  int64_t sum = 0;
#pragma omp parallel for
  for (int64_t i = 0; i < n; ++i) {
#pragma omp atomic
    sum += weigh(i);
  }
  return sum;
}

EXPORT chosen_threads(int64_t n) {
  int64_t sum = 0;
#pragma omp parallel num_threads(1)
  {
    if (omp_get_num_threads() == 1) sum += 1;
  }
#pragma omp parallel if (n > 10) num_threads(2)
  {
#pragma omp atomic
    sum += omp_get_num_threads() <= 2 ? 0 : 1;
  }
#pragma omp parallel for num_threads(64) reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += i;
  return sum;
}

EXPORT nested_regions(int64_t n) {
  std::vector<int64_t> values(static_cast<size_t>(n), 0);
#pragma omp parallel for
  for (int64_t i = 0; i < n; ++i) {
    int64_t inner = 0;
#pragma omp parallel for reduction(+ : inner)
    for (int64_t j = 0; j <= i % 7; ++j) inner += j + 1;
    values[static_cast<size_t>(i)] = inner;
  }
  return digest(values);
}

/// Every member does the whole inner loop, because its region has one thread.
EXPORT serialized_regions(int64_t n) {
  int64_t wrong = 0;
#pragma omp parallel
  {
    std::vector<int64_t> values(static_cast<size_t>(n), 0);
#pragma omp parallel if (n < 0)
    {
      fill_shared(values);
#pragma omp barrier
#pragma omp atomic
      wrong += omp_get_num_threads() == 1 && omp_get_thread_num() == 0 ? 0 : 1;
    }
    for (int64_t i = 0; i < n; ++i) {
#pragma omp atomic
      wrong += values[static_cast<size_t>(i)] == weigh(i) ? 0 : 1;
    }
  }
  return wrong;
}

/// A region of one thread whose inner region may have more.
EXPORT region_in_serialized_one(int64_t n) {
  std::vector<int64_t> values(static_cast<size_t>(n), 0);
#pragma omp parallel if (n < 0)
  {
#pragma omp parallel
    fill_shared(values);
  }
  return digest(values);
}

EXPORT thread_queries(int64_t n) {
  int64_t wrong = 0;
  omp_set_num_threads(1000);
  if (omp_get_thread_num() != 0 || omp_get_num_threads() != 1 || omp_in_parallel() != 0) ++wrong;
  if (omp_get_max_threads() < 1 || omp_get_num_procs() < 1) ++wrong;
  std::vector<int64_t> seen(1024, 0);
  int64_t members = 0;
#pragma omp parallel
  {
    const int count = omp_get_num_threads();
#pragma omp atomic
    ++seen[static_cast<size_t>(omp_get_thread_num())];
#pragma omp critical
    {
      members = count;
      if (omp_in_parallel() != (count > 1 ? 1 : 0) || count > omp_get_max_threads()) ++wrong;
    }
  }
  for (int64_t i = 0; i < 1024; ++i) wrong += seen[static_cast<size_t>(i)] == (i < members ? 1 : 0) ? 0 : 1;
  return wrong + n;
}

EXPORT many_captures(int64_t n) {
  int64_t a = n, b = n + 1, c = n + 2, d = n + 3, e = n + 4, f = n + 5, g = n + 6, h = n + 7;
  int64_t sum = 0;
#pragma omp parallel for firstprivate(a, b, c, d) reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + i;
  return sum;
}

/// The one answer that depends on them.
EXPORT region_width(int64_t) {
  int64_t width = 0;
#pragma omp parallel
  {
#pragma omp master
    width = omp_get_num_threads();
  }
  return width;
}

/// The check fails in one member, or in all of them where n is 0, before a barrier, in a loop of a nested region.
EXPORT failing_check(int64_t n) {
  int64_t passed = 0;
#pragma omp parallel
  {
    const bool fails = n == 0 || omp_get_thread_num() == n - 1;
#pragma omp parallel for
    for (int64_t i = 0; i < 4; ++i) {
      if (fails && i == 2) hearth_check_failed("out of range");
    }
#pragma omp barrier
#pragma omp atomic
    ++passed;
  }
  return passed;
}

// Large fused loops capture more variables than a function usually has parameters. 256 of them: c0000 … c3333.
#define FOUR(apply, name) apply(name##0) apply(name##1) apply(name##2) apply(name##3)
#define SIXTEEN(apply, name) FOUR(apply, name##0) FOUR(apply, name##1) FOUR(apply, name##2) FOUR(apply, name##3)
#define ALL(apply)                                                                                        \
  SIXTEEN(apply, c00)                                                                                     \
  SIXTEEN(apply, c01)                                                                                     \
  SIXTEEN(apply, c02) SIXTEEN(apply, c03) SIXTEEN(apply, c10) SIXTEEN(apply, c11) SIXTEEN(apply, c12)     \
      SIXTEEN(apply, c13) SIXTEEN(apply, c20) SIXTEEN(apply, c21) SIXTEEN(apply, c22) SIXTEEN(apply, c23) \
          SIXTEEN(apply, c30) SIXTEEN(apply, c31) SIXTEEN(apply, c32) SIXTEEN(apply, c33)
#define DECLARE(name) int64_t name = ++next;
#define ADD(name) sum += name * i;

EXPORT hundreds_of_captures(int64_t n) {
  std::vector<int64_t> values(static_cast<size_t>(n), 0);
  int64_t next = n;
  ALL(DECLARE)
#pragma omp parallel for
  for (int64_t i = 0; i < n; ++i) {
    int64_t sum = 0;
    ALL(ADD)
    values[static_cast<size_t>(i)] = sum;
  }
  return digest(values);
}
