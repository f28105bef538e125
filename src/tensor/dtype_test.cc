#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "hearth/tensor.h"
#include "tensor/visit_dtype.h"

namespace hearth {
namespace {

struct Facts {
  int32_t value;  ///< PyTorch's number.
  const char* name;
  int bits;
  int visited_bytes;  ///< Of the C++ type; 0: not visited.
};

constexpr std::array kFacts{
    Facts{0, "uint8", 8, 1},
    Facts{1, "int8", 8, 1},
    Facts{2, "int16", 16, 2},
    Facts{3, "int32", 32, 4},
    Facts{4, "int64", 64, 8},
    Facts{5, "float16", 16, 2},
    Facts{6, "float32", 32, 4},
    Facts{7, "float64", 64, 8},
    Facts{9, "complex64", 64, 0},
    Facts{10, "complex128", 128, 0},
    Facts{11, "bool", 8, 1},
    Facts{15, "bfloat16", 16, 2},
    Facts{27, "uint16", 16, 2},
    Facts{28, "uint32", 32, 4},
    Facts{29, "uint64", 64, 8},
    Facts{40, "int4", 4, 0},
    Facts{23, "float8_e5m2", 8, 0},
    Facts{24, "float8_e4m3fn", 8, 0},
    Facts{25, "float8_e5m2fnuz", 8, 0},
    Facts{26, "float8_e4m3fnuz", 8, 0},
    Facts{44, "float8_e8m0fnu", 8, 0},
};

TEST(DType, HasPyTorchsNumberNameAndSize) {
  for (const Facts& facts : kFacts) {
    const auto dtype = static_cast<DType>(facts.value);
    EXPECT_TRUE(is_dtype(facts.value)) << facts.name;
    EXPECT_EQ(dtype_name(dtype), facts.name);
    EXPECT_EQ(dtype_bits(dtype), facts.bits) << facts.name;
    ASSERT_TRUE(parse_dtype(facts.name).ok());
    EXPECT_EQ(*parse_dtype(facts.name), dtype);
  }
}

TEST(DType, IsNothingElse) {
  for (int32_t value = -2; value < 64; ++value) {
    if (std::ranges::any_of(kFacts, [&](const Facts& facts) { return facts.value == value; })) continue;
    EXPECT_FALSE(is_dtype(value)) << value;
    EXPECT_EQ(dtype_bits(static_cast<DType>(value)), 0);
    EXPECT_EQ(dtype_name(static_cast<DType>(value)), "unknown");
  }
  for (const char* name : {"", "float", "Float32", "float32 ", "unknown"}) {
    ASSERT_FALSE(parse_dtype(name).ok()) << name;
    EXPECT_EQ(parse_dtype(name).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(DType, VisitGivesATypeOfItsSize) {
  for (const Facts& facts : kFacts) {
    const Result<int> bytes = visit_real_dtype(static_cast<DType>(facts.value),
                                               []<typename T>(TypeTag<T>) -> Result<int> { return int{sizeof(T)}; });
    EXPECT_EQ(bytes.ok(), facts.visited_bytes > 0) << facts.name;
    if (bytes.ok()) {
      EXPECT_EQ(*bytes, facts.visited_bytes) << facts.name;
    } else {
      EXPECT_NE(bytes.status().message().find(facts.name), std::string::npos) << bytes.status().message();
    }
  }
}

}  // namespace
}  // namespace hearth
