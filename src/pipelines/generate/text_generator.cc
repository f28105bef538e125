#include <algorithm>
#include <vector>

#include "base/errors.h"
#include "hearth/generate.h"
#include "pipelines/generate/continuation.h"
#include "pipelines/generate/decoder_step.h"
#include "pipelines/generate/prompt_lookup.h"
#include "pipelines/generate/step_plan.h"
#include "pipelines/generate/text_model.h"

namespace hearth {
namespace {

/// More than this a text hardly repeats; the session can go back by so many tokens.
constexpr int64_t kMostGuesses = 64;

}  // namespace

class TextGeneratorImpl {
 public:
  TextGeneratorImpl(std::shared_ptr<TextModel> model, const SessionOptions& options, Session session)
      : model_(std::move(model)), options_(options), session_(std::move(session)) {}

  const TextModel& model() const { return *model_; }

  Result<Generation> generate(std::span<const int64_t> prompt, const GenerateOptions& options,
                              const GenerateListener& listener) {
    HEARTH_ASSIGN_OR_RETURN(Continuation continuation, Continuation::begin(*model_, prompt, options, listener));
    if (continuation.is_over()) return continuation.finish();
    Result<Generation> generation = run(continuation, prompt, options);
    if (generation.ok()) {
      tokens_.assign(prompt.begin(), prompt.end());
      tokens_.insert(tokens_.end(), generation->tokens.begin(), generation->tokens.end());
      const bool has_end = generation->finish == FinishReason::kEnd && model_->is_end(tokens_.back());
      if (has_end && options.stops_at_end) tokens_.pop_back();
    } else {
      tokens_ = sequence_;
    }
    return generation;
  }

  std::span<const int64_t> tokens() const { return tokens_; }

  Status save(const std::filesystem::path& path, std::string text) const {
    return session_.save(path, {tokens_, std::move(text)});
  }

  Result<std::string> load(const std::filesystem::path& path) {
    HEARTH_ASSIGN_OR_RETURN(SavedSession saved, model_->model().load_session(path, options_));
    std::vector<int64_t>& tokens = saved.notes.tokens;
    const auto length = static_cast<size_t>(saved.session.length());
    const auto is_token = [&](int64_t token) { return token >= 0 && token < model_->facts().vocabulary_size; };
    if (tokens.size() < length || !std::ranges::all_of(tokens, is_token)) {
      return invalid_file("{}: the session was saved without its tokens", path.string());
    }
    session_ = std::move(saved.session);
    tokens_ = std::move(tokens);
    sequence_.assign(tokens_.begin(), tokens_.begin() + session_.length());
    return std::move(saved.notes.text);
  }

 private:
  Result<Generation> run(Continuation& continuation, std::span<const int64_t> prompt, const GenerateOptions& options) {
    HEARTH_ASSIGN_OR_RETURN(const int64_t reused, go_back_to(prompt));
    HEARTH_RETURN_IF_ERROR(read(prompt.subspan(static_cast<size_t>(reused)), continuation));
    int64_t right_guesses = 0;
    while (!continuation.is_over()) {
      const std::vector<int64_t> guess = guess_after(continuation.last_token(), options);
      HEARTH_ASSIGN_OR_RETURN(const int64_t right, go_on(continuation, guess));
      right_guesses += right;
    }
    HEARTH_ASSIGN_OR_RETURN(Generation generation, continuation.finish());
    generation.reused_tokens = reused;
    generation.right_guesses = right_guesses;
    return generation;
  }

  /// Takes the session back to what its sequence has in common with the prompt, whose last token is read in any case.
  /// Returns how many tokens that are.
  Result<int64_t> go_back_to(std::span<const int64_t> prompt) {
    const auto last = std::min(prompt.size() - 1, sequence_.size());
    auto common = std::ranges::mismatch(prompt.first(last), sequence_).in1 - prompt.begin();
    if (common < session_.shortest_rewind()) common = 0;
    HEARTH_RETURN_IF_ERROR(session_.rewind(common));
    sequence_.resize(static_cast<size_t>(common));
    return common;
  }

