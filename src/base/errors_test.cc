#include "base/errors.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/log.h"

namespace hearth {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return invalid_argument("{} is odd", value);
  return value / 2;
}

Status check_even(int value) {
  HEARTH_RETURN_IF_ERROR(half(value).status());
  return {};
}

Result<int> quarter(int value) {
  HEARTH_ASSIGN_OR_RETURN(const int once, half(value));
  HEARTH_ASSIGN_OR_RETURN(const int twice, half(once));
  return twice;
}

TEST(Status, HoldsACodeAndAMessage) {
  EXPECT_TRUE(Status().ok());
  EXPECT_EQ(Status().code(), StatusCode::kOk);
  EXPECT_EQ(Status().message(), "");
  EXPECT_TRUE(Status(StatusCode::kOk, "is dropped").ok());
  Status status = error(StatusCode::kNotFound, "there is no {} {}", 3, "here");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "there is no 3 here");
  EXPECT_EQ(status.with_context("room").message(), "room: there is no 3 here");
  EXPECT_EQ(status.with_context("room").code(), StatusCode::kNotFound);
  EXPECT_TRUE(Status().with_context("room").ok());
  const Status copy = status;
  status = Status();
  EXPECT_EQ(copy.message(), "there is no 3 here");
  EXPECT_TRUE(status.ok());
}

TEST(Status, NamesEveryCode) {
  const std::pair<StatusCode, std::string_view> names[] = {{StatusCode::kOk, "ok"},
                                                           {StatusCode::kInvalidArgument, "invalid_argument"},
                                                           {StatusCode::kNotFound, "not_found"},
                                                           {StatusCode::kPermissionDenied, "permission_denied"},
                                                           {StatusCode::kInvalidFile, "invalid_file"},
                                                           {StatusCode::kUnavailable, "unavailable"},
                                                           {StatusCode::kOutOfMemory, "out_of_memory"},
                                                           {StatusCode::kFailed, "failed"},
                                                           {StatusCode::kInternal, "internal"}};
  for (const auto& [code, name] : names) EXPECT_EQ(status_code_name(code), name);
  EXPECT_EQ(status_code_name(static_cast<StatusCode>(200)), "unknown");
}

TEST(Result, HoldsAValueOrAStatus) {
  Result<std::unique_ptr<int>> held = std::make_unique<int>(7);
  ASSERT_TRUE(held.ok());
  EXPECT_TRUE(held.status().ok());
  EXPECT_EQ(**held, 7);
  EXPECT_EQ(*std::move(held).value(), 7);
  const Result<int> none = unavailable("no {}", "device");
  EXPECT_FALSE(none.ok());
  EXPECT_EQ(none.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(none.status().message(), "no device");
}

TEST(Result, IsNeverASuccessWithoutAValue) {
  const Result<int> wrong{Status()};
  EXPECT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.status().code(), StatusCode::kInternal);
}

TEST(Errors, MacrosPassFailuresOn) {
  EXPECT_TRUE(check_even(4).ok());
  EXPECT_EQ(check_even(3).message(), "3 is odd");
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_EQ(quarter(5).status().message(), "5 is odd");
  EXPECT_EQ(quarter(6).status().message(), "3 is odd");
}

std::string logged(const char* level, const char* message) {
  setenv("HEARTH_LOG", level, 1);
  ::testing::internal::CaptureStderr();
  log_warning("{} of {}", message, 2);
  return ::testing::internal::GetCapturedStderr();
}

// The level is read once, so each is tried in a process of its own.
TEST(LogDeathTest, WarnsUnlessQuiet) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto exits_when = [](bool good) { std::_Exit(good ? 0 : 1); };
  EXPECT_EXIT(exits_when(logged("", "one") == "hearth: warning: one of 2\n"), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(exits_when(logged("quiet", "one").empty()), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace hearth
