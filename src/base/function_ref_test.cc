#include "base/function_ref.h"

#include <gtest/gtest.h>

#include <memory>

namespace hearth {
namespace {

int apply(FunctionRef<int(int)> function, int value) { return function(value); }

TEST(FunctionRef, CallsWhatItBorrows) {
  int calls = 0;
  const auto twice = [&calls](int value) {
    ++calls;
    return 2 * value;
  };
  EXPECT_EQ(apply(twice, 4), 8);
  EXPECT_EQ(apply([](int value) { return value + 1; }, 4), 5);
  EXPECT_EQ(calls, 1);
}

TEST(FunctionRef, ChangesTheStateOfItsCallable) {
  auto counter = [count = 0](int step) mutable { return count += step; };
  const FunctionRef<int(int)> reference = counter;
  const FunctionRef<int(int)> copy = reference;
  EXPECT_EQ(reference(2), 2);
  EXPECT_EQ(copy(3), 5);
  EXPECT_EQ(counter(0), 5);
}

TEST(FunctionRef, MovesArgumentsThrough) {
  const auto take = [](std::unique_ptr<int> value) { return *value; };
  const FunctionRef<int(std::unique_ptr<int>)> reference = take;
  EXPECT_EQ(reference(std::make_unique<int>(9)), 9);
  int target = 0;
  const auto set = [](int& place) { place = 4; };
  FunctionRef<void(int&)>{set}(target);
  EXPECT_EQ(target, 4);
}

}  // namespace
}  // namespace hearth
