#include <gtest/gtest.h>

#include <fmt/format.h>

#include "emulated_cuda/ptx/testing/test_device.h"

namespace hearth::ptx {
namespace {

// A kernel that is broken, or only looks so: `message` is what its report must contain, "" where there is none.
struct FaultCase {
  std::string_view name;
  std::string_view body;
  uint32_t threads;
  std::string_view message;
};

constexpr std::string_view kShared =
    ".shared .align 16 .b8 s[1024]; mul.lo.u32 %r1, %r0, 4; mov.u32 %r2, s; add.u32 "
    "%r3, %r2, %r1; add.u32 %r4, %r3, 4;\n";

const FaultCase kCases[] = {
    // Races on shared memory.
    {"neighbour with a barrier",
     "st.shared.b32 [%r3], %r0; bar.sync 0; setp.eq.u32 %p1, %r0, 63; @!%p1 ld.shared.b32 %r5, [%r4];", 64, ""},
    {"missing barrier", "st.shared.b32 [%r3], %r0; setp.eq.u32 %p1, %r0, 63; @!%p1 ld.shared.b32 %r5, [%r4];", 64,
     "shared memory at byte 128 is "},
    {"lock-step within a warp", "st.shared.b32 [%r3], %r0; setp.eq.u32 %p1, %r0, 31; @!%p1 ld.shared.b32 %r5, [%r4];",
     32, ""},
    {"missing second barrier",
     "st.shared.b32 [%r3], %r0; bar.sync 0; xor.b32 %r5, %r1, 128; add.u32 %r5, %r5, %r2; ld.shared.b32 %r6, [%r5]; "
     "st.shared.b32 [%r3], %r6;",
     64, "race: shared memory at byte "},
    {"second barrier",
     "st.shared.b32 [%r3], %r0; bar.sync 0; xor.b32 %r5, %r1, 128; add.u32 %r5, %r5, %r2; ld.shared.b32 %r6, [%r5]; "
     "bar.sync 0; st.shared.b32 [%r3], %r6;",
     64, ""},
    {"two warps write two values", "setp.lt.u32 %p1, %r0, 32; selp.b32 %r5, 1, 2, %p1; st.shared.b32 [s], %r5;", 64,
     "race: shared memory at byte 0 is written"},
    {"two warps write one value", "st.shared.b32 [s], 1; bar.sync 0; ld.shared.b32 %r5, [s];", 64, ""},
    {"two warps write one value and one of them another",
     "setp.lt.u32 %p1, %r0, 64; @%p1 st.shared.b32 [s], 1; setp.lt.u32 %p2, %r0, 32; @%p2 bra END; bar.sync 1, 64; "
     "setp.ge.u32 %p3, %r0, 64; @%p3 st.shared.b32 [s], 2; END:",
     96, "race: shared memory at byte 0 is "},
    {"two warps write one value and a third reads it",
     "setp.lt.u32 %p1, %r0, 64; @%p1 st.shared.b32 [s], 1; @!%p1 ld.shared.b32 %r5, [s];", 96,
     "shared memory at byte 0 is "},
    {"two warps read", "setp.eq.u32 %p1, %r0, 0; @%p1 st.shared.b32 [s], 1; bar.sync 0; ld.shared.b32 %r5, [s];", 64,
     ""},
    {"two lanes write two values", "st.shared.b32 [s], %r0;", 2, "gets two different values by the same instruction"},
    {"two lanes write one value", "st.shared.b32 [s], 5;", 2, ""},
    {"neighbouring bytes", "mov.u32 %r5, s; add.u32 %r5, %r5, %r0; st.shared.b8 [%r5], %r0;", 64, ""},
    {"atomics", "setp.eq.u32 %p1, %r0, 0; @%p1 st.shared.b32 [s], 0; bar.sync 0; red.shared.add.u32 [s], 1;", 64, ""},
    {"atomics beside a plain write",
     "setp.eq.u32 %p1, %r0, 0; @%p1 st.shared.b32 [s], 0; bar.sync 0; red.shared.add.u32 [s], 1; setp.eq.u32 %p1, %r0, "
     "32; @%p1 st.shared.b32 [s], 1;",
     64, "race: shared memory at byte 0 is "},
    {"atomics beside a plain read",
     "setp.eq.u32 %p1, %r0, 0; @%p1 st.shared.b32 [s], 0; bar.sync 0; setp.lt.u32 %p1, %r0, 32; @%p1 "
     "red.shared.add.u32 "
     "[s], 1; @!%p1 ld.shared.b32 %r5, [s];",
     64, "race: shared memory at byte 0 is "},
    // A named barrier of two warps orders those two only.
    {"named barrier",
     "setp.lt.u32 %p1, %r0, 64; @!%p1 bra END; st.shared.b32 [%r3], %r0; bar.sync 1, 64; xor.b32 %r5, %r1, 128; "
     "add.u32 "
     "%r5, %r5, %r2; ld.shared.b32 %r6, [%r5]; END:",
     128, ""},
    {"named barrier of others",
     "setp.ge.u32 %p2, %r0, 96; @%p2 st.shared.b32 [s], 1; setp.lt.u32 %p1, %r0, 64; @!%p1 bra END; bar.sync 1, 64; "
     "ld.shared.b32 %r6, [s]; END:",
     128, "shared memory at byte 0 is "},
    {"producer and consumer",
     "setp.lt.u32 %p1, %r0, 32; @!%p1 bra CONSUME; st.shared.b32 [%r3], %r0; bar.arrive 1, 64; bra.uni END; CONSUME: "
     "bar.sync 1, 64; ld.shared.b32 %r5, [%r3+-128]; END:",
     64, ""},
    {"producer goes on",
     "setp.lt.u32 %p1, %r0, 32; @!%p1 bra CONSUME; st.shared.b32 [%r3], %r0; bar.arrive 1, 64; st.shared.b32 [%r3], "
     "%r0; "
     "bra.uni END; CONSUME: bar.sync 1, 64; ld.shared.b32 %r5, [%r3+-128]; END:",
     64, "race: shared memory"},
    {"shared memory never written", "ld.shared.b32 %r5, [%r3];", 1,
     "shared memory at byte 0 is read before anything was written"},
    // Asynchronous copies.
    {"copy without a wait", "cp.async.ca.shared.global [s], [%in], 8; cp.async.commit_group; ld.shared.b32 %r5, [s];",
     1, "shared memory at byte 0 is read, which the cp.async at line 15 has not finished writing"},
    {"copy whose group is not waited for",
     "cp.async.ca.shared.global [s], [%in], 8; cp.async.commit_group; cp.async.wait_group 1; ld.shared.b32 %r5, [s];",
     1, "has not finished writing"},
    {"copy with a wait",
     "cp.async.ca.shared.global [s], [%in], 8; cp.async.commit_group; cp.async.wait_group 0; ld.shared.b32 %r5, [s];",
     1, ""},
    {"copy with a wait and no barrier",
     "setp.eq.u32 %p1, %r0, 0; @%p1 cp.async.ca.shared.global [s], [%in], 8; cp.async.wait_all; setp.eq.u32 %p1, %r0, "
     "32; "
     "@%p1 ld.shared.b32 %r5, [s];",
     64, "shared memory at byte 0 is "},
    {"copy with a wait and a barrier",
     "setp.eq.u32 %p1, %r0, 0; @%p1 cp.async.ca.shared.global [s], [%in], 8; cp.async.wait_all; bar.sync 0; "
     "ld.shared.b32 %r5, [s];",
     64, ""},
    {"copy over what is still read",
     "setp.eq.u32 %p1, %r0, 0; @%p1 st.shared.b64 [s], 0; bar.sync 0; ld.shared.b64 %d5, [s]; @%p1 "
     "cp.async.ca.shared.global [s], [%in], 8; cp.async.wait_all;",
     64, "race: shared memory at byte 0 is "},
    // Barriers.
    {"divergent barrier", "setp.lt.u32 %p1, %r0, 16; @%p1 bra A; bar.sync 0; bra.uni B; A: bar.sync 0; B:", 32,
     "wait here for lanes that never come"},
    {"predicated barrier", "setp.lt.u32 %p1, %r0, 16; @%p1 bar.sync 0;", 32,
     "a barrier that lanes 0xffff0000 of the warp never reach: they have exited"},
    {"exited lanes", "setp.lt.u32 %p1, %r0, 16; @%p1 ret; bar.sync 0;", 32,
     "a barrier that lanes 0x0000ffff of the warp never reach: they have exited"},
    {"exited warp", "setp.lt.u32 %p1, %r0, 32; @%p1 ret; bar.sync 0;", 64,
     "barrier 0 is reached by 32 threads of 64 and never opens; warp 0 has exited"},
    {"two barriers", "setp.lt.u32 %p1, %r0, 32; @%p1 bar.sync 1; @!%p1 bar.sync 2;", 64, "and never opens; warp "},
    {"barrier of another count", "setp.lt.u32 %p1, %r0, 32; @%p1 bar.sync 1, 64; @!%p1 bar.sync 1, 96;", 96,
     "is to be reached by "},
    {"no such barrier", "bar.sync 16;", 32, "barrier 16 for 0 threads"},
    // Memory.
    {"beyond the end", "ld.global.b32 %r5, [%in+16];", 1, "a read of 4 bytes at address 0x"},
    {"beyond the end", "ld.global.b32 %r5, [%in+16];", 1,
     "out of bounds: 0 bytes after the end of the allocation of 16 bytes"},
    {"before the beginning", "st.global.b32 [%in+-4], 1;", 1, "4 bytes before the allocation of 16 bytes"},
    {"across the end", "st.global.v4.b32 [%in+16], {%r0, %r0, %r0, %r0};", 1, "a write of 16 bytes"},
    {"one thread in many", "add.u64 %d1, %in, %d0; ld.global.b64 %d2, [%d1];", 3,
     "thread (2, 0, 0): a read of 8 bytes"},
    {"null", "mov.u64 %d1, 0; ld.global.b32 %r5, [%d1];", 1, "at address 0x0, out of bounds"},
    {"misaligned", "ld.global.b32 %r5, [%in+2];", 1, "a misaligned access of 4 bytes at global address"},
    {"misaligned vector", "ld.global.v2.b64 {%d1, %d2}, [%in+8];", 1, "a misaligned access of 16 bytes"},
    {"misaligned in shared memory", "st.shared.b32 [s+2], 1;", 1,
     "a misaligned access of 4 bytes at shared address 0x2"},
    {"misaligned copy", "cp.async.cg.shared.global [s], [%in+8], 16;", 1, "a misaligned read of 16 bytes"},
    {"beyond shared memory", "st.shared.b32 [s+1024], 1;", 1,
     "an access of 4 bytes at shared address 0x400; the block has 1024 bytes of shared memory"},
    {"shared address as generic", "mov.u64 %d1, s; ld.b32 %r5, [%d1];", 1, "out of bounds"},
    {"beyond local memory", ".local .b8 l[8]; mov.u64 %d1, l; st.local.b64 [%d1+8], %d1;", 1,
     "an access of 8 bytes at local address 0x8; the thread has 8 bytes"},
    {"local memory never written", ".local .b8 l[8]; ld.local.b32 %r5, [l];", 1,
     "an uninitialised read of 4 bytes at local address"},
    {"a parameter is written", "st.param.b32 [in], 1;", 1, "a write to a kernel's parameter"},
    // Control.
    {"trap", "setp.eq.u32 %p1, %r0, 5; @%p1 trap;", 32, "PTX line 15, block (0, 0, 0), thread (5, 0, 0): a trap"},
    {"endless loop", "A: bra.uni A;", 1, "instructions and come to no end"},
    {"branch beyond a table", "brx.idx %r0, T; T: .branchtargets A; A:", 2, "thread (1, 0, 0): branch target 1 of 1"},
    {"shuffle with lanes that left", "setp.eq.u32 %p1, %r0, 3; @%p1 exit; shfl.sync.idx.b32 %r5, %r0, 3, 31, -1;", 32,
     "a shuffle reads lane 3"},
};

TEST(Faults, AreReportedWithLineBlockAndThread) {
  for (const FaultCase& test : kCases) {
    for (const uint64_t seed : {1, 2, 3}) {
      TestDevice device;
      ASSERT_EQ(device.load(kernel_text(std::string(kShared) + std::string(test.body))), "") << test.name;
      const uint64_t in = device.upload(std::vector<uint64_t>{1, 2});
      const uint64_t out = device.allocate(8);
      const std::string message = device.launch(
          "k", {.threads = test.threads, .seed = seed, .instruction_limit = 100'000}, Parameters(in, out));
      if (test.message.empty()) {
        EXPECT_EQ(message, "") << test.name;
      } else {
        EXPECT_NE(message.find(test.message), std::string::npos) << test.name << ": '" << message << "'";
        EXPECT_EQ(message.find("kernel 'k'"), 0U) << message;
      }
    }
  }
}

TEST(Faults, IncludeReadsOfWhatWasNeverWritten) {
  TestDevice device;
  ASSERT_EQ(device.load(kernel_text("ld.global.b32 %r1, [%in+4]; st.global.b32 [%out], %r1;")), "");
  const uint64_t in = device.allocate(16);
  const uint64_t out = device.allocate(16);
  const std::string message = device.launch("k", {}, Parameters(in, out));
  EXPECT_NE(message.find("an uninitialised read of 4 bytes at global address"), std::string::npos) << message;
  device.memory().mark_written(in + 4, 4);
  EXPECT_EQ(device.launch("k", {}, Parameters(in, out)), "");
  EXPECT_TRUE(device.memory().written(out, 4));
  EXPECT_FALSE(device.memory().written(out, 5));
}

TEST(Faults, IncludeMemoryThatWasFreed) {
  TestDevice device;
  ASSERT_EQ(device.load(kernel_text("ld.global.b32 %r1, [%in];")), "");
  const uint64_t in = device.upload(std::vector<uint64_t>{1});
  ASSERT_TRUE(device.memory().free(in).ok());
  EXPECT_NE(device.launch("k", {}, Parameters(in, in)).find("out of bounds"), std::string::npos);
}

TEST(Faults, NameTheFunctionThatIsNotThere) {
  constexpr std::string_view kText = R"(.version 8.0
.target sm_80
.address_size 64
.extern .func (.param .b32 result) vprintf(.param .b64 format, .param .b64 list);
.extern .func __assertfail(.param .b64 a, .param .b64 b, .param .b32 c, .param .b64 d, .param .b64 e) .noreturn;
.global .align 1 .b8 text[6] = {119, 114, 111, 110, 103};
.global .align 1 .b8 file[5] = {97, 46, 112, 121};
.visible .entry print() {
  { .param .b64 a; .param .b64 b; .param .b32 r; st.param.b64 [a], 0; st.param.b64 [b], 0;
    call.uni (r), vprintf, (a, b); }
  ret;
}
.visible .entry fail() {
  .reg .b64 %d<3>;
  { .param .b64 a; .param .b64 b; .param .b32 c; .param .b64 d; .param .b64 e;
    mov.b64 %d1, text; cvta.global.u64 %d1, %d1; st.param.b64 [a], %d1;
    mov.b64 %d1, file; cvta.global.u64 %d1, %d1; st.param.b64 [b], %d1;
    st.param.b32 [c], 33; st.param.b64 [d], 0; st.param.b64 [e], 1;
    call.uni __assertfail, (a, b, c, d, e); }
  ret;
})";
  TestDevice device;
  ASSERT_EQ(device.load(kText), "");
  EXPECT_EQ(
      device.launch("print", {}, Parameters()),
      "kernel 'print', PTX line 10, block (0, 0, 0), thread (0, 0, 0): a call of 'vprintf', which has no body and "
      "is not known to the interpreter");
  EXPECT_EQ(device.launch("fail", {.threads = 2}, Parameters()),
            "kernel 'fail', PTX line 19, block (0, 0, 0), thread (0, 0, 0): assertion failed: wrong (a.py:33)");
}

TEST(Faults, NoneWhenTheLanesThatOthersWaitForExitInAFunction) {
  constexpr std::string_view kText = R"(.version 8.0
.target sm_80
.address_size 64
.func leave() { exit; }
.visible .entry k(.param .u64 out) {
  .reg .pred %p<3>;
  .reg .b32 %r<3>;
  .reg .b64 %d<3>;
  mov.u32 %r1, %tid.x;
  setp.lt.u32 %p1, %r1, 16;
  @%p1 bra MEET;
  call leave, ();
MEET:
  vote.sync.ballot.b32 %r2, %p1, -1;
  ld.param.u64 %d1, [out];
  st.global.b32 [%d1], %r2;
})";
  TestDevice device;
  ASSERT_EQ(device.load(kText), "");
  const uint64_t out = device.allocate(4);
  ASSERT_EQ(device.launch("k", {.threads = 32}, Parameters(out)), "");
  EXPECT_EQ(device.download<uint32_t>(out, 1)[0], 0xFFFFU);
}

TEST(Launches, AreRefusedWhenNoDeviceWouldTakeThem) {
  TestDevice device;
  ASSERT_EQ(
      device.load(".version 8.0 .target sm_80 .address_size 64 .entry k(.param .u64 x) .reqntid 32 { ret; } .entry "
                  "m() .maxntid 64 { .shared .b8 s[100000]; ret; }"),
      "");
  EXPECT_NE(device.launch("k", {.threads = 64}, Parameters(uint64_t{0})).find("compiled for 32 x 1 x 1"),
            std::string::npos);
  EXPECT_NE(device.launch("k", {.threads = 32}, Parameters()).find("0 bytes of parameters are given, it has 8"),
            std::string::npos);
  EXPECT_NE(device.launch("k", {.threads = 2000}, Parameters()).find("a block of 2000"), std::string::npos);
  EXPECT_NE(device.launch("k", {.blocks = 0, .threads = 32}, Parameters()).find("a grid of 0"), std::string::npos);
  EXPECT_NE(device.launch("m", {.threads = 65}, Parameters()).find("at most 64"), std::string::npos);
  EXPECT_NE(device.launch("m", {.dynamic_shared_bytes = 200000}, Parameters()).find("bytes of shared memory"),
            std::string::npos);
  EXPECT_EQ(device.launch("m", {.threads = 64}, Parameters()), "");
  EXPECT_NE(device.launch("absent", {}, Parameters()).find("without a kernel"), std::string::npos);
}

}  // namespace
}  // namespace hearth::ptx
