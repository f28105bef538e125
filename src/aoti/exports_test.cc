#include "aoti/exports.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string>
#include <unordered_set>

#include "aoti/import_gate.h"

namespace hearth {
namespace {

TEST(Exports, AreThereOnceEach) {
  std::unordered_set<std::string_view> names;
  for (const ExportedFunction& function : exported_functions()) {
    EXPECT_NE(function.address, nullptr) << function.name;
    EXPECT_TRUE(names.insert(function.name).second) << function.name << " is listed twice";
  }
  EXPECT_GT(names.size(), 200U);
}

/// Models look them up as the dynamic loader does, not in the table.
TEST(Exports, AreFoundByTheLoader) {
  for (const ExportedFunction& function : exported_functions()) {
    EXPECT_EQ(dlsym(RTLD_DEFAULT, std::string(function.name).c_str()), reinterpret_cast<void*>(function.address))
        << function.name;
  }
}

TEST(Exports, AreWhatTheGateLetsThrough) {
  for (const ExportedFunction& function : exported_functions()) {
    EXPECT_TRUE(is_exported(function.name) && is_allowed_import(function.name)) << function.name;
  }
  EXPECT_FALSE(is_exported("aoti_torch_cpu_no_such_function"));
  EXPECT_FALSE(is_exported(""));
}

TEST(Exports, IncludeVectorMathsOfThisMachine) {
  EXPECT_TRUE(is_exported("Sleef_expf4_u10"));
#if defined(__x86_64__)
  EXPECT_TRUE(is_exported("Sleef_expf8_u10"));
  EXPECT_TRUE(is_exported("Sleef_expf16_u10"));
#else
  EXPECT_FALSE(is_exported("Sleef_expf8_u10"));
#endif
}

}  // namespace
}  // namespace hearth
