#include <algorithm>
#include <array>
#include <numeric>

#include "base/errors.h"
#include "hearth/generate.h"
#include "pipelines/generate/continuation.h"
#include "pipelines/generate/step_plan.h"
#include "pipelines/generate/text_model.h"
#include "pipelines/generate/token_lists.h"

namespace hearth {

class TextGeneratorImpl {
 public:
  TextGeneratorImpl(std::shared_ptr<TextModel> model, Session session)
      : model_(std::move(model)), session_(std::move(session)) {}

  const TextModel& model() const { return *model_; }

  Result<Generation> generate(std::span<const int64_t> prompt, const GenerateOptions& options,
                              const GenerateListener& listener) {
    HEARTH_ASSIGN_OR_RETURN(Continuation continuation, Continuation::begin(*model_, prompt, options, listener));
    int64_t reused = 0;
    if (!continuation.is_over()) {
      HEARTH_ASSIGN_OR_RETURN(reused, go_back_to(prompt));
      HEARTH_RETURN_IF_ERROR(read(prompt.subspan(static_cast<size_t>(reused)), continuation));
    }
    while (!continuation.is_over()) {
      const int64_t token = continuation.last_token();
      HEARTH_RETURN_IF_ERROR(read(std::span(&token, 1), continuation));
    }
    HEARTH_ASSIGN_OR_RETURN(Generation generation, continuation.finish());
    generation.reused_tokens = reused;
    return generation;
  }

 private:
  /// Takes the session back to what its sequence has in common with the prompt, whose last token is read in any case.
  /// Returns how many tokens that are.
  Result<int64_t> go_back_to(std::span<const int64_t> prompt) {
    const auto last = std::min(prompt.size() - 1, sequence_.size());
    const auto common = std::ranges::mismatch(prompt.first(last), sequence_).in1 - prompt.begin();
    HEARTH_RETURN_IF_ERROR(session_.rewind(common));
    sequence_.resize(static_cast<size_t>(common));
    return common;
  }

  /// Goes on with the session's sequence by `tokens`, so many at a time as the method takes, and then with the next.
  Status read(std::span<const int64_t> tokens, Continuation& continuation) {
    const int64_t most = std::min(model_->plan().most_tokens, kUsualTokensOfStep);
    Tensor logits;
    while (!tokens.empty()) {
      const int64_t count = tokens_to_read(static_cast<int64_t>(tokens.size()), most, most);
      HEARTH_ASSIGN_OR_RETURN(logits, step(tokens.first(static_cast<size_t>(count))));
      tokens = tokens.subspan(static_cast<size_t>(count));
    }
    HEARTH_RETURN_IF_ERROR(continuation.choose({logits.data_as<float>(), static_cast<size_t>(logits.size(1))}));
    return continuation.accept();
  }

  /// Returns the scores of what follows `tokens`, which continue the session's sequence.
  Result<Tensor> step(std::span<const int64_t> tokens) {
    TokenLists lists;
    lists.add(tokens, session_.length());
    HEARTH_ASSIGN_OR_RETURN(const auto inputs, lists.tensors());
    HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session_.run(model_->plan().pipeline->method, inputs));
    sequence_.insert(sequence_.end(), tokens.begin(), tokens.end());
    return outputs[0];
  }

  std::shared_ptr<TextModel> model_;
  Session session_;
  std::vector<int64_t> sequence_;  ///< The session's.
};

Result<TextGenerator> TextGenerator::create(const Model& model) {
  HEARTH_ASSIGN_OR_RETURN(std::shared_ptr<TextModel> text_model, TextModel::open(model));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  return TextGenerator(std::make_unique<TextGeneratorImpl>(std::move(text_model), std::move(session)));
}

TextGenerator::TextGenerator(std::unique_ptr<TextGeneratorImpl> impl) : impl_(std::move(impl)) {}
TextGenerator::TextGenerator(TextGenerator&&) noexcept = default;
TextGenerator& TextGenerator::operator=(TextGenerator&&) noexcept = default;
TextGenerator::~TextGenerator() = default;

bool TextGenerator::has_tokenizer() const { return impl_->model().reader().tokenizer() != nullptr; }
bool TextGenerator::has_chat_template() const { return impl_->model().reader().has_chat_template(); }
int64_t TextGenerator::context_length() const { return impl_->model().facts().context_length; }

Result<std::vector<int64_t>> TextGenerator::tokenize(std::string_view text) const {
  return impl_->model().reader().tokens(text);
}
Result<std::vector<int64_t>> TextGenerator::tokenize(std::span<const ChatMessage> messages) const {
  return impl_->model().reader().tokens(messages);
}

Result<Generation> TextGenerator::generate(std::span<const int64_t> prompt, const GenerateOptions& options,
                                           const GenerateListener& listener) {
  return impl_->generate(prompt, options, listener);
}

}  // namespace hearth
