#include <gtest/gtest.h>

#include <fmt/format.h>

#include <functional>
#include <numeric>

#include "emulated_cuda/ptx/testing/test_device.h"

namespace hearth::ptx {
namespace {

// What each lane computes; %r1 holds 100 + lane.
std::vector<uint64_t> lanes(std::string_view code, uint32_t threads = 32) {
  std::vector<uint64_t> in(threads);
  std::iota(in.begin(), in.end(), 100);
  const Answer answer =
      run_body(fmt::format("add.u64 %d1, %in, %d0; ld.global.b32 %r1, [%d1]; mov.b32 %r2, 0; {} add.u64 %d2, %out, "
                           "%d0; cvt.u64.u32 %d3, %r2; st.global.b64 [%d2], %d3;",
                           code),
               in, threads);
  EXPECT_EQ(answer.message, "") << code;
  return answer.values;
}

struct LaneCase {
  std::string_view code;
  std::function<uint64_t(uint32_t)> expected;
};

TEST(WarpExchange, ShufflesVotesAndReduces) {
  const LaneCase cases[] = {
      {"shfl.sync.bfly.b32 %r2, %r1, 16, 31, -1;", [](uint32_t lane) { return 100 + (lane ^ 16); }},
      {"shfl.sync.bfly.b32 %r2, %r1, 1, 0x1F, 0xFFFFFFFF;", [](uint32_t lane) { return 100 + (lane ^ 1); }},
      {"shfl.sync.up.b32 %r2, %r1, 3, 0, -1;", [](uint32_t lane) { return 100 + (lane < 3 ? lane : lane - 3); }},
      {"shfl.sync.down.b32 %r2, %r1, 5, 31, -1;", [](uint32_t lane) { return 100 + (lane > 26 ? lane : lane + 5); }},
      {"shfl.sync.idx.b32 %r2, %r1, 7, 31, -1;", [](uint32_t) { return 107; }},
      {"shfl.sync.idx.b32 %r2, %r1, %r0, 31, -1;", [](uint32_t lane) { return 100 + lane; }},
      // Segments of eight lanes: the mask is 0x18 above the clamp.
      {"shfl.sync.idx.b32 %r2, %r1, 2, 0x181F, -1;", [](uint32_t lane) { return 100 + lane / 8 * 8 + 2; }},
      {"shfl.sync.down.b32 %r2, %r1, 1, 0x181F, -1;",
       [](uint32_t lane) { return 100 + (lane % 8 == 7 ? lane : lane + 1); }},
      {"shfl.sync.up.b32 %r2, %r1, 1, 0x1800, -1;",
       [](uint32_t lane) { return 100 + (lane % 8 == 0 ? lane : lane - 1); }},
      {"shfl.sync.up.b32 %r3|%p1, %r1, 3, 0, -1; selp.b32 %r2, 1, 0, %p1;",
       [](uint32_t lane) { return lane >= 3 ? 1 : 0; }},
      {"shfl.sync.down.b32 %r3|%p1, %r1, 5, 31, -1; selp.b32 %r2, 1, 0, %p1;",
       [](uint32_t lane) { return lane <= 26 ? 1 : 0; }},
      // Half of the warp alone.
      {"setp.lt.u32 %p1, %r0, 16; @%p1 shfl.sync.bfly.b32 %r2, %r1, 8, 31, 0xFFFF;",
       [](uint32_t lane) { return lane < 16 ? 100 + (lane ^ 8) : 0; }},
      {"setp.lt.u32 %p1, %r0, 5; vote.sync.ballot.b32 %r2, %p1, -1;", [](uint32_t) { return 0x1F; }},
      {"setp.lt.u32 %p1, %r0, 5; vote.sync.ballot.b32 %r2, !%p1, -1;", [](uint32_t) { return 0xFFFF'FFE0; }},
      {"setp.lt.u32 %p1, %r0, 5; vote.sync.any.pred %p2, %p1, -1; selp.b32 %r2, 1, 0, %p2;",
       [](uint32_t) { return 1; }},
      {"setp.lt.u32 %p1, %r0, 5; vote.sync.all.pred %p2, %p1, -1; selp.b32 %r2, 1, 0, %p2;",
       [](uint32_t) { return 0; }},
      {"setp.lt.u32 %p1, %r0, 5; vote.sync.uni.pred %p2, %p1, -1; selp.b32 %r2, 1, 0, %p2;",
       [](uint32_t) { return 0; }},
      {"setp.lt.u32 %p1, %r0, 99; vote.sync.all.pred %p2, %p1, -1; selp.b32 %r2, 1, 0, %p2;",
       [](uint32_t) { return 1; }},
      {"redux.sync.add.u32 %r2, %r0, -1;", [](uint32_t) { return 31 * 16; }},
      {"redux.sync.max.s32 %r2, %r1, -1;", [](uint32_t) { return 131; }},
      {"neg.s32 %r3, %r0; redux.sync.min.s32 %r2, %r3, -1;", [](uint32_t) { return 0xFFFF'FFE1; }},
      {"neg.s32 %r3, %r0; redux.sync.min.u32 %r2, %r3, -1;", [](uint32_t) { return 0; }},
      {"redux.sync.or.b32 %r2, %r0, -1;", [](uint32_t) { return 31; }},
      {"redux.sync.xor.b32 %r2, %r1, -1;", [](uint32_t) { return 0; }},
      {"or.b32 %r3, %r0, 64; redux.sync.and.b32 %r2, %r3, -1;", [](uint32_t) { return 64; }},
      {"shr.u32 %r3, %r0, 3; match.any.sync.b32 %r2, %r3, -1;", [](uint32_t lane) { return 0xFFU << (lane / 8 * 8); }},
      {"match.all.sync.b32 %r2|%p1, %r0, -1; @%p1 mov.b32 %r2, 5;", [](uint32_t) { return 0; }},
      {"match.all.sync.b64 %r2|%p1, 3, -1; @%p1 not.b32 %r2, %r2;", [](uint32_t) { return 0; }},
      {"setp.gt.u32 %p1, %r0, 29; @%p1 activemask.b32 %r2;", [](uint32_t lane) { return lane > 29 ? 0xC000'0000 : 0; }},
      {"elect.sync %r3|%p1, -1; selp.b32 %r2, 7, 0, %p1;", [](uint32_t lane) { return lane == 0 ? 7 : 0; }},
      {"mov.u32 %r2, %laneid;", [](uint32_t lane) { return lane; }},
      {"mov.u32 %r2, %lanemask_lt;", [](uint32_t lane) { return (1U << lane) - 1; }},
      {"mov.u32 %r2, %lanemask_ge;", [](uint32_t lane) { return ~((1U << lane) - 1); }},
  };
  for (const LaneCase& test : cases) {
    const std::vector<uint64_t> values = lanes(test.code);
    for (uint32_t lane = 0; lane < values.size(); ++lane) {
      EXPECT_EQ(values[lane], test.expected(lane)) << test.code << " lane " << lane;
    }
  }
}

TEST(WarpExchange, LeavesOutThreadsThatABlockDoesNotHave) {
  const std::vector<uint64_t> values = lanes("setp.ge.u32 %p1, %r0, 0; vote.sync.ballot.b32 %r2, %p1, -1;", 20);
  EXPECT_EQ(values, std::vector<uint64_t>(20, 0xF'FFFF));
}

TEST(WarpExchange, WaitsForLanesThatTookAnotherWay) {
  // Odd lanes come to the same shuffle by a detour, even ones straight.
  const std::vector<uint64_t> values = lanes(R"(
    and.b32 %r3, %r0, 1; setp.eq.u32 %p1, %r3, 0;
    @%p1 bra MEET;
    mov.b32 %r4, 0;
  AGAIN:
    add.u32 %r4, %r4, 1; setp.lt.u32 %p2, %r4, %r0;
    @%p2 bra AGAIN;
  MEET:
    shfl.sync.bfly.b32 %r2, %r1, 1, 31, -1;)");
  for (uint32_t lane = 0; lane < 32; ++lane) EXPECT_EQ(values[lane], 100 + (lane ^ 1));
}

TEST(WarpExchange, RunsDivergentBranchesAndMeetsAgain) {
  // Each lane counts to its own number; then all lanes are active again.
  const std::vector<uint64_t> values = lanes(R"(
    mov.b32 %r4, 0; mov.b32 %r5, 0;
  AGAIN:
    setp.ge.u32 %p1, %r4, %r0;
    @%p1 bra DONE;
    add.u32 %r4, %r4, 1;
    bra.uni AGAIN;
  DONE:
    activemask.b32 %r5;
    setp.eq.u32 %p2, %r5, 0xFFFFFFFF;
    @%p2 mov.b32 %r2, %r4;)");
  for (uint32_t lane = 0; lane < 32; ++lane) EXPECT_EQ(values[lane], lane);
}

TEST(WarpExchange, BranchesByATable) {
  const std::vector<uint64_t> values = lanes(R"(
    and.b32 %r3, %r0, 3;
    brx.idx %r3, TARGETS;
  TARGETS: .branchtargets L0, L1, L2, L1;
  L0: mov.b32 %r2, 10; bra.uni DONE;
  L1: mov.b32 %r2, 11; bra.uni DONE;
  L2: mov.b32 %r2, 12;
  DONE:)");
  const uint64_t expected[] = {10, 11, 12, 11};
  for (uint32_t lane = 0; lane < 32; ++lane) EXPECT_EQ(values[lane], expected[lane % 4]);
}

TEST(WarpExchange, LetsALaneSpinForAnother) {
  // Lane 5 sets what the others wait for, in code that lies behind their loop.
  const std::string body = R"(
    setp.eq.u32 %p1, %r0, 5;
    @%p1 bra SET;
  SPIN:
    ld.volatile.global.b32 %r3, [%in];
    setp.eq.u32 %p2, %r3, 0;
    @%p2 bra SPIN;
    bra.uni DONE;
  SET:
    st.volatile.global.b32 [%in], 1;
  DONE:
    st.global.b64 [%out], 1;)";
  const Answer answer = run_body(body, {0}, 32);
  EXPECT_EQ(answer.message, "");
}

TEST(WarpExchange, ReportsLanesThatCannotMeet) {
  struct Case {
    std::string_view code;
    std::string_view message;
  };
  const Case cases[] = {
      {"setp.lt.u32 %p1, %r0, 16; @%p1 shfl.sync.bfly.b32 %r2, %r1, 16, 31, 0xFFFF;",
       "PTX line 14, block (0, 0, 0), thread (0, 0, 0): a shuffle reads lane 16, which takes no part in it"},
      {"setp.lt.u32 %p1, %r0, 16; @%p1 exit; shfl.sync.bfly.b32 %r2, %r1, 16, 31, -1;", "a shuffle reads lane 0"},
      {"shfl.sync.bfly.b32 %r2, %r1, 1, 31, 0xFFFF;", "the lane is not among those"},
      {"setp.lt.u32 %p1, %r0, 16; @%p1 bra A; bar.warp.sync -1; bra.uni B; A: vote.sync.any.pred %p2, %p1, -1; B:",
       "wait here for lanes that never come, lanes 0x0000ffff wait at line 14"},
  };
  for (const Case& test : cases) {
    const Answer answer = run_body(test.code, {}, 32);
    EXPECT_NE(answer.message.find(test.message), std::string::npos) << answer.message;
  }
}

}  // namespace
}  // namespace hearth::ptx
