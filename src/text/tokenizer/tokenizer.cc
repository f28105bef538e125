#include "text/tokenizer/tokenizer.h"

#include "text/tokenizer/encoder.h"
#include "text/tokenizer/limits.h"
#include "text/tokenizer/streaming_decoder.h"
#include "text/tokenizer/tokenizer_impl.h"

namespace hearth {
namespace {

using tokenizer::damaged;
using tokenizer::PackedArray;
using tokenizer::TableReader;
using tokenizer::TrustedRange;

constexpr uint64_t kMagic = 0x4B54485452414548;  // "HEARTHTK"
constexpr uint32_t kVersion = 1;

Result<PackedArray<uint32_t>> read_tokens(TableReader& reader, const tokenizer::Vocabulary& vocabulary) {
  const auto tokens = reader.array<uint32_t>();
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] >= vocabulary.size())
      return damaged("token {} goes around a text, there are {}", tokens[i], vocabulary.size());
  }
  return tokens;
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::open(std::span<const std::byte> table) {
  TableReader reader(table);
  if (reader.number<uint64_t>() != kMagic) return damaged("it does not begin as one");
  const auto version = reader.number<uint32_t>();
  if (version != kVersion) return damaged("version {} is not {}, which this program reads", version, kVersion);
  auto impl = std::make_unique<Impl>();
  HEARTH_ASSIGN_OR_RETURN(impl->vocabulary, tokenizer::Vocabulary::read(reader));
  HEARTH_ASSIGN_OR_RETURN(impl->model, tokenizer::WordModel::read(reader, impl->vocabulary));
  HEARTH_ASSIGN_OR_RETURN(impl->added_tokens, tokenizer::AddedTokens::read(reader, impl->vocabulary));
  HEARTH_ASSIGN_OR_RETURN(impl->normalizer, tokenizer::Normalizer::read(reader));
  HEARTH_ASSIGN_OR_RETURN(impl->pre_tokenizer, tokenizer::PreTokenizer::read(reader));
  HEARTH_ASSIGN_OR_RETURN(impl->before, read_tokens(reader, impl->vocabulary));
  HEARTH_ASSIGN_OR_RETURN(impl->after, read_tokens(reader, impl->vocabulary));
  HEARTH_ASSIGN_OR_RETURN(impl->decoder, tokenizer::Decoder::read(reader));
  if (!reader.ok()) return damaged("it is cut off");
  if (reader.remaining() != 0) return damaged("{} bytes follow its end", reader.remaining());
  return Tokenizer(std::move(impl));
}

Result<std::vector<int64_t>> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  const TextSegment segment{text, options.parse_special};
  return encode(std::span(&segment, 1), options.add_special_tokens);
}

Result<std::vector<int64_t>> Tokenizer::encode(std::span<const TextSegment> segments, bool add_special_tokens) const {
  std::string text;
  std::vector<TrustedRange> trusted;
  for (const TextSegment& segment : segments) {
    const size_t begin = text.size();
    HEARTH_RETURN_IF_ERROR(tokenizer::check_text_size(begin + segment.text.size()));
    text.append(is_valid_utf8(segment.text) ? segment.text : repaired_utf8(segment.text));
    if (!segment.trusted || text.size() == begin) continue;
    if (!trusted.empty() && trusted.back().end == begin) {
      trusted.back().end = text.size();
    } else {
      trusted.push_back({begin, text.size()});
    }
  }
  std::vector<int64_t> ids;
  const auto append_all = [&](const PackedArray<uint32_t>& tokens) {
    for (size_t i = 0; i < tokens.size(); ++i) ids.push_back(tokens[i]);
  };
  if (add_special_tokens) append_all(impl_->before);
  tokenizer::Encoder encoder(*impl_->added_tokens, impl_->normalizer, impl_->pre_tokenizer, *impl_->model);
  HEARTH_RETURN_IF_ERROR(encoder.append(text, trusted, ids));
  if (add_special_tokens) append_all(impl_->after);
  return ids;
}

Result<std::string> Tokenizer::decode(std::span<const int64_t> ids, bool skip_special) const {
  StreamingDecoder decoder(*this, skip_special);
  std::string text;
  for (const int64_t id : ids) {
    HEARTH_ASSIGN_OR_RETURN(const std::string more, decoder.push(id));
    text.append(more);
  }
  HEARTH_ASSIGN_OR_RETURN(const std::string rest, decoder.finish());
  return text.append(rest);
}

std::string Tokenizer::token_bytes(int64_t id) const {
  const std::optional<std::string_view> text = impl_->token_text(id);
  if (!text) return {};
  Result<std::string> bytes = impl_->decoder->bytes(*text);
  return bytes.ok() ? std::move(bytes).value() : std::string(*text);
}

std::optional<int64_t> Tokenizer::find(std::string_view text) const {
  if (const auto added = impl_->added_tokens->find(text)) return *added;
  return impl_->vocabulary.model_texts().find(text);
}

bool Tokenizer::is_special(int64_t id) const { return impl_->is_special(id); }

int64_t Tokenizer::tokens_after_text() const { return static_cast<int64_t>(impl_->after.size()); }

int64_t Tokenizer::vocabulary_size() const { return static_cast<int64_t>(impl_->vocabulary.size()); }

}  // namespace hearth
