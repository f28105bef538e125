#include <gtest/gtest.h>

#include "emulated_cuda/ptx/testing/instruction_case.h"

namespace hearth::ptx {
namespace {

constexpr uint64_t kMinus1 = ~uint64_t{0};

// Worked out by hand.
const InstructionCase kCases[] = {
    {"add.s32 d, a, b;", "b32 b32 b32", {0x7FFF'FFFF, 1}, 0x8000'0000},
    {"add.u32 d, a, b;", "b32 b32 b32", {0xFFFF'FFFF, 2}, 1},
    {"add.sat.s32 d, a, b;", "b32 b32 b32", {0x7FFF'FFFF, 1}, 0x7FFF'FFFF},
    {"add.sat.s32 d, a, b;", "b32 b32 b32", {0x8000'0000, kMinus1}, 0x8000'0000},
    {"add.s16 d, a, b;", "b16 b16 b16", {0x7FFF, 1}, 0x8000},
    {"add.u16 d, a, 7;", "b16 b16", {0xFFFF}, 6},
    {"add.s64 d, a, -3;", "b64 b64", {2}, kMinus1},
    {"add.u64 d, a, b;", "b64 b64 b64", {kMinus1, kMinus1}, 0xFFFF'FFFF'FFFF'FFFE},
    {"sub.s32 d, a, b;", "b32 b32 b32", {0, 1}, 0xFFFF'FFFF},
    {"sub.sat.s32 d, a, b;", "b32 b32 b32", {0x8000'0000, 1}, 0x8000'0000},
    {"sub.s64 d, a, b;", "b64 b64 b64", {0, 1}, kMinus1},
    {"sub.s16 d, a, b;", "b16 b16 b16", {5, 7}, 0xFFFE},
    // Products.
    {"mul.lo.s32 d, a, b;", "b32 b32 b32", {0x10000, 0x10001}, 0x10000},
    {"mul.lo.s32 d, a, b;", "b32 b32 b32", {0xFFFF'FFFD, 5}, 0xFFFF'FFF1},
    {"mul.hi.s32 d, a, b;", "b32 b32 b32", {0xFFFF'FFFF, 2}, 0xFFFF'FFFF},
    {"mul.hi.u32 d, a, b;", "b32 b32 b32", {0xFFFF'FFFF, 2}, 1},
    {"mul.hi.u32 d, a, b;", "b32 b32 b32", {0xFFFF'FFFF, 0xFFFF'FFFF}, 0xFFFF'FFFE},
    {"mul.hi.u64 d, a, b;", "b64 b64 b64", {kMinus1, kMinus1}, 0xFFFF'FFFF'FFFF'FFFE},
    {"mul.hi.s64 d, a, b;", "b64 b64 b64", {kMinus1, 3}, kMinus1},
    {"mul.hi.u16 d, a, b;", "b16 b16 b16", {0xFFFF, 0xFFFF}, 0xFFFE},
    {"mul.hi.s16 d, a, b;", "b16 b16 b16", {0x8000, 2}, 0xFFFF},
    {"mul.lo.s16 d, a, b;", "b16 b16 b16", {0xFFFF, 0xFFFF}, 1},
    {"mul.lo.s64 d, a, b;", "b64 b64 b64", {0x1'0000'0001, 0x1'0000'0001}, 0x2'0000'0001},
    {"mul.wide.s32 d, a, b;", "b64 b32 b32", {0xFFFF'FFFF, 4}, 0xFFFF'FFFF'FFFF'FFFC},
    {"mul.wide.u32 d, a, b;", "b64 b32 b32", {0xFFFF'FFFF, 4}, 0x3'FFFF'FFFC},
    {"mul.wide.u16 d, a, b;", "b32 b16 b16", {0xFFFF, 0xFFFF}, 0xFFFE'0001},
    {"mul.wide.s16 d, a, b;", "b32 b16 b16", {0xFFFF, 0xFFFF}, 1},
    {"mad.lo.s32 d, a, b, c;", "b32 b32 b32 b32", {7, 0xFFFF'FFFF, 10}, 3},
    {"mad.hi.u32 d, a, b, c;", "b32 b32 b32 b32", {0x8000'0000, 6, 10}, 13},
    {"mad.hi.sat.s32 d, a, b, c;", "b32 b32 b32 b32", {0x7FFF'FFFF, 0x7FFF'FFFF, 0x7FFF'FFFF}, 0x7FFF'FFFF},
    {"mad.wide.s32 d, a, b, c;", "b64 b32 b32 b64", {0xFFFF'FFFE, 3, 1}, 0xFFFF'FFFF'FFFF'FFFB},
    {"mad.wide.u32 d, a, b, c;", "b64 b32 b32 b64", {0xFFFF'FFFE, 3, 1}, 0x2'FFFF'FFFB},
    {"mad.wide.u16 d, a, b, c;", "b32 b16 b16 b32", {0xFFFF, 2, 1}, 0x1'FFFF},
    {"mad.wide.s16 d, a, b, c;", "b32 b16 b16 b32", {0xFFFF, 2, 1}, 0xFFFF'FFFF},
    // The low 24 bits of each: 0x800000 is -2^23; its square is 2^46.
    {"mul24.lo.s32 d, a, b;", "b32 b32 b32", {0x1200'0003, 0x00FF'FFFF}, 0xFFFF'FFFD},
    {"mul24.hi.u32 d, a, b;", "b32 b32 b32", {0x80'0000, 0x80'0000}, 0x4000'0000},
    {"mad24.lo.u32 d, a, b, c;", "b32 b32 b32 b32", {0x100'0002, 3, 4}, 10},
    // Division truncates.
    {"div.s32 d, a, b;", "b32 b32 b32", {0xFFFF'FFF9, 2}, 0xFFFF'FFFD},
    {"rem.s32 d, a, b;", "b32 b32 b32", {0xFFFF'FFF9, 2}, 0xFFFF'FFFF},
    {"div.u32 d, a, b;", "b32 b32 b32", {0xFFFF'FFF9, 2}, 0x7FFF'FFFC},
    {"rem.u32 d, a, b;", "b32 b32 b32", {0xFFFF'FFF9, 10}, 9},
    {"div.s32 d, a, b;", "b32 b32 b32", {0x8000'0000, kMinus1}, 0x8000'0000},
    {"rem.s32 d, a, b;", "b32 b32 b32", {0x8000'0000, kMinus1}, 0},
    {"div.u32 d, a, b;", "b32 b32 b32", {5, 0}, 0xFFFF'FFFF},
    {"rem.u32 d, a, b;", "b32 b32 b32", {5, 0}, 5},
    {"div.s64 d, a, b;", "b64 b64 b64", {0x8000'0000'0000'0000, kMinus1}, 0x8000'0000'0000'0000},
    {"rem.s64 d, a, b;", "b64 b64 b64", {static_cast<uint64_t>(-17), 5}, static_cast<uint64_t>(-2)},
    {"div.u64 d, a, b;", "b64 b64 b64", {kMinus1, 0x1'0000'0000}, 0xFFFF'FFFF},
    {"div.s16 d, a, b;", "b16 b16 b16", {0xFFF9, 2}, 0xFFFD},
    {"min.s32 d, a, b;", "b32 b32 b32", {0xFFFF'FFFF, 1}, 0xFFFF'FFFF},
    {"min.u32 d, a, b;", "b32 b32 b32", {0xFFFF'FFFF, 1}, 1},
    {"max.s64 d, a, b;", "b64 b64 b64", {kMinus1, 1}, 1},
    {"max.u64 d, a, b;", "b64 b64 b64", {kMinus1, 1}, kMinus1},
    {"max.u16 d, a, b;", "b16 b16 b16", {0x8000, 1}, 0x8000},
    {"max.s16 d, a, b;", "b16 b16 b16", {0x8000, 1}, 1},
    {"max.relu.s32 d, a, b;", "b32 b32 b32", {0xFFFF'FFFF, 0xFFFF'FFFE}, 0},
    {"min.relu.s32 d, a, b;", "b32 b32 b32", {7, 9}, 7},
    {"abs.s32 d, a;", "b32 b32", {0xFFFF'FFFB}, 5},
    {"abs.s32 d, a;", "b32 b32", {0x8000'0000}, 0x8000'0000},
    {"abs.s64 d, a;", "b64 b64", {static_cast<uint64_t>(-9)}, 9},
    {"neg.s32 d, a;", "b32 b32", {5}, 0xFFFF'FFFB},
    {"neg.s16 d, a;", "b16 b16", {1}, 0xFFFF},
    {"sad.s32 d, a, b, c;", "b32 b32 b32 b32", {0xFFFF'FFFF, 4, 10}, 15},
    {"sad.u32 d, a, b, c;", "b32 b32 b32 b32", {9, 4, 10}, 15},
    // 1·4 + 2·3 + 3·2 + (-1)·1 + 100; unsigned the last factor is 255.
    {"dp4a.s32.s32 d, a, b, c;", "b32 b32 b32 b32", {0xFF03'0201, 0x0102'0304, 100}, 115},
    {"dp4a.u32.u32 d, a, b, c;", "b32 b32 b32 b32", {0xFF03'0201, 0x0102'0304, 100}, 371},
    {"dp4a.u32.s32 d, a, b, c;", "b32 b32 b32 b32", {0x0000'00FF, 0x0000'00FF, 0}, 0xFFFF'FF01},
    {"dp4a.s32.u32 d, a, b, c;", "b32 b32 b32 b32", {0x0000'0080, 0x0000'00FF, 0}, 0xFFFF'8080},
    // (-1)·3 + 2·4 + 1, and with the upper bytes of b (-1)·1 + 2·2 + 1.
    {"dp2a.lo.s32.s32 d, a, b, c;", "b32 b32 b32 b32", {0x0002'FFFF, 0x0201'0403, 1}, 6},
    {"dp2a.hi.s32.s32 d, a, b, c;", "b32 b32 b32 b32", {0x0002'FFFF, 0x0201'0403, 1}, 4},
    // Carries.
    {"{.reg .b32 t; add.cc.u32 t, a, b; addc.u32 d, c, 0;}", "b32 b32 b32 b32", {0xFFFF'FFFF, 1, 7}, 8},
    {"{.reg .b32 t; add.cc.u32 t, a, b; addc.u32 d, c, 0;}", "b32 b32 b32 b32", {0xFFFF'FFFE, 1, 7}, 7},
    {"{.reg .b32 t; sub.cc.u32 t, a, b; subc.u32 d, c, 0;}", "b32 b32 b32 b32", {0, 1, 7}, 6},
    {"{.reg .b32 t; sub.cc.u32 t, a, b; subc.u32 d, c, 0;}", "b32 b32 b32 b32", {1, 1, 7}, 7},
    {"{.reg .b32 t; add.cc.u32 t, a, b; addc.cc.u32 t, b, -1; addc.u32 d, c, 0;}",
     "b32 b32 b32 b32",
     {0xFFFF'FFFF, 1, 7},
     8},
    {"{.reg .b32 t; mad.lo.cc.u32 t, a, b, c; madc.hi.u32 d, a, b, 0;}",
     "b32 b32 b32 b32",
     {0xFFFF'FFFF, 0xFFFF'FFFF, 0xFFFF'FFFF},
     0xFFFF'FFFF},
    {"{.reg .b64 t; add.cc.u64 t, a, b; addc.u64 d, 0, 0;}", "b64 b64 b64", {kMinus1, 1}, 1},
};

TEST(IntegerArithmetic, GivesTheResultsWorkedOutByHand) {
  for (const InstructionCase& test : kCases) expect_result(test);
}

}  // namespace
}  // namespace hearth::ptx
