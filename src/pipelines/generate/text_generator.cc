#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>
#include <optional>

#include "base/errors.h"
#include "hearth/generate.h"
#include "model/model_impl.h"
#include "pipelines/generate/generator_plan.h"
#include "text/sampler.h"

namespace hearth {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Result<Tensor> borrow_list(std::vector<int64_t>& numbers) {
  return Tensor::borrow(DType::kInt64, std::array{static_cast<int64_t>(numbers.size())}, numbers.data());
}

}  // namespace

class TextGeneratorImpl {
 public:
  TextGeneratorImpl(Model model, Session session, const GeneratorPlan& plan)
      : model_(std::move(model)), session_(std::move(session)), plan_(plan) {}

  Result<Generation> generate(std::span<const int64_t> prompt, const GenerateOptions& options,
                              const std::function<bool(int64_t token)>& on_token) {
    HEARTH_RETURN_IF_ERROR(check_prompt(prompt));
    HEARTH_ASSIGN_OR_RETURN(Sampler sampler, Sampler::create(options.sampling, facts().vocabulary_size));
    sampler.begin(prompt);
    HEARTH_RETURN_IF_ERROR(session_.rewind(0));
    Generation generation;
    if (options.max_tokens <= 0) return generation;
    const auto start = Clock::now();
    HEARTH_ASSIGN_OR_RETURN(Tensor logits, read(prompt));
    HEARTH_ASSIGN_OR_RETURN(int64_t token, choose(sampler, logits));
    generation.prompt_seconds = seconds_since(start);
    const auto first = Clock::now();
    while (true) {
      generation.tokens.push_back(token);
      const std::optional<FinishReason> finish = finish_after(generation, options, on_token);
      if (finish) {
        generation.finish = *finish;
        break;
      }
      HEARTH_ASSIGN_OR_RETURN(logits, step(std::span(&token, 1)));
      HEARTH_ASSIGN_OR_RETURN(token, choose(sampler, logits));
    }
    generation.generate_seconds = seconds_since(first);
    return generation;
  }

 private:
  const TextGeneration& facts() const { return plan_.pipeline->generation; }

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
    return outputs[0];
  }

  Result<int64_t> choose(Sampler& sampler, const Tensor& logits) const {
    return sampler.next({logits.data_as<float>(), static_cast<size_t>(facts().vocabulary_size)});
  }

  std::optional<FinishReason> finish_after(const Generation& generation, const GenerateOptions& options,
                                           const std::function<bool(int64_t token)>& on_token) const {
    const int64_t token = generation.tokens.back();
    if (on_token && !on_token(token)) return FinishReason::kCaller;
    const bool is_end = std::ranges::find(facts().end_tokens, token) != facts().end_tokens.end();
    if (is_end && options.stops_at_end) return FinishReason::kEnd;
    if (static_cast<int64_t>(generation.tokens.size()) >= options.max_tokens) return FinishReason::kLength;
    if (session_.length() >= facts().context_length) return FinishReason::kContext;
    return std::nullopt;
  }

  Model model_;
  Session session_;
  GeneratorPlan plan_;  ///< Points into the model's manifest.
};

Result<TextGenerator> TextGenerator::create(const Model& model) {
  HEARTH_ASSIGN_OR_RETURN(const GeneratorPlan plan, plan_generator(model.impl()->archive().manifest()));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  return TextGenerator(std::make_unique<TextGeneratorImpl>(model, std::move(session), plan));
}

TextGenerator::TextGenerator(std::unique_ptr<TextGeneratorImpl> impl) : impl_(std::move(impl)) {}
TextGenerator::TextGenerator(TextGenerator&&) noexcept = default;
TextGenerator& TextGenerator::operator=(TextGenerator&&) noexcept = default;
TextGenerator::~TextGenerator() = default;

Result<Generation> TextGenerator::generate(std::span<const int64_t> prompt, const GenerateOptions& options,
                                           const std::function<bool(int64_t token)>& on_token) {
  return impl_->generate(prompt, options, on_token);
}

}  // namespace hearth
