#include <filesystem>
#include <system_error>

#include "base/errors.h"
#include "cli/commands.h"
#include "cli/inputs.h"
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

Status write_outputs(const std::vector<Tensor>& outputs, const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem)
    return error(StatusCode::kFailed, "{}: the folder cannot be made: {}", folder.string(), problem.message());
  for (size_t i = 0; i < outputs.size(); ++i)
    HEARTH_RETURN_IF_ERROR(write_npy(folder / fmt::format("{}.npy", i), outputs[i]));
  return {};
}

}  // namespace

Status run(const RunOptions& options, const CommonOptions& common) {
  HEARTH_RETURN_IF_ERROR(check_trust(common.trust, options.file));
  HEARTH_ASSIGN_OR_RETURN(const Model model, Model::open(options.file, common.model_options()));
  HEARTH_ASSIGN_OR_RETURN(const MethodInfo* method, find_method(model, options.method));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> inputs, read_inputs(model, *method, options.inputs));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session.run(method->name, inputs));
  if (!options.output_folder.empty()) HEARTH_RETURN_IF_ERROR(write_outputs(outputs, options.output_folder));

  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string name = i < method->outputs.size() ? method->outputs[i].name : std::to_string(i);
    const Result<std::string> values = preview(outputs[i]);
    rows.push_back({std::to_string(i), name, describe(outputs[i]), values.ok() ? *values : ""});
    list.push_back({{"name", name},
                    {"dtype", dtype_name(outputs[i].dtype())},
                    {"shape", std::vector<int64_t>(outputs[i].shape().begin(), outputs[i].shape().end())}});
    if (!options.output_folder.empty())
      list.back()["file"] = (std::filesystem::path(options.output_folder) / fmt::format("{}.npy", i)).string();
  }
  if (common.json) {
    print_json({{"method", method->name}, {"target", method->target}, {"outputs", list}});
  } else if (!common.quiet || options.output_folder.empty()) {
    print_columns(rows, 0);
  }
  return {};
}

}  // namespace hearth::cli
