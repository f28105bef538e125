// Random calls of sessions of a language model, one by one and several at once, compared with a plain list of tokens:
// whatever was appended, forked and taken back, a session answers as a fresh one that is given its tokens in one piece.
//
// usage: sequence_stress CALLS SEED FILE    exit status 1 at the first answer that differs

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "base/errors.h"
#include "hearth/model.h"
#include "model/model_impl.h"

namespace hearth {
namespace {

constexpr size_t kMostSessions = 6;
constexpr int64_t kLongestSequence = 400;
constexpr int64_t kMostTokensOfCall = 40;
/// Relative to the largest logit: sums of other lengths are made in another order.
constexpr float kTolerance = 1e-4F;

using Tokens = std::vector<int64_t>;

struct Sequence {
  Session session;
  Tokens tokens;  ///< What the session should have.
};

Result<Tensor> borrow_list(Tokens& numbers) {
  return Tensor::borrow(DType::kInt64, std::array{static_cast<int64_t>(numbers.size())}, numbers.data());
}

/// Appends tokens; returns the logits after the last.
Result<std::vector<float>> append(Session& session, Tokens tokens) {
  Tokens positions(tokens.size());
  std::iota(positions.begin(), positions.end(), session.length());
  Tokens rows{static_cast<int64_t>(tokens.size()) - 1};
  std::array<Tensor, 3> inputs;
  HEARTH_ASSIGN_OR_RETURN(inputs[0], borrow_list(tokens));
  HEARTH_ASSIGN_OR_RETURN(inputs[1], borrow_list(positions));
  HEARTH_ASSIGN_OR_RETURN(inputs[2], borrow_list(rows));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session.run("decode", inputs));
  const auto* logits = outputs[0].data_as<float>();
  return std::vector<float>(logits, logits + outputs[0].size(1));
}

Status check_same(std::span<const float> got, std::span<const float> wanted) {
  float largest = 0;
  float difference = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    largest = std::max(largest, std::abs(wanted[i]));
    difference = std::max(difference, std::abs(got[i] - wanted[i]));
  }
  if (difference <= kTolerance * largest) return {};
  return error(StatusCode::kFailed, "logits differ by {:.2g} of the largest", difference / largest);
}

class Stress {
 public:
  Stress(Model model, Batch batch, Session stranger, uint32_t seed)
      : model_(std::move(model)), batch_(std::move(batch)), stranger_(std::move(stranger)), random_(seed) {
    vocabulary_ = model_.impl()->archive().manifest().pipeline->generation.vocabulary_size;
  }

  Status run(int calls) {
    for (int i = 0; i < calls; ++i) {
      const Status status = call();
      if (!status.ok()) return status.with_context(fmt::format("call {}", i));
    }
    return {};
  }

 private:
  int64_t length_of(size_t number) const { return static_cast<int64_t>(sequences_[number].tokens.size()); }
  int64_t draw(int64_t least, int64_t most) { return std::uniform_int_distribution(least, most)(random_); }

  Status call() {
    if (sequences_.empty()) {
      HEARTH_ASSIGN_OR_RETURN(Session session, model_.session());
      sequences_.push_back({std::move(session), {}});
    }
    const auto chosen = static_cast<size_t>(draw(0, static_cast<int64_t>(sequences_.size()) - 1));
    Sequence& sequence = sequences_[chosen];
    switch (draw(0, 9)) {
      case 0:
        return fork(sequence);
      case 1:
        sequence.tokens.resize(static_cast<size_t>(draw(0, static_cast<int64_t>(sequence.tokens.size()))));
        return sequence.session.rewind(static_cast<int64_t>(sequence.tokens.size()));
      case 2:
        if (sequences_.size() > 1) sequences_.erase(sequences_.begin() + static_cast<std::ptrdiff_t>(chosen));
        return {};
      case 3:
        return fail(sequence);
      case 4:
      case 5:
        return extend_together();
      default:
        return extend(sequence);
    }
  }

  Status fork(Sequence& sequence) {
    if (sequences_.size() == kMostSessions) return {};
    HEARTH_ASSIGN_OR_RETURN(Session copy, sequence.session.fork());
    sequences_.push_back({std::move(copy), Tokens(sequence.tokens)});
    return {};
  }

  /// What a session refuses must leave its sequence as it is.
  Status fail(Sequence& sequence) {
    const auto length = static_cast<int64_t>(sequence.tokens.size());
    if (sequence.session.rewind(length + 1).ok() || sequence.session.run("decode", std::span<const Tensor>()).ok()) {
      return error(StatusCode::kFailed, "nonsense was taken");
    }
    HEARTH_RETURN_IF_ERROR(fail_together(sequence.session));
    if (sequence.session.length() == length) return {};
    return error(StatusCode::kFailed, "{} tokens instead of {}", sequence.session.length(), length);
  }

  Status fail_together(Session& session) {
    HEARTH_ASSIGN_OR_RETURN(Session other, model_.session());
    using Parts = std::vector<Batch::Part>;
    const std::vector<std::pair<Parts, std::string_view>> cases{
        {{}, "no sessions"},
        {{{&session, 1}, {&session, 1}}, "parts 0 and 1 of the batch are the same session"},
        {{{nullptr, 2}}, "part 0 of the batch has no session"},
        {{{&session, 1}, {&stranger_, 1}}, "part 1 of the batch is a session of another model"},
        {{{&session, 2}, {&other, 0}}, "part 1 of the batch has 0 tokens"},
        {{{&session, 2}, {&other, 1}}, "the batch's parts have 3 tokens, but its first input is int64[2]"},
    };
    Tokens tokens{0, vocabulary_ - 1};
    for (const auto& [parts, message] : cases) {
      const auto refused = append_together(parts, tokens, tokens, tokens);
      if (refused.status().message().find(message) != std::string::npos) continue;
      return error(StatusCode::kFailed, "'{}' instead of '{}'", refused.status().message(), message);
    }
    // The second token does not exist: the step fails after the checks, half-way through the model or before it.
    Tokens wrong{0, vocabulary_};
    Tokens rows{1};
    Tokens positions{session.length(), 0};
    if (append_together(Parts{{&session, 1}, {&other, 1}}, wrong, positions, rows).ok() || other.length() != 0) {
      return error(StatusCode::kFailed, "a token that does not exist was taken");
    }
    return {};
  }

