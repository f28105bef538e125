#include <gtest/gtest.h>

#include "emulated_cuda/ptx/testing/instruction_case.h"

namespace hearth::ptx {
namespace {

// Worked out by hand.
const InstructionCase kCases[] = {
    {"and.b32 d, a, b;", "b32 b32 b32", {0xF0F0, 0xFF00}, 0xF000},
    {"or.b64 d, a, b;", "b64 b64 b64", {0xF0'0000'0000, 0xF}, 0xF0'0000'000F},
    {"xor.b16 d, a, b;", "b16 b16 b16", {0xFFFF, 0x00FF}, 0xFF00},
    {"not.b32 d, a;", "b32 b32", {0xFFFF'0000}, 0xFFFF},
    {"cnot.b32 d, a;", "b32 b32", {0}, 1},
    {"cnot.b16 d, a;", "b16 b16", {2}, 0},
    {"setp.eq.b32 p, a, b; not.pred q, p; selp.b32 d, 1, 0, q;", "b32 b32 b32", {1, 1}, 0},
    {"setp.eq.b32 p, a, b; setp.gt.u32 q, a, b; or.pred p, p, q; selp.b32 d, 1, 0, p;", "b32 b32 b32", {3, 2}, 1},
    {"setp.eq.b32 p, a, b; setp.gt.u32 q, a, b; and.pred p, p, q; selp.b32 d, 1, 0, p;", "b32 b32 b32", {3, 3}, 0},
    {"setp.eq.b32 p, a, b; setp.ge.u32 q, a, b; xor.pred p, p, q; selp.b32 d, 1, 0, p;", "b32 b32 b32", {3, 2}, 1},
    {"shl.b32 d, a, b;", "b32 b32 b32", {0x8000'0001, 1}, 2},
    {"shl.b32 d, a, b;", "b32 b32 b32", {1, 32}, 0},
    {"shl.b32 d, a, b;", "b32 b32 b32", {1, 0xFFFF'FFFF}, 0},
    {"shl.b64 d, a, b;", "b64 b64 b32", {1, 63}, 0x8000'0000'0000'0000},
    {"shl.b64 d, a, b;", "b64 b64 b32", {1, 64}, 0},
    {"shl.b16 d, a, b;", "b16 b16 b32", {0xFFFF, 8}, 0xFF00},
    {"shr.u32 d, a, b;", "b32 b32 b32", {0x8000'0000, 31}, 1},
    {"shr.u32 d, a, b;", "b32 b32 b32", {0x8000'0000, 40}, 0},
    {"shr.s32 d, a, b;", "b32 b32 b32", {0x8000'0000, 31}, 0xFFFF'FFFF},
    {"shr.s32 d, a, b;", "b32 b32 b32", {0x8000'0000, 99}, 0xFFFF'FFFF},
    {"shr.s64 d, a, b;", "b64 b64 b32", {0x8000'0000'0000'0000, 60}, 0xFFFF'FFFF'FFFF'FFF8},
    {"shr.u16 d, a, b;", "b16 b16 b32", {0x8000, 4}, 0x0800},
    {"shr.s16 d, a, b;", "b16 b16 b32", {0x8000, 4}, 0xF800},
    {"shr.b32 d, a, 4;", "b32 b32", {0xF000'0000}, 0x0F00'0000},
    {"shf.l.wrap.b32 d, a, b, c;", "b32 b32 b32 b32", {0x8000'0000, 1, 1}, 3},
    {"shf.l.wrap.b32 d, a, b, c;", "b32 b32 b32 b32", {0x8000'0000, 1, 33}, 3},
    {"shf.l.clamp.b32 d, a, b, c;", "b32 b32 b32 b32", {0x1234'5678, 1, 40}, 0x1234'5678},
    {"shf.r.wrap.b32 d, a, b, c;", "b32 b32 b32 b32", {0x10, 3, 4}, 0x3000'0001},
    {"shf.r.clamp.b32 d, a, b, c;", "b32 b32 b32 b32", {0x10, 3, 32}, 3},
    {"bmsk.clamp.b32 d, a, b;", "b32 b32 b32", {4, 8}, 0xFF0},
    {"bmsk.clamp.b32 d, a, b;", "b32 b32 b32", {4, 99}, 0xFFFF'FFF0},
    {"bmsk.clamp.b32 d, a, b;", "b32 b32 b32", {32, 8}, 0},
    {"bmsk.wrap.b32 d, a, b;", "b32 b32 b32", {36, 33}, 0x10},
    {"popc.b32 d, a;", "b32 b32", {0xF0F0'0001}, 9},
    {"popc.b64 d, a;", "b32 b64", {0xFFFF'FFFF'FFFF'FFFF}, 64},
    {"clz.b32 d, a;", "b32 b32", {0}, 32},
    {"clz.b32 d, a;", "b32 b32", {0x0000'1000}, 19},
    {"clz.b64 d, a;", "b32 b64", {1}, 63},
    {"brev.b32 d, a;", "b32 b32", {0x8000'0003}, 0xC000'0001},
    {"brev.b64 d, a;", "b64 b64", {1}, 0x8000'0000'0000'0000},
    {"bfind.u32 d, a;", "b32 b32", {0x0001'0000}, 16},
    {"bfind.u32 d, a;", "b32 b32", {0}, 0xFFFF'FFFF},
    {"bfind.s32 d, a;", "b32 b32", {0xFFFF'FFFF}, 0xFFFF'FFFF},
    {"bfind.s32 d, a;", "b32 b32", {0xFFFF'FF00}, 7},
    {"bfind.shiftamt.u32 d, a;", "b32 b32", {0x0001'0000}, 15},
    {"bfind.u64 d, a;", "b32 b64", {0x1'0000'0000}, 32},
    {"bfe.u32 d, a, b, c;", "b32 b32 b32 b32", {0xABCD'1234, 8, 8}, 0x12},
    {"bfe.s32 d, a, b, c;", "b32 b32 b32 b32", {0x0000'8000, 12, 4}, 0xFFFF'FFF8},
    {"bfe.s32 d, a, b, c;", "b32 b32 b32 b32", {0x8000'0000, 28, 16}, 0xFFFF'FFF8},
    {"bfe.u32 d, a, b, c;", "b32 b32 b32 b32", {0x8000'0000, 28, 16}, 8},
    {"bfe.s32 d, a, b, c;", "b32 b32 b32 b32", {0xFFFF'FFFF, 3, 0}, 0},
    {"bfe.u64 d, a, b, c;", "b64 b64 b32 b32", {0xABCD'0000'0000'0000, 48, 16}, 0xABCD},
    {"bfi.b32 d, a, b, 8, 8;", "b32 b32 b32", {0xFFF, 0x1234'5678}, 0x1234'FF78},
    {"bfi.b32 d, a, b, 28, 8;", "b32 b32 b32", {0xFF, 0}, 0xF000'0000},
    {"bfi.b32 d, a, b, 4, 0;", "b32 b32 b32", {0xFF, 5}, 5},
    {"bfi.b64 d, a, b, 32, 32;", "b64 b64 b64", {0x1234, 0xFFFF'FFFF'FFFF'FFFF}, 0x0000'1234'FFFF'FFFF},
    // The table's bits are those of the function applied to 0xF0, 0xCC and 0xAA.
    {"lop3.b32 d, a, b, c, 0x80;", "b32 b32 b32 b32", {0xF0, 0xCC, 0xAA}, 0x80},
    {"lop3.b32 d, a, b, c, 0x96;", "b32 b32 b32 b32", {0xF0, 0xCC, 0xAA}, 0x96},
    {"lop3.b32 d, a, b, c, 0xCA;", "b32 b32 b32 b32", {0xFFFF'0000, 0x1234'5678, 0x9ABC'DEF0}, 0x1234'DEF0},
    {"prmt.b32 d, a, b, c;", "b32 b32 b32 b32", {0x3322'1100, 0x7766'5544, 0x7531}, 0x7755'3311},
    {"prmt.b32 d, a, b, 0x5410;", "b32 b32 b32", {0x3322'1100, 0x7766'5544}, 0x5544'1100},
    // The fourth bit of a choice replicates the sign.
    {"prmt.b32 d, a, b, 0x89AB;", "b32 b32 b32", {0x80FF'7F01, 0}, 0x0000'FFFF},
    {"prmt.b32.f4e d, a, b, c;", "b32 b32 b32 b32", {0x3322'1100, 0x7766'5544, 1}, 0x4433'2211},
    {"prmt.b32.b4e d, a, b, c;", "b32 b32 b32 b32", {0x3322'1100, 0x7766'5544, 1}, 0x6677'0011},
    {"prmt.b32.rc8 d, a, b, c;", "b32 b32 b32 b32", {0x3322'1100, 0x7766'5544, 2}, 0x2222'2222},
    {"prmt.b32.ecl d, a, b, c;", "b32 b32 b32 b32", {0x3322'1100, 0x7766'5544, 2}, 0x3322'2222},
    {"prmt.b32.ecr d, a, b, c;", "b32 b32 b32 b32", {0x3322'1100, 0x7766'5544, 1}, 0x1111'1100},
    {"prmt.b32.rc16 d, a, b, c;", "b32 b32 b32 b32", {0x3322'1100, 0x7766'5544, 1}, 0x3322'3322},
};

TEST(BitOperations, GiveTheResultsWorkedOutByHand) {
  for (const InstructionCase& test : kCases) expect_result(test);
}

}  // namespace
}  // namespace hearth::ptx
