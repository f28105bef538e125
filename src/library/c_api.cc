#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "hearth/classify.h"
#include "hearth/hearth.h"
#include "hearth/model.h"
#include "library/c_error.h"
#include "library/method_table.h"
#include "tensor/copy.h"

struct hearth_tensor {
  hearth::Tensor tensor;
};

struct hearth_model {
  explicit hearth_model(hearth::Model opened) : model(std::move(opened)), methods(model.methods()) {}
  hearth::Model model;
  hearth::MethodTable methods;
};

struct hearth_session {
  hearth::Session session;
};

struct hearth_classifier {
  hearth::ImageClassifier classifier;
};

struct hearth_classifications {
  explicit hearth_classifications(std::vector<std::vector<hearth::Classification>> answers);
  std::vector<std::vector<hearth::Classification>> owner;
  std::vector<std::vector<hearth_class>> pictures;  ///< Their labels point into `owner`.
};

hearth_classifications::hearth_classifications(std::vector<std::vector<hearth::Classification>> answers)
    : owner(std::move(answers)) {
  for (const auto& answer : owner) {
    auto& classes = pictures.emplace_back();
    for (const hearth::Classification& entry : answer) {
      classes.push_back({entry.label.c_str(), entry.index, entry.probability});
    }
  }
}

namespace hearth {
namespace {

static_assert(HEARTH_MAX_RANK == kMaxRank);
static_assert(HEARTH_INTERNAL == static_cast<int>(StatusCode::kInternal));
static_assert(HEARTH_UINT64 == static_cast<int>(DType::kUInt64) && HEARTH_INT4 == static_cast<int>(DType::kInt4));
static_assert(HEARTH_FLOAT8_E4M3FN == static_cast<int>(DType::kFloat8E4M3FN));

Status require(const void* pointer, std::string_view parameter) {
  return pointer != nullptr ? Status() : invalid_argument("the parameter '{}' is NULL", parameter);
}

/// Success when none of `count` pointers is null.
template <typename Pointer>
Status require_all(const Pointer* pointers, size_t count, std::string_view parameter) {
  if (count > 0) HEARTH_RETURN_IF_ERROR(require(pointers, parameter));
  const Pointer* const null = std::find(pointers, pointers + count, nullptr);
  return null == pointers + count ? Status() : require(nullptr, fmt::format("{}[{}]", parameter, null - pointers));
}

/// Sets `*slot` to null, or says that there is no slot.
template <typename Object>
Status clear(Object** slot, std::string_view parameter) {
  HEARTH_RETURN_IF_ERROR(require(slot, parameter));
  *slot = nullptr;
  return {};
}

Result<ModelOptions> convert(const hearth_model_options* options) {
  if (options == nullptr) return ModelOptions();
  if (options->struct_size < sizeof(hearth_model_options)) {
    return invalid_argument("options.struct_size is {}; start from HEARTH_MODEL_OPTIONS_INIT", options->struct_size);
  }
  return ModelOptions{options->device != nullptr ? options->device : "auto",
                      options->target != nullptr ? options->target : "", options->threads};
}

Result<std::vector<Tensor>> run(Session& session, const char* method, const char* const* names,
                                const hearth_tensor* const* inputs, size_t count) {
  HEARTH_RETURN_IF_ERROR(require_all(inputs, count, "inputs"));
  if (names == nullptr) {
    std::vector<Tensor> ordered;
    ordered.reserve(count);
    for (size_t i = 0; i < count; ++i) ordered.push_back(inputs[i]->tensor);
    return session.run(method, ordered);
  }
  HEARTH_RETURN_IF_ERROR(require_all(names, count, "names"));
  std::vector<std::pair<std::string, Tensor>> named;
  for (size_t i = 0; i < count; ++i) named.emplace_back(names[i], inputs[i]->tensor);
  return session.run(method, named);
}

Status hand_out(std::vector<Tensor> tensors, hearth_tensor** outputs, size_t count) {
  if (tensors.size() != count) {
    return invalid_argument("the method gives {} outputs, there is room for {}", tensors.size(), count);
  }
  std::vector<std::unique_ptr<hearth_tensor>> owned;
  owned.reserve(count);
  for (Tensor& tensor : tensors) owned.push_back(std::make_unique<hearth_tensor>(std::move(tensor)));
  std::ranges::transform(owned, outputs, [](auto& tensor) { return tensor.release(); });
  return {};
}

}  // namespace
}  // namespace hearth

using hearth::guarded;
using hearth::require;
using hearth::Status;

int hearth_abi_version(void) { return HEARTH_ABI_VERSION; }

const char* hearth_version(void) { return HEARTH_VERSION; }

const char* hearth_status_name(hearth_status code) {
  if (code < HEARTH_OK || code > HEARTH_INTERNAL) return "unknown";
  return hearth::status_code_name(static_cast<hearth::StatusCode>(code)).data();
}