  /// Reads a prompt, so many tokens at a time as the method takes, and chooses what follows.
  Status read(std::span<const int64_t> tokens, Continuation& continuation) {
    const int64_t most = std::min(model_->plan().most_tokens, kUsualTokensOfStep);
    Tensor logits;
    while (!tokens.empty()) {
      const int64_t count = tokens_to_read(static_cast<int64_t>(tokens.size()), most, most);
      HEARTH_ASSIGN_OR_RETURN(logits, step(tokens.first(static_cast<size_t>(count))));
      tokens = tokens.subspan(static_cast<size_t>(count));
    }
    return choose(logits, 0, continuation);
  }

  /// What may come behind the sequence and `token`, of which one more is chosen in any case.
  std::vector<int64_t> guess_after(int64_t token, const GenerateOptions& options) {
    const int64_t room = std::min(model_->plan().most_tokens, model_->facts().context_length - session_.length()) - 1;
    const int64_t most = std::clamp<int64_t>(room, 0, std::min(options.guessed_tokens, kMostGuesses));
    if (most == 0) return {};
    sequence_.push_back(token);
    const std::span<const int64_t> guess = look_up(sequence_, static_cast<size_t>(most));
    std::vector<int64_t> copy(guess.begin(), guess.end());
    sequence_.pop_back();
    return copy;
  }

  /// Reads the last token and, in the same step, the guess at what follows. Returns how much of it was right.
  Result<int64_t> go_on(Continuation& continuation, std::span<const int64_t> guess) {
    std::vector<int64_t> tokens{continuation.last_token()};
    tokens.insert(tokens.end(), guess.begin(), guess.end());
    HEARTH_ASSIGN_OR_RETURN(const Tensor logits, step(tokens, tokens.size()));
    size_t right = 0;
    while (true) {
      HEARTH_RETURN_IF_ERROR(choose(logits, static_cast<int64_t>(right), continuation));
      if (continuation.is_over() || right == guess.size() || continuation.last_token() != guess[right]) break;
      ++right;
    }
    sequence_.resize(sequence_.size() - (guess.size() - right));
    HEARTH_RETURN_IF_ERROR(session_.rewind(static_cast<int64_t>(sequence_.size())));
    return static_cast<int64_t>(right);
  }

  static Status choose(const Tensor& logits, int64_t row, Continuation& continuation) {
    const int64_t vocabulary = logits.size(1);
    HEARTH_RETURN_IF_ERROR(
        continuation.choose({logits.data_as<float>() + row * vocabulary, static_cast<size_t>(vocabulary)}));
    return continuation.accept();
  }

  /// Returns the scores of what follows the last `rows` of `tokens`, which continue the session's sequence.
  Result<Tensor> step(std::span<const int64_t> tokens, size_t rows = 1) {
    HEARTH_ASSIGN_OR_RETURN(Tensor logits, decoder_step(session_, model_->plan().pipeline->method, tokens, rows));
    sequence_.insert(sequence_.end(), tokens.begin(), tokens.end());
    return logits;
  }

  std::shared_ptr<TextModel> model_;
  SessionOptions options_;
  Session session_;
  std::vector<int64_t> sequence_;  ///< The session's.
  std::vector<int64_t> tokens_;    ///< See TextGenerator::tokens(): they begin with the session's.
};

Result<TextGenerator> TextGenerator::create(const Model& model, const SessionOptions& options) {
  HEARTH_ASSIGN_OR_RETURN(std::shared_ptr<TextModel> text_model, TextModel::open(model));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session(options));
  return TextGenerator(std::make_unique<TextGeneratorImpl>(std::move(text_model), options, std::move(session)));
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
Result<std::vector<int64_t>> TextGenerator::tokenize_continuation(std::string_view text) const {
  return impl_->model().reader().continuation_tokens(text);
}
Result<std::vector<int64_t>> TextGenerator::tokenize(std::span<const ChatMessage> messages) const {
  return impl_->model().reader().tokens(messages);
}

std::span<const int64_t> TextGenerator::tokens() const { return impl_->tokens(); }
Status TextGenerator::save(const std::filesystem::path& path, std::string text) const {
  return impl_->save(path, std::move(text));
}
Result<std::string> TextGenerator::load(const std::filesystem::path& path) { return impl_->load(path); }

Result<Generation> TextGenerator::generate(std::span<const int64_t> prompt, const GenerateOptions& options,
                                           const GenerateListener& listener) {
  return impl_->generate(prompt, options, listener);
}

}  // namespace hearth
