#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "hearth/status.h"
#include "hearth/tensor.h"
#include "model/model_impl.h"
#include "model/sequence.h"
#include "model/workspace.h"

namespace hearth {

/// One user's runs of a model: its own memory, everything else shared. Used from one thread at a time.
class SessionImpl {
 public:
  /// A session that goes on from what `cache` has.
  explicit SessionImpl(std::shared_ptr<ModelImpl> model, KeyValueCache cache = KeyValueCache());
  /// See Model::load_session.
  static Result<std::unique_ptr<SessionImpl>> load(std::shared_ptr<ModelImpl> model, const std::filesystem::path& path,
                                                   std::optional<DType> dtype, SessionNotes& notes);

  /// See Session::run.
  Result<std::vector<Tensor>> run(std::string_view method, std::span<const Tensor> inputs);
  /// Puts named inputs into the method's order. kInvalidArgument names one that is unknown, given twice or missing.
  Result<std::vector<Tensor>> order_inputs(std::string_view method,
                                           std::span<const std::pair<std::string, Tensor>> inputs) const;
  /// See Session::fork.
  Result<std::unique_ptr<SessionImpl>> fork() const;
  /// See Session::save.
  Status save(const std::filesystem::path& path, const SessionNotes& notes) const;
  const ModelImpl* model() const { return model_.get(); }
  Sequence& sequence() { return sequence_; }
  const Sequence& sequence() const { return sequence_; }

 private:
  std::shared_ptr<ModelImpl> model_;
  Workspace workspace_;  ///< Keys and values lie in its host memory, too.
  Sequence sequence_;
};

}  // namespace hearth
