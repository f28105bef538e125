// Draws random texts under the masks of grammars, and says which texts fit them.
//
// usage: grammar_probe VOCABULARY < JOBS > ANSWERS
//
// VOCABULARY holds tokens, each a byte with its length and its bytes; a further, empty one ends texts. JOBS are JSON
// objects, one a line: {"kind": "schema", "gbnf", "regex", "value" or "object", "text": the grammar, "seeds": how many
// texts to draw, "tokens": how long they may be beyond the shortest, "fits": [texts]}. ANSWERS are as many lines:
// {"error": why there is no grammar} or {"drawn": [texts in hexadecimal], "fits": [true or false]}.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "base/errors.h"
#include "text/grammar/gbnf.h"
#include "text/grammar/json_schema.h"
#include "text/grammar/json_text.h"
#include "text/grammar/json_value.h"
#include "text/grammar/matcher.h"
#include "text/grammar/regex.h"

namespace hearth {
namespace {

std::vector<std::string> read_vocabulary(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<std::string> tokens;
  for (size_t i = 0; i < bytes.size(); i += 1 + static_cast<uint8_t>(bytes[i])) {
    tokens.push_back(bytes.substr(i + 1, static_cast<uint8_t>(bytes[i])));
  }
  tokens.emplace_back();
  return tokens;
}

Result<Grammar> read_grammar(const std::string& kind, const std::string& text) {
  if (kind == "schema") return parse_json_schema(text);
  if (kind == "gbnf") return parse_gbnf(text);
  if (kind == "regex") return regex_grammar(text);
  return json_grammar(kind == "object" ? JsonRoot::kObject : JsonRoot::kValue);
}

class Probe {
 public:
  Probe(std::vector<std::string> tokens, TokenTrie trie) : tokens_(std::move(tokens)), trie_(std::move(trie)) {}

  /// One text, each token equally probable; `extra` tokens longer at most than the shortest.
  Result<std::string> draw(GrammarMatcher matcher, uint64_t seed, int64_t extra) const {
    std::mt19937_64 random(seed);
    const auto end = static_cast<int64_t>(tokens_.size() - 1);
    int64_t left = static_cast<int64_t>(matcher.bytes_to_finish()) + extra;
    std::vector<uint64_t> bits((tokens_.size() + 63) / 64);
    std::string text;
    for (;; --left) {
      HEARTH_RETURN_IF_ERROR(matcher.mask(trie_, {.end_tokens = {&end, 1}, .tokens_left = left}, bits));
      std::vector<size_t> allowed;
      for (size_t i = 0; i < tokens_.size(); ++i) {
        if ((bits[i / 64] >> (i % 64) & 1) != 0) allowed.push_back(i);
      }
      if (allowed.empty()) return error(StatusCode::kFailed, "no token is allowed after '{}'", text);
      const size_t token = allowed[random() % allowed.size()];
      if (static_cast<int64_t>(token) == end) return text;
      HEARTH_RETURN_IF_ERROR(matcher.accept(tokens_[token]));
      text += tokens_[token];
    }
  }

  Result<std::string> answer(const JsonValue& job) const {
    HEARTH_ASSIGN_OR_RETURN(const Grammar grammar, read_grammar(job.find("kind")->text, job.find("text")->text));
    HEARTH_ASSIGN_OR_RETURN(const GrammarMatcher start, GrammarMatcher::create(grammar));
    std::vector<std::string> drawn;
    for (uint64_t seed = 0; seed < static_cast<uint64_t>(job.find("seeds")->number); ++seed) {
      HEARTH_ASSIGN_OR_RETURN(const std::string text,
                              draw(start, seed, static_cast<int64_t>(job.find("tokens")->number)));
      std::string hexadecimal;
      for (const char c : text) hexadecimal += fmt::format("{:02x}", static_cast<uint8_t>(c));
      drawn.push_back('"' + hexadecimal + '"');
    }
    std::vector<bool> fits;
    for (const JsonValue& text : job.find("fits")->items) {
      GrammarMatcher matcher = start;
      fits.push_back(matcher.accept(text.text).ok() && matcher.is_complete());
    }
    return fmt::format(R"({{"drawn": [{}], "fits": [{}]}})", fmt::join(drawn, ", "), fmt::join(fits, ", "));
  }

 private:
  std::vector<std::string> tokens_;
  TokenTrie trie_;
};

Status answer_all(const char* vocabulary) {
  std::vector<std::string> tokens = read_vocabulary(vocabulary);
  const std::vector<std::string_view> views(tokens.begin(), tokens.end());
  HEARTH_ASSIGN_OR_RETURN(TokenTrie trie, TokenTrie::create(views));
  const Probe probe(std::move(tokens), std::move(trie));
  std::string line;
  while (std::getline(std::cin, line)) {
    HEARTH_ASSIGN_OR_RETURN(const JsonValue job, parse_json(line));
    const Result<std::string> answer = probe.answer(job);
    fmt::print("{}\n",
               answer.ok() ? *answer : fmt::format(R"({{"error": {}}})", json_quoted(answer.status().message())));
  }
  return {};
}

}  // namespace
}  // namespace hearth

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: grammar_probe VOCABULARY < JOBS > ANSWERS\n");
    return 2;
  }
  const hearth::Status status = hearth::answer_all(argv[1]);
  if (!status.ok()) fmt::print(stderr, "{}\n", status.message());
  return status.ok() ? 0 : 1;
}