const char* hearth_dtype_name(hearth_dtype dtype) {
  return hearth::dtype_name(static_cast<hearth::DType>(dtype)).data();
}

int hearth_dtype_bits(hearth_dtype dtype) { return hearth::dtype_bits(static_cast<hearth::DType>(dtype)); }

hearth_status hearth_tensor_borrow(hearth_dtype dtype, const int64_t* shape, size_t rank, const void* data,
                                   hearth_tensor** tensor, hearth_error* error) {
  return guarded(error, [&]() -> Status {
    HEARTH_RETURN_IF_ERROR(hearth::clear(tensor, "tensor"));
    if (rank > 0) HEARTH_RETURN_IF_ERROR(require(shape, "shape"));
    HEARTH_ASSIGN_OR_RETURN(hearth::Tensor view, hearth::Tensor::borrow(static_cast<hearth::DType>(dtype),
                                                                        {shape, rank}, const_cast<void*>(data)));
    *tensor = new hearth_tensor{std::move(view)};
    return {};
  });
}

void hearth_tensor_free(hearth_tensor* tensor) { delete tensor; }

hearth_dtype hearth_tensor_dtype(const hearth_tensor* tensor) {
  return static_cast<hearth_dtype>(tensor->tensor.dtype());
}

size_t hearth_tensor_rank(const hearth_tensor* tensor) { return tensor->tensor.shape().size(); }

const int64_t* hearth_tensor_shape(const hearth_tensor* tensor) { return tensor->tensor.shape().data(); }

const int64_t* hearth_tensor_strides(const hearth_tensor* tensor) { return tensor->tensor.strides().data(); }

int64_t hearth_tensor_element_count(const hearth_tensor* tensor) { return tensor->tensor.element_count(); }

size_t hearth_tensor_byte_count(const hearth_tensor* tensor) { return tensor->tensor.byte_count(); }

const void* hearth_tensor_data(const hearth_tensor* tensor) { return tensor->tensor.data(); }

hearth_status hearth_tensor_copy(const hearth_tensor* tensor, void* to, size_t size, hearth_error* error) {
  return guarded(error, [&]() -> Status {
    HEARTH_RETURN_IF_ERROR(require(tensor, "tensor"));
    const hearth::Tensor& from = tensor->tensor;
    if (size != from.byte_count()) {
      return hearth::invalid_argument("{} has {} bytes, there is room for {}", describe(from), from.byte_count(), size);
    }
    if (size == 0) return {};
    HEARTH_RETURN_IF_ERROR(require(to, "to"));
    if (from.is_contiguous()) {
      std::memcpy(to, from.data(), size);
      return {};
    }
    HEARTH_ASSIGN_OR_RETURN(const hearth::Tensor dense, hearth::Tensor::borrow(from.dtype(), from.shape(), to));
    return hearth::copy_strided(dense, from);
  });
}

hearth_status hearth_model_open(const char* path, const hearth_model_options* options, hearth_model** model,
                                hearth_error* error) {
  return guarded(error, [&]() -> Status {
    HEARTH_RETURN_IF_ERROR(hearth::clear(model, "model"));
    HEARTH_RETURN_IF_ERROR(require(path, "path"));
    HEARTH_ASSIGN_OR_RETURN(const hearth::ModelOptions converted, hearth::convert(options));
    HEARTH_ASSIGN_OR_RETURN(hearth::Model opened, hearth::Model::open(path, converted));
    *model = new hearth_model(std::move(opened));
    return {};
  });
}

void hearth_model_close(hearth_model* model) { delete model; }

const char* hearth_model_name(const hearth_model* model) { return model->model.name().c_str(); }

size_t hearth_model_method_count(const hearth_model* model) { return model->methods.size(); }

const hearth_method_info* hearth_model_method_at(const hearth_model* model, size_t index) {
  return model->methods.at(index);
}

const hearth_method_info* hearth_model_method(const hearth_model* model, const char* name) {
  return name != nullptr ? model->methods.find(name) : nullptr;
}

hearth_status hearth_session_create(const hearth_model* model, hearth_session** session, hearth_error* error) {
  return guarded(error, [&]() -> Status {
    HEARTH_RETURN_IF_ERROR(hearth::clear(session, "session"));
    HEARTH_RETURN_IF_ERROR(require(model, "model"));
    HEARTH_ASSIGN_OR_RETURN(hearth::Session created, model->model.session());
    *session = new hearth_session{std::move(created)};
    return {};
  });
}

void hearth_session_free(hearth_session* session) { delete session; }

int64_t hearth_session_length(const hearth_session* session) {
  return session == nullptr ? 0 : session->session.length();
}

hearth_status hearth_session_rewind(hearth_session* session, int64_t length, hearth_error* error) {
  return guarded(error, [&]() -> Status {
    HEARTH_RETURN_IF_ERROR(require(session, "session"));
    return session->session.rewind(length);
  });
}

