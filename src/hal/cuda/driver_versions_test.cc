#include "hal/cuda/driver_versions.h"

#include <gtest/gtest.h>

namespace hearth::cuda {
namespace {

TEST(DriverVersions, NameTheBranchAndThePtxOfACudaVersion) {
  struct Case {
    int cuda;
    const char* text;
    const char* branch;
    int ptx;
  };
  for (const Case& c :
       {Case{11020, "11.2", "460", 72}, Case{11080, "11.8", "520", 78}, Case{12040, "12.4", "550", 84},
        Case{12060, "12.6", "560", 85}, Case{12080, "12.8", "570", 87}, Case{13000, "13.0", "580", 90},
        // What is older, in between or newer than the table's.
        Case{10010, "10.1", "460", 72}, Case{12045, "12.4", "550", 84}, Case{15000, "15.0", "590", 91}}) {
    EXPECT_EQ(version_text(c.cuda), c.text);
    EXPECT_EQ(driver_branch(c.cuda), c.branch) << c.text;
    EXPECT_EQ(newest_ptx(c.cuda), c.ptx) << c.text;
  }
}

TEST(DriverVersions, NameTheFirstDriverThatReadsAPtxVersion) {
  for (const auto& [ptx, cuda] : {std::pair{62, 11020},
                                  {72, 11020},
                                  {79, 12000},
                                  {80, 12000},
                                  {84, 12040},
                                  {85, 12050},
                                  {87, 12080},
                                  {90, 13000},
                                  {91, 13010},
                                  {99, 0}}) {
    EXPECT_EQ(cuda_of_ptx(ptx), cuda) << ptx;
  }
}

}  // namespace
}  // namespace hearth::cuda
