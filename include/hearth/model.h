#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hearth/export.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

class BatchImpl;
class ModelImpl;
class SessionImpl;

struct ModelOptions {
  /// "cpu", "cuda:0", "null"…: `hearth devices` lists them. "auto" is a GPU for which the file has code and that its
  /// weights fit in, otherwise the CPU.
  std::string device = "auto";
  std::string
      target;  ///< One of the file's targets, for example "cpu-x86_64-v3"; empty: the best that this machine can run.
  int threads = 0;  ///< Threads for one run; 0: all that the process may use.
  std::filesystem::path
      adapter{};  ///< A fine-tune of the model, made by `python -m hearth.export.adapter`; empty: none.
};

struct SessionOptions {
  /// What a language model's keys and values are kept as: kFloat32, kFloat16, kBFloat16, or kInt8 with a scale for each
  /// token and head; empty: as the model computes them. Narrow ones take less memory and change the answers a little.
  std::optional<DType> cache_dtype{};
};

/// What a caller keeps in a session's file beside it. The session makes nothing of it.
struct SessionNotes {
  std::vector<int64_t> tokens;
  std::string text;
};

/// An input or output of a method. A symbolic dimension has size -1 and its name in `symbols`.
struct ValueInfo {
  std::string name;
  DType dtype = DType::kFloat32;
  std::vector<int64_t> shape;
  std::vector<std::string> symbols;  ///< One per dimension; empty for a fixed one.
};

struct MethodInfo {
  std::string name;
  std::string target;                ///< The one chosen for this machine.
  std::vector<std::string> targets;  ///< All in the file.
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
};

class Batch;
class Session;
struct SavedSession;

/// A `.pt2` file opened for one device: code loaded, weights bound in place. Immutable and thread-safe; copies share
/// it. Everything it holds is given back when the last copy and the last session are gone.
class HEARTH_API Model {
 public:
  /// Errors: kNotFound, kPermissionDenied, kInvalidFile (names the record and the field), kInvalidArgument
  /// (the adapter is for another model), kUnavailable (device or
  /// target not here), kOutOfMemory.
  static Result<Model> open(const std::filesystem::path& path, const ModelOptions& options = {});

  const std::string& name() const;
  const std::vector<MethodInfo>& methods() const;
  /// Where it runs: "cpu", "cuda:0".
  const std::string& device() const;
  /// Why there, in words, when ModelOptions::device was "auto" and the file has code for GPUs; else empty.
  const std::string& device_choice() const;
  /// Null when there is none of that name.
  const MethodInfo* method(std::string_view name) const;
  /// A new session. Sessions of one model run independently; each is used from one thread at a time. kInvalidArgument:
  /// a dtype that keys and values cannot be kept as.
  Result<Session> session(const SessionOptions& options = {}) const;
  /// What runs several sessions of this model in one step.
  Result<Batch> batch() const;
  /// The session that Session::save() wrote, of this very model. It keeps keys and values as it did. kNotFound,
  /// kPermissionDenied; kInvalidFile: no session's file, one that another version of the format or another model wrote,
  /// or a damaged one. kInvalidArgument: `options` ask for another dtype than the file's. kOutOfMemory.
  Result<SavedSession> load_session(const std::filesystem::path& path, const SessionOptions& options = {}) const;
  /// For Hearth's own pipelines.
  const std::shared_ptr<ModelImpl>& impl() const { return impl_; }

 private:
  explicit Model(std::shared_ptr<ModelImpl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<ModelImpl> impl_;
};

/// The mutable part of running a model: temporaries, and the sequence of tokens that a language model goes on with.
/// Move-only; used from one thread at a time.
///
/// A run that fails leaves the sequence as it was. Only one that fails with kInternal, or is left by an exception, puts
/// it in doubt: from then on everything but length() and memory_bytes() returns kFailed and says why.
class HEARTH_API Session {
 public:
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  /// Runs a method with inputs in the method's order. Each is checked first: a wrong count, dtype, rank, size or bound
  /// is kInvalidArgument and names the input. Inputs are read, never written, and copied only when laid out otherwise
  /// than the code expects. Outputs are in the method's order and may be kept as long as wanted. kFailed: the model
  /// failed half-way; the session goes on.
  Result<std::vector<Tensor>> run(std::string_view method, std::span<const Tensor> inputs);
  /// The same by name, in any order.
  Result<std::vector<Tensor>> run(std::string_view method, std::span<const std::pair<std::string, Tensor>> inputs);

  /// Tokens of the session's sequence: those that its runs of a language model's method were given. A run that failed
  /// adds none.
  int64_t length() const;
  /// Bytes of the sequence's keys and values, those that it shares with forks included.
  size_t memory_bytes() const;
  /// Takes the sequence back to its first `length` tokens. kInvalidArgument when it is shorter, or when `length` is
  /// less than shortest_rewind() and not 0.
  Status rewind(int64_t length);
  /// 0, unless the model has layers with a sliding window and the sequence is longer than these need: they give old
  /// memory back, and can go back by 256 tokens at least.
  int64_t shortest_rewind() const;
  /// A session of the same model that goes on from the same sequence, whose memory both share until one goes on.
  Result<Session> fork() const;
  /// Writes the sequence, with what the model computed for it, to a file. Whenever the process is killed, `path` is the
  /// file that it was or the whole new one. kInvalidArgument: the model comes from a stock package, whose files cannot
  /// be told apart; kFailed names the file.
  Status save(const std::filesystem::path& path, const SessionNotes& notes = {}) const;
  /// For Hearth's own pipelines.
  SessionImpl& impl() const { return *impl_; }

 private:
  friend class Model;
  explicit Session(std::unique_ptr<SessionImpl> impl);
  std::unique_ptr<SessionImpl> impl_;
};

struct SavedSession {
  Session session;
  SessionNotes notes;
};

/// Runs a language model's method for several sessions of one model in one step, which reads the model's weights once
/// for all of them. Each session gets what a run of its own would have given it: to the bit where the model's code does
/// not depend on the number of its tokens, see docs/scheduler.md. It holds the step's memory. Move-only; used, together
/// with the sessions at hand, from one thread at a time.
class HEARTH_API Batch {
 public:
  struct Part {
    Session* session = nullptr;
    int64_t tokens = 0;  ///< How many of the step's tokens are the session's, at least 1.
  };

  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) noexcept;
  ~Batch();

  /// See Session::run. The first input holds the tokens of all parts, one part after the other. The tokens become part
  /// of all sessions' sequences, or, when the run fails, of none. kInvalidArgument, too: no parts, a session of another
  /// model or one that is there twice, tokens that are not those of the first input, or a method that keeps no
  /// sequences. kFailed when a session is in doubt.
  Result<std::vector<Tensor>> run(std::string_view method, std::span<const Part> parts, std::span<const Tensor> inputs);
  /// For Hearth's own pipelines.
  const BatchImpl& impl() const { return *impl_; }

 private:
  friend class Model;
  explicit Batch(std::unique_ptr<BatchImpl> impl);
  std::unique_ptr<BatchImpl> impl_;
};

}  // namespace hearth
