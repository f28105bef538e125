#include "text/tokenizer/white_space.h"

#include <gtest/gtest.h>

namespace hearth::tokenizer {
namespace {

TEST(WhiteSpace, StripsWhiteSpaceOfAllSorts) {
  EXPECT_EQ(without_leading_space(" \t\u00A0\u3000a b "), "a b ");
  EXPECT_EQ(without_trailing_space(" a b\u2028\r\n\u0085"), " a b");
  EXPECT_EQ(without_trailing_space("\u2003\u2003"), "");
  EXPECT_EQ(without_leading_space("\u200B"), "\u200B");
}

}  // namespace
}  // namespace hearth::tokenizer
