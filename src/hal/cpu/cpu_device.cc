#include "hal/cpu/cpu_device.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "base/cpu_features.h"
#include "base/errors.h"
#include "base/thread_team.h"
#include "hal/host_objects.h"
#include "hal/memory_range.h"

namespace hearth {
namespace {

constexpr std::align_val_t kAlignment{64};
/// From here on memory is mapped by itself: the heap would keep freed pages.
constexpr size_t kMappedSize = size_t{1} << 20;

uint64_t physical_memory() {
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

void* map_memory(size_t size) {
  void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return nullptr;
  madvise(address, size, MADV_HUGEPAGE);
  return address;
}

class CpuDevice final : public Device {
 public:
  CpuDevice()
      : properties_{.name = "cpu",
                    .description = cpu_model_name(),
                    .memory_bytes = physical_memory(),
                    .compute_units = available_threads(),
                    .host_memory = true,
                    .executes = true} {}

  const DeviceProperties& properties() const override { return properties_; }
  Result<uint64_t> free_memory() const override { return unavailable("the system lends memory that it does not have"); }

  Result<DeviceMemory> allocate(size_t size) override {
    void* address = size >= kMappedSize ? map_memory(size) : ::operator new(size, kAlignment, std::nothrow);
    if (!address) return error(StatusCode::kOutOfMemory, "the system has no {} bytes of memory left", size);
    return DeviceMemory{address, size};
  }

  void free(DeviceMemory memory) override {
    if (memory.size >= kMappedSize) {
      munmap(memory.address, memory.size);
    } else {
      ::operator delete(memory.address, kAlignment);
    }
  }

  Result<std::unique_ptr<StreamOrderedPool>> create_pool() override {
    return std::unique_ptr<StreamOrderedPool>(std::make_unique<HostPool>(*this));
  }

  Result<std::span<std::byte>> allocate_staging(size_t size) override {
    HEARTH_ASSIGN_OR_RETURN(const DeviceMemory memory, allocate(size));
    return map(memory);
  }

  void free_staging(std::span<std::byte> memory) override { free({memory.data(), memory.size()}); }

  Status copy_to_device(Stream&, DeviceMemory to, size_t to_offset, std::span<const std::byte> from) override {
    HEARTH_RETURN_IF_ERROR(check_range(to, to_offset, from.size()));
    std::ranges::copy(from, at(to, to_offset));
    return {};
  }

  Status copy_to_host(Stream&, std::span<std::byte> to, DeviceMemory from, size_t from_offset) override {
    HEARTH_RETURN_IF_ERROR(check_range(from, from_offset, to.size()));
    std::copy_n(at(from, from_offset), to.size(), to.data());
    return {};
  }

  Status copy(Stream&, DeviceMemory to, size_t to_offset, DeviceMemory from, size_t from_offset, size_t size) override {
    HEARTH_RETURN_IF_ERROR(check_range(to, to_offset, size));
    HEARTH_RETURN_IF_ERROR(check_range(from, from_offset, size));
    std::memcpy(at(to, to_offset), at(from, from_offset), size);
    return {};
  }

  Status fill(Stream&, DeviceMemory memory, size_t offset, size_t size, std::byte value) override {
    HEARTH_RETURN_IF_ERROR(check_range(memory, offset, size));
    std::memset(at(memory, offset), std::to_integer<int>(value), size);
    return {};
  }

  Result<std::span<std::byte>> map(DeviceMemory memory) override {
    return std::span(static_cast<std::byte*>(memory.address), memory.size);
  }

  Result<std::unique_ptr<Stream>> create_stream() override {
    return std::unique_ptr<Stream>(std::make_unique<HostStream>());
  }
  Result<std::unique_ptr<Event>> create_event() override {
    return std::unique_ptr<Event>(std::make_unique<HostEvent>());
  }
  Result<std::unique_ptr<DeviceModule>> load_module(std::span<const std::byte>) override {
    return unavailable("the cpu runs compiled libraries, it has no device modules");
  }

 private:
  static std::byte* at(DeviceMemory memory, size_t offset) { return static_cast<std::byte*>(memory.address) + offset; }

  DeviceProperties properties_;
};

}  // namespace

std::shared_ptr<Device> make_cpu_device() { return std::make_shared<CpuDevice>(); }

}  // namespace hearth
