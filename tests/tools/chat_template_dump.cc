// Renders chat templates, for comparison with what Jinja2 renders.
//
// usage: chat_template_dump CASES.json
//
// CASES.json holds a list of {"template": text, "context": object}. Prints a list with, for each, {"segments":
// [[text, trusted], …]} or {"error": message}. The time that strftime_now tells is 2024-07-26 13:05:09.

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>

#include "text/chat_template/chat_template.h"

namespace hearth {
namespace {

using Json = nlohmann::ordered_json;

std::tm fixed_time() {
  std::tm time{};
  time.tm_year = 124;
  time.tm_mon = 6;
  time.tm_mday = 26;
  time.tm_wday = 5;
  time.tm_yday = 207;
  time.tm_hour = 13;
  time.tm_min = 5;
  time.tm_sec = 9;
  return time;
}

Result<RenderedText> render(const Json& test) {
  Result<ChatTemplate> parsed = ChatTemplate::parse(test.at("template").get<std::string>());
  if (!parsed.ok()) return parsed.status();
  RenderOptions options;
  options.now = fixed_time();
  return parsed->render(test.at("context").dump(), options);
}

Json answer(const Json& test) {
  const Result<RenderedText> rendered = render(test);
  if (!rendered.ok()) return {{"error", rendered.status().message()}};
  Json segments = Json::array();
  for (const RenderedSegment& segment : rendered->segments)
    segments.push_back(Json::array({segment.text, segment.trusted}));
  return {{"segments", segments}};
}

int dump(const char* path) {
  std::ifstream file(path);
  const Json tests = Json::parse(file, nullptr, false);
  if (!tests.is_array()) {
    fmt::print(stderr, "{} holds no list of cases\n", path);
    return 1;
  }
  Json answers = Json::array();
  for (const Json& test : tests) answers.push_back(answer(test));
  fmt::print("{}\n", answers.dump());
  return 0;
}

}  // namespace
}  // namespace hearth

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: chat_template_dump CASES.json\n");
    return 2;
  }
  try {
    return hearth::dump(argv[1]);
  } catch (const std::exception& failure) {  // nlohmann-json throws for cases of another form.
    std::fprintf(stderr, "%s: %s\n", argv[1], failure.what());
    return 1;
  }
}
