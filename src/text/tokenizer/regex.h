#pragma once

#include <memory>
#include <optional>

#include "hearth/status.h"
#include "text/tokenizer/table_reader.h"

struct pcre2_real_code_8;
struct pcre2_real_match_context_8;
struct pcre2_real_match_data_8;

namespace hearth::tokenizer {

/// A compiled pattern in PCRE2's syntax. Immutable: any thread may search with it.
class Regex {
 public:
  /// kInvalidFile when the pattern is none.
  static Result<Regex> compile(std::string_view pattern);

 private:
  friend class RegexSearch;
  struct Free {
    void operator()(pcre2_real_code_8* code) const;
    void operator()(pcre2_real_match_context_8* context) const;
  };
  std::unique_ptr<pcre2_real_code_8, Free> code_;
  std::unique_ptr<pcre2_real_match_context_8, Free> context_;
};

/// Finds a pattern's matches in texts, one text after the other. For one thread.
class RegexSearch {
 public:
  struct Match {
    size_t begin;
    size_t end;
  };

  /// The pattern outlives the search.
  explicit RegexSearch(const Regex& regex);
  /// Begins with a text, valid UTF-8, that outlives the calls of next().
  void begin(std::string_view text);
  /// The next match that does not overlap the one before, or nothing after the last. An empty match right after
  /// another match is none, as in Oniguruma's own iteration. kInvalidArgument when the pattern needs more than its
  /// share of steps on this text.
  Result<std::optional<Match>> next();

 private:
  struct Free {
    void operator()(pcre2_real_match_data_8* data) const;
  };
  int search(size_t from);

  const Regex& regex_;
  std::unique_ptr<pcre2_real_match_data_8, Free> data_;
  std::string_view text_;
  size_t from_ = 0;
  std::optional<size_t> last_end_;
};

}  // namespace hearth::tokenizer
