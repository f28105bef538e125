#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "text/grammar/json_schema.h"
#include "text/grammar/json_text.h"
#include "text/grammar/matcher.h"

namespace hearth {
namespace {

/// Tokens like a model's: all bytes, words of a few syllables with and without a space, numbers, ends of JSON values.
std::vector<std::string> make_vocabulary(size_t size) {
  std::mt19937_64 random(1);
  const auto pick = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
  const std::vector<std::string> syllables{
      "a",  "be", "ti", "on", "er", "ing", "st", "ch",  "o", "pre", "con", "ment", "ly", "un",  "is", "th", "ed", "é",
      "日", "本", "ск", "ла", "x",  "_",   "qu", "arr", "y", "el",  "m",   "n",    "ou", "sch", "ei", "1",  "20", "z"};
  const std::vector<std::string> marks{"\"", "\",", "\":", "\"}", " ", "  ", "\n", "{\"",
                                       "[",  "],",  "},",  "\\n", "}", ".",  ", "};
  std::vector<std::string> tokens;
  for (int i = 0; i < 256; ++i) tokens.emplace_back(1, static_cast<char>(i));
  while (tokens.size() < size) {
    std::string token = random() % 2 == 0 ? " " : "";
    for (uint64_t left = 1 + random() % 5; left > 0; --left) token += pick(syllables);
    if (random() % 16 == 0) token += pick(marks);
    if (random() % 16 == 0) token = pick(marks) + token;
    tokens.push_back(token);
  }
  return tokens;
}

TokenTrie make_trie(const std::vector<std::string>& vocabulary) {
  return *TokenTrie::create(std::vector<std::string_view>(vocabulary.begin(), vocabulary.end()));
}

constexpr std::string_view kSchema = R"({"type": "object", "properties": {
  "name": {"type": "string"}, "age": {"type": "integer", "minimum": 0, "maximum": 150},
  "email": {"type": "string", "format": "email"}, "nick": {"type": "string", "maxLength": 40},
  "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 10},
  "address": {"$ref": "#/$defs/address"}, "kind": {"enum": ["person", "robot", "cat"]}},
  "required": ["name", "age", "kind"],
  "$defs": {"address": {"type": "object", "properties": {"street": {"type": "string"}, "zip": {"type": "string", "pattern": "^\\d{5}$"}}, "required": ["street"]}}})";
constexpr std::string_view kText =
    R"({"name": "Ada Lovelace of London", "age": 36, "email": "ada@example.org", "nick": "The countess", "tags": ["one", "another tag", "mathematics"], "address": {"street": "St James's Square 12", "zip": "12345"}, "kind": "person"})";

void build_trie(benchmark::State& state) {
  const std::vector<std::string> vocabulary = make_vocabulary(static_cast<size_t>(state.range(0)));
  const std::vector<std::string_view> views(vocabulary.begin(), vocabulary.end());
  for (auto _ : state) benchmark::DoNotOptimize(TokenTrie::create(views));
}
BENCHMARK(build_trie)->Arg(150'000)->Arg(262'144)->Unit(benchmark::kMillisecond);

/// A mask before each byte of a text; the time is that of all of them, counters are of one in microseconds.
void follow(benchmark::State& state, const Grammar& grammar, bool warm, int64_t tokens_left) {
  const TokenTrie trie = make_trie(make_vocabulary(static_cast<size_t>(state.range(0))));
  std::vector<uint64_t> bits((trie.vocabulary_size() + 63) / 64);
  GrammarMatcher start = *GrammarMatcher::create(grammar);
  std::vector<double> times;
  for (auto _ : state) {
    GrammarMatcher matcher = warm ? start : *GrammarMatcher::create(grammar);
    for (const char c : kText) {
      const auto before = std::chrono::steady_clock::now();
      if (!matcher.mask(trie, {.tokens_left = tokens_left}, bits).ok()) return state.SkipWithError("no mask");
      times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - before).count());
      if (!matcher.accept({&c, 1}).ok()) return state.SkipWithError("the text does not fit");
      --tokens_left;
    }
    tokens_left += static_cast<int64_t>(kText.size());
  }
  std::ranges::sort(times);
  state.counters["median"] = times[times.size() / 2];
  state.counters["p90"] = times[times.size() * 9 / 10];
  state.counters["p99"] = times[times.size() * 99 / 100];
  state.counters["most"] = times.back();
}

void schema_warm(benchmark::State& state) { follow(state, *parse_json_schema(kSchema), true, 100'000); }
void schema_cold(benchmark::State& state) { follow(state, *parse_json_schema(kSchema), false, 100'000); }
void schema_near_the_limit(benchmark::State& state) { follow(state, *parse_json_schema(kSchema), true, kText.size()); }
void json_warm(benchmark::State& state) { follow(state, json_grammar(JsonRoot::kValue), true, 100'000); }
BENCHMARK(schema_warm)->Arg(150'000)->Unit(benchmark::kMillisecond);
BENCHMARK(schema_cold)->Arg(150'000)->Unit(benchmark::kMillisecond);
BENCHMARK(schema_near_the_limit)->Arg(150'000)->Unit(benchmark::kMillisecond);
BENCHMARK(json_warm)->Arg(150'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hearth
