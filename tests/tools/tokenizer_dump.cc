// Encodes and decodes texts with a tokenizer's table, for comparison with other programs' answers.
//
// usage: tokenizer_dump TABLE < REQUESTS > ANSWERS
//
// Numbers are little-endian. Requests follow one another: a byte for what is asked, then its fields.
//   'e' flags (1 add special tokens, 2 parse special), u32 size, text    answer: u32 count, u32 tokens
//   's' flags (1 add special tokens), u32 segments, each: trusted byte, u32 size, text    answer: the same
//   'd' flags (1 skip special), u32 count, u32 tokens                    answer: u32 size, text; u32 size, streamed
//   text 'b' flags (unused), u32 token                                        answer: special byte, u32 size, bytes 'f'
//   flags (unused), u32 size, text                                   answer: u32 token, or 0xFFFFFFFF
// An error is answered with 0xFFFFFFFE, u32 size, message. Exit status 1 when the table is refused, with the reason.

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "base/mapped_file.h"
#include "text/tokenizer/streaming_decoder.h"
#include "text/tokenizer/tokenizer.h"

namespace hearth {
namespace {

constexpr uint32_t kError = 0xFFFFFFFE;
constexpr uint32_t kNone = 0xFFFFFFFF;

uint32_t read_number() {
  uint32_t value = 0;
  return std::fread(&value, sizeof(value), 1, stdin) == 1 ? value : 0;
}

std::string read_text() {
  std::string text(read_number(), '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stdin));
  return text;
}

std::vector<int64_t> read_tokens() {
  std::vector<int64_t> ids(read_number());
  for (int64_t& id : ids) id = read_number();
  return ids;
}

void write_number(uint32_t value) { std::fwrite(&value, sizeof(value), 1, stdout); }

void write_text(std::string_view text) {
  write_number(static_cast<uint32_t>(text.size()));
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void write_error(const Status& status) {
  write_number(kError);
  write_text(status.message());
}

void answer_tokens(const Result<std::vector<int64_t>>& ids) {
  if (!ids.ok()) return write_error(ids.status());
  write_number(static_cast<uint32_t>(ids->size()));
  for (const int64_t id : *ids) write_number(static_cast<uint32_t>(id));
}

void answer_segments(const Tokenizer& tokenizer, bool add_special) {
  std::vector<bool> trusted;
  std::vector<std::string> texts;
  for (uint32_t left = read_number(); left > 0; --left) {
    trusted.push_back(std::getchar() == 1);
    texts.push_back(read_text());
  }
  std::vector<TextSegment> segments;
  for (size_t i = 0; i < texts.size(); ++i) segments.push_back({texts[i], trusted[i]});
  answer_tokens(tokenizer.encode(segments, add_special));
}

Result<std::string> streamed(const Tokenizer& tokenizer, const std::vector<int64_t>& ids, bool skip_special) {
  StreamingDecoder decoder(tokenizer, skip_special);
  std::string text;
  for (const int64_t id : ids) {
    const Result<std::string> more = decoder.push(id);
    if (!more.ok()) return more;
    text.append(*more);
  }
  const Result<std::string> rest = decoder.finish();
  return rest.ok() ? text.append(*rest) : rest;
}

void answer_text(const Tokenizer& tokenizer, bool skip_special) {
  const std::vector<int64_t> ids = read_tokens();
  const Result<std::string> whole = tokenizer.decode(ids, skip_special);
  if (!whole.ok()) return write_error(whole.status());
  const Result<std::string> parts = streamed(tokenizer, ids, skip_special);
  if (!parts.ok()) return write_error(parts.status());
  write_text(*whole);
  write_text(*parts);
}

void answer_bytes(const Tokenizer& tokenizer) {
  const int64_t id = read_number();
  std::putchar(tokenizer.is_special(id) ? 1 : 0);
  write_text(tokenizer.token_bytes(id));
}

void answer(const Tokenizer& tokenizer, int what) {
  const int flags = std::getchar();
  const bool first = (flags & 1) != 0;
  const bool second = (flags & 2) != 0;
  if (what == 'e') {
    answer_tokens(tokenizer.encode(read_text(), {first, second}));
  } else if (what == 's') {
    answer_segments(tokenizer, first);
  } else if (what == 'd') {
    answer_text(tokenizer, first);
  } else if (what == 'b') {
    answer_bytes(tokenizer);
  } else {
    write_number(static_cast<uint32_t>(tokenizer.find(read_text()).value_or(kNone)));
  }
}

int run(const char* path) {
  const Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(path);
  const Result<Tokenizer> tokenizer = file.ok() ? Tokenizer::open((*file)->bytes()) : file.status();
  if (!tokenizer.ok()) {
    fmt::print(stderr, "{}\n", tokenizer.status().message());
    return 1;
  }
  for (int what = std::getchar(); what != EOF; what = std::getchar()) answer(*tokenizer, what);
  return 0;
}

}  // namespace
}  // namespace hearth

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: tokenizer_dump TABLE < REQUESTS > ANSWERS\n");
    return 2;
  }
  return hearth::run(argv[1]);
}
