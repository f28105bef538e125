#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>
#include <optional>

#include "base/errors.h"
#include "hearth/generate.h"
#include "model/model_impl.h"
#include "pipelines/generate/constraint.h"
#include "pipelines/generate/generator_plan.h"
#include "pipelines/generate/text_reader.h"
#include "pipelines/generate/text_stream.h"
#include "text/sampler.h"

namespace hearth {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Result<Tensor> borrow_list(std::vector<int64_t>& numbers) {
  return Tensor::borrow(DType::kInt64, std::array{static_cast<int64_t>(numbers.size())}, numbers.data());
}

}  // namespace

/// What a caller hears of a generation, and why it is over.
class Listening {
 public:
  Listening(const GenerateOptions& options, const GenerateListener& listener, const Tokenizer* tokenizer)
      : listener_(listener) {
    if (tokenizer) stream_.emplace(*tokenizer, options.stop_strings);
  }

  /// Tells of a token, which an end has no text for.
  Status tell(int64_t token, bool is_end) {
    if (listener_.on_token && !listener_.on_token(token)) goes_on_ = false;
    if (!stream_ || is_end) return {};
    HEARTH_ASSIGN_OR_RETURN(const std::string text, stream_->push(token));
    tell(text);
    return {};
  }
  Status finish() {
    if (!stream_) return {};
    HEARTH_ASSIGN_OR_RETURN(const std::string text, stream_->finish());
    tell(text);
    return {};
  }

  bool goes_on() const { return goes_on_; }
  bool is_stopped() const { return stream_ && stream_->is_stopped(); }
  std::string take_text() { return std::move(text_); }

 private:
  void tell(const std::string& text) {
    text_ += text;
    if (!text.empty() && listener_.on_text && !listener_.on_text(text)) goes_on_ = false;
  }

  const GenerateListener& listener_;
  std::optional<TextStream> stream_;
  std::string text_;
  bool goes_on_ = true;
};

class TextGeneratorImpl {
 public:
  TextGeneratorImpl(Model model, const SessionOptions& options, Session session, const GeneratorPlan& plan,
                    TextReader reader)
      : model_(std::move(model)),
        options_(options),
        session_(std::move(session)),
        plan_(plan),
        reader_(std::move(reader)) {}

  const TextReader& reader() const { return reader_; }
  const TextGeneration& facts() const { return plan_.pipeline->generation; }

  Result<Generation> generate(std::span<const int64_t> prompt, const GenerateOptions& options,
                              const GenerateListener& listener) {
    HEARTH_RETURN_IF_ERROR(check_prompt(prompt));
    HEARTH_RETURN_IF_ERROR(check_text(options));
    HEARTH_ASSIGN_OR_RETURN(std::optional<Constraint> constraint, constraint_for(options));
    HEARTH_ASSIGN_OR_RETURN(Sampler sampler, Sampler::create(options.sampling, facts().vocabulary_size));
    sampler.begin(prompt);
    Generation generation;
    if (options.max_tokens <= 0) return generation;
    tokens_.assign(prompt.begin(), prompt.end());
    const auto start = Clock::now();
    HEARTH_ASSIGN_OR_RETURN(generation.reused_tokens, go_back_to(prompt));
    HEARTH_ASSIGN_OR_RETURN(Tensor logits, read(prompt.subspan(static_cast<size_t>(generation.reused_tokens))));
    HEARTH_ASSIGN_OR_RETURN(std::optional<int64_t> chosen, choose(sampler, constraint, options.max_tokens, logits));
    generation.prompt_seconds = seconds_since(start);
    const auto first = Clock::now();
    Listening listening(options, listener, reader_.tokenizer());
    generation.finish = FinishReason::kEnd;
    while (chosen) {
      const int64_t token = *chosen;
      generation.tokens.push_back(token);
      const bool ends = is_end(token) && options.stops_at_end;
      if (!ends) tokens_.push_back(token);
      HEARTH_RETURN_IF_ERROR(listening.tell(token, ends));
      if (constraint && !ends) HEARTH_RETURN_IF_ERROR(constraint->accept(reader_.tokenizer()->token_bytes(token)));
      const std::optional<FinishReason> finish = finish_after(generation, options, listening);
      if (finish) {
        generation.finish = *finish;
        break;
      }
      HEARTH_ASSIGN_OR_RETURN(logits, step(std::span(&token, 1)));
      const int64_t left = options.max_tokens - static_cast<int64_t>(generation.tokens.size());
      HEARTH_ASSIGN_OR_RETURN(chosen, choose(sampler, constraint, left, logits));
    }
    HEARTH_RETURN_IF_ERROR(listening.finish());
    generation.text = listening.take_text();
    generation.generate_seconds = seconds_since(first);
    return generation;
  }