hearth_status hearth_session_fork(const hearth_session* session, hearth_session** fork, hearth_error* error) {
  return guarded(error, [&]() -> Status {
    HEARTH_RETURN_IF_ERROR(hearth::clear(fork, "fork"));
    HEARTH_RETURN_IF_ERROR(require(session, "session"));
    HEARTH_ASSIGN_OR_RETURN(hearth::Session copy, session->session.fork());
    *fork = new hearth_session{std::move(copy)};
    return {};
  });
}

hearth_status hearth_session_save(const hearth_session* session, const char* path, hearth_error* error) {
  return guarded(error, [&]() -> Status {
    HEARTH_RETURN_IF_ERROR(require(session, "session"));
    HEARTH_RETURN_IF_ERROR(require(path, "path"));
    return session->session.save(path);
  });
}

hearth_status hearth_session_load(const hearth_model* model, const char* path, hearth_session** session,
                                  hearth_error* error) {
  return guarded(error, [&]() -> Status {
    HEARTH_RETURN_IF_ERROR(hearth::clear(session, "session"));
    HEARTH_RETURN_IF_ERROR(require(model, "model"));
    HEARTH_RETURN_IF_ERROR(require(path, "path"));
    HEARTH_ASSIGN_OR_RETURN(hearth::SavedSession saved, model->model.load_session(path));
    *session = new hearth_session{std::move(saved.session)};
    return {};
  });
}

hearth_status hearth_session_run(hearth_session* session, const char* method, const char* const* names,
                                 const hearth_tensor* const* inputs, size_t input_count, hearth_tensor** outputs,
                                 size_t output_count, hearth_error* error) {
  return guarded(error, [&]() -> Status {
    if (output_count > 0) HEARTH_RETURN_IF_ERROR(require(outputs, "outputs"));
    std::fill_n(outputs, output_count, nullptr);
    HEARTH_RETURN_IF_ERROR(require(session, "session"));
    HEARTH_RETURN_IF_ERROR(require(method, "method"));
    HEARTH_ASSIGN_OR_RETURN(std::vector<hearth::Tensor> results,
                            hearth::run(session->session, method, names, inputs, input_count));
    return hearth::hand_out(std::move(results), outputs, output_count);
  });
}

hearth_status hearth_classifier_create(const hearth_model* model, hearth_classifier** classifier, hearth_error* error) {
  return guarded(error, [&]() -> Status {
    HEARTH_RETURN_IF_ERROR(hearth::clear(classifier, "classifier"));
    HEARTH_RETURN_IF_ERROR(require(model, "model"));
    HEARTH_ASSIGN_OR_RETURN(hearth::ImageClassifier created, hearth::ImageClassifier::create(model->model));
    *classifier = new hearth_classifier{std::move(created)};
    return {};
  });
}

void hearth_classifier_free(hearth_classifier* classifier) { delete classifier; }

hearth_status hearth_classify_files(hearth_classifier* classifier, const char* const* paths, size_t count, size_t top,
                                    hearth_classifications** answers, hearth_error* error) {
  return guarded(error, [&]() -> Status {
    HEARTH_RETURN_IF_ERROR(hearth::clear(answers, "answers"));
    HEARTH_RETURN_IF_ERROR(require(classifier, "classifier"));
    HEARTH_RETURN_IF_ERROR(hearth::require_all(paths, count, "paths"));
    const std::vector<std::filesystem::path> files(paths, paths + count);
    HEARTH_ASSIGN_OR_RETURN(auto results, classifier->classifier.classify(files, top));
    *answers = new hearth_classifications(std::move(results));
    return {};
  });
}

hearth_status hearth_classify_pictures(hearth_classifier* classifier, const void* const* pictures, const size_t* sizes,
                                       size_t count, size_t top, hearth_classifications** answers,
                                       hearth_error* error) {
  return guarded(error, [&]() -> Status {
    HEARTH_RETURN_IF_ERROR(hearth::clear(answers, "answers"));
    HEARTH_RETURN_IF_ERROR(require(classifier, "classifier"));
    HEARTH_RETURN_IF_ERROR(hearth::require_all(pictures, count, "pictures"));
    if (count > 0) HEARTH_RETURN_IF_ERROR(require(sizes, "sizes"));
    std::vector<std::span<const std::byte>> encoded;
    for (size_t i = 0; i < count; ++i) encoded.emplace_back(static_cast<const std::byte*>(pictures[i]), sizes[i]);
    HEARTH_ASSIGN_OR_RETURN(auto results, classifier->classifier.classify(encoded, top));
    *answers = new hearth_classifications(std::move(results));
    return {};
  });
}

void hearth_classifications_free(hearth_classifications* answers) { delete answers; }

size_t hearth_classifications_count(const hearth_classifications* answers, size_t picture) {
  return picture < answers->pictures.size() ? answers->pictures[picture].size() : 0;
}

const hearth_class* hearth_classifications_at(const hearth_classifications* answers, size_t picture, size_t place) {
  return place < hearth_classifications_count(answers, picture) ? &answers->pictures[picture][place] : nullptr;
}
