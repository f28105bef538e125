#include "text/tokenizer/streaming_decoder.h"

#include "text/tokenizer/tokenizer_impl.h"

namespace hearth {

struct StreamingDecoder::Impl {
  const Tokenizer::Impl& tokenizer;
  bool skip_special;
  tokenizer::Decoder::State state;
};

StreamingDecoder::StreamingDecoder(const Tokenizer& tokenizer, bool skip_special)
    : impl_(new Impl{*tokenizer.impl_, skip_special, tokenizer.impl_->decoder->begin()}) {}
StreamingDecoder::StreamingDecoder(StreamingDecoder&&) noexcept = default;
StreamingDecoder& StreamingDecoder::operator=(StreamingDecoder&&) noexcept = default;
StreamingDecoder::~StreamingDecoder() = default;

Result<std::string> StreamingDecoder::push(int64_t id) {
  std::string text;
  const std::optional<std::string_view> token = impl_->tokenizer.token_text(id);
  if (!token || (impl_->skip_special && impl_->tokenizer.is_special(id))) return text;
  HEARTH_RETURN_IF_ERROR(impl_->tokenizer.decoder->push(impl_->state, *token, text));
  return text;
}

Result<std::string> StreamingDecoder::finish() {
  std::string text;
  HEARTH_RETURN_IF_ERROR(impl_->tokenizer.decoder->finish(impl_->state, text));
  impl_->state = impl_->tokenizer.decoder->begin();
  return text;
}

}  // namespace hearth
