// A library with everything that keeps the loader from unloading one: unique symbols, destructors of thread-local
// objects. Built with OpenMP and linked to libraries that are not there.

#include <cstdlib>
#include <string>

#define VISIBLE __attribute__((visibility("default")))

VISIBLE inline int unique_variable = 40;

template <typename T>
struct VISIBLE Counter {
  static inline int count = 0;
};

namespace {

thread_local std::string last_error;

/// An import whose name ends the name of another one, __cxa_thread_atexit: linkers store both in one string.
void leave_on(bool condition) {
  if (condition) std::exit(3);
}

}  // namespace

extern "C" VISIBLE int answer(int threads) {
  last_error.assign(10, 'x');
  leave_on(threads < 0);
  int sum = 0;
#pragma omp parallel for reduction(+ : sum) num_threads(threads)
  for (int i = 0; i < 100; ++i) sum += i;
  Counter<int>::count = sum == 4950 ? 2 : 0;
  return unique_variable + Counter<int>::count + static_cast<int>(last_error.size()) - 10;
}
