#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "emulated_cuda/ptx/floating_point.h"
#include "emulated_cuda/ptx/testing/test_device.h"

namespace hearth::ptx {
namespace {

// Row and column of an element, as the PTX ISA writes them down for each shape: i is the element's number in a lane.
struct Place {
  int row;
  int column;
};

struct MatrixCase {
  std::string_view name;  // Behind "mma.sync.aligned.".
  std::string_view type;  // Of A's and B's elements.
  int depth;
  int elements_a;  // In a lane.
  int elements_b;
  Place (*a)(int group, int thread, int i);
  Place (*b)(int group, int thread, int i);
};

void PrintTo(const MatrixCase& test, std::ostream* stream) { *stream << test.name; }

const MatrixCase kCases[] = {
    {"m16n8k8.row.col.f32.f16.f16.f32", "f16", 8, 4, 2,
     [](int g, int t, int i) { return Place{i < 2 ? g : g + 8, t * 2 + (i & 1)}; },
     [](int g, int t, int i) { return Place{t * 2 + i, g}; }},
    {"m16n8k8.row.col.f32.bf16.bf16.f32", "bf16", 8, 4, 2,
     [](int g, int t, int i) { return Place{i < 2 ? g : g + 8, t * 2 + (i & 1)}; },
     [](int g, int t, int i) { return Place{t * 2 + i, g}; }},
    {"m16n8k16.row.col.f32.f16.f16.f32", "f16", 16, 8, 4,
     [](int g, int t, int i) { return Place{i % 4 < 2 ? g : g + 8, i < 4 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8}; },
     [](int g, int t, int i) { return Place{i < 2 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8, g}; }},
    {"m16n8k16.row.col.f32.bf16.bf16.f32", "bf16", 16, 8, 4,
     [](int g, int t, int i) { return Place{i % 4 < 2 ? g : g + 8, i < 4 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8}; },
     [](int g, int t, int i) { return Place{i < 2 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8, g}; }},
    {"m16n8k16.row.col.f16.f16.f16.f16", "f16", 16, 8, 4,
     [](int g, int t, int i) { return Place{i % 4 < 2 ? g : g + 8, i < 4 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8}; },
     [](int g, int t, int i) { return Place{i < 2 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8, g}; }},
    {"m16n8k4.row.col.f32.tf32.tf32.f32", "tf32", 4, 2, 1,
     [](int g, int t, int i) { return Place{i == 0 ? g : g + 8, t}; }, [](int g, int t, int) { return Place{t, g}; }},
    {"m16n8k8.row.col.f32.tf32.tf32.f32", "tf32", 8, 4, 2,
     [](int g, int t, int i) { return Place{i == 0 || i == 2 ? g : g + 8, i < 2 ? t : t + 4}; },
     [](int g, int t, int i) { return Place{i == 0 ? t : t + 4, g}; }},
    {"m16n8k16.row.col.s32.s8.s8.s32", "s8", 16, 8, 4,
     [](int g, int t, int i) { return Place{i < 4 ? g : g + 8, t * 4 + (i & 3)}; },
     [](int g, int t, int i) { return Place{t * 4 + (i & 3), g}; }},
    {"m16n8k32.row.col.s32.s8.s8.s32", "s8", 32, 16, 8,
     [](int g, int t, int i) {
       return Place{i < 4 || (i >= 8 && i < 12) ? g : g + 8, i < 8 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16};
     },
     [](int g, int t, int i) { return Place{i < 4 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16, g}; }},
    {"m16n8k32.row.col.satfinite.s32.u8.u8.s32", "u8", 32, 16, 8,
     [](int g, int t, int i) {
       return Place{i < 4 || (i >= 8 && i < 12) ? g : g + 8, i < 8 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16};
     },
     [](int g, int t, int i) { return Place{i < 4 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16, g}; }},
};

int bits_of(std::string_view type) { return type == "tf32" ? 32 : type.ends_with("8") ? 8 : 16; }

// Small integers, which every type holds exactly.
uint64_t bits_for(std::string_view type, int value) {
  if (type == "f16") return to_half(value);
  if (type == "bf16") return to_bfloat(value);
  if (type == "tf32") return std::bit_cast<uint32_t>(static_cast<float>(value)) | 0x1FFF;  // Which must not count.
  return static_cast<uint8_t>(value);
}

class Matrix : public testing::TestWithParam<MatrixCase> {};

TEST_P(Matrix, MultipliesWhatTheLanesHold) {
  const MatrixCase& test = GetParam();
  std::mt19937 random(3);
  const int least = test.type == "u8" ? 0 : -4;
  const auto draw = [&] { return static_cast<int>(random() % 8) + least; };
  std::vector<int> a(static_cast<size_t>(16 * test.depth));
  std::vector<int> b(static_cast<size_t>(test.depth * 8));
  for (int& value : a) value = draw();
  for (int& value : b) value = draw();
  const int per_register = 32 / bits_of(test.type);
  const size_t registers_a = static_cast<size_t>(test.elements_a / per_register);
  const size_t registers_b = static_cast<size_t>(test.elements_b / per_register);
  std::vector<uint64_t> in;  // For each lane its registers of A and of B, and space up to eight.
  for (int lane = 0; lane < 32; ++lane) {
    std::vector<uint64_t> registers(8);
    for (int i = 0; i < test.elements_a; ++i) {
      const Place place = test.a(lane / 4, lane % 4, i);
      registers[static_cast<size_t>(i / per_register)] |=
          bits_for(test.type, a[static_cast<size_t>(place.row * test.depth + place.column)])
          << (i % per_register * bits_of(test.type));
    }
    for (int i = 0; i < test.elements_b; ++i) {
      const Place place = test.b(lane / 4, lane % 4, i);
      registers[registers_a + static_cast<size_t>(i / per_register)] |=
          bits_for(test.type, b[static_cast<size_t>(place.row * 8 + place.column)])
          << (i % per_register * bits_of(test.type));
    }
    in.insert(in.end(), registers.begin(), registers.end());
  }
  const bool half = test.name.find(".f16.f16.f16.f16") != std::string_view::npos;
  const bool integer = test.name.find("s32") != std::string_view::npos;
  const std::string_view addend = half ? "0x3C003C00" : integer ? "1" : "0f3F800000";
  std::string body = "mad.lo.u64 %d1, %d0, 8, %in; mad.lo.u64 %d2, %d0, 4, %out;";
  std::string list_a;
  std::string list_b;
  for (size_t i = 0; i < registers_a + registers_b; ++i) {
    body += fmt::format("ld.global.b32 %r{}, [%d1 + {}];", i + 1, 8 * i);
    (i < registers_a ? list_a : list_b) += fmt::format("{}%r{}", i == 0 || i == registers_a ? "" : ", ", i + 1);
  }
  body += fmt::format("mov.b32 %r20, {0}; mov.b32 %r21, {0}; mov.b32 %r22, {0}; mov.b32 %r23, {0};", addend);
  const std::string_view list_c = half ? "%r20, %r21" : "%r20, %r21, %r22, %r23";
  body += fmt::format("mma.sync.aligned.{} {{{}}}, {{{}}}, {{{}}}, {{{}}};", test.name, list_c, list_a, list_b, list_c);
  body += "st.global.v4.b32 [%d2], {%r20, %r21, %r22, %r23}; st.global.v2.b64 [%d2 + 16], {0, 0};";

  TestDevice device;
  ASSERT_EQ(device.load(kernel_text(body)), "");
  const uint64_t out = device.allocate(32 * 32);
  ASSERT_EQ(device.launch("k", {.threads = 32}, Parameters(device.upload(in), out)), "");
  const std::vector<uint32_t> results = device.download<uint32_t>(out, 32 * 8);
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const int row = i < 2 ? lane / 4 : lane / 4 + 8;
      const int column = lane % 4 * 2 + (i & 1);
      int expected = 1;
      for (int k = 0; k < test.depth; ++k) {
        expected += a[static_cast<size_t>(row * test.depth + k)] * b[static_cast<size_t>(k * 8 + column)];
      }
      const uint32_t* registers = &results[static_cast<size_t>(lane) * 8];
      const double result = half      ? from_half(static_cast<uint16_t>(registers[i / 2] >> (16 * (i & 1))))
                            : integer ? static_cast<int32_t>(registers[i])
                                      : std::bit_cast<float>(registers[i]);
      ASSERT_EQ(result, expected) << test.name << " row " << row << " column " << column;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Matrix, testing::ValuesIn(kCases), [](const auto& info) {
  std::string name(info.param.name);
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});

// Four tiles of 8 x 8 numbers, row by row, each 256 · tile + 8 · row + column.
TEST(Tiles, AreLoadedByRowsAndByColumns) {
  for (const bool transposed : {false, true}) {
    for (const int count : {1, 2, 4}) {
      const std::string_view registers = count == 1 ? "%r10" : count == 2 ? "%r10, %r11" : "%r10, %r11, %r12, %r13";
      const std::string body = fmt::format(
          R"(.shared .align 16 .b8 tiles[512];
          mul.lo.u32 %r1, %r0, 16; mov.u32 %r2, tiles; add.u32 %r2, %r2, %r1;
          cvt.u64.u32 %d1, %r1; add.u64 %d1, %in, %d1;
          ld.global.v4.b32 {{%r4, %r5, %r6, %r7}}, [%d1];
          st.shared.v4.b32 [%r2], {{%r4, %r5, %r6, %r7}};
          bar.sync 0;
          mov.b32 %r10, 0; mov.b32 %r11, 0; mov.b32 %r12, 0; mov.b32 %r13, 0;
          ldmatrix.sync.aligned.m8n8.x{}{}.shared.b16 {{{}}}, [%r2];
          mad.lo.u64 %d2, %d0, 2, %out;
          st.global.v4.b32 [%d2], {{%r10, %r11, %r12, %r13}};)",
          count, transposed ? ".trans" : "", registers);
      TestDevice device;
      ASSERT_EQ(device.load(kernel_text(body)), "");
      std::vector<uint16_t> numbers(256);
      for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<uint16_t>(i / 64 * 256 + i % 64);
      const uint64_t out = device.allocate(512);
      ASSERT_EQ(device.launch("k", {.threads = 32}, Parameters(device.upload(numbers), out)), "");
      const std::vector<uint16_t> results = device.download<uint16_t>(out, 256);
      for (int lane = 0; lane < 32; ++lane) {
        for (int tile = 0; tile < count; ++tile) {
          for (int j = 0; j < 2; ++j) {
            const int row = transposed ? lane % 4 * 2 + j : lane / 4;
            const int column = transposed ? lane / 4 : lane % 4 * 2 + j;
            EXPECT_EQ(results[static_cast<size_t>(lane * 8 + tile * 2 + j)], tile * 256 + row * 8 + column);
          }
        }
      }
    }
  }
}

TEST(Tiles, AreStoredAsTheyWouldBeLoaded) {
  const std::string body = R"(.shared .align 16 .b8 tiles[256];
    mul.lo.u32 %r1, %r0, 16; mov.u32 %r2, tiles; add.u32 %r2, %r2, %r1;
    mul.lo.u32 %r3, %r0, 4; mov.u32 %r4, tiles; add.u32 %r4, %r4, %r3;
    add.u32 %r5, %r0, 1000;
    stmatrix.sync.aligned.m8n8.x2.shared.b16 [%r2], {%r0, %r5};
    bar.sync 0;
    ld.shared.b32 %r6, [%r4]; ld.shared.b32 %r7, [%r4+128];
    mov.b64 %d1, {%r6, %r7}; add.u64 %d2, %out, %d0; st.global.b64 [%d2], %d1;)";
  const Answer answer = run_body(body, {}, 32);
  EXPECT_EQ(answer.message, "");
  for (uint64_t lane = 0; lane < answer.values.size(); ++lane)
    EXPECT_EQ(answer.values[lane], (lane + 1000) << 32 | lane);
}

TEST(MatrixProduct, WantsAWholeWarp) {
  const std::string body =
      "mov.b32 %r1, 0; mov.b32 %r2, 0; mov.b32 %r3, 0; mov.b32 %r4, 0;"
      "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%r1, %r2, %r3, %r4}, {%r1, %r2}, {%r3}, "
      "{%r1, %r2, %r3, %r4};";
  EXPECT_EQ(run_body(body, {}, 32).message, "");
  EXPECT_NE(run_body(body, {}, 31).message.find("for whole warps is run by lanes 0x7fffffff only"), std::string::npos);
}

}  // namespace
}  // namespace hearth::ptx
