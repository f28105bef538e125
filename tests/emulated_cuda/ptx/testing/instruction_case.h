#pragma once

#include <cstdint>
#include <ostream>
#include <string_view>
#include <vector>

namespace hearth::ptx {

/// One instruction, or a few, and what it must give: "add.s32 d, a, b;". `types` are the types of the registers d, a,
/// b, c and so on, in this order: "b32 b32 b32"; p and q are predicates. `in` are the bits of a, b, c…, `out` those of
/// d, of which only as many count as d has.
struct InstructionCase {
  std::string_view code;
  std::string_view types;
  std::vector<uint64_t> in;
  uint64_t out;
};

inline std::ostream& operator<<(std::ostream& stream, const InstructionCase& test) { return stream << test.code; }

/// Runs the case in one thread and expects its result.
void expect_result(const InstructionCase& test);
/// The bits of d after the case's instructions ran with other values; fails the test where they do not run.
uint64_t result_of(const InstructionCase& test);

}  // namespace hearth::ptx
