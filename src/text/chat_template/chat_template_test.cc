#include "text/chat_template/chat_template.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

Result<RenderedText> render(std::string_view source, std::string_view context = "{}",
                            const RenderOptions& options = {}) {
  const Result<ChatTemplate> parsed = ChatTemplate::parse(source);
  return parsed.ok() ? parsed->render(context, options) : parsed.status();
}

/// The text with untrusted segments in brackets.
std::string marked(const Result<RenderedText>& rendered) {
  if (!rendered.ok()) return rendered.status().message();
  std::string text;
  for (const RenderedSegment& segment : rendered->segments)
    text += segment.trusted ? segment.text : "[" + segment.text + "]";
  return text;
}

constexpr std::string_view kContext = R"({
  "bos_token": "<s>", "name": "<n>", "flag": true,
  "messages": [{"role": "assistant", "content": " Ab<|c|>é ", "count": 3},
               {"role": "critic", "content": [{"text": "x"}, null]}],
  "tools": [{"f": {"b": 1, "a": "<|t|>"}}]})";

TEST(ChatTemplate, TellsTheTemplatesTextFromThatOfMessages) {
  struct Case {
    std::string_view source;
    std::string_view expected;
  };
  constexpr Case kCases[] = {
      {"<|a|>{{ bos_token }}", "<|a|><s>"},
      {"{{ name }}", "[<n>]"},
      {"{{ '<|' + messages[0].role + '|>' }}", "<|assistant|>"},
      {"{{ '<|' + messages[1].role + '|>' }}", "<|[critic]|>"},
      {"{{ '<|' ~ messages[0].content|trim ~ '|>' }}", "<|[Ab<|c|>é]|>"},
      {"{{ messages[0].content|upper }}", "[ AB<|C|>É ]"},
      {"{{ messages[0].content.split('<|') }}", "[[' Ab'], ['c|>é ']]"},
      {"{{ messages[0].content.replace('c', 'X') }}", "[ Ab<|]X[|>é ]"},
      {"{{ 'a-b'.replace('-', messages[0].content) }}", "a[ Ab<|c|>é ]b"},
      {"{{ ('<' ~ messages[0].content)[2:4] }}", "[Ab]"},
      {"{{ ('<' ~ messages[0].content)[::-1] }}", "[ é>|c|<bA ]<"},
      {"{{ messages[0].content|list|join('.') }}", "[ ].[A].[b].[<].[|].[c].[|].[>].[é].[ ]"},
      {"{{ tools|tojson }}", R"([[{"f": {"b": 1, "a": "<|t|>"}}]])"},
      {"{{ {'k': name}|tojson }}", R"({"k": ["<n>"]})"},
      {"{{ [name, 1] }}", "[['<n>'], 1]"},
      {"{{ '%s|%5s' % (name, 'y') }}", "[<n>]|    y"},
      {"{{ '{}|{x}'.format(name, x='y') }}", "[<n>]|y"},
      {"{{ messages[0].count }}{{ messages[0].count + 1 }}{{ 1 + 1 }}", "[34]2"},
      {"{{ flag }}{{ flag == true }}", "[True]True"},
      {"{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(name) }}", "<[<n>]>"},
      {"{% set ns = namespace(t='') %}{% for c in name %}{% set ns.t = ns.t ~ '-' ~ c %}{% endfor %}{{ ns.t }}",
       "-[<]-[n]-[>]"},
      {"{% set x %}<{{ name }}>{% endset %}{{ x }}", "<[<n>]>"},
      {"{% filter upper %}a{{ name }}{% endfilter %}", "A[<N>]"},
      {"{% for k, v in tools[0].f|dictsort %}{{ k }}={{ v }};{% endfor %}", "[a]=[<|t|>];[b]=[1];"},
      {"{{ tools[0].f.keys()|list|join(',') }}", "[b],[a]"},
      {"{{ strftime_now('%Y' if false else 'now') }}", "now"},
      {"{{ name|indent(2, true) }}", "  [<n>]"},
      {"{{ ('ß' ~ name ~ 'aß')|upper }}", "SS[<N>]ASS"},
      {"{{ name|e }}{{ name|urlencode }}", "[&lt;n&gt;%3Cn%3E]"},
      {"{{ name|center(7) }}|", "  [<n>]  |"},
  };
  for (const Case& test : kCases) EXPECT_EQ(marked(render(test.source, kContext)), test.expected) << test.source;
}

