#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hearth/export.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

class ModelImpl;
class SessionImpl;

struct ModelOptions {
  std::string device = "auto";  ///< "auto", "cpu", "null"…: `hearth devices` lists them.
  std::string
      target;  ///< One of the file's targets, for example "cpu-x86_64-v3"; empty: the best that this machine can run.
  int threads = 0;  ///< Threads for one run; 0: all that the process may use.
  std::filesystem::path
      adapter{};  ///< A fine-tune of the model, made by `python -m hearth.export.adapter`; empty: none.
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

class Session;

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
  /// Null when there is none of that name.
  const MethodInfo* method(std::string_view name) const;
  /// A new session. Sessions of one model run independently; each is used from one thread at a time.
  Result<Session> session() const;
  /// For Hearth's own pipelines.
  const std::shared_ptr<ModelImpl>& impl() const { return impl_; }

 private:
  explicit Model(std::shared_ptr<ModelImpl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<ModelImpl> impl_;
};

/// The mutable part of running a model: temporaries, and the sequence of tokens that a language model goes on with.
/// Move-only; used from one thread at a time.
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
  /// Takes the sequence back to its first `length` tokens. kInvalidArgument when it is shorter.
  Status rewind(int64_t length);
  /// A session of the same model that goes on from the same sequence, whose memory both share until one goes on.
  Result<Session> fork() const;

 private:
  friend class Model;
  explicit Session(std::unique_ptr<SessionImpl> impl);
  std::unique_ptr<SessionImpl> impl_;
};

}  // namespace hearth
