#include "text/grammar/json_schema.h"

#include <gtest/gtest.h>

#include <string>

#include "text/grammar/json_text.h"
#include "text/grammar/matcher.h"

namespace hearth {
namespace {

bool fits(const Grammar& grammar, std::string_view text) {
  Result<GrammarMatcher> matcher = GrammarMatcher::create(grammar);
  EXPECT_TRUE(matcher.ok()) << matcher.status().message();
  return matcher.ok() && matcher->accept(text).ok() && matcher->is_complete();
}

struct Case {
  std::string_view schema;
  std::vector<std::string_view> valid;
  std::vector<std::string_view> invalid;
};

void expect(const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    const Result<Grammar> grammar = parse_json_schema(each.schema);
    ASSERT_TRUE(grammar.ok()) << each.schema << ": " << grammar.status().message();
    for (const std::string_view text : each.valid) EXPECT_TRUE(fits(*grammar, text)) << each.schema << " " << text;
    for (const std::string_view text : each.invalid) EXPECT_FALSE(fits(*grammar, text)) << each.schema << " " << text;
  }
}

TEST(JsonGrammar, TakesAnyValueOrObject) {
  const Grammar any = json_grammar(JsonRoot::kValue);
  for (const char* text :
       {"{}", "[]", "[1, 2,3]", "{\"a\": [true,false,null]}", "-0.5e+10", "\"\\u00e9\\ud83d\\ude00\\n\""}) {
    EXPECT_TRUE(fits(any, text)) << text;
  }
  for (const char* text :
       {"", "01", "1.", ".5", "[1,]", "{\"a\"}", "\"\\ud83d\"", "\"\n\"", "[1,  2]", " 1", "tru", "\"\xff\""}) {
    EXPECT_FALSE(fits(any, text)) << text;
  }
  EXPECT_FALSE(fits(json_grammar(JsonRoot::kObject), "1"));
  EXPECT_TRUE(fits(json_grammar(JsonRoot::kObject), "{\"a\":1}"));
}

TEST(JsonSchema, HoldsTypesAndValues) {
  expect({
      {"true", {"1", "{}"}, {}},
      {R"({"type":"integer"})", {"0", "-12"}, {"1.0", "01", "\"1\""}},
      {R"({"type":["string","null"]})", {"null", "\"\""}, {"1"}},
      {R"({"enum":[1,"a",{"b":[null]}]})", {"1", "\"a\"", R"({"b":[null]})"}, {"2"}},
      {R"({"const":"\"\n"})", {R"("\"\n")"}, {R"("")"}},
      {R"({"type":"string","enum":["a",1]})", {"\"a\""}, {"1"}},
      {R"({"enum":[1,5,9,"x"],"minimum":3})", {"5", "9", "\"x\""}, {"1"}},
      {R"({"const":1,"enum":[1,2]})", {"1"}, {"2"}},
  });
}

TEST(JsonSchema, HoldsBoundsOfNumbers) {
  expect({
      {R"({"type":"integer","minimum":-5,"maximum":123})", {"-5", "0", "9", "99", "123"}, {"-6", "124", "-0", "200"}},
      {R"({"type":"integer","exclusiveMinimum":0})", {"1", "10", "12345678901234567890"}, {"0", "-1"}},
      {R"({"type":"integer","maximum":-7})", {"-7", "-10", "-99999"}, {"-6", "7"}},
      {R"({"type":"integer","minimum":1.5,"exclusiveMaximum":4})", {"2", "3"}, {"1", "4"}},
      {R"({"type":"number","minimum":0.25,"maximum":10})",
       {"0.25", "0.3", "1", "9.99", "10", "10.0"},
       {"0.2", "10.01", "1e1"}},
      {R"({"type":"number","exclusiveMinimum":-1,"exclusiveMaximum":0.5})",
       {"-0.9", "0", "0.49", "0.0"},
       {"-1", "0.5", "-1.0", "-0", "0.50"}},
      {R"({"type":"number","minimum":0})", {"0", "0.5", "123.25"}, {"-1", "-0.1"}},
      {R"({"type":"number","maximum":-2.5})", {"-2.5", "-2.51", "-3", "-100.5"}, {"-2.4", "2.5", "0"}},
      {R"({"type":"integer","multipleOf":7})", {"0", "7", "-14", "700"}, {"8", "07"}},
      {R"({"multipleOf":5,"minimum":3,"maximum":12,"type":"number"})", {"5", "10"}, {"0", "15", "5.0"}},
  });
}

