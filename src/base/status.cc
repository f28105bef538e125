#include "hearth/status.h"

namespace hearth {

std::string_view status_code_name(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "ok";
    case StatusCode::kInvalidArgument:
      return "invalid_argument";
    case StatusCode::kNotFound:
      return "not_found";
    case StatusCode::kPermissionDenied:
      return "permission_denied";
    case StatusCode::kInvalidFile:
      return "invalid_file";
    case StatusCode::kUnavailable:
      return "unavailable";
    case StatusCode::kOutOfMemory:
      return "out_of_memory";
    case StatusCode::kFailed:
      return "failed";
    case StatusCode::kInternal:
      return "internal";
  }
  return "unknown";
}

}  // namespace hearth
