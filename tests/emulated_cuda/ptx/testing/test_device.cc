#include "emulated_cuda/ptx/testing/test_device.h"

#include <fmt/format.h>

#include <cstdlib>

namespace hearth::ptx {

std::string TestDevice::load(std::string_view text) {
  Result<std::shared_ptr<const Module>> module = parse_module(text);
  if (!module.ok()) return module.status().message();
  module_ = *module;
  globals_.clear();
  for (const Global& global : module_->globals()) {
    globals_.push_back(allocate(global.bytes));
    std::memcpy(memory_.find(globals_.back(), global.bytes), global.initial.data(), global.bytes);
    memory_.mark_written(globals_.back(), global.bytes);
  }
  return {};
}

std::string TestDevice::launch(std::string_view kernel, const LaunchSize& size, const Parameters& parameters) {
  Launch launch;
  launch.function = module_->kernel(kernel);
  launch.grid[0] = size.blocks;
  launch.block[0] = size.threads;
  launch.dynamic_shared_bytes = size.dynamic_shared_bytes;
  launch.parameters = parameters.bytes();
  launch.globals = globals_;
  launch.seed = size.seed;
  launch.instruction_limit = size.instruction_limit;
  return run(launch, memory_).message();
}

uint64_t TestDevice::allocate(size_t bytes) {
  const Result<uint64_t> address = memory_.allocate(bytes);
  if (!address.ok()) std::abort();
  return *address;
}

std::string kernel_text(std::string_view body) {
  return fmt::format(R"(.version 8.7
.target sm_80
.address_size 64
.visible .entry k(.param .u64 in, .param .u64 out)
{{
.reg .pred %p<10>;
.reg .b16 %h<10>;
.reg .b32 %r<32>;
.reg .b64 %d<16>, %in, %out;
ld.param.u64 %in, [in];
ld.param.u64 %out, [out];
mov.u32 %r0, %tid.x;
mul.wide.u32 %d0, %r0, 8;
{}
ret;
}}
)",
                     body);
}

Answer run_body(std::string_view body, const std::vector<uint64_t>& in, uint32_t threads) {
  TestDevice device;
  Answer answer;
  answer.message = device.load(kernel_text(body));
  if (!answer.message.empty()) return answer;
  const uint64_t input = device.upload(in.empty() ? std::vector<uint64_t>{0} : in);
  const uint64_t output = device.upload(std::vector<uint64_t>(threads));
  answer.message = device.launch("k", {.threads = threads}, Parameters(input, output));
  if (answer.message.empty()) answer.values = device.download<uint64_t>(output, threads);
  return answer;
}

}  // namespace hearth::ptx
