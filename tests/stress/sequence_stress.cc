// Random sequences of calls of sessions of a language model, one by one and several at once, compared with plain lists
// of tokens: whatever was appended, refused, forked, taken back, saved and loaded, a session answers as a fresh one
// that is given its tokens in one piece and keeps keys and values as they are computed.
//
// usage: sequence_stress SEQUENCES SEED FILE FOLDER CACHE    CACHE: computed, or a dtype that the sessions keep keys
// and values as. FOLDER is for files of sessions. Exit status 1 at the first answer that differs; else says what was
// done.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
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
constexpr int64_t kMostCalls = 24;
constexpr int64_t kLongestSequence = 1000;
constexpr int64_t kMostTokensOfCall = 40;
constexpr int64_t kMostTokensOfLongCall = 600;
constexpr int kFiles = 3;

/// Relative to the largest logit. Computed ones differ because sums of other lengths are made in another order.
float tolerance(std::optional<DType> cache) {
  if (!cache || *cache == DType::kFloat32) return 1e-5F;
  return *cache == DType::kInt8 ? 0.02F : 0.005F;
}

using Tokens = std::vector<int64_t>;

struct Sequence {
  Session session;
  Tokens tokens;  ///< What the session should have.
};

/// A session's file, and the tokens that were saved in it.
struct File {
  std::filesystem::path path;
  std::optional<Tokens> tokens;
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

/// The largest difference, relative to the largest wanted; infinite for NaN.
float difference_of(std::span<const float> got, std::span<const float> wanted) {
  float largest = 0;
  float difference = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    largest = std::max(largest, std::abs(wanted[i]));
    const float here = std::abs(got[i] - wanted[i]);
    difference = std::isnan(here) ? std::numeric_limits<float>::infinity() : std::max(difference, here);
  }
  return difference / largest;
}

class Stress {
 public:
  Stress(Model model, Batch batch, Session stranger, uint32_t seed, const std::filesystem::path& folder,
         std::optional<DType> cache)
      : model_(std::move(model)),
        batch_(std::move(batch)),
        stranger_(std::move(stranger)),
        random_(seed),
        cache_(cache) {
    vocabulary_ = model_.impl()->archive().manifest().pipeline->generation.vocabulary_size;
    for (int i = 0; i < kFiles; ++i) files_.push_back({folder / fmt::format("session_{}_{}", seed, i), std::nullopt});
  }

  Status run(int sequences) {
    for (int i = 0; i < sequences; ++i) {
      sequences_.clear();
      const int64_t calls = draw(2, kMostCalls);
      for (int64_t j = 0; j < calls; ++j) {
        const Status status = call();
        if (!status.ok()) return status.with_context(fmt::format("sequence {}, call {}", i, j));
      }
    }
    return {};
  }

  /// How often each thing was done.
  const std::map<std::string, int>& counts() const { return counts_; }
  /// Of logits, relative to the largest.
  float largest_difference() const { return largest_difference_; }

 private:
  int64_t length_of(size_t number) const { return static_cast<int64_t>(sequences_[number].tokens.size()); }
  int64_t draw(int64_t least, int64_t most) { return std::uniform_int_distribution(least, most)(random_); }

  Status call() {
    if (sequences_.empty()) {
      HEARTH_ASSIGN_OR_RETURN(Session session, model_.session({.cache_dtype = cache_}));
      sequences_.push_back({std::move(session), {}});
    }
    const auto chosen = static_cast<size_t>(draw(0, static_cast<int64_t>(sequences_.size()) - 1));
    Sequence& sequence = sequences_[chosen];
    switch (draw(0, 13)) {
      case 0:
        return fork(sequence);
      case 1:
        return rewind(sequence, draw(0, static_cast<int64_t>(sequence.tokens.size())));
      case 2:
        if (sequences_.size() > 1) sequences_.erase(sequences_.begin() + static_cast<std::ptrdiff_t>(chosen));
        return {};
      case 3:
        return fail(sequence);
      case 4:
        return save(sequence);
      case 5:
        return load(sequence);
      case 6:
      case 7:
        return extend_together();
      default:
        return extend(sequence);
    }
  }

  Status check_length(const Sequence& sequence) {
    if (sequence.session.length() == static_cast<int64_t>(sequence.tokens.size())) return {};
    return error(StatusCode::kFailed, "{} tokens instead of {}", sequence.session.length(), sequence.tokens.size());
  }

  /// Where a sliding window's layers cannot go back so far, they say so, and the sequence stays.
  Status rewind(Sequence& sequence, int64_t length) {
    const bool may_be = length == 0 || length >= sequence.session.shortest_rewind();
    ++counts_[may_be ? "rewinds" : "refused rewinds"];
    const Status status = sequence.session.rewind(length);
    if (status.ok() != may_be) return error(StatusCode::kFailed, "rewind to {}: {}", length, status.message());
    if (may_be) sequence.tokens.resize(static_cast<size_t>(length));
    return check_length(sequence);
  }

  Status save(const Sequence& sequence) {
    ++counts_["saves"];
    File& file = files_[static_cast<size_t>(draw(0, kFiles - 1))];
    HEARTH_RETURN_IF_ERROR(sequence.session.save(file.path, {sequence.tokens, "notes"}));
    file.tokens = sequence.tokens;
    return check_length(sequence);
  }

