#include <gtest/gtest.h>

#include "text/chat_template/chat_template.h"

namespace hearth {
namespace {

std::string repeated(std::string_view text, size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i) result += text;
  return result;
}

std::string complaint(std::string_view source, std::string_view context = "{}", const TemplateLimits& limits = {}) {
  const Result<ChatTemplate> parsed = ChatTemplate::parse(source, limits);
  if (!parsed.ok()) return parsed.status().message();
  RenderOptions options;
  options.limits = limits;
  return parsed->render(context, options).status().message();
}

/// A loop that runs a million times.
std::string long_loop(std::string_view body) {
  return "{% for i in range(1000) %}{% for j in range(1000) %}" + std::string(body) + "{% endfor %}{% endfor %}";
}

TEST(HostileTemplate, StopsAtALimitThatItNames) {
  struct Case {
    std::string source;
    std::string_view limit;
  };
  const std::string doubling = "{% set ns = namespace(x='ab') %}{% for i in range(64) %}{% set ns.x = ns.x ";
  const Case cases[] = {
      {"{{ 'x' * 10**9 }}", "value_bytes"},
      {"{{ [1] * 10**12 }}", "value_bytes"},
      {"{{ 'x'.center(10**12) }}", "value_bytes"},
      {"{{ 'x'|indent(10**12, true) }}", "value_bytes"},
      {"{{ [1]|batch(10**12, 0)|list }}", "value_bytes"},
      {"{{ [1]|tojson(indent=10**12) }}", "value_bytes"},
      {"{{ range(10**12) }}", "range: more than 100000 numbers"},
      {"{{ '%2000000000d' % 1 }}", "wider than 10000"},
      {"{{ '{:2000000000d}'.format(1) }}", "wider than 10000"},
      {"{{ '{:.2000000000f}'.format(1.5) }}", "wider than 10000"},
      {doubling + "+ ns.x %}{% endfor %}", "value_bytes"},
      {doubling + "* 100 %}{% endfor %}", "value_bytes"},
      {doubling + "~ ns.x|replace('a', ns.x) %}{% endfor %}", "value_bytes"},
      {"{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
       "steps"},
      {"{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
       "{{ ns.x|tojson|length }}",
       "steps"},
      {"{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(64) %}{% set ns.x = [ns.x, ns.x] %}"
       "{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
       "steps"},
      {"{% set ns = namespace(x=[]) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}{% endfor %}", "depth"},
      {"{% set ns = namespace(x={}) %}{% for i in range(1000) %}{% set ns.x = {1: ns.x} %}{% endfor %}", "depth"},
      {"{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}", "depth"},
      {"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "depth"},
      {"{% macro m(n) %}{{ caller() }}{% call m(n) %}{% endcall %}{% endmacro %}{% call m(1) %}{% endcall %}", "depth"},
      {"{{ " + repeated("(", 5000) + "1" + repeated(")", 5000) + " }}", "depth"},
      {"{{ " + repeated("[", 5000) + repeated("]", 5000) + " }}", "depth"},
      {"{{ " + repeated("-", 5000) + "1 }}", "depth"},
      {"{{ " + repeated("not ", 5000) + "1 }}", "depth"},
      {"{{ 1" + repeated("+1", 5000) + " }}", "depth"},
      {"{{ 1" + repeated("|abs", 5000) + " }}", "depth"},
      {"{{ x" + repeated(".x", 5000) + " }}", "depth"},
      {"{{ 1" + repeated(" if 1 else 1", 5000) + " }}", "depth"},
      {repeated("{% if 1 %}", 5000), "depth"},
      {"{% if 1 %}" + repeated("{% elif 1 %}", 5000) + "{% endif %}", "depth"},
      {"{% for " + repeated("(", 5000) + "x" + repeated(")", 5000) + " in y %}{% endfor %}", "nested too deeply"},
      {long_loop("{% for k in range(1000) %}{% endfor %}"), "steps"},
      {long_loop("{% macro m() %}{% endmacro %}{% set ns = namespace() %}"), "steps"},
      {long_loop("{{ [1,2,3]|sort }}"), "steps"},
      {"{% set a = 'a' * 1000000 %}{% set b = 'a' * 500000 ~ 'b' %}" + long_loop("{{ b in a }}"), "steps"},
      {"{% set a = 'a' * 1000000 %}{% set b = 'b' ~ 'a' * 500000 %}" + long_loop("{{ a.rfind(b) }}"), "steps"},
      {"{% set a = 'a' * 1000000 %}{{ a.strip('b' * 1000000 ~ 'a') }}", "steps"},
      {"{% set a = 'a' * 1000000 %}" + long_loop("{{ a|length }}"), "steps"},
      {"{% set a = 'a' * 1000000 %}" + long_loop("{% if a == a %}{% endif %}"), "steps"},
      {"{% set a = 'a ' * 100000 %}" + long_loop("{{ a|wordcount }}"), "steps"},
      {long_loop("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
       "output_bytes"},
      {repeated("x", (size_t{1} << 20) + 1), "source_bytes"},
  };
  for (const Case& test : cases) {
    const std::string name = test.source.substr(0, 120);
    const std::string message = complaint(test.source);
    EXPECT_NE(message.find(test.limit), std::string::npos) << name << "\n" << message;
  }
}

TEST(HostileTemplate, LimitsAreThoseOfTheOptions) {
  const std::string loop = "{% for i in range(100) %}aaaaaaaaaa{% endfor %}";
  EXPECT_EQ(complaint(loop), "");
  EXPECT_NE(complaint(loop, "{}", {.steps = 100}).find("steps"), std::string::npos);
  EXPECT_NE(complaint(loop, "{}", {.value_bytes = 3000}).find("value_bytes"), std::string::npos);
  EXPECT_NE(complaint(loop, "{}", {.output_bytes = 999}).find("output_bytes"), std::string::npos);
  EXPECT_NE(complaint(loop, "{}", {.context_bytes = 1}).find("context_bytes"), std::string::npos);
  EXPECT_NE(complaint("{{ ((((1)))) }}", "{}", {.depth = 5}).find("depth"), std::string::npos);
}

TEST(HostileTemplate, ContextsAreLimitedToo) {
  const std::string nested = "{\"a\": " + repeated("[", 5000) + repeated("]", 5000) + "}";
  EXPECT_NE(complaint("x", nested).find("depth"), std::string::npos);
  EXPECT_NE(complaint("x", "{\"a\": \"" + repeated("x", 2000) + "\"}", {.value_bytes = 1000}).find("value_bytes"),
            std::string::npos);
}

}  // namespace
}  // namespace hearth
