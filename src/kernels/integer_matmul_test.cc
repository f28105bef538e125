#include "kernels/integer_matmul.h"

#include "kernels/cpu/kernel_test_support.h"
#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

template <class Byte>
Tensor bytes(uint32_t seed, int64_t rows, int64_t columns, bool transposed, DType dtype) {
  const Tensor made = *Tensor::empty(dtype, transposed ? std::vector{columns, rows} : std::vector{rows, columns});
  for (int64_t i = 0; i < made.element_count(); ++i) {
    seed = seed * 1664525U + 1013904223U;
    made.data_as<Byte>()[i] = static_cast<Byte>(seed >> 24);
  }
  return transposed ? permuted(made, {1, 0}) : made;
}

TEST(IntegerMatmul, MatchesTheReference) {
  struct Case {
    int64_t rows, depth, columns;
  };
  uint32_t seed = 1;
  for (const Case& c : {Case{1, 1, 1}, {17, 33, 19}, {3, 128, 256}, {70, 7, 5}, {1, 300, 40}, {0, 4, 4}, {4, 0, 4}}) {
    for (const bool is_signed : {false, true}) {
      for (const bool transposed : {false, true}) {
        SCOPED_TRACE(testing::Message() << c.rows << " x " << c.depth << " x " << c.columns << ", " << is_signed);
        const Tensor a = is_signed ? bytes<int8_t>(++seed, c.rows, c.depth, transposed, DType::kInt8)
                                   : bytes<uint8_t>(++seed, c.rows, c.depth, transposed, DType::kUInt8);
        const Tensor b = bytes<int8_t>(++seed, c.depth, c.columns, !transposed, DType::kInt8);
        const Tensor expected = *Tensor::empty(DType::kInt32, std::vector{c.rows, c.columns});
        TestContext one(1);
        ASSERT_TRUE(reference::integer_matmul(one.get(), expected, a, b).ok());
        for_each_path([&](const KernelContext& context, uint32_t) {
          const Tensor out = *Tensor::empty(DType::kInt32, std::vector{c.rows, c.columns});
          const Status done = integer_matmul(context, out, a, b);
          ASSERT_TRUE(done.ok()) << done.message();
          for (int64_t i = 0; i < out.element_count(); ++i) {
            ASSERT_EQ(out.data_as<int32_t>()[i], expected.data_as<int32_t>()[i]) << "at " << i;
          }
        });
      }
    }
  }
}

TEST(IntegerMatmul, MultipliesAndRefuses) {
  TestContext context(1);
  const Tensor a = tensor<int8_t>({2, 2}, {127, -128, 1, 2});
  const Tensor b = permuted(tensor<int8_t>({1, 2}, {-128, -128}), {1, 0});
  const Tensor out = *Tensor::empty(DType::kInt32, std::vector<int64_t>{2, 1});
  ASSERT_TRUE(integer_matmul(context.get(), out, a, b).ok());
  expect_tensor<int32_t>(out, {2, 1}, {128, -384});
  expect_refused(integer_matmul(context.get(), a, a, b), "expected int32");
  expect_refused(integer_matmul(context.get(), out, out, b), "self is int32");
}

}  // namespace
}  // namespace hearth