  Status load(Sequence& sequence) {
    const File& file = files_[static_cast<size_t>(draw(0, kFiles - 1))];
    if (!file.tokens) return {};
    ++counts_["loads"];
    HEARTH_ASSIGN_OR_RETURN(SavedSession saved, model_.load_session(file.path, {.cache_dtype = cache_}));
    if (saved.notes.tokens != *file.tokens) return error(StatusCode::kFailed, "a file lost its notes");
    sequence = {std::move(saved.session), *file.tokens};
    return check_length(sequence);
  }

  Status fork(Sequence& sequence) {
    if (sequences_.size() == kMostSessions) return {};
    HEARTH_ASSIGN_OR_RETURN(Session copy, sequence.session.fork());
    ++counts_["forks"];
    sequences_.push_back({std::move(copy), Tokens(sequence.tokens)});
    return check_length(sequences_.back());
  }

  /// What a session refuses must leave its sequence as it is.
  Status fail(Sequence& sequence) {
    ++counts_["refused runs"];
    const auto length = static_cast<int64_t>(sequence.tokens.size());
    Tokens none(static_cast<size_t>(draw(1, kMostTokensOfCall)));
    none.back() = vocabulary_ + draw(0, 9);
    HEARTH_ASSIGN_OR_RETURN(const Tensor wrong, Tensor::empty(DType::kFloat32, std::array{int64_t{3}}));
    const std::array inputs{wrong, wrong, wrong};
    if (sequence.session.rewind(length + 1).ok() || sequence.session.run("decode", std::span<const Tensor>()).ok() ||
        sequence.session.run("decode", inputs).ok() || sequence.session.run("encode", inputs).ok() ||
        append(sequence.session, none).ok()) {
      return error(StatusCode::kFailed, "nonsense was taken");
    }
    HEARTH_RETURN_IF_ERROR(fail_together(sequence.session));
    return check_length(sequence);
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
    ++counts_["runs of several"];
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
    int64_t count = draw(0, 2) == 0 ? draw(2, kMostTokensOfCall) : 1;
    if (draw(0, 4) == 0) count = draw(kMostTokensOfCall, kMostTokensOfLongCall);
    if (static_cast<int64_t>(sequence.tokens.size()) + count > kLongestSequence) return rewind(sequence, 0);
    ++counts_["runs"];
    Tokens more(static_cast<size_t>(count));
    for (int64_t& token : more) token = draw(0, vocabulary_ - 1);
    sequence.tokens.insert(sequence.tokens.end(), more.begin(), more.end());
    HEARTH_ASSIGN_OR_RETURN(const std::vector<float> logits, append(sequence.session, std::move(more)));
    return check_answer(sequence, logits);
  }

  /// Compares what a session answered with what a fresh one answers.
  Status check_answer(const Sequence& sequence, std::span<const float> logits) {
    HEARTH_ASSIGN_OR_RETURN(Session fresh, model_.session());
    HEARTH_ASSIGN_OR_RETURN(const std::vector<float> expected, append(fresh, sequence.tokens));
    HEARTH_RETURN_IF_ERROR(check_length(sequence));
    const float difference = difference_of(logits, expected);
    largest_difference_ = std::max(largest_difference_, difference);
    if (difference <= tolerance(cache_)) return {};
    return error(StatusCode::kFailed, "logits differ by {:.2g} of the largest", difference);
  }

  Model model_;
  Batch batch_;
  Session stranger_;  ///< Of another model.
  std::mt19937 random_;
  std::optional<DType> cache_;
  int64_t vocabulary_;
  std::vector<Sequence> sequences_;
  std::vector<File> files_;
  std::map<std::string, int> counts_;
  float largest_difference_ = 0;
};

Status stress(const std::vector<std::string>& arguments) {
  HEARTH_ASSIGN_OR_RETURN(Model model, Model::open(arguments[2]));
  std::optional<DType> cache;
  if (arguments[4] != "computed") {
    HEARTH_ASSIGN_OR_RETURN(cache, parse_dtype(arguments[4]));
  }
  const auto seed = static_cast<uint32_t>(std::atoi(arguments[1].c_str()));
  HEARTH_ASSIGN_OR_RETURN(Batch batch, model.batch());
  HEARTH_ASSIGN_OR_RETURN(const Model other, Model::open(arguments[2]));
  HEARTH_ASSIGN_OR_RETURN(Session stranger, other.session());
  Stress stress(std::move(model), std::move(batch), std::move(stranger), seed, arguments[3], cache);
  HEARTH_RETURN_IF_ERROR(stress.run(std::atoi(arguments[0].c_str())));
  for (const auto& [name, count] : stress.counts()) fmt::print("{}: {}\n", name, count);
  fmt::print("largest difference: {:.2g}\n", stress.largest_difference());
  return {};
}

int main_function(const std::vector<std::string>& arguments) {
  if (arguments.size() != 5) {
    fmt::print(stderr, "usage: sequence_stress SEQUENCES SEED FILE FOLDER CACHE\n");
    return 2;
  }
  const Status status = stress(arguments);
  if (!status.ok()) fmt::print(stderr, "{}\n", status.message());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace hearth

int main(int argc, char** argv) { return hearth::main_function({argv + 1, argv + argc}); }
