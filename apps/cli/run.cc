#include <filesystem>
#include <system_error>

#include "archive/npz.h"
#include "base/errors.h"
#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/open_model.h"
#include "cli/output.h"
#include "tensor/copy.h"
#include "tensor/npy.h"

namespace hearth::cli {
namespace {

constexpr int64_t kShownElements = 8;

/// The first elements as text: "0.12, -3.4, …".
Result<std::string> preview(const Tensor& tensor) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor values, Tensor::empty(DType::kFloat64, tensor.shape()));
  HEARTH_RETURN_IF_ERROR(copy_strided(values, tensor));
  std::vector<std::string> texts;
  for (int64_t i = 0; i < std::min(values.element_count(), kShownElements); ++i) {
    texts.push_back(fmt::format("{:.6g}", values.data_as<double>()[i]));
  }
  if (values.element_count() > kShownElements) texts.emplace_back("…");
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// An output's name, or its place where the file describes none.
std::string output_name(const MethodInfo& method, size_t i) {
  return i < method.outputs.size() ? method.outputs[i].name : std::to_string(i);
}

/// One .npz file, or a folder with a numbered .npy file for each; returns the file of each output.
Result<std::vector<std::string>> write_outputs(const MethodInfo& method, const std::vector<Tensor>& outputs,
                                               const std::filesystem::path& place) {
  std::vector<NamedTensor> named;
  for (size_t i = 0; i < outputs.size(); ++i) named.push_back({output_name(method, i), outputs[i]});
  if (place.extension() == ".npz") {
    HEARTH_RETURN_IF_ERROR(write_npz(place, named));
    return std::vector<std::string>(outputs.size(), place.string());
  }
  std::error_code problem;
  std::filesystem::create_directories(place, problem);
  if (problem) {
    return error(StatusCode::kFailed, "{}: the folder cannot be made: {}", place.string(), problem.message());
  }
  std::vector<std::string> files;
  for (size_t i = 0; i < outputs.size(); ++i) {
    files.push_back((place / fmt::format("{}.npy", i)).string());
    HEARTH_RETURN_IF_ERROR(write_npy(files.back(), outputs[i]));
  }
  return files;
}

}  // namespace

Status run(const RunOptions& options, const CommonOptions& common) {
  HEARTH_RETURN_IF_ERROR(check_trust(common.trust, options.file));
  HEARTH_ASSIGN_OR_RETURN(const Model model, open_model(options.file, common));
  HEARTH_ASSIGN_OR_RETURN(const MethodInfo* method, find_method(model, options.method));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> inputs, read_inputs(model, *method, options.inputs));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session.run(method->name, inputs));
  std::vector<std::string> files;
  if (!options.output.empty()) {
    HEARTH_ASSIGN_OR_RETURN(files, write_outputs(*method, outputs, options.output));
  }

  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string name = output_name(*method, i);
    const Result<std::string> values = preview(outputs[i]);
    rows.push_back({std::to_string(i), name, describe(outputs[i]), values.ok() ? *values : ""});
    list.push_back({{"name", name},
                    {"dtype", dtype_name(outputs[i].dtype())},
                    {"shape", std::vector<int64_t>(outputs[i].shape().begin(), outputs[i].shape().end())}});
    if (!files.empty()) list.back()["file"] = files[i];
  }
  if (common.json) {
    print_json({{"method", method->name}, {"target", method->target}, {"outputs", list}});
  } else if (!common.quiet || options.output.empty()) {
    print_columns(rows, 0);
  }
  return {};
}

}  // namespace hearth::cli
