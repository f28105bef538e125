#include "emulated_cuda/ptx/module.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "emulated_cuda/ptx/testing/test_device.h"

namespace hearth::ptx {
namespace {

constexpr std::string_view kHead = ".version 8.7\n.target sm_80, debug\n.address_size 64\n";

TEST(Module, KnowsItsFunctionsParametersAndGlobals) {
  const std::string text = std::string(kHead) + R"(
.extern .shared .align 16 .b8 dynamic[];
.shared .align 4 .b8 common[20];
.global .align 4 .b32 numbers[3] = {1, 2};
.visible .const .align 8 .f64 pi = 3.25;
/* A comment
   of two lines. */
.visible .entry first(
  .param .u64 .ptr .global .align 16 first_param_0,
  .param .u32 first_param_1, // 8 to 11
  .param .align 8 .b8 first_param_2[24],
  .param .u8 first_param_3
)
.maxntid 128, 2, 1
.minnctapersm 2
{
  .reg .b32 %r<3>;
  .shared .align 8 .b8 own[100];
  .loc 1 8 0, function_name $L__info, inlined_at 1 2 3
  mov.u32 %r1, own;
  ret;
  .pragma "nounroll";
}
.weak .entry second() .reqntid 64 {
  .reg .b32 %r<3>;
  .shared .b32 own;
  mov.u32 %r1, common;
  mov.u32 %r2, dynamic;
}
.file 1 "some.py"
.section .debug_info { .b8 1 .b32 $L__end-$L__start }
)";
  const Result<std::shared_ptr<const Module>> parsed = parse_module(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  const Module& module = **parsed;
  EXPECT_EQ(module.version(), 87U);
  EXPECT_EQ(module.target(), "sm_80");
  ASSERT_EQ(module.functions().size(), 2U);
  const Function& first = *module.kernel("first");
  ASSERT_EQ(first.parameters().size(), 4U);
  EXPECT_EQ(first.parameters()[1].offset, 8U);
  EXPECT_EQ(first.parameters()[2].offset, 16U);
  EXPECT_EQ(first.parameters()[2].bytes, 24U);
  EXPECT_EQ(first.parameters()[3].offset, 40U);
  EXPECT_EQ(first.parameter_bytes(), 41U);
  EXPECT_EQ(first.static_shared_bytes(), 100U);
  EXPECT_EQ(first.max_threads(), 256U);
  EXPECT_EQ(first.required_block()[0], 0U);
  const Function& second = *module.kernel("second");
  EXPECT_EQ(second.static_shared_bytes(), 36U);  // `common`, up to 32, and `own`.
  EXPECT_EQ(second.required_block(), (std::array<uint32_t, 3>{64, 1, 1}));
  EXPECT_EQ(module.kernel("third"), nullptr);
  ASSERT_EQ(module.globals().size(), 2U);
  EXPECT_EQ(module.globals()[0].name, "numbers");
  EXPECT_EQ(module.globals()[0].bytes, 12U);
  EXPECT_EQ(module.globals()[0].initial[4], std::byte{2});
  EXPECT_EQ(module.globals()[0].initial.size(), 12U);
  EXPECT_EQ(module.globals()[1].space, Space::kConstant);
  EXPECT_EQ(module.globals()[1].initial[7], std::byte{0x40});
}

// What stands in the body of a kernel, and the error that it gives.
struct RefusedCase {
  std::string_view body;
  std::string_view message;
};

TEST(Module, RefusesWhatItDoesNotKnowAndNamesTheLine) {
  const RefusedCase cases[] = {
      {"foo.b32 %r1, %r2;", "PTX line 14: the instruction 'foo.b32' is not known to the interpreter"},
      {"wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 %r1, %r2;", "'wgmma.mma_async.sync.aligned"},
      {"\nadd.sat.u32 %r1, %r2, %r3;", "PTX line 15: add.sat.u32: .sat is for .s32"},
      {"add.wide.s32 %r1, %r2, %r3;", "the modifier '.wide' is not known here"},
      {"add.b32 %r1, %r2, %r3;", "the type .b32 is not known here"},
      {"add.s32 %r1, %r2;", "add.s32: an operand is missing"},
      {"add.s32 %r1, %r2, %r3, %r4;", "an operand is left over"},
      {"add.s32 %r1, %r2, %d3;", "a register of 8 bytes where 4 are needed"},
      {"add.s32 %r1, %r2, 0f3F800000;", ""},
      {"add.f32 %r1, %r2, 1;", "this kind of number cannot be an operand of type .f32"},
      {"add.s32 %r1, %r2, %r99;", "'%r99' is not declared"},
      {"add.s32 5, %r2, %r3;", "a number cannot be a destination here"},
      {"add.s32 %p1, %r2, %r3;", "a predicate cannot be a destination here"},
      {"@%r1 add.s32 %r1, %r2, %r3;", "'%r1' is no predicate"},
      {"bra nowhere;", "PTX line 14: there is no label 'nowhere'"},
      {"A: A: bra A;", "the label 'A' stands here for the second time"},
      {"brx.idx %r1, T;", "there is no list of branch targets 'T'"},
      {"call.uni absent, ();", "the function 'absent' is not declared"},
      {"ld.global.b32 %r1, [%r2];", "an address of 32 bits in a space of 64"},
      {"ld.global.v3.b32 {%r1, %r2, %r3}, [%in];", "the modifier '.v3' is not known here"},
      {"ld.global.v2.b32 {%r1, %r2, %r3}, [%in];", "a vector of 2 operands should be here"},
      {"ld.global.b32 %h1, [%in];", "a register of 2 bytes where 4 are needed"},
      {"st.const.b32 [%in], %r1;", "constant memory cannot be written"},
      {"ld.shared::cluster.b32 %r1, [%r2];", "'.shared::cluster' is not known here"},
      {"atom.global.add.s16 %h1, [%in], %h2;", "the type .s16 is not known here"},
      {"atom.global.frob.b32 %r1, [%in], %r2;", "an operation is missing"},
      {"cp.async.cg.shared.global [%r1], [%in], 8;", "a copy of 8 bytes"},
      {"cp.async.bulk.shared::cluster.global [%r1], [%in], 8;", "one of .ca and .cg is missing"},
      {"mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32 %r1, %r2, %r3, %r4;", "the shape is not known"},
      {"mma.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32 %r1, %r2, %r3, %r4;", "do not belong together"},
      {"cvt.s32.f32 %r1, %r2;", "one of .rni, .rzi, .rmi and .rpi is missing"},
      {"cvt.f16.f32 %h1, %r2;", "a rounding is missing"},
      {"setp.foo.s32 %p1, %r1, %r2;", "a comparison is missing"},
      {"mul.s32 %r1, %r2, %r3;", "one of .lo, .hi and .wide is missing"},
      {"div.f32 %r1, %r2, %r3;", "one of .approx, .full and a rounding is missing"},
      {"bar.sync;", "an operand is missing"},
      {"mbarrier.init.shared.b64 [%r1], 5;", "the instruction 'mbarrier.init.shared.b64' is not known"},
      {".reg .b32 %r<5>;", "the register '%r' is declared twice"},
      {".reg .b32 %x<999999999>;", "a number from 0 to"},
      {".reg .foo x;", "registers of type '.foo' are not known"},
      {".local .b8 x[99999999];", "'x' does not fit into local memory"},
      {".shared .b8 x[99999999];", "'x' does not fit into shared memory"},
      {".shared .b32 x = 5;", "the shared variable 'x' has an initialiser"},
      {".global .b64 x = in;", "addresses in initialisers are not known"},
      {".tex .u32 x;", "the directive '.tex' is not known in a function"},
      {"add.s32 %r1, %r2, 99999999999999999999999;", "is no number"},
      {"add.s32 %r1 %r2, 5;", "'%r2' where ';' should be"},
      {"add.s32 %r1, [%r2, 5;", "',' where ']' should be"},
      {"`", "PTX line 14: the byte 0x60 begins nothing that is known"},
      {"/* no end", "PTX line 14: a comment has no end"},
      {".pragma \"no end;", "a string has no end"},
      {"{ {", "the text ends where"},
  };
  for (const RefusedCase& test : cases) {
    const Result<std::shared_ptr<const Module>> parsed = parse_module(kernel_text(test.body));
    if (test.message.empty()) {
      EXPECT_TRUE(parsed.ok()) << parsed.status().message();
      continue;
    }
    ASSERT_FALSE(parsed.ok()) << test.body;
    EXPECT_EQ(parsed.status().code(), StatusCode::kInvalidFile);
    EXPECT_NE(parsed.status().message().find(test.message), std::string::npos)
        << test.body << ": " << parsed.status().message();
  }
}

TEST(Module, RefusesTextsThatAreNotWhole) {
  const RefusedCase cases[] = {
      {"", "the text ends where '.version' should be"},
      {".version 8", "'8' is no version"},
      {".version 8.0", "the .target directive is missing"},
      {".version 8.0 .target sm_80 .address_size 32", "only addresses of 64 bits"},
      {".version 8.0 .target sm_80 .foo", "'.foo' is not known outside of a function"},
      {".version 8.0 .target sm_80 .entry k( { }", "'{' where '.param' should be"},
      {".version 8.0 .target sm_80 .entry k() .reqntid 2000 { }", "a block of 2000 threads"},
      {".version 8.0 .target sm_80 .entry k() { } .entry k() { }", "the function 'k' is there twice"},
      {".version 8.0 .target sm_80 .func f(.param .b32 a); .func f() { }", "the function 'f' is declared in two ways"},
      {".version 8.0 .target sm_80 .global .b8 x[4] = {1, 2, 3, 4, 5};", "the initialiser is too long"},
      {".version 8.0 .target sm_80 .global .b8 x;  .global .b8 x;", "'x' is declared twice"},
      {".version 8.0 .target sm_80 .extern .global .b8 x;", "'x' is defined in another module"},
      {".version 8.0 .target sm_80 .global .align 3 .b8 x;", "the alignment 3 is no power of two"},
  };
  for (const RefusedCase& test : cases) {
    const Result<std::shared_ptr<const Module>> parsed = parse_module(test.body);
    ASSERT_FALSE(parsed.ok()) << test.body;
    EXPECT_NE(parsed.status().message().find(test.message), std::string::npos) << parsed.status().message();
  }
}

TEST(Module, KeepsRegistersAndLabelsOfInlineAssemblyApart) {
  const Answer answer = run_body(R"(
    mov.b32 %r1, 0;
    { .reg .pred p; .reg .b32 t; mov.b32 t, 3;
      LOOP: sub.u32 t, t, 1; add.u32 %r1, %r1, 1; setp.ne.u32 p, t, 0; @p bra LOOP; }
    { .reg .b32 t; .reg .pred p; mov.b32 t, 4;
      LOOP: sub.u32 t, t, 1; add.u32 %r1, %r1, 10; setp.ne.u32 p, t, 0; @p bra LOOP; bra OUT; }
    add.u32 %r1, %r1, 1000;
  OUT:
    st.global.b32 [%out], %r1;)",
                                 {});
  EXPECT_EQ(answer.message, "");
  EXPECT_EQ(answer.values, std::vector<uint64_t>{43});
}

}  // namespace
}  // namespace hearth::ptx
