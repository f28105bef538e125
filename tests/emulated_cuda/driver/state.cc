#include "emulated_cuda/driver/state.h"

#include <algorithm>
#include <cstdlib>

namespace hearth::emulated_cuda {
namespace {

uint64_t variable(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// The object whose address the handle is, when it is one of `all`.
template <typename Owner, typename Handle>
auto* find_object(const std::vector<Owner>& all, Handle handle) {
  const auto found = std::ranges::find_if(
      all, [&](const Owner& owner) { return static_cast<void*>(owner.get()) == static_cast<void*>(handle); });
  return found == all.end() ? nullptr : found->get();
}

}  // namespace

State& State::get() {
  static State& state = *new State;  // Never destroyed: threads may call until the very end.
  return state;
}

State::State() { read_environment(); }

void State::read_environment() {
  settings = {.gpus = static_cast<int>(variable("HEARTH_EMULATED_GPUS", 1)),
              .memory_bytes = variable("HEARTH_EMULATED_MEMORY", uint64_t{8} << 30),
              .cuda_version = static_cast<int>(variable("HEARTH_EMULATED_CUDA", 13000)),
              .ptx_version = static_cast<int>(variable("HEARTH_EMULATED_PTX", 90)),
              .memory_pools = 1,
              .seed = variable("HEARTH_EMULATED_SEED", 1)};
  if (const char* text = std::getenv("HEARTH_EMULATED_FAIL")) {
    const std::string fail = text;
    const size_t equals = fail.find('=');
    always_failing = fail.substr(0, equals);
    if (equals != std::string::npos) always_result = static_cast<CUresult>(std::atoi(fail.c_str() + equals + 1));
  }
  make_gpus();
}

void State::make_gpus() {
  gpus.clear();
  for (int i = 0; i < settings.gpus; ++i) gpus.push_back(std::make_unique<Gpu>(settings.memory_bytes));
  random.seed(settings.seed);
}

std::vector<CUcontext>& current_contexts() {
  thread_local std::vector<CUcontext> contexts;
  return contexts;
}

Context* State::context(CUcontext handle) {
  for (const auto& gpu : gpus) {
    if (gpu->context && handle_of<CUcontext>(gpu->context.get()) == handle) return gpu->context.get();
  }
  return nullptr;
}

Stream* State::stream(Context& current, CUstream handle) {
  if (handle == nullptr || handle == CU_STREAM_LEGACY) return &current.legacy;
  for (const auto& gpu : gpus) {
    if (!gpu->context) continue;
    Stream* stream = find_object(gpu->context->streams, handle);
    if (stream && !stream->destroyed) return stream;
  }
  return nullptr;
}

std::shared_ptr<Event> State::event(CUevent handle) {
  for (const auto& gpu : gpus) {
    if (!gpu->context) continue;
    for (const auto& event : gpu->context->events) {
      if (handle_of<CUevent>(event.get()) == handle) return event;
    }
  }
  return nullptr;
}

Module* State::module(CUmodule handle) {
  for (const auto& gpu : gpus) {
    if (!gpu->context) continue;
    if (Module* module = find_object(gpu->context->modules, handle)) return module;
  }
  return nullptr;
}

Function* State::function(CUfunction handle) {
  for (const auto& gpu : gpus) {
    if (!gpu->context) continue;
    for (const auto& module : gpu->context->modules) {
      if (Function* function = find_object(module->functions, handle)) return function;
    }
  }
  return nullptr;
}

Pool* State::pool(CUmemoryPool handle) {
  for (const auto& gpu : gpus) {
    if (!gpu->context) continue;
    Pool* pool = find_object(gpu->context->pools, handle);
    if (pool && !pool->destroyed) return pool;
  }
  return nullptr;
}

Context* State::owner(CUdeviceptr address) {
  for (const auto& gpu : gpus) {
    if (gpu->context && gpu->memory.find(address, 0)) return gpu->context.get();
  }
  return nullptr;
}

bool State::pinned(const void* address, size_t size) const {
  auto found = host_allocations.upper_bound(address);
  if (found == host_allocations.begin()) return false;
  --found;
  const size_t offset =
      static_cast<size_t>(static_cast<const std::byte*>(address) - static_cast<const std::byte*>(found->first));
  return offset <= found->second && size <= found->second - offset;
}

void State::enqueue(Stream& stream, Operation operation) {
  operation.sequence = ++sequence_;
  stream.work.push_back(std::move(operation));
  if (random() % 4 == 0) step();
}

bool State::runnable(const Stream& stream) const {
  if (stream.work.empty()) return false;
  const Operation& next = stream.work.front();
  if (next.ready && !next.ready()) return false;
  const Context& context = *stream.context;
  if (&stream == &context.legacy) {
    return std::ranges::none_of(context.streams, [&](const auto& other) {
      return other->blocking && !other->work.empty() && other->work.front().sequence < next.sequence;
    });
  }
  const std::deque<Operation>& legacy = context.legacy.work;
  return !stream.blocking || legacy.empty() || legacy.front().sequence > next.sequence;
}

std::vector<Stream*> State::runnable_streams() {
  std::vector<Stream*> streams;
  for (const auto& gpu : gpus) {
    if (!gpu->context) continue;
    if (runnable(gpu->context->legacy)) streams.push_back(&gpu->context->legacy);
    for (const auto& stream : gpu->context->streams) {
      if (runnable(*stream)) streams.push_back(stream.get());
    }
  }
  return streams;
}

void State::run_front(Stream& stream) {
  Operation operation = std::move(stream.work.front());
  stream.work.pop_front();
  std::string message;
  const CUresult result = operation.run(message);
  if (result == CUDA_SUCCESS) return;
  Context& context = *stream.context;
  context.lost = result;
  if (!message.empty()) describe_error(result, message);
  context.legacy.work.clear();
  for (const auto& other : context.streams) other->work.clear();
  for (const auto& event : context.events) event->passed = event->recorded;
}

bool State::step() {
  const std::vector<Stream*> streams = runnable_streams();
  if (streams.empty()) return false;
  run_front(*streams[random() % streams.size()]);
  forget_finished();
  return true;
}

bool State::run_until(const std::function<bool()>& done) {
  while (!done()) {
    if (!step()) return done();
  }
  return true;
}

void State::run_all() {
  while (step()) {
  }
}

void State::forget_finished() {
  for (const auto& gpu : gpus) {
    if (!gpu->context) continue;
    std::erase_if(gpu->context->streams, [](const auto& stream) { return stream->destroyed && stream->work.empty(); });
    std::erase_if(gpu->context->pools, [](const auto& pool) { return pool->destroyed && pool->allocations == 0; });
  }
}

void State::free_now(Context& context, CUdeviceptr address) {
  const auto found = context.allocations.find(address);
  if (found == context.allocations.end()) return;
  if (found->second.pool) found->second.pool->allocations -= 1;
  context.allocations.erase(found);
  (void)context.gpu->memory.free(address);
}

void State::destroy_context(Gpu& gpu) {
  run_all();
  std::vector<uint64_t> addresses;
  for (const auto& [address, allocation] : gpu.context->allocations) addresses.push_back(address);
  for (const uint64_t address : addresses) free_now(*gpu.context, address);
  for (const auto& module : gpu.context->modules) {
    for (const uint64_t address : module->globals) (void)gpu.memory.free(address);
  }
  gpu.context.reset();
}

}  // namespace hearth::emulated_cuda
