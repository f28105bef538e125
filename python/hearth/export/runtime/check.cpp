// Linked into every compiled method. The generated code calls it from index checks and expects it to throw; an
// exception from the host cannot be caught in a library that carries its own C++ runtime, so it is thrown in here. Out
// of a parallel loop no exception finds a way: hearth_check_failed() leaves the loop, and does not return then.
#include <stdexcept>

extern "C" void hearth_check_failed(const char* message);

extern "C" __attribute__((visibility("hidden"))) void aoti_torch_check(bool condition, const char* function,
                                                                       const char* file, unsigned line,
                                                                       const char* message) {
  (void)function, (void)file, (void)line;
  if (condition) return;
  hearth_check_failed(message);
  throw std::runtime_error(message);
}