TEST(JsonSchema, HoldsStrings) {
  expect({
      {R"({"type":"string","minLength":2,"maxLength":3})",
       {"\"ab\"", "\"é😀x\"", R"("\u00e9\n")"},
       {"\"a\"", "\"abcd\""}},
      {R"({"type":"string","pattern":"^[a-z]+$"})", {"\"abc\""}, {"\"\"", "\"aB\""}},
      {R"({"type":"string","pattern":"b"})", {"\"abc\"", R"("\"b\\")"}, {"\"ac\""}},
      {R"({"type":"string","pattern":"^a+$","minLength":2,"maxLength":4})",
       {"\"aa\"", "\"aaaa\""},
       {"\"a\"", "\"aaaaa\""}},
      {R"({"allOf":[{"pattern":"a"},{"pattern":"b"}],"type":"string"})", {"\"xbya\""}, {"\"a\""}},
      {R"({"type":"string","format":"date"})",
       {"\"2024-02-29\"", "\"2000-02-29\""},
       {"\"2023-02-29\"", "\"1900-02-29\"", "\"2024-04-31\""}},
      {R"({"type":"string","format":"ipv6"})",
       {"\"::\"", "\"1::\"", "\"1:2:3:4:5:6:7:8\"", "\"1::8\""},
       {"\"1:2\"", "\":::\""}},
      {R"({"type":"string","format":"uri"})", {"\"http://a.b/c?d#e\"", "\"urn:isbn:1\""}, {"\"a b\"", "\"/a\""}},
      {R"({"type":"string","format":"whatever"})", {"\"x\""}, {}},
  });
}

TEST(JsonSchema, HoldsObjects) {
  expect({
      {R"({"type":"object","properties":{"a":{"type":"integer"},"b":true,"c":{"const":1}},"required":["b"]})",
       {R"({"b":null})", R"({"a":1,"b":2,"c":1})", R"({"a": 1, "b":[]})"},
       {"{}", R"({"a":1})", R"({"b":1,"a":1})", R"({"b":1,"z":1})", R"({"b":1,})"}},
      {R"({"type":"object","properties":{"a":{"const":1}},"additionalProperties":{"type":"null"}})",
       {R"({"a":1,"b":null,"":null,"aa":null})", R"({"b":null})", "{}"},
       {R"({"a":null})", R"({"b":1})"}},
      {R"({"type":"object","additionalProperties":false})", {"{}"}, {R"({"a":1})"}},
      {R"({"type":"object","minProperties":1,"maxProperties":2,"properties":{"a":{"const":1},"b":{"const":1},"c":{"const":1}}})",
       {R"({"a":1})", R"({"a":1,"c":1})"},
       {"{}", R"({"a":1,"b":1,"c":1})"}},
      {R"({"type":"object","minProperties":1,"maxProperties":2})",
       {R"({"x":1,"y":2})"},
       {"{}", R"({"x":1,"y":2,"z":3})"}},
      {R"({"type":"object","patternProperties":{"^a":{"const":1},"b$":{"const":2}},"additionalProperties":{"const":3}})",
       {R"({"ax":1,"xb":2,"q":3})", "{}"},
       {R"({"ab":1})", R"({"ax":3})", R"({"q":1})"}},
      {R"({"type":"object","propertyNames":{"pattern":"^[a-z]{2}$"}})", {R"({"ab":1})"}, {R"({"abc":1})"}},
      {R"({"type":"object","properties":{"a":false,"b":true}})", {R"({"b":1})"}, {R"({"a":1})"}},
      {R"({"type":"object","required":["x"]})", {R"({"x":1,"y":2})"}, {"{}"}},
  });
}