  std::span<const int64_t> tokens() const { return tokens_; }

  Status save(const std::filesystem::path& path, std::string text) const {
    return session_.save(path, {tokens_, std::move(text)});
  }

  Result<std::string> load(const std::filesystem::path& path) {
    HEARTH_ASSIGN_OR_RETURN(SavedSession saved, model_.load_session(path, options_));
    std::vector<int64_t>& tokens = saved.notes.tokens;
    const auto length = static_cast<size_t>(saved.session.length());
    const auto is_token = [&](int64_t token) { return token >= 0 && token < facts().vocabulary_size; };
    if (tokens.size() < length || !std::ranges::all_of(tokens, is_token)) {
      return invalid_file("{}: the session was saved without its tokens", path.string());
    }
    session_ = std::move(saved.session);
    tokens_ = std::move(tokens);
    sequence_.assign(tokens_.begin(), tokens_.begin() + session_.length());
    return std::move(saved.notes.text);
  }

 private:
  Status check_prompt(std::span<const int64_t> prompt) const {
    if (prompt.empty()) return invalid_argument("the prompt is empty");
    for (const int64_t token : prompt) {
      if (token >= 0 && token < facts().vocabulary_size) continue;
      return invalid_argument("{} is not a token of the model, which has {}", token, facts().vocabulary_size);
    }
    const auto count = static_cast<int64_t>(prompt.size());
    if (count < facts().context_length) return {};
    return invalid_argument("the prompt has {} tokens, and the model's context takes {}, its answer included", count,
                            facts().context_length);
  }

  Status check_text(const GenerateOptions& options) const {
    const bool needs_text = !options.stop_strings.empty() || options.form.kind != OutputForm::Kind::kAny;
    if (!needs_text || reader_.tokenizer()) return {};
    return invalid_argument("stop strings and forms need a tokenizer, which the model's file does not have");
  }

  Result<std::optional<Constraint>> constraint_for(const GenerateOptions& options) {
    if (options.form.kind == OutputForm::Kind::kAny) return std::optional<Constraint>();
    if (!trie_) {
      HEARTH_ASSIGN_OR_RETURN(trie_, token_trie(*reader_.tokenizer(), facts().vocabulary_size));
    }
    const std::span<const int64_t> ends = options.stops_at_end ? facts().end_tokens : std::span<const int64_t>();
    HEARTH_ASSIGN_OR_RETURN(Constraint constraint, Constraint::create(options.form, *trie_, ends));
    return std::optional(std::move(constraint));
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

  bool is_end(int64_t token) const { return std::ranges::find(facts().end_tokens, token) != facts().end_tokens.end(); }

  /// Goes through a prompt, so many tokens at a time as the method takes. Returns the scores of what follows.
  Result<Tensor> read(std::span<const int64_t> prompt) {
    const auto most = static_cast<size_t>(plan_.most_tokens);
    for (; prompt.size() > most; prompt = prompt.subspan(most)) {
      HEARTH_RETURN_IF_ERROR(step(prompt.first(most)).status());
    }
    return step(prompt);
  }

  /// Returns the scores of what follows `tokens`, which continue the session's sequence.
  Result<Tensor> step(std::span<const int64_t> tokens) {
    std::vector<int64_t> list(tokens.begin(), tokens.end());
    std::vector<int64_t> positions(tokens.size());
    std::iota(positions.begin(), positions.end(), session_.length());
    std::vector<int64_t> rows{static_cast<int64_t>(tokens.size()) - 1};
    std::array<Tensor, 3> inputs;
    HEARTH_ASSIGN_OR_RETURN(inputs[0], borrow_list(list));
    HEARTH_ASSIGN_OR_RETURN(inputs[1], borrow_list(positions));
    HEARTH_ASSIGN_OR_RETURN(inputs[2], borrow_list(rows));
    HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session_.run(plan_.pipeline->method, inputs));
    sequence_.insert(sequence_.end(), tokens.begin(), tokens.end());
    return outputs[0];
  }

