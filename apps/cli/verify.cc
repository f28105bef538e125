#include "base/errors.h"
#include "cli/commands.h"
#include "cli/goldens.h"
#include "cli/open_model.h"
#include "cli/output.h"
#include "model/model_impl.h"
#include "tensor/compare.h"

namespace hearth::cli {
namespace {

using Json = nlohmann::ordered_json;

/// One golden's verdict.
struct Verdict {
  Json json;
  std::vector<std::vector<std::string>> rows;
  std::string first_failure;
};

std::string describe_failure(const std::string& place, const Comparison& result, const GoldenOutput& golden) {
  return fmt::format(
      "{} deviates: {} of {} elements; worst at [{}]: {:.9g}, PyTorch gave {:.9g}, allowed is {:.3g} + {:.3g} * "
      "|value|",
      place, result.mismatches, result.elements, fmt::join(result.worst_index, ", "), result.worst_actual,
      result.worst_expected, golden.atol, golden.rtol);
}

void add_output(Verdict& verdict, const std::string& place, const std::string& name, const Result<Comparison>& result,
                const GoldenOutput& golden) {
  Json output{{"name", name}, {"tolerance", golden.atol}, {"atol", golden.atol}, {"rtol", golden.rtol}};
  std::string failure;
  if (!result.ok()) {
    failure = fmt::format("{}: {}", place, result.status().message());
    output["error"] = result.status().message();
  } else {
    output["max_abs"] = result->max_abs;
    output["max_rel"] = result->max_rel;
    output["mismatches"] = result->mismatches;
    output["worst_index"] = result->worst_index;
    if (result->mismatches > 0) failure = describe_failure(place, *result, golden);
  }
  output["ok"] = failure.empty();
  verdict.rows.push_back(
      {failure.empty() ? "ok" : "WRONG", place, result.ok() ? fmt::format("max abs {:.3g}", result->max_abs) : "",
       result.ok() ? fmt::format("max rel {:.3g}", result->max_rel) : "", fmt::format("allowed {:.3g}", golden.atol)});
  verdict.json["outputs"].push_back(std::move(output));
  if (verdict.first_failure.empty()) verdict.first_failure = failure;
}

Result<Verdict> check_golden(const Model& model, const Golden& golden) {
  HEARTH_ASSIGN_OR_RETURN(const GoldenCase test, read_golden(model.impl()->archive(), golden, /*with_outputs=*/true));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  const MethodInfo& method = *model.method(golden.method);
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session.run(golden.method, test.inputs));
  Verdict verdict;
  verdict.json = {
      {"method", golden.method}, {"target", method.target}, {"case", golden.name}, {"outputs", Json::array()}};
  for (size_t i = 0; i < outputs.size(); ++i) {
    const GoldenOutput& expected = golden.outputs[i];
    const std::string& name = method.outputs[i].name;
    const std::string place = fmt::format("{}@{} {} '{}'", golden.method, method.target, golden.name, name);
    add_output(verdict, place, name, compare(outputs[i], test.outputs[i], expected.atol, expected.rtol), expected);
  }
  return verdict;
}

Status check_hashes(const Archive& archive, const CommonOptions& common) {
  for (const auto& [record, unused] : archive.manifest().records) {
    show_progress("checking " + record, common.quiet);
    HEARTH_RETURN_IF_ERROR(archive.check(record));
  }
  show_progress("", common.quiet);
  return {};
}

}  // namespace

Status verify(const VerifyOptions& options, const CommonOptions& common) {
  HEARTH_ASSIGN_OR_RETURN(const std::shared_ptr<const Archive> archive,
                          Archive::open(std::filesystem::path(options.file)));
  if (!archive->has_manifest()) {
    return invalid_file("{}: a stock package has neither hashes nor goldens to verify", options.file);
  }
  if (const Status status = check_hashes(*archive, common); !status.ok()) return status.with_context(options.file);
  const Manifest& manifest = archive->manifest();
  const bool run_code = common.trust != "data";
  Json methods = Json::array();
  std::vector<std::vector<std::string>> rows{
      {"ok", fmt::format("{} records have the hashes that the manifest gives", manifest.records.size())}};
  std::string failure;
  if (run_code && !manifest.goldens.empty()) {
    HEARTH_ASSIGN_OR_RETURN(const Model model, open_model(options.file, common));
    for (const Golden& golden : manifest.goldens) {
      HEARTH_ASSIGN_OR_RETURN(const Verdict verdict, check_golden(model, golden));
      methods.push_back(verdict.json);
      rows.insert(rows.end(), verdict.rows.begin(), verdict.rows.end());
      if (failure.empty()) failure = verdict.first_failure;
    }
  }
  if (common.json) {
    print_json({{"ok", failure.empty()}, {"records", manifest.records.size()}, {"methods", methods}});
  } else if (!common.quiet) {
    print_columns(rows, 0);
  }
  return failure.empty() ? Status() : Status(StatusCode::kFailed, failure);
}

}  // namespace hearth::cli