TEST(JsonSchema, HoldsArrays) {
  expect({
      {R"({"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":3})",
       {"[1]", "[1, 2,3]"},
       {"[]", "[1,2,3,4]", "[\"a\"]"}},
      {R"({"type":"array","prefixItems":[{"const":1},{"const":2}],"items":false})",
       {"[]", "[1]", "[1,2]"},
       {"[2]", "[1,2,3]"}},
      {R"({"type":"array","prefixItems":[{"const":1},{"const":2}],"items":{"const":3},"minItems":2,"maxItems":4})",
       {"[1,2]", "[1,2,3,3]"},
       {"[1]", "[1,2,3,3,3]"}},
      {R"({"type":"array","items":[{"const":1}],"additionalItems":{"const":2}})", {"[1,2,2]", "[]"}, {"[2]"}},
      {R"({"type":"array","maxItems":1,"uniqueItems":true})", {"[]", "[1]"}, {"[1,1]"}},
      {R"({"type":"array","items":{"$ref":"#"},"maxItems":2})", {"[[],[[]]]"}, {"[[],[],[]]", "[1]"}},
  });
}

TEST(JsonSchema, CombinesSchemas) {
  expect({
      {R"({"anyOf":[{"type":"string"},{"type":"integer","minimum":3}]})", {"\"a\"", "3"}, {"2"}},
      {R"({"type":"integer","anyOf":[{"maximum":3},{"minimum":7}]})", {"3", "7"}, {"5"}},
      {R"({"oneOf":[{"type":"object","properties":{"k":{"const":"a"},"x":{"type":"integer"}},"required":["k"]},
                    {"type":"object","properties":{"k":{"const":"b"}},"required":["k"]}]})",
       {R"({"k":"a","x":1})", R"({"k":"b"})"},
       {R"({"k":"b","x":1})"}},
      {R"({"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"null"},"a":{"minimum":5}}}]})",
       {R"({"a":5,"b":null})", R"({"a":6})"},
       {R"({"a":4})", R"({"b":null})"}},
      {R"({"$defs":{"n":{"type":"object","properties":{"v":{"type":"integer"},"next":{"$ref":"#/$defs/n"}},"required":["v"]}},"$ref":"#/$defs/n"})",
       {R"({"v":1,"next":{"v":2}})"},
       {R"({"v":1,"next":{}})"}},
      {R"({"$defs":{"x":{"$anchor":"here","const":1}},"$ref":"#here"})", {"1"}, {"2"}},
      {R"({"definitions":{"a/b":{"const":1}},"allOf":[{"$ref":"#/definitions/a~1b"}]})", {"1"}, {"2"}},
      {R"({"$defs":{"base":{"type":"object","properties":{"child":{"$ref":"#/$defs/base"}}}},
           "allOf":[{"$ref":"#/$defs/base"},{"properties":{"child":{"$ref":"#"}}}]})",
       {R"({"child":{"child":{}}})", "{}"},
       {R"({"child":1})"}},
  });
}

TEST(JsonSchema, NamesWhatIsNotSupported) {
  const struct {
    std::string_view schema;
    std::string_view message;
  } cases[] = {
      {"{", "it is not JSON"},
      {"1", "#: a schema is needed"},
      {R"({"a":1,"a":2})", "occurs twice"},
      {R"({"properties":{"a":{"not":{}}}})", "#/properties/a/not: this keyword is not supported"},
      {R"({"if":true})", "#/if: this keyword"},
      {R"({"items":{"contains":true}})", "#/items/contains"},
      {R"({"type":"strin"})", "#/type: the name of a type"},
      {R"({"minLength":-1})", "#/minLength: a whole number"},
      {R"({"required":"a"})", "#/required: a list of strings"},
      {R"({"$ref":"http://x/y"})", "lies outside of the document"},
      {R"({"$ref":"#/nowhere"})", "there is no schema at '#/nowhere'"},
      {R"({"$ref":"#"})", "nested too deep"},
      {R"({"allOf":[{"$ref":"#"}]})", "lead in a circle"},
      {R"({"type":"array","uniqueItems":true})", "uniqueItems is supported for arrays of at most one"},
      {R"({"type":"number","multipleOf":0.1})", "multipleOf: 0.1"},
      {R"({"oneOf":[{"type":"integer"},{"type":"number"}]})", "#/oneOf: alternatives 0 and 1 may both allow"},
      {R"x({"type":"string","pattern":"(?=a)"})x", "looking ahead"},
      {R"({"type":"object","minProperties":2})", "minProperties"},
      {"false", "no value is valid"},
      {R"({"type":"object","properties":{"a":{"$id":"x"}}})", "'$id' is supported at the root only"},
      {R"({"type":"object","properties":{"n":{"$ref":"#"}},"required":["n"]})", "cannot end"},
      {R"({"type":"string","minLength":3,"maxLength":2})", "no value is valid"},
      {R"({"x-defs":{"a":{"contains":1}},"$ref":"#/x-defs/a"})", "this keyword is not supported"},
  };
  for (const auto& each : cases) {
    const Result<Grammar> grammar = parse_json_schema(each.schema);
    Status status = grammar.status();
    if (grammar.ok()) status = GrammarMatcher::create(*grammar).status();
    ASSERT_FALSE(status.ok()) << each.schema;
    EXPECT_NE(status.message().find(each.message), std::string::npos) << each.schema << ": " << status.message();
  }
}

}  // namespace
}  // namespace hearth