  /// Some of the sessions at once, each of which gets, to the bit, what a fork gets alone.
  Status extend_together() {
    std::vector<Batch::Part> parts;
    std::vector<size_t> chosen;
    std::vector<std::vector<float>> alone;
    Tokens tokens;
    Tokens positions;
    Tokens rows;
    for (size_t i = 0; i < sequences_.size(); ++i) {
      if (draw(0, 3) == 0 || length_of(i) + kMostTokensOfCall > kLongestSequence) continue;
      const int64_t count = draw(0, 2) == 0 ? draw(2, kMostTokensOfCall) : 1;
      Tokens more(static_cast<size_t>(count));
      for (int64_t& token : more) {
        token = draw(0, vocabulary_ - 1);
        positions.push_back(length_of(i));
        sequences_[i].tokens.push_back(token);
      }
      tokens.insert(tokens.end(), more.begin(), more.end());
      HEARTH_ASSIGN_OR_RETURN(Session copy, sequences_[i].session.fork());
      HEARTH_ASSIGN_OR_RETURN(alone.emplace_back(), append(copy, std::move(more)));
      rows.push_back(static_cast<int64_t>(tokens.size()) - 1);
      parts.push_back({&sequences_[i].session, count});
      chosen.push_back(i);
    }
    if (parts.empty()) return {};
    HEARTH_ASSIGN_OR_RETURN(const Tensor logits, append_together(parts, tokens, positions, rows));
    for (size_t i = 0; i < chosen.size(); ++i) {
      const auto* row = logits.data_as<float>() + static_cast<int64_t>(i) * logits.stride(0);
      if (!std::equal(alone[i].begin(), alone[i].end(), row)) {
        return error(StatusCode::kFailed, "session {} of {} gets other logits than alone", i, chosen.size());
      }
      HEARTH_RETURN_IF_ERROR(check_answer(sequences_[chosen[i]], alone[i]));
    }
    return {};
  }

  Result<Tensor> append_together(std::span<const Batch::Part> parts, Tokens& tokens, Tokens& positions, Tokens& rows) {
    std::array<Tensor, 3> inputs;
    HEARTH_ASSIGN_OR_RETURN(inputs[0], borrow_list(tokens));
    HEARTH_ASSIGN_OR_RETURN(inputs[1], borrow_list(positions));
    HEARTH_ASSIGN_OR_RETURN(inputs[2], borrow_list(rows));
    HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, batch_.run("decode", parts, inputs));
    return outputs[0];
  }

  Status extend(Sequence& sequence) {
    if (static_cast<int64_t>(sequence.tokens.size()) + kMostTokensOfCall > kLongestSequence) {
      sequence.tokens.resize(kLongestSequence / 2);
      return sequence.session.rewind(kLongestSequence / 2);
    }
    Tokens more(static_cast<size_t>(draw(0, 2) == 0 ? draw(2, kMostTokensOfCall) : 1));
    for (int64_t& token : more) token = draw(0, vocabulary_ - 1);
    sequence.tokens.insert(sequence.tokens.end(), more.begin(), more.end());
    HEARTH_ASSIGN_OR_RETURN(const std::vector<float> logits, append(sequence.session, std::move(more)));
    return check_answer(sequence, logits);
  }

  /// Compares what a session answered with what a fresh one answers.
  Status check_answer(const Sequence& sequence, std::span<const float> logits) {
    HEARTH_ASSIGN_OR_RETURN(Session fresh, model_.session());
    HEARTH_ASSIGN_OR_RETURN(const std::vector<float> expected, append(fresh, sequence.tokens));
    if (sequence.session.length() != static_cast<int64_t>(sequence.tokens.size())) {
      return error(StatusCode::kFailed, "{} tokens instead of {}", sequence.session.length(), sequence.tokens.size());
    }
    return check_same(logits, expected);
  }

  Model model_;
  Batch batch_;
  Session stranger_;  ///< Of another model.
  std::mt19937 random_;
  int64_t vocabulary_;
  std::vector<Sequence> sequences_;
};

Status run(const std::vector<std::string>& arguments) {
  HEARTH_ASSIGN_OR_RETURN(Model model, Model::open(arguments[2]));
  HEARTH_ASSIGN_OR_RETURN(Batch batch, model.batch());
  HEARTH_ASSIGN_OR_RETURN(const Model other, Model::open(arguments[2]));
  HEARTH_ASSIGN_OR_RETURN(Session stranger, other.session());
  const auto seed = static_cast<uint32_t>(std::atoi(arguments[1].c_str()));
  return Stress(std::move(model), std::move(batch), std::move(stranger), seed).run(std::atoi(arguments[0].c_str()));
}

int main_function(const std::vector<std::string>& arguments) {
  if (arguments.size() != 3) {
    fmt::print(stderr, "usage: sequence_stress CALLS SEED FILE\n");
    return 2;
  }
  const Status status = run(arguments);
  if (!status.ok()) fmt::print(stderr, "{}\n", status.message());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace hearth

int main(int argc, char** argv) { return hearth::main_function({argv + 1, argv + argc}); }