  /// The next token, of `left` that may come; none when the text is complete.
  Result<std::optional<int64_t>> choose(Sampler& sampler, std::optional<Constraint>& constraint, int64_t left,
                                        const Tensor& logits) const {
    const std::span<float> scores(logits.data_as<float>(), static_cast<size_t>(facts().vocabulary_size));
    if (constraint) {
      HEARTH_ASSIGN_OR_RETURN(const bool goes_on, constraint->apply(left, scores));
      if (!goes_on) return std::optional<int64_t>();
    }
    HEARTH_ASSIGN_OR_RETURN(const int64_t token, sampler.next(scores));
    return std::optional<int64_t>(token);
  }

  std::optional<FinishReason> finish_after(const Generation& generation, const GenerateOptions& options,
                                           const Listening& listening) const {
    if (!listening.goes_on()) return FinishReason::kCaller;
    if (listening.is_stopped()) return FinishReason::kStop;
    if (options.stops_at_end && is_end(generation.tokens.back())) return FinishReason::kEnd;
    if (static_cast<int64_t>(generation.tokens.size()) >= options.max_tokens) return FinishReason::kLength;
    if (session_.length() >= facts().context_length) return FinishReason::kContext;
    return std::nullopt;
  }

  Model model_;
  SessionOptions options_;
  Session session_;
  GeneratorPlan plan_;  ///< Points into the model's manifest.
  TextReader reader_;
  std::vector<int64_t> sequence_;  ///< The session's.
  std::vector<int64_t> tokens_;    ///< See TextGenerator::tokens(): they begin with the session's.
  std::optional<TokenTrie> trie_;  ///< For forms, once one was asked for.
};

Result<TextGenerator> TextGenerator::create(const Model& model, const SessionOptions& options) {
  const Archive& archive = model.impl()->archive();
  HEARTH_ASSIGN_OR_RETURN(const GeneratorPlan plan, plan_generator(archive.manifest()));
  HEARTH_ASSIGN_OR_RETURN(TextReader reader, TextReader::open(archive, plan.pipeline->generation));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session(options));
  return TextGenerator(
      std::make_unique<TextGeneratorImpl>(model, options, std::move(session), plan, std::move(reader)));
}

TextGenerator::TextGenerator(std::unique_ptr<TextGeneratorImpl> impl) : impl_(std::move(impl)) {}
TextGenerator::TextGenerator(TextGenerator&&) noexcept = default;
TextGenerator& TextGenerator::operator=(TextGenerator&&) noexcept = default;
TextGenerator::~TextGenerator() = default;

bool TextGenerator::has_tokenizer() const { return impl_->reader().tokenizer() != nullptr; }
bool TextGenerator::has_chat_template() const { return impl_->reader().has_chat_template(); }
int64_t TextGenerator::context_length() const { return impl_->facts().context_length; }

Result<std::vector<int64_t>> TextGenerator::tokenize(std::string_view text) const {
  return impl_->reader().tokens(text);
}
Result<std::vector<int64_t>> TextGenerator::tokenize_continuation(std::string_view text) const {
  return impl_->reader().continuation_tokens(text);
}
Result<std::vector<int64_t>> TextGenerator::tokenize(std::span<const ChatMessage> messages) const {
  return impl_->reader().tokens(messages);
}

Result<Generation> TextGenerator::generate(std::span<const int64_t> prompt, const GenerateOptions& options,
                                           const GenerateListener& listener) {
  return impl_->generate(prompt, options, listener);
}

std::span<const int64_t> TextGenerator::tokens() const { return impl_->tokens(); }
Status TextGenerator::save(const std::filesystem::path& path, std::string text) const {
  return impl_->save(path, std::move(text));
}
Result<std::string> TextGenerator::load(const std::filesystem::path& path) { return impl_->load(path); }

}  // namespace hearth
