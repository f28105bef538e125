#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulated_cuda/ptx/machine.h"

namespace hearth::ptx {

/// The bytes of a launch's parameters, each aligned to its size.
class Parameters {
 public:
  template <typename... T>
  explicit Parameters(T... values) {
    (append(values), ...);
  }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  template <typename T>
  void append(T value) {
    bytes_.resize((bytes_.size() + sizeof(T) - 1) / sizeof(T) * sizeof(T) + sizeof(T));
    std::memcpy(bytes_.data() + bytes_.size() - sizeof(T), &value, sizeof(T));
  }

  std::vector<std::byte> bytes_;
};

/// How a kernel is launched.
struct LaunchSize {
  uint32_t blocks = 1;
  uint32_t threads = 1;
  uint32_t dynamic_shared_bytes = 0;
  uint64_t seed = 0;
  uint64_t instruction_limit = 10'000'000;
};

/// A memory with one module loaded into it.
class TestDevice {
 public:
  /// The message of a text that could not be parsed, or "".
  std::string load(std::string_view text);
  /// The message of a launch that failed, or "".
  std::string launch(std::string_view kernel, const LaunchSize& size, const Parameters& parameters);

  /// Memory with these values.
  template <typename T>
  uint64_t upload(const std::vector<T>& values) {
    const uint64_t address = allocate(values.size() * sizeof(T));
    std::memcpy(memory_.find(address, values.size() * sizeof(T)), values.data(), values.size() * sizeof(T));
    memory_.mark_written(address, values.size() * sizeof(T));
    return address;
  }
  /// Memory that was not written yet.
  uint64_t allocate(size_t bytes);
  template <typename T>
  std::vector<T> download(uint64_t address, size_t count) {
    std::vector<T> values(count);
    std::memcpy(values.data(), memory_.find(address, count * sizeof(T)), count * sizeof(T));
    return values;
  }
  Memory& memory() { return memory_; }
  const Module& module() const { return *module_; }

 private:
  Memory memory_;
  std::shared_ptr<const Module> module_;
  std::vector<uint64_t> globals_;
};

/// A module of one kernel `k` with the parameters `in` and `out`, addresses that stand in the registers %in and %out;
/// `body` is the rest. Registers that it may use: %p0-%p9 (pred), %h0-%h9 (b16), %r0-%r31 (b32), %d0-%d15 (b64);
/// %r0 holds the thread's number, %d0 8 times as much.
std::string kernel_text(std::string_view body);

/// Runs the body by one block of `threads` threads; `in` becomes the memory at %in, and what is at %out afterwards, 8
/// bytes for each thread, the answer. A failure is an answer without values, its message in `message`.
struct Answer {
  std::vector<uint64_t> values;
  std::string message;
};
Answer run_body(std::string_view body, const std::vector<uint64_t>& in, uint32_t threads = 1);

}  // namespace hearth::ptx