TEST(ChatTemplate, RolesAndVariablesAreTrustedAsTheOptionsSay) {
  RenderOptions options;
  options.trusted_roles = {"critic"};
  options.trusted_variables = {"name"};
  EXPECT_EQ(marked(render("{{ messages[0].role }}{{ messages[1].role }}{{ name }}{{ bos_token }}", kContext, options)),
            "[assistant]critic<n>[<s>]");
}

TEST(ChatTemplate, OnlyTheRoleOfAMessageCountsAsARole) {
  constexpr std::string_view kForged =
      R"({"messages": [{"content": "user", "x": {"role": "user"}}], "tools": [{"role": "user"}]})";
  EXPECT_EQ(marked(render("{{ messages[0].content }},{{ messages[0].x.role }},{{ tools[0].role }}", kForged)),
            "[user],[user],[user]");
}

TEST(ChatTemplate, WhiteSpaceIsKeptAndTakenAsInJinja) {
  struct Case {
    std::string_view source;
    std::string_view expected;
  };
  constexpr Case kCases[] = {
      {"a\n  {% if true %}\nb\n  {% endif %}\nc", "a\nb\nc"},
      {"a\n  {%+ if true %}b{% endif +%}\nc", "a\n  b\nc"},
      {"a  {%- if true -%}  b  {%- endif -%}  c", "abc"},
      {"a {{- 'b' -}} c", "abc"},
      {"a {{+ 1 }}", "a 1"},
      {"  {# x #}\na{#- y -#} b", "ab"},
      {"{% raw %}{{ a }}{% endraw %}", "{{ a }}"},
      {"{% raw -%}  a  {%- endraw %}\nb", "ab"},
      {"a\r\nb\rc\n", "a\nb\nc"},
      {"{{ {'a': {'b': 1}}['a'] }}", "{'b': 1}"},
      {"x{{ '}}' }}y", "x}}y"},
  };
  for (const Case& test : kCases) EXPECT_EQ(marked(render(test.source)), test.expected) << test.source;
}

