#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>

#include "emulated_cuda/ptx/testing/test_device.h"

namespace hearth::ptx {
namespace {

struct AccessCase {
  std::string_view code;
  std::vector<uint64_t> in;
  uint64_t out;
};

TEST(MemoryAccess, LoadsAndStoresAllWidthsAndSpaces) {
  const AccessCase cases[] = {
      {"ld.global.s8 %r1, [%in]; cvt.s64.s32 %d1, %r1; st.global.b64 [%out], %d1;", {0x80}, 0xFFFF'FFFF'FFFF'FF80},
      {"ld.global.u8 %r1, [%in]; cvt.s64.s32 %d1, %r1; st.global.b64 [%out], %d1;", {0x80}, 0x80},
      {"ld.global.s16 %d1, [%in+2]; st.global.b64 [%out], %d1;", {0x8001'0000}, 0xFFFF'FFFF'FFFF'8001},
      {"ld.global.b8 %h1, [%in+1]; st.global.b8 [%out+3], %h1;", {0xAB00}, 0xAB00'0000},
      {"ld.global.v2.b32 {%r1, %r2}, [%in+0]; st.global.v2.b32 [%out], {%r2, %r1};", {0x2'0000'0001}, 0x1'0000'0002},
      {"ld.global.v4.b16 {%h1, %h2, %h3, _}, [ %in + 0 ]; st.global.v4.b16 [%out], {%h3, %h2, %h1, %h1};",
       {0x0004'0003'0002'0001},
       0x0001'0001'0002'0003},
      {"ld.global.v2.b64 {%d1, %d2}, [%in]; st.global.b64 [%out], %d2;", {1, 2}, 2},
      {"add.u64 %d1, %in, 16; ld.global.b64 %d2, [%d1+-8]; st.global.b64 [%out], %d2;", {1, 2}, 2},
      {"add.u64 %d1, %in, 16; ld.global.b64 %d2, [%d1-8]; st.global.b64 [%out], %d2;", {1, 2}, 2},
      {"ld.global.L1::evict_last.L2::cache_hint.b64 %d2, [%in], %d1; st.global.L1::evict_first.b64 [%out], %d2;",
       {7},
       7},
      {"createpolicy.fractional.L2::evict_first.b64 %d1, 1.0; ld.global.nc.L2::128B.b64 %d2, [%in]; st.b64 [%out], "
       "%d2;",
       {7},
       7},
      {"ld.relaxed.gpu.global.b64 %d2, [%in]; st.release.sys.global.b64 [%out], %d2; fence.acq_rel.gpu; membar.gl;",
       {7},
       7},
      {"prefetch.global.L2 [%in]; ld.b64 %d2, [%in]; st.global.wt.b64 [%out], %d2;", {7}, 7},
      {".shared .align 16 .b64 s[2]; ld.global.v2.b64 {%d1, %d2}, [%in]; st.shared.v2.b64 [s], {%d1, %d2}; "
       "ld.shared.v2.b64 {%d3, "
       "%d4}, [s]; ld.shared.b16 %h1, [s+2]; ld.shared.b8 %h2, [s+8]; st.global.b64 [%out], %d4; st.global.b16 "
       "[%out+2], "
       "%h1; st.global.b8 [%out+1], %h2;",
       {0x0000'0000'1234'0000, 0x55},
       0x1234'5555},
      // Shared, local, constant and module memory, and generic addresses of the first two.
      {".shared .align 8 .b8 s[16]; st.shared.b32 [s+4], 9; ld.shared.b32 %r1, [s+4]; st.global.b32 [%out], %r1;",
       {},
       9},
      {".shared .align 8 .b8 s[16]; mov.u64 %d1, s; cvta.shared.u64 %d2, %d1; st.b32 [%d2+8], 9; ld.shared.b32 %r1, "
       "[s+8]; st.global.b32 [%out], %r1;",
       {},
       9},
      {".local .align 8 .b8 l[16]; mov.u64 %d1, l; cvta.local.u64 %d2, %d1; st.b32 [%d2+8], 9; cvta.to.local.u64 %d3, "
       "%d2; ld.local.b32 %r1, [%d3+8]; st.global.b32 [%out], %r1;",
       {},
       9},
      {".shared .b32 s; mov.u64 %d1, s; cvta.shared.u64 %d2, %d1; isspacep.shared %p1, %d2; isspacep.global %p2, %in; "
       "isspacep.local %p3, %d2; and.pred %p1, %p1, %p2; @%p1 st.global.b32 [%out], 1; @%p3 st.global.b32 [%out], 2;",
       {},
       1},
      {".const .align 4 .b32 table[3] = {4, 5, 6}; ld.const.b32 %r1, [table+8]; st.global.b32 [%out], %r1;", {}, 6},
      {".global .align 4 .f32 half = 0f3F000000; ld.global.b32 %r1, [half]; st.global.b32 [%out], %r1;",
       {},
       0x3F00'0000},
      {".global .align 2 .u16 grid[2][2] = {{1, 2}, {3, 4}}; mov.u64 %d1, grid; ld.global.u16 %r1, [%d1+4]; "
       "st.global.b32 [%out], %r1;",
       {},
       3},
      {".global .b8 zeros[8]; ld.global.b8 %r1, [zeros+7]; add.u32 %r1, %r1, 5; st.global.b32 [%out], %r1;", {}, 5},
      {"ld.param.b64 %d1, [out]; st.global.b32 [%d1], 3;", {}, 3},
      {"mov.b64 %d1, out; cvta.param.u64 %d2, %d1; ld.b64 %d3, [%d2]; st.global.b32 [%d3], 5;", {}, 5},
      {"mov.b64 %d1, in; ld.param.b64 %d2, [%d1+8]; st.global.b32 [%d2], 4;", {}, 4},
  };
  for (const AccessCase& test : cases) {
    const Answer answer = run_body(test.code, test.in);
    EXPECT_EQ(answer.message, "") << test.code;
    EXPECT_EQ(answer.values, std::vector<uint64_t>{test.out}) << test.code;
  }
}

TEST(MemoryAccess, CallsFunctionsWithParametersAndResults) {
  const std::string text = R"(.version 8.0
.target sm_80
.address_size 64
.func (.param .b32 result) power(.param .b32 base, .param .align 4 .b8 exponent[8]);
.func (.param .b32 result) power(.param .b32 base, .param .align 4 .b8 exponent[8]) {
  .reg .b32 %r<9>;
  .reg .pred %p<2>;
  .local .align 4 .b8 kept[4];
  ld.param.b32 %r1, [base];
  st.local.b32 [kept], %r1;
  ld.param.b32 %r2, [exponent+4];
  mov.b32 %r3, 1;
  setp.eq.u32 %p1, %r2, 0;
  @%p1 bra $done;
  sub.u32 %r4, %r2, 1;
  {
    .param .b32 argument;
    .param .align 4 .b8 second[8];
    .param .b32 back;
    st.param.b32 [argument], %r1;
    st.param.b32 [second+4], %r4;
    call.uni (back), power, (argument, second);
    ld.param.b32 %r3, [back];
  }
  ld.local.b32 %r5, [kept];
  mul.lo.u32 %r3, %r3, %r5;
$done:
  st.param.b32 [result], %r3;
  ret;
}
.visible .entry k(.param .u64 out) {
  .reg .b32 %r<9>;
  .reg .b64 %d<9>;
  .reg .pred %p<2>;
  ld.param.u64 %d1, [out];
  mov.u32 %r1, %tid.x;
  mov.b32 %r3, 0;
  setp.gt.u32 %p1, %r1, 9;
  @%p1 bra $skip;
  { .param .b32 a; .param .align 4 .b8 b[8]; .param .b32 c;
    st.param.b32 [a], 3; st.param.b32 [b+4], %r1;
    call.uni (c), power, (a, b); ld.param.b32 %r3, [c]; }
$skip:
  mul.wide.u32 %d2, %r1, 4; add.u64 %d3, %d1, %d2; st.global.b32 [%d3], %r3;
  ret;
})";
  TestDevice device;
  ASSERT_EQ(device.load(text), "");
  const uint64_t out = device.allocate(128);
  ASSERT_EQ(device.launch("k", {.threads = 32}, Parameters(out)), "");
  const std::vector<uint32_t> powers = device.download<uint32_t>(out, 32);
  uint32_t expected = 1;
  for (uint32_t i = 0; i < 32; ++i) {
    EXPECT_EQ(powers[i], i > 9 ? 0 : expected);
    expected *= 3;
  }
}

// What is in %in before and after.
struct AtomicCase {
  std::string_view code;
  uint64_t before;
  uint64_t after;
};

TEST(Atomics, ReadChangeAndWrite) {
  const AtomicCase cases[] = {
      {"atom.global.add.u32 %r1, [%in], 5;", 7, 12},
      {"atom.global.gpu.relaxed.add.s32 %r1, [%in], -5;", 7, 2},
      {"atom.add.u64 %d1, [%in], 1;", 0xFFFF'FFFF, 0x1'0000'0000},
      {"atom.global.gpu.relaxed.add.f32 %r1, [%in], 0fBF800000;", 0x3F80'0000, 0},
      {"atom.global.gpu.acq_rel.add.f32 %r1, [%in], 0f3F800000;", 0x3F80'0000, 0x4000'0000},
      {"atom.global.add.f32 %r1, [%in], 0f00000001;", 1, 0},  // Denormals are flushed.
      {"atom.global.add.f64 %d1, [%in], 0d3FF0000000000000;", 0x3FF0'0000'0000'0000, 0x4000'0000'0000'0000},
      {"mov.b16 %h1, 0x3C00; atom.global.add.noftz.f16 %h2, [%in], %h1;", 0x3C00, 0x4000},
      {"atom.global.add.noftz.f16x2 %r1, [%in], 0x3C004000;", 0x3C00'3C00, 0x4000'4200},
      {"atom.global.add.noftz.bf16x2 %r1, [%in], 0x3F804000;", 0x3F80'3F80, 0x4000'4040},
      {"atom.global.min.s32 %r1, [%in], -1;", 5, 0xFFFF'FFFF},
      {"atom.global.min.u32 %r1, [%in], -1;", 5, 5},
      {"atom.global.max.s64 %d1, [%in], -1;", 5, 5},
      {"atom.global.max.u64 %d1, [%in], -1;", 5, ~uint64_t{0}},
      {"atom.global.and.b32 %r1, [%in], 6;", 12, 4},
      {"atom.global.or.b64 %d1, [%in], 6;", 12, 14},
      {"atom.global.xor.b32 %r1, [%in], 6;", 12, 10},
      {"atom.global.exch.b32 %r1, [%in], 6;", 12, 6},
      {"atom.global.cas.b32 %r1, [%in], 12, 6;", 12, 6},
      {"atom.global.cas.b32 %r1, [%in], 13, 6;", 12, 12},
      {"atom.global.cas.b64 %d1, [%in], 12, 6;", 12, 6},
      {"mov.b16 %h1, 12; mov.b16 %h2, 6; atom.global.cas.b16 %h3, [%in], %h1, %h2;", 12, 6},
      {"atom.global.inc.u32 %r1, [%in], 12;", 12, 0},
      {"atom.global.inc.u32 %r1, [%in], 12;", 11, 12},
      {"atom.global.dec.u32 %r1, [%in], 12;", 0, 12},
      {"atom.global.dec.u32 %r1, [%in], 12;", 20, 12},
      {"atom.global.dec.u32 %r1, [%in], 12;", 12, 11},
      {"red.global.add.u32 [%in], 5;", 7, 12},
      {"red.relaxed.gpu.global.max.s32 [%in], 5;", 7, 7},
      {"red.global.add.v2.f32 [%in], {%r20, 0f3F800000};", 0x3F80'0000'3F80'0000, 0x4000'0000'3F80'0000},
      {"atom.global.v2.f32.add {%r1, %r2}, [%in], {%r20, 0f3F800000};", 0x3F80'0000'3F80'0000, 0x4000'0000'3F80'0000},
  };
  for (const AtomicCase& test : cases) {
    const Answer answer =
        run_body(fmt::format("mov.b32 %r20, 0; {} ld.global.b64 %d5, [%in]; st.global.b64 [%out], %d5;", test.code),
                 {test.before});
    EXPECT_EQ(answer.message, "") << test.code;
    EXPECT_EQ(answer.values, std::vector<uint64_t>{test.after}) << test.code;
  }
}

TEST(Atomics, GiveEachLaneWhatWasThereBefore) {
  const Answer answer =
      run_body("atom.global.add.u64 %d1, [%in], 10; add.u64 %d2, %out, %d0; st.global.b64 [%d2], %d1;", {100}, 64);
  ASSERT_EQ(answer.message, "");
  std::vector<uint64_t> seen = answer.values;
  std::sort(seen.begin(), seen.end());
  for (uint64_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], 100 + 10 * i);
}

TEST(Atomics, OnSharedMemoryKeepDenormals) {
  const Answer answer = run_body(
      ".shared .b32 s; st.shared.b32 [s], 1; atom.shared.add.f32 %r1, [s], 0f00000001; "
      "ld.shared.b32 %r2, [s]; st.global.b32 [%out], %r2;",
      {});
  EXPECT_EQ(answer.values, std::vector<uint64_t>{2});
}

TEST(AsynchronousCopy, ArrivesWhenItIsWaitedForAndFillsWithZeros) {
  const std::string body = R"(
    .shared .align 16 .b8 s[64];
    cp.async.cg.shared.global [s], [%in], 16;
    cp.async.commit_group;
    cp.async.ca.shared.global.L2::128B [s+16], [%in+8], 8, 4;
    mov.b32 %r1, 0;
    cp.async.ca.shared.global [s+24], [%in+8], 4, %r1;
    cp.async.commit_group;
    cp.async.wait_group 1;
    ld.shared.b64 %d1, [s+8];
    cp.async.wait_group 0;
    ld.shared.b64 %d2, [s+16];
    ld.shared.b32 %r2, [s+24];
    add.u64 %d1, %d1, %d2;
    cvt.u64.u32 %d3, %r2;
    add.u64 %d1, %d1, %d3;
    setp.eq.u32 %p1, %r0, 0;
    cp.async.ca.shared.global [s+32], [%in], 8, %p1;
    cp.async.wait_all;
    ld.shared.b64 %d4, [s+32];
    add.u64 %d1, %d1, %d4;
    st.global.b64 [%out], %d1;)";
  const Answer answer = run_body(body, {1, 0x5'0000'0007});
  EXPECT_EQ(answer.message, "");
  // All of the second number, and its lower half.
  EXPECT_EQ(answer.values, std::vector<uint64_t>{0x5'0000'0007 + 7});
}

}  // namespace
}  // namespace hearth::ptx
