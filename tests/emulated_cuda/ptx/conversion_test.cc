#include <gtest/gtest.h>

#include "emulated_cuda/ptx/testing/instruction_case.h"

namespace hearth::ptx {
namespace {

constexpr uint64_t kNan = 0x7FC0'0000;
constexpr uint64_t kInfinity = 0x7F80'0000;

// Worked out by hand. Floats: 0x40200000 is 2.5, 0x40600000 is 3.5, 0xC0200000 is -2.5.
const InstructionCase kCases[] = {
    {"cvt.rni.s32.f32 d, a;", "b32 f32", {0x4020'0000}, 2},
    {"cvt.rni.s32.f32 d, a;", "b32 f32", {0x4060'0000}, 4},
    {"cvt.rzi.s32.f32 d, a;", "b32 f32", {0xC020'0000}, 0xFFFF'FFFE},
    {"cvt.rmi.s32.f32 d, a;", "b32 f32", {0xC020'0000}, 0xFFFF'FFFD},
    {"cvt.rpi.s32.f32 d, a;", "b32 f32", {0x4020'0000}, 3},
    {"cvt.rni.ftz.s32.f32 d, a;", "b32 f32", {1}, 0},
    {"cvt.rpi.s32.f32 d, a;", "b32 f32", {1}, 1},
    {"cvt.rpi.ftz.s32.f32 d, a;", "b32 f32", {1}, 0},
    // Clamped.
    {"cvt.rzi.s32.f32 d, a;", "b32 f32", {kInfinity}, 0x7FFF'FFFF},
    {"cvt.rzi.s32.f32 d, a;", "b32 f32", {0x4F00'0000}, 0x7FFF'FFFF},
    {"cvt.rzi.s32.f32 d, a;", "b32 f32", {0xFF80'0000}, 0x8000'0000},
    {"cvt.rzi.u32.f32 d, a;", "b32 f32", {0xC020'0000}, 0},
    {"cvt.rzi.u32.f32 d, a;", "b32 f32", {0x4F80'0000}, 0xFFFF'FFFF},
    {"cvt.rzi.u32.f32 d, a;", "b32 f32", {0x4F7F'FFFF}, 0xFFFF'FF00},
    {"cvt.rzi.s64.f32 d, a;", "b64 f32", {0x5F00'0000}, 0x7FFF'FFFF'FFFF'FFFF},
    {"cvt.rzi.u64.f64 d, a;", "b64 f64", {0x43F0'0000'0000'0000}, 0xFFFF'FFFF'FFFF'FFFF},
    {"cvt.rzi.s8.f32 d, a;", "b32 f32", {0x4348'0000}, 127},
    {"cvt.rzi.u8.f32 d, a;", "b32 f32", {0x43C8'0000}, 255},
    {"cvt.rzi.s16.f16 d, a;", "b16 b16", {0xC500}, 0xFFFB},
    // NaN.
    {"cvt.rzi.s32.f32 d, a;", "b32 f32", {kNan}, 0},
    {"cvt.rzi.s64.f32 d, a;", "b64 f32", {kNan}, 0x8000'0000'0000'0000},
    {"cvt.rzi.s32.f64 d, a;", "b32 f64", {0x7FF8'0000'0000'0000}, 0x8000'0000},
    // To floats. 2^24 + 1 is a tie, 2^24 + 3 one that goes up.
    {"cvt.rn.f32.s32 d, a;", "f32 b32", {0x0100'0001}, 0x4B80'0000},
    {"cvt.rn.f32.s32 d, a;", "f32 b32", {0x0100'0003}, 0x4B80'0002},
    {"cvt.rz.f32.s32 d, a;", "f32 b32", {0x0100'0003}, 0x4B80'0001},
    {"cvt.rn.f32.u32 d, a;", "f32 b32", {0x8000'0080}, 0x4F00'0000},
    {"cvt.rp.f32.u32 d, a;", "f32 b32", {0xFFFF'FFFF}, 0x4F80'0000},
    {"cvt.rm.f32.u32 d, a;", "f32 b32", {0xFFFF'FFFF}, 0x4F7F'FFFF},
    {"cvt.rn.f32.s32 d, a;", "f32 b32", {0xFFFF'FFFF}, 0xBF80'0000},
    {"cvt.rn.f32.u64 d, a;", "f32 b64", {0xFFFF'FFFF'FFFF'FFFF}, 0x5F80'0000},
    {"cvt.rn.f32.s64 d, a;", "f32 b64", {0x8000'0000'0000'0000}, 0xDF00'0000},
    {"cvt.rn.f64.s64 d, a;", "f64 b64", {0x0020'0000'0000'0001}, 0x4340'0000'0000'0000},
    {"cvt.rn.f64.s32 d, a;", "f64 b32", {0xFFFF'FFFF}, 0xBFF0'0000'0000'0000},
    {"cvt.rn.f16.s32 d, a;", "b16 b32", {65536}, 0x7C00},
    {"cvt.rn.f16.u8 d, a;", "b16 b16", {0x1FF}, 0x5BF8},
    {"cvt.rn.bf16.s32 d, a;", "b16 b32", {257}, 0x4380},
    {"cvt.rn.f32.s8 d, a;", "f32 b32", {0x1FF}, 0xBF80'0000},
    // Among floats.
    {"cvt.f32.bf16 d, a;", "f32 b16", {0xBF80}, 0xBF80'0000},
    {"cvt.f32.f16 d, a;", "f32 b16", {0x0001}, 0x3380'0000},
    {"cvt.f64.f32 d, a;", "f64 f32", {1}, 0x36A0'0000'0000'0000},
    {"cvt.ftz.f64.f32 d, a;", "f64 f32", {1}, 0},
    {"cvt.rn.f32.f64 d, a;", "f32 f64", {0x3FF0'0000'1000'0000}, 0x3F80'0000},
    {"cvt.rp.f32.f64 d, a;", "f32 f64", {0x3FF0'0000'1000'0000}, 0x3F80'0001},
    {"cvt.rn.ftz.f32.f64 d, a;", "f32 f64", {0x36A0'0000'0000'0000}, 0},
    {"cvt.rn.f16.f32 d, a;", "b16 f32", {0x3F80'1000}, 0x3C00},
    {"cvt.rn.f16.f32 d, a;", "b16 f32", {0x3F80'3000}, 0x3C02},
    {"cvt.rz.f16.f32 d, a;", "b16 f32", {0x477F'FFFF}, 0x7BFF},
    {"cvt.rn.f16.f32 d, a;", "b16 f32", {0x477F'F000}, 0x7C00},
    {"cvt.rn.f16.f32 d, a;", "b16 f32", {kNan}, 0x7FFF},
    {"cvt.rn.bf16.f32 d, a;", "b16 f32", {0x3F80'8000}, 0x3F80},
    {"cvt.rn.bf16.f32 d, a;", "b16 f32", {0x3F81'8000}, 0x3F82},
    {"cvt.rz.bf16.f32 d, a;", "b16 f32", {0x3F81'FFFF}, 0x3F81},
    {"cvt.rn.relu.bf16.f32 d, a;", "b16 f32", {0xBF80'0000}, 0},
    {"cvt.rn.bf16x2.f32 d, a, b;", "b32 f32 f32", {0x3F80'0000, 0x4000'0000}, 0x3F80'4000},
    {"cvt.rn.relu.bf16x2.f32 d, a, b;", "b32 f32 f32", {0xBF80'0000, 0x4000'0000}, 0x0000'4000},
    {"cvt.rn.f16x2.f32 d, a, b;", "b32 f32 f32", {0x3F80'0000, 0xC000'0000}, 0x3C00'C000},
    {"cvt.rna.tf32.f32 d, a;", "b32 f32", {0x3F80'1000}, 0x3F80'2000},
    {"cvt.rna.tf32.f32 d, a;", "b32 f32", {0x3F80'0FFF}, 0x3F80'0000},
    {"cvt.rn.tf32.f32 d, a;", "b32 f32", {0x3F80'1000}, 0x3F80'0000},
    {"cvt.rni.f32.f32 d, a;", "f32 f32", {0x4020'0000}, 0x4000'0000},
    {"cvt.rzi.f32.f32 d, a;", "f32 f32", {0xBF00'0000}, 0x8000'0000},
    {"cvt.rpi.f64.f64 d, a;", "f64 f64", {0x4004'0000'0000'0000}, 0x4008'0000'0000'0000},
    {"cvt.ftz.sat.f32.f32 d, a;", "f32 f32", {0x4000'0000}, 0x3F80'0000},
    {"cvt.sat.f32.f32 d, a;", "f32 f32", {kNan}, 0},
    {"cvt.sat.f32.f32 d, a;", "f32 f32", {0x3F00'0000}, 0x3F00'0000},
    // Among integers.
    {"cvt.u64.u32 d, a;", "b64 b32", {0xFFFF'FFFF}, 0xFFFF'FFFF},
    {"cvt.s64.s32 d, a;", "b64 b32", {0xFFFF'FFFF}, 0xFFFF'FFFF'FFFF'FFFF},
    {"cvt.u32.u64 d, a;", "b32 b64", {0x1234'5678'9ABC'DEF0}, 0x9ABC'DEF0},
    {"cvt.s32.s16 d, a;", "b32 b16", {0x8000}, 0xFFFF'8000},
    {"cvt.u32.u16 d, a;", "b32 b16", {0x8000}, 0x8000},
    {"cvt.s16.s8 d, a;", "b16 b16", {0x80}, 0xFF80},
    {"cvt.s8.s32 d, a;", "b32 b32", {0x180}, 0xFFFF'FF80},
    {"cvt.u8.u32 d, a;", "b32 b32", {0x1FF}, 0xFF},
    {"cvt.s64.s16 d, a;", "b64 b16", {0x8000}, 0xFFFF'FFFF'FFFF'8000},
    {"cvt.sat.s8.s32 d, a;", "b32 b32", {200}, 127},
    {"cvt.sat.u8.s32 d, a;", "b32 b32", {0xFFFF'FFFF}, 0},
    {"cvt.sat.s32.u32 d, a;", "b32 b32", {0xFFFF'FFFF}, 0x7FFF'FFFF},
    {"cvt.sat.u16.s64 d, a;", "b32 b64", {0x8000'0000'0000'0000}, 0},
};

TEST(Conversion, GivesTheResultsWorkedOutByHand) {
  for (const InstructionCase& test : kCases) expect_result(test);
}

const InstructionCase kMoves[] = {
    {"mov.b32 d, a;", "b32 b32", {5}, 5},
    {"mov.u64 d, -1;", "b64", {}, ~uint64_t{0}},
    {"mov.f32 d, 0f3F800000;", "f32", {}, 0x3F80'0000},
    {"mov.f32 d, 1.5;", "f32", {}, 0x3FC0'0000},
    {"mov.f64 d, 0d3FF8000000000000;", "f64", {}, 0x3FF8'0000'0000'0000},
    {"mov.b32 d, 0b101;", "b32", {}, 5},
    {"mov.b32 d, 017;", "b32", {}, 15},
    {"mov.b32 d, 0xFFU;", "b32", {}, 255},
    {"mov.u32 d, WARP_SZ;", "b32", {}, 32},
    {"mov.u32 d, %ntid.x;", "b32", {}, 1},
    {"mov.b64 d, {a, b};", "b64 b32 b32", {1, 2}, 0x2'0000'0001},
    {"mov.b32 d, {a, b};", "b32 b16 b16", {1, 2}, 0x2'0001},
    {"mov.b64 d, {a, b, a, b};", "b64 b16 b16", {1, 2}, 0x0002'0001'0002'0001},
    {"{.reg .b32 t; mov.b64 {t, d}, a;}", "b32 b64", {0x1234'0000'0001}, 0x1234},
    {"{.reg .b16 t; mov.b32 {d, t}, a;}", "b16 b32", {0x12'3456}, 0x3456},
    {"mov.b64 {_, d}, a;", "b32 b64", {0x1234'0000'0001}, 0x1234},
    {"mov.pred p, 1; selp.b32 d, 1, 0, p;", "b32", {}, 1},
    {"setp.eq.b32 p, 0, 0; mov.pred q, !p; selp.b32 d, 1, 0, q;", "b32", {}, 0},
    {"mov.b32 d, 1; setp.eq.b32 p, d, 2; @p mov.b32 d, 3; @!p add.u32 d, d, 4;", "b32", {}, 5},
};

TEST(Moves, PackUnpackAndReadLiterals) {
  for (const InstructionCase& test : kMoves) expect_result(test);
}

}  // namespace
}  // namespace hearth::ptx
