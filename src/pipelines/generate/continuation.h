#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "hearth/generate.h"
#include "pipelines/generate/constraint.h"
#include "pipelines/generate/text_model.h"
#include "pipelines/generate/text_stream.h"
#include "text/sampler.h"

namespace hearth {

/// What follows one prompt, while it comes: whoever runs the model gives the scores of what may come next, and reads
/// the token that was chosen. Used from one thread at a time.
class Continuation {
 public:
  /// Its time begins to run. kInvalidArgument: see TextGenerator::generate. The model outlives the object.
  static Result<Continuation> begin(TextModel& model, std::span<const int64_t> prompt, const GenerateOptions& options,
                                    const GenerateListener& listener);

  /// Chooses the next token by the scores of the whole vocabulary, which it may change. Tells nobody yet.
  Status choose(std::span<float> scores);
  /// Takes what was chosen as a part of the text, and tells the listener.
  Status accept();
  /// True when no token is to follow.
  bool is_over() const { return is_over_; }
  /// What the model reads next.
  int64_t last_token() const { return generation_.tokens.back(); }

  /// Ends it before it is over.
  void cancel();
  /// The result, once it is over.
  Result<Generation> finish();

 private:
  using Clock = std::chrono::steady_clock;

  Continuation(TextModel& model, std::span<const int64_t> prompt, const GenerateOptions& options,
               const GenerateListener& listener, std::optional<Constraint> constraint, Sampler sampler);
  int64_t tokens_left() const { return options_.max_tokens - static_cast<int64_t>(generation_.tokens.size()); }
  Status tell(int64_t token, bool is_end);
  void tell(const std::string& text);
  std::optional<FinishReason> finish_reason() const;
  void end(FinishReason reason);

  TextModel* model_;
  int64_t prompt_tokens_;
  GenerateOptions options_;
  GenerateListener listener_;
  std::optional<Constraint> constraint_;
  Sampler sampler_;
  std::optional<TextStream> stream_;
  std::optional<int64_t> chosen_;  ///< Nothing: the text is complete.
  ChosenToken probability_;        ///< Of what was chosen, if asked for.
  Generation generation_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point first_token_{};
  bool goes_on_ = true;  ///< As far as the listener is concerned.
  bool is_over_ = false;
};

}  // namespace hearth
