#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hearth/export.h"

namespace hearth {

/// What went wrong, by who can mend it.
enum class StatusCode : unsigned char {
  kOk = 0,
  kInvalidArgument,   ///< The caller passed something wrong: change the call.
  kNotFound,          ///< A file, method or record that was named does not exist.
  kPermissionDenied,  ///< The system refuses access to a file.
  kInvalidFile,       ///< A file's bytes are not what they claim to be: export or copy it again.
  kUnavailable,       ///< The device, target or processor feature is not on this machine.
  kOutOfMemory,       ///< An allocation failed; nothing was changed.
  kFailed,            ///< The model failed while it ran.
  kInternal,          ///< A bug in Hearth.
};

/// The code's name as printed in messages and JSON, for example "invalid_argument".
HEARTH_API std::string_view status_code_name(StatusCode code);

/// Success, or a code with a message that says what, where and what to do next. Movable and copyable; success costs one
/// null pointer.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message)
      : error_(code == StatusCode::kOk ? nullptr : std::make_unique<Error>(Error{code, std::move(message)})) {}
  Status(const Status& other) : error_(other.error_ ? std::make_unique<Error>(*other.error_) : nullptr) {}
  Status& operator=(const Status& other) {
    if (this != &other) error_ = other.error_ ? std::make_unique<Error>(*other.error_) : nullptr;
    return *this;
  }
  Status(Status&&) = default;
  Status& operator=(Status&&) = default;

  bool ok() const { return error_ == nullptr; }
  StatusCode code() const { return error_ ? error_->code : StatusCode::kOk; }
  const std::string& message() const {
    static const std::string empty;
    return error_ ? error_->message : empty;
  }
  /// This status with "context: " before its message; success stays success.
  Status with_context(std::string_view context) const {
    return ok() ? Status() : Status(code(), std::string(context) + ": " + message());
  }

 private:
  struct Error {
    StatusCode code;
    std::string message;
  };
  std::unique_ptr<Error> error_;
};

/// A value of T, or the Status that says why there is none. Using the value of a failed Result is undefined: check
/// `ok()` first.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor): return value;
  Result(Status status) : status_(std::move(status)) {  // NOLINT(google-explicit-constructor): return status;
    if (status_.ok()) status_ = Status(StatusCode::kInternal, "a Result was made from a success without a value");
  }

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Status& status() const { return status_; }

  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return std::move(*value_); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return std::move(*value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace hearth
