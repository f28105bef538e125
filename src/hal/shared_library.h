#pragma once

#include <string>

#include "hearth/status.h"

namespace hearth {

/// A library of the system that is opened while the program runs, under the system's rules for finding it. Never
/// closed: drivers start threads of their own.
class SharedLibrary {
 public:
  /// kNotFound when there is no such library; kUnavailable, with the system's words, when it cannot be opened.
  static Result<SharedLibrary> open(const std::string& name);
  /// The address of an exported symbol, null when it has none.
  void* symbol(const char* name) const;

 private:
  explicit SharedLibrary(void* handle) : handle_(handle) {}
  void* handle_;
};

/// Where the program or the library lies that holds this code; empty when the system does not say.
std::string path_of_this_library();

}  // namespace hearth
