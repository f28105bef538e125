#include "hearth/tensor.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "base/testing/sanitizers.h"
#include "tensor/layout.h"
#include "tensor/testing/make_tensor.h"

namespace hearth {
namespace {

using testing::make_tensor;
using testing::Sizes;

constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

Sizes sizes_of(std::span<const int64_t> sizes) { return {sizes.begin(), sizes.end()}; }

TEST(Tensor, EmptyIsDenseAndAligned) {
  struct Case {
    DType dtype;
    Sizes shape;
    Sizes strides;
    int64_t elements;
    size_t bytes;
  };
  const Case cases[] = {{DType::kFloat32, {}, {}, 1, 4},
                        {DType::kFloat32, {2, 3, 4}, {12, 4, 1}, 24, 96},
                        {DType::kBool, {5}, {1}, 5, 5},
                        {DType::kComplex128, {3, 1}, {1, 1}, 3, 48},
                        {DType::kBFloat16, {2, 0, 3}, {3, 3, 1}, 0, 0},
                        {DType::kInt4, {6}, {1}, 6, 3},
                        {DType::kInt4, {7}, {1}, 7, 4},
                        {DType::kInt4, {0}, {1}, 0, 0}};
  for (const Case& c : cases) {
    const Result<Tensor> tensor = Tensor::empty(c.dtype, c.shape);
    ASSERT_TRUE(tensor.ok()) << tensor.status().message();
    SCOPED_TRACE(describe(*tensor));
    EXPECT_EQ(tensor->dtype(), c.dtype);
    EXPECT_EQ(sizes_of(tensor->shape()), c.shape);
    EXPECT_EQ(sizes_of(tensor->strides()), c.strides);
    EXPECT_EQ(tensor->element_count(), c.elements);
    EXPECT_EQ(tensor->byte_count(), c.bytes);
    EXPECT_EQ(tensor->storage()->size(), c.bytes);
    EXPECT_TRUE(tensor->is_contiguous());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor->data()) % 64, 0U);
  }
}