TEST(ChatTemplate, ComplaintsSayWhereAndWhat) {
  struct Case {
    std::string_view source;
    std::string_view message;
  };
  constexpr Case kCases[] = {
      {"a\n{% if x %}", "line 2, column 11: {% elif or else or endif %} is expected, not the end of the template"},
      {"{{ x|nothing }}", "line 1, column 6: there is no filter 'nothing'"},
      {"{{ x is nothing }}", "there is no test 'nothing'"},
      {"{% include 'x' %}", "line 1, column 4: the tag 'include' is not supported in chat templates"},
      {"{% for x in y recursive %}{% endfor %}", "recursive loops are not supported: use a macro"},
      {"{% break %}", "break and continue belong inside of a loop"},
      {"{{ 1 +", "the tag has no end: add '}}'"},
      {"{{ (1 }}", "'}' closes nothing that is open"},
      {"{{ 'a }}", "the string has no end"},
      {"{# a", "the comment has no end"},
      {"{% raw %}", "the raw block has no end"},
      {"{{ $ }}", "'$' has no meaning inside of a tag"},
      {"{{ 99999999999999999999 }}", "the number does not fit in 64 bits"},
      {"{% endif %}", "'endif' is no tag, or has no beginning here"},
      {"{% set true = 1 %}", "'true' cannot be set"},
      {"{% macro m(a=1, b) %}{% endmacro %}", "the parameter 'b' needs a default"},
      {"{{ '\\ud800' }}", "the escape in the string is not a character"},
      {"a\n {{ x.y }}", "line 2, column 6: 'x' is undefined"},
      {"{{ 9223372036854775807 + 1 }}", "the result does not fit in 64 bits"},
      {"{{ 1 // 0 }}", "division by zero"},
      {"{{ [].append(1) }}", "templates cannot change values"},
      {"{{ {}.update({}) }}", "templates cannot change values"},
      {"{{ ''.__class__ ~ '' }}{{ ''.__class__.x }}", "'__class__' of a str is refused"},
      {"{{ raise_exception('No \"x\"!') }}", "line 1, column 19: No \"x\"!"},
      {"{{ none + 1 }}", "'+' cannot be used with a NoneType and a int"},
      {"{% set x.y = 1 %}", "attributes can be set of a namespace only"},
      {"{{ [1]|map('x')|list }}", "there is no filter or test of the name"},
      {"{{ strftime_now('%Q') }}", "strftime_now does not know '%Q'"},
  };
  for (const Case& test : kCases) {
    const Result<RenderedText> rendered = render(test.source);
    ASSERT_FALSE(rendered.ok()) << test.source;
    EXPECT_TRUE(rendered.status().message().starts_with("chat template")) << rendered.status().message();
    EXPECT_NE(rendered.status().message().find(test.message), std::string::npos) << rendered.status().message();
  }
}

TEST(ChatTemplate, ContextsAreChecked) {
  struct Case {
    std::string_view context;
    std::string_view message;
  };
  constexpr Case kCases[] = {{"", "is not JSON"},
                             {"[]", "an object with the variables is needed"},
                             {"{\"a\": 1", "is not JSON"},
                             {"{\"a\": \"\xff\"}", "is not JSON"},
                             {"{\"a\": 18446744073709551615}", "needs more than 64 bits"},
                             {"{\"a\": -99999999999999999999}", "needs more than 64 bits"}};
  for (const Case& test : kCases) {
    const Result<RenderedText> rendered = render("x", test.context);
    ASSERT_FALSE(rendered.ok()) << test.context;
    EXPECT_EQ(rendered.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(rendered.status().message().find(test.message), std::string::npos) << rendered.status().message();
  }
}

TEST(ChatTemplate, VariablesThatTemplatesAlwaysHave) {
  EXPECT_EQ(marked(render("{{ tools }}{{ documents }}{{ add_generation_prompt }}{{ messages is defined }}")),
            "NoneNoneFalseFalse");
  EXPECT_EQ(marked(render("{{ x }}", R"({"x": 1, "x": 2})")), "[2]");
}

TEST(ChatTemplate, TellsTheTimeThatItIsGiven) {
  RenderOptions options;
  options.now = std::tm{.tm_sec = 9,
                        .tm_min = 5,
                        .tm_hour = 13,
                        .tm_mday = 6,
                        .tm_mon = 6,
                        .tm_year = 124,
                        .tm_wday = 6,
                        .tm_yday = 187,
                        .tm_isdst = 0,
                        .tm_gmtoff = 0,
                        .tm_zone = nullptr};
  EXPECT_EQ(marked(render("{{ strftime_now('%d %b %Y, %A %-d.%-m. %I:%M:%S %p %j%%%Z') }}", "{}", options)),
            "06 Jul 2024, Saturday 6.7. 01:05:09 PM 188%");
}

TEST(ChatTemplate, RendersTheSameTwice) {
  const Result<ChatTemplate> parsed = ChatTemplate::parse(
      "{% set ns = namespace(i=0) %}{% for m in messages %}{% set ns.i = ns.i + 1 %}{% endfor %}{{ ns.i }}");
  ASSERT_TRUE(parsed.ok());
  for (int i = 0; i < 2; ++i) EXPECT_EQ(marked(parsed->render(kContext)), "2");
}

}  // namespace
}  // namespace hearth
