#include "emulated_cuda/ptx/testing/instruction_case.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "emulated_cuda/ptx/testing/test_device.h"
#include "emulated_cuda/ptx/types.h"

namespace hearth::ptx {
namespace {

std::vector<std::string> split(std::string_view types) {
  std::istringstream stream{std::string(types)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

size_t bytes_of(const std::string& type) { return type_bytes(type_named(type).value_or(Type::kB64)); }

}  // namespace

uint64_t result_of(const InstructionCase& test) {
  const std::vector<std::string> types = split(test.types);
  std::string body = ".reg .pred p, q;\n";
  for (size_t i = 0; i < types.size(); ++i) {
    const char name = i == 0 ? 'd' : static_cast<char>('a' + i - 1);
    body += fmt::format(".reg .{} {};\n", types[i], name);
    if (i > 0) body += fmt::format("ld.global.{} {}, [%in + {}];\n", types[i], name, 8 * (i - 1));
  }
  body += fmt::format("{}\nst.global.{} [%out], d;\n", test.code, types[0]);
  const Answer answer = run_body(body, test.in);
  EXPECT_EQ(answer.message, "") << test.code;
  return answer.values.empty() ? 0 : answer.values[0];
}

void expect_result(const InstructionCase& test) {
  const size_t bits = 8 * bytes_of(split(test.types)[0]);
  const uint64_t mask = ~uint64_t{0} >> (64 - bits);
  const uint64_t result = result_of(test);
  EXPECT_EQ(result & mask, test.out & mask)
      << test.code
      << fmt::format(" of 0x{:x} gave 0x{:x}, not 0x{:x}", fmt::join(test.in, ", 0x"), result, test.out & mask);
}

}  // namespace hearth::ptx