TEST(Tensor, RefusesWhatIsNoLayout) {
  struct Case {
    Sizes shape;
    Sizes strides;
    StatusCode code;
    const char* message;
  };
  const Case cases[] = {
      {{-1}, {1}, StatusCode::kInvalidArgument, "negative size"},
      {{2, std::numeric_limits<int64_t>::min()}, {1, 1}, StatusCode::kInvalidArgument, "negative size"},
      {{2, 3}, {1, -2}, StatusCode::kInvalidArgument, "have a negative one"},
      {{2, 3}, {1}, StatusCode::kInvalidArgument, "2 sizes came with 1 strides"},
      {Sizes(17, 1), Sizes(17, 1), StatusCode::kInvalidArgument, "rank 17"},
      {{kHuge}, {1}, StatusCode::kOutOfMemory, "larger than memory can be"},
      {{2}, {kHuge}, StatusCode::kOutOfMemory, "larger than memory can be"},
      {{kHuge, kHuge}, {kHuge, kHuge}, StatusCode::kOutOfMemory, "larger than memory can be"},
      {{kHuge, kHuge}, {0, 0}, StatusCode::kOutOfMemory, "larger than memory can be"},
      {{kHuge, kHuge, 0}, {0, 0, 0}, StatusCode::kOutOfMemory, "larger than memory can be"},
      {{int64_t{1} << 61}, {1}, StatusCode::kOutOfMemory, "larger than memory can be"},
  };
  for (const Case& c : cases) {
    const auto tensor = Tensor::empty_strided(DType::kFloat32, c.shape, c.strides);
    ASSERT_FALSE(tensor.ok()) << describe_shape(c.shape);
    EXPECT_EQ(tensor.status().code(), c.code) << tensor.status().message();
    EXPECT_NE(tensor.status().message().find(c.message), std::string::npos) << tensor.status().message();
  }
  EXPECT_EQ(Tensor::empty(static_cast<DType>(8), Sizes{1}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Tensor::empty(DType::kFloat32, Sizes{-1, kHuge}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Tensor::empty(DType::kFloat32, Sizes{kHuge, 4, 0}).status().code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(Tensor::empty(DType::kFloat32, Sizes(17, 1)).status().code(), StatusCode::kInvalidArgument);
}

TEST(Tensor, SaysWhenMemoryCannotBeHad) {
  if (testing::kSanitized) GTEST_SKIP() << "sanitizers end the process instead";
  const auto tensor = Tensor::empty(DType::kFloat32, Sizes{int64_t{1} << 58});
  ASSERT_FALSE(tensor.ok());
  EXPECT_EQ(tensor.status().code(), StatusCode::kOutOfMemory);
  EXPECT_NE(tensor.status().message().find("cannot be had"), std::string::npos) << tensor.status().message();
}

TEST(Tensor, ViewsStayInsideTheirStorage) {
  struct Case {
    DType dtype;
    Sizes shape;
    Sizes strides;
    int64_t offset;
    bool good;
  };
  // The storage has 48 bytes: 12 floats, 96 packed elements.
  const Case cases[] = {{DType::kFloat32, {3, 4}, {4, 1}, 0, true},
                        {DType::kFloat32, {4, 3}, {1, 4}, 0, true},
                        {DType::kFloat32, {2, 4}, {4, 1}, 4, true},
                        {DType::kFloat32, {2, 4}, {4, 1}, 5, false},
                        {DType::kFloat32, {}, {}, 11, true},
                        {DType::kFloat32, {}, {}, 12, false},
                        {DType::kFloat32, {5, 12}, {0, 1}, 0, true},
                        {DType::kFloat32, {5, 12}, {1, 1}, 0, false},
                        {DType::kFloat32, {0}, {1}, 12, true},
                        {DType::kFloat32, {0, 7}, {100, 100}, 0, true},
                        {DType::kFloat32, {1}, {1}, -1, false},
                        {DType::kFloat32, {1}, {1}, kHuge, false},
                        {DType::kFloat32, {int64_t{1} << 40, int64_t{1} << 40}, {0, 0}, 0, false},
                        {DType::kFloat32, {0, kHuge, kHuge}, {0, 0, 0}, 0, false},
                        {DType::kInt4, {96}, {1}, 0, true},
                        {DType::kInt4, {97}, {1}, 0, false},
                        {DType::kInt4, {94}, {1}, 2, true},
                        {DType::kInt4, {93}, {1}, 3, false}};
  const Tensor owner = Tensor::empty(DType::kUInt8, Sizes{48}).value();
  for (const Case& c : cases) {
    const auto view = Tensor::view(owner.storage(), c.dtype, c.shape, c.strides, c.offset);
    EXPECT_EQ(view.ok(), c.good) << dtype_name(c.dtype) << describe_shape(c.shape) << " at " << c.offset;
    if (!view.ok()) {
      EXPECT_EQ(view.status().code(), StatusCode::kInvalidArgument);
      continue;
    }
    const auto* first = static_cast<const std::byte*>(owner.data()) + c.offset * dtype_bits(c.dtype) / 8;
    EXPECT_EQ(view->data(), first);
  }
  EXPECT_FALSE(Tensor::view(StorageRef(), DType::kFloat32, Sizes{}, Sizes{}, 0).ok());
  // The imaginary parts of no numbers begin at element 1 of nothing.
  const auto nothing = Tensor::view(owner.storage(), DType::kFloat32, Sizes{0, 2}, Sizes{2, 1}, 13);
  ASSERT_TRUE(nothing.ok());
  EXPECT_EQ(nothing->offset(), 0);
}

TEST(Tensor, BorrowUsesTheCallersMemory) {
  std::array<float, 6> values{0, 1, 2, 3, 4, 5};
  const auto tensor = Tensor::borrow(DType::kFloat32, Sizes{2, 3}, values.data());
  ASSERT_TRUE(tensor.ok());
  tensor->data_as<float>()[4] = 9;
  EXPECT_EQ(values[4], 9);
  EXPECT_FALSE(Tensor::borrow(DType::kFloat32, Sizes{2}, nullptr).ok());
  EXPECT_TRUE(Tensor::borrow(DType::kFloat32, Sizes{0}, nullptr).ok());
  EXPECT_FALSE(Tensor::borrow(DType::kFloat32, Sizes{kHuge, kHuge}, values.data()).ok());
  EXPECT_FALSE(Tensor::borrow(DType::kFloat32, Sizes{-1}, values.data()).ok());
  EXPECT_FALSE(Tensor::borrow(static_cast<DType>(99), Sizes{1}, values.data()).ok());
}

TEST(Tensor, CopiesShareTheBytesUntilTheLastIsGone) {
  class Counted final : public Storage {
   public:
    Counted(std::byte* data, size_t size, int& disposed) : Storage(data, size, true), disposed_(disposed) {}

   private:
    void dispose() override {
      ++disposed_;
      delete this;
    }
    int& disposed_;
  };
  std::array<std::byte, 8> bytes{};
  int disposed = 0;
  {
    Tensor kept;
    {
      const StorageRef storage(new Counted(bytes.data(), bytes.size(), disposed));
      const Tensor first = Tensor::view(storage, DType::kUInt8, Sizes{8}, Sizes{1}, 0).value();
      const Tensor second = first;
      kept = second;
      EXPECT_TRUE(kept.storage()->is_constant());
    }
    EXPECT_EQ(disposed, 0);
    const Tensor moved = std::move(kept);
    EXPECT_EQ(moved.data(), bytes.data());
  }
  EXPECT_EQ(disposed, 1);
}

TEST(Tensor, DescribesItself) {
  EXPECT_EQ(describe(Tensor()), "undefined");
  EXPECT_FALSE(Tensor().defined());
  EXPECT_EQ(Tensor().data(), nullptr);
  EXPECT_EQ(describe(make_tensor<float>(DType::kFloat32, {1, 2}, {1, 2})), "float32[1, 2]");
  EXPECT_EQ(describe(make_tensor<float>(DType::kFloat32, {}, {1})), "float32[]");
}

TEST(Layout, ExtentReachesTheLastElement) {
  constexpr uint32_t kSeed = 7;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937 random(kSeed);
  for (int round = 0; round < 500; ++round) {
    const Sizes shape = testing::random_shape(random);
    Sizes strides(shape.size());
    for (int64_t& stride : strides) stride = static_cast<int64_t>(random() % 9);
    int64_t extent = 0;
    testing::for_each_index(shape, [&](std::span<const int64_t> index) {
      extent = std::max(extent, testing::offset_of(index, strides) + 1);
    });
    EXPECT_EQ(element_extent(shape, strides).as<int64_t>(), extent) << describe_shape(shape) << describe_shape(strides);
  }
}

TEST(Layout, PackedElementsRoundUpToBytes) {
  EXPECT_EQ(elements_to_bytes(0, DType::kInt4).get(), 0U);
  EXPECT_EQ(elements_to_bytes(1, DType::kInt4).get(), 1U);
  EXPECT_EQ(elements_to_bytes(3, DType::kInt4).get(), 2U);
  EXPECT_EQ(elements_to_bytes(3, DType::kFloat64).get(), 24U);
  EXPECT_FALSE(elements_to_bytes(CheckedSize(-1), DType::kInt8).valid());
  EXPECT_FALSE(elements_to_bytes(std::numeric_limits<uint64_t>::max(), DType::kInt8).valid());
}

TEST(Layout, DenseStridesFollowTheOrderOfDimensions) {
  const Sizes shape{2, 3, 0, 5};
  Sizes strides(4);
  row_major_strides(shape, strides);
  EXPECT_EQ(strides, (Sizes{15, 5, 5, 1}));
  const std::array order{0, 2, 3, 1};
  dense_strides(shape, order, strides);
  EXPECT_EQ(strides, (Sizes{15, 1, 15, 3}));
}

TEST(Layout, SameLayoutIgnoresWhatIsNeverStepped) {
  EXPECT_TRUE(same_layout(Sizes{2, 1, 3}, Sizes{3, 3, 1}, Sizes{3, 99, 1}));
  EXPECT_FALSE(same_layout(Sizes{2, 1, 3}, Sizes{3, 3, 1}, Sizes{1, 3, 2}));
  EXPECT_TRUE(same_layout(Sizes{2, 0}, Sizes{1, 1}, Sizes{8, 9}));
  EXPECT_TRUE(same_layout(Sizes{}, Sizes{}, Sizes{}));
}

}  // namespace
}  // namespace hearth
