#include "text/grammar/json_value.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

TEST(JsonValue, WritesWhatItRead) {
  for (const char* json : {R"({"b":1,"a":[true,false,null,-2.5,"x\"\\\n\u0001é"]})", "[]", "{}", "[[],{}]",
                           "18446744073709551615", "\"\""}) {
    const Result<JsonValue> value = parse_json(json);
    ASSERT_TRUE(value.ok()) << value.status().message();
    EXPECT_EQ(value->to_json(), json);
  }
  EXPECT_EQ(parse_json("1.0")->to_json(), "1");
  EXPECT_EQ(parse_json("1e3")->to_json(), "1000");
}

TEST(JsonValue, ComparesAsJsonSchemaDoes) {
  EXPECT_TRUE(equal(*parse_json(R"({"a":1,"b":[2.0]})"), *parse_json(R"({"b":[2],"a":1.0})")));
  EXPECT_FALSE(equal(*parse_json("[1,2]"), *parse_json("[2,1]")));
  EXPECT_FALSE(equal(*parse_json("0"), *parse_json("false")));
  EXPECT_FALSE(equal(*parse_json("\"1\""), *parse_json("1")));
}

TEST(JsonValue, RefusesWhatIsNotJsonOrAmbiguous) {
  for (const char* json : {"", "{", "[1,]", "nul", "\"\xff\"", R"({"a":1,"a":1})", "100000000000000000000000"}) {
    EXPECT_EQ(parse_json(json).status().code(), StatusCode::kInvalidArgument) << json;
  }
  EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']')).ok());
}

}  // namespace
}  // namespace hearth
