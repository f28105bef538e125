#include "model/sequence.h"

#include <gtest/gtest.h>

#include <array>

#include "base/errors.h"
#include "hal/device.h"

namespace hearth {
namespace {

class SequenceTest : public testing::Test {
 protected:
  /// What a run does to the sequence before it ends.
  void append(Sequence& sequence, int64_t tokens) {
    const Tensor rows = *Tensor::empty(DType::kFloat32, std::array{tokens, int64_t{2}, int64_t{4}});
    ASSERT_TRUE(sequence.check().ok());
    sequence.begin_run();
    ASSERT_TRUE(sequence.cache().append(*pool_, 0, rows, rows).ok());
  }

  std::shared_ptr<MemoryPool> pool_ = MemoryPool::create(*open_device("cpu"));
};

TEST_F(SequenceTest, IsAsBeforeAfterARunThatFailed) {
  for (const StatusCode code : {StatusCode::kFailed, StatusCode::kOutOfMemory, StatusCode::kInvalidArgument}) {
    Sequence sequence;
    append(sequence, 3);
    sequence.end_run({});
    append(sequence, 5);
    sequence.end_run({code, "no"});
    EXPECT_EQ(sequence.cache().length(), 3);
    append(sequence, 2);
    sequence.end_run({});
    EXPECT_EQ(sequence.cache().length(), 5);
    EXPECT_TRUE(sequence.rewind(1).ok());
  }
}

void expect_in_doubt(Sequence& sequence, const std::string& why) {
  for (const Status& refused : {sequence.check(), sequence.rewind(0)}) {
    EXPECT_EQ(refused.code(), StatusCode::kFailed);
    EXPECT_NE(refused.message().find(why), std::string::npos) << refused.message();
    EXPECT_NE(refused.message().find("go on with a new session"), std::string::npos) << refused.message();
  }
}

TEST_F(SequenceTest, IsInDoubtAfterABug) {
  Sequence sequence;
  append(sequence, 3);
  sequence.end_run({StatusCode::kInternal, "pages are missing"});
  expect_in_doubt(sequence, "failed with 'pages are missing'");
  Sequence copy = sequence;
  expect_in_doubt(copy, "failed with 'pages are missing'");
}

TEST_F(SequenceTest, IsInDoubtWhenNobodyEndedARun) {
  Sequence sequence;
  append(sequence, 3);
  expect_in_doubt(sequence, "did not come to its end");
}

}  // namespace
}  // namespace hearth
