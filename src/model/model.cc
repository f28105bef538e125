#include "hearth/model.h"

#include <algorithm>

#include "base/errors.h"
#include "model/batch_impl.h"
#include "model/model_impl.h"
#include "model/session_file.h"
#include "model/session_impl.h"

namespace hearth {

Result<Model> Model::open(const std::filesystem::path& path, const ModelOptions& options) {
  HEARTH_ASSIGN_OR_RETURN(std::shared_ptr<ModelImpl> impl, ModelImpl::open(path, options));
  return Model(std::move(impl));
}

const std::string& Model::name() const { return impl_->name(); }

const std::vector<MethodInfo>& Model::methods() const { return impl_->methods(); }

const std::string& Model::device() const { return impl_->device()->properties().name; }

const std::string& Model::device_choice() const { return impl_->device_choice(); }

const MethodInfo* Model::method(std::string_view name) const {
  const auto found = std::ranges::find(impl_->methods(), name, &MethodInfo::name);
  return found == impl_->methods().end() ? nullptr : &*found;
}

Result<Session> Model::session(const SessionOptions& options) const {
  HEARTH_RETURN_IF_ERROR(check_cache_dtype(options.cache_dtype));
  return Session(std::make_unique<SessionImpl>(impl_, KeyValueCache(options.cache_dtype)));
}

Result<SavedSession> Model::load_session(const std::filesystem::path& path, const SessionOptions& options) const {
  HEARTH_RETURN_IF_ERROR(check_cache_dtype(options.cache_dtype));
  SessionNotes notes;
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<SessionImpl> impl,
                          SessionImpl::load(impl_, path, options.cache_dtype, notes));
  return SavedSession{Session(std::move(impl)), std::move(notes)};
}

Session::Session(std::unique_ptr<SessionImpl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<std::vector<Tensor>> Session::run(std::string_view method, std::span<const Tensor> inputs) {
  return impl_->run(method, inputs);
}

Result<std::vector<Tensor>> Session::run(std::string_view method,
                                         std::span<const std::pair<std::string, Tensor>> inputs) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> ordered, impl_->order_inputs(method, inputs));
  return impl_->run(method, ordered);
}

int64_t Session::length() const { return impl_->sequence().cache().length(); }
size_t Session::memory_bytes() const { return impl_->sequence().cache().byte_count(); }
Status Session::rewind(int64_t length) { return impl_->sequence().rewind(length); }
int64_t Session::shortest_rewind() const { return impl_->sequence().cache().shortest_truncation(); }
Result<Session> Session::fork() const {
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<SessionImpl> copy, impl_->fork());
  return Session(std::move(copy));
}

Status Session::save(const std::filesystem::path& path, const SessionNotes& notes) const {
  return impl_->save(path, notes);
}

Result<Batch> Model::batch() const { return Batch(std::make_unique<BatchImpl>(impl_)); }

Batch::Batch(std::unique_ptr<BatchImpl> impl) : impl_(std::move(impl)) {}
Batch::Batch(Batch&&) noexcept = default;
Batch& Batch::operator=(Batch&&) noexcept = default;
Batch::~Batch() = default;

Result<std::vector<Tensor>> Batch::run(std::string_view method, std::span<const Part> parts,
                                       std::span<const Tensor> inputs) {
  return impl_->run(method, parts, inputs);
}

}  // namespace hearth
