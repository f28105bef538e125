#include <gtest/gtest.h>

#include <fmt/format.h>

#include <limits>

#include "emulated_cuda/ptx/testing/instruction_case.h"

namespace hearth::ptx {
namespace {

constexpr uint64_t kNan = 0x7FC0'0000;
constexpr uint64_t kOne = 0x3F80'0000;
constexpr uint64_t kTwo = 0x4000'0000;
constexpr uint64_t kMinusZero = 0x8000'0000;

// Which of the pairs (1, 2), (2, 2), (2, 1) and (NaN, 1) a comparison accepts, as four bits from the lowest on.
struct ComparisonCase {
  std::string_view name;
  uint32_t accepts;
};

TEST(Comparison, OfFloatsTellsOrderedFromUnordered) {
  const ComparisonCase cases[] = {{"eq", 2},   {"ne", 5},   {"lt", 1},   {"le", 3},  {"gt", 4},
                                  {"ge", 6},   {"equ", 10}, {"neu", 13}, {"ltu", 9}, {"leu", 11},
                                  {"gtu", 12}, {"geu", 14}, {"num", 7},  {"nan", 8}};
  const std::pair<uint64_t, uint64_t> pairs[] = {{kOne, kTwo}, {kTwo, kTwo}, {kTwo, kOne}, {kNan, kOne}};
  for (const ComparisonCase& test : cases) {
    const std::string code = fmt::format("setp.{}.f32 p, a, b; selp.b32 d, 1, 0, p;", test.name);
    for (size_t i = 0; i < std::size(pairs); ++i) {
      expect_result({code, "b32 f32 f32", {pairs[i].first, pairs[i].second}, test.accepts >> i & 1});
    }
  }
}

const InstructionCase kCases[] = {
    {"setp.lt.s32 p, a, b; selp.b32 d, 1, 0, p;", "b32 b32 b32", {0xFFFF'FFFF, 1}, 1},
    {"setp.lt.u32 p, a, b; selp.b32 d, 1, 0, p;", "b32 b32 b32", {0xFFFF'FFFF, 1}, 0},
    {"setp.lo.u32 p, a, b; selp.b32 d, 1, 0, p;", "b32 b32 b32", {1, 2}, 1},
    {"setp.hs.u32 p, a, b; selp.b32 d, 1, 0, p;", "b32 b32 b32", {2, 2}, 1},
    {"setp.ls.u32 p, a, b; selp.b32 d, 1, 0, p;", "b32 b32 b32", {3, 2}, 0},
    {"setp.hi.u32 p, a, b; selp.b32 d, 1, 0, p;", "b32 b32 b32", {3, 2}, 1},
    {"setp.gt.s64 p, a, b; selp.b32 d, 1, 0, p;", "b32 b64 b64", {1, ~uint64_t{0}}, 1},
    {"setp.gt.u64 p, a, b; selp.b32 d, 1, 0, p;", "b32 b64 b64", {1, ~uint64_t{0}}, 0},
    {"setp.le.s64 p, a, b; selp.b32 d, 1, 0, p;", "b32 b64 b64", {~uint64_t{0}, 0}, 1},
    {"setp.eq.b64 p, a, b; selp.b32 d, 1, 0, p;", "b32 b64 b64", {1, 0x1'0000'0001}, 0},
    {"setp.lt.u16 p, a, b; selp.b32 d, 1, 0, p;", "b32 b16 b16", {0x8000, 0}, 0},
    {"setp.ne.b16 p, a, b; selp.b32 d, 1, 0, p;", "b32 b16 b16", {0x1'0005, 5}, 0},
    {"setp.lt.s16 p, a, b; selp.b32 d, 1, 0, p;", "b32 b16 b16", {0x8000, 0}, 1},
    {"setp.eq.f32 p, a, b; selp.b32 d, 1, 0, p;", "b32 f32 f32", {0, kMinusZero}, 1},
    // The smallest denormal is above zero unless it is flushed.
    {"setp.gt.f32 p, a, b; selp.b32 d, 1, 0, p;", "b32 f32 f32", {1, 0}, 1},
    {"setp.gt.ftz.f32 p, a, b; selp.b32 d, 1, 0, p;", "b32 f32 f32", {1, 0}, 0},
    {"setp.lt.f64 p, a, b; selp.b32 d, 1, 0, p;", "b32 f64 f64", {0xBFF0'0000'0000'0000, 0}, 1},
    {"setp.lt.f16 p, a, b; selp.b32 d, 1, 0, p;", "b32 b16 b16", {0xBC00, 0x3C00}, 1},
    {"setp.nan.f16 p, a, b; selp.b32 d, 1, 0, p;", "b32 b16 b16", {0x7E00, 0x3C00}, 1},
    {"setp.ge.bf16 p, a, b; selp.b32 d, 1, 0, p;", "b32 b16 b16", {0x4000, 0x3F80}, 1},
    {"setp.lt.f16x2 p|q, a, b; selp.b32 d, 1, 0, p; @q add.s32 d, d, 2;", "b32 b32 b32", {0x3C00'4000, 0x4000'3C00}, 2},
    // Both results, and a second predicate.
    {"setp.lt.s32 p|q, a, b; selp.b32 d, 1, 0, p; @q add.s32 d, d, 2;", "b32 b32 b32", {5, 3}, 2},
    {"setp.eq.s32 q, a, 5; setp.lt.and.s32 p, a, b, q; selp.b32 d, 1, 0, p;", "b32 b32 b32", {5, 6}, 1},
    {"setp.eq.s32 q, a, 5; setp.lt.and.s32 p, a, b, !q; selp.b32 d, 1, 0, p;", "b32 b32 b32", {5, 6}, 0},
    {"setp.eq.s32 q, a, 5; setp.lt.or.s32 p, b, a, q; selp.b32 d, 1, 0, p;", "b32 b32 b32", {5, 6}, 1},
    {"setp.eq.s32 q, a, 5; setp.lt.xor.s32 p, a, b, q; selp.b32 d, 1, 0, p;", "b32 b32 b32", {5, 6}, 0},
    {"set.lt.u32.s32 d, a, b;", "b32 b32 b32", {5, 6}, 0xFFFF'FFFF},
    {"set.lt.f32.s32 d, a, b;", "f32 b32 b32", {5, 6}, kOne},
    {"set.gt.f32.f32 d, a, b;", "f32 f32 f32", {kOne, kNan}, 0},
    {"set.eq.f16x2.f16x2 d, a, b;", "b32 b32 b32", {0x3C00'3C00, 0x3C00'4000}, 0x3C00'0000},
    {"set.gtu.bf16x2.bf16x2 d, a, b;", "b32 b32 b32", {0x7FC0'3F80, 0x3F80'3F80}, 0x3F80'0000},
    {"set.eq.u32.f16x2 d, a, b;", "b32 b32 b32", {0x3C00'3C00, 0x4000'3C00}, 0x0000'FFFF},
    {"setp.eq.s32 p, a, a; selp.b64 d, b, c, p;", "b64 b32 b64 b64", {0, 7, 9}, 7},
    {"setp.eq.s32 p, a, a; selp.f32 d, b, 0f3F800000, !p;", "f32 b32 f32", {0, 7}, kOne},
    {"slct.b32.s32 d, a, b, c;", "b32 b32 b32 b32", {1, 2, 0xFFFF'FFFF}, 2},
    {"slct.b32.f32 d, a, b, c;", "b32 b32 b32 f32", {1, 2, kMinusZero}, 1},
    {"slct.b32.f32 d, a, b, c;", "b32 b32 b32 f32", {1, 2, kNan}, 2},
    {"testp.finite.f32 p, a; selp.b32 d, 1, 0, p;", "b32 f32", {0x7F80'0000}, 0},
    {"testp.infinite.f32 p, a; selp.b32 d, 1, 0, p;", "b32 f32", {0xFF80'0000}, 1},
    {"testp.number.f32 p, a; selp.b32 d, 1, 0, p;", "b32 f32", {kNan}, 0},
    {"testp.notanumber.f64 p, a; selp.b32 d, 1, 0, p;", "b32 f64", {0x7FF8'0000'0000'0000}, 1},
    {"testp.normal.f32 p, a; selp.b32 d, 1, 0, p;", "b32 f32", {1}, 0},
    {"testp.subnormal.f32 p, a; selp.b32 d, 1, 0, p;", "b32 f32", {1}, 1},
};

TEST(Comparison, GivesTheResultsWorkedOutByHand) {
  for (const InstructionCase& test : kCases) expect_result(test);
}

}  // namespace
}  // namespace hearth::ptx
