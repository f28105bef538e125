// Linked into every compiled method. The generated code calls it from index checks and expects it to throw; an
// exception from the host cannot be caught in a library that carries its own C++ runtime, so it is thrown in here.
#include <stdexcept>

extern "C" __attribute__((visibility("hidden"))) void aoti_torch_check(bool condition, const char* function,
                                                                       const char* file, unsigned line,
                                                                       const char* message) {
  (void)function, (void)file, (void)line;
  if (!condition) throw std::runtime_error(message);
}
