#include "golden_cases.h"

#include "base/errors.h"
#include "model/model_impl.h"
#include "tensor/compare.h"
#include "tensor/npy.h"

namespace hearth {

Result<std::vector<GoldenCase>> read_goldens(const Model& model) {
  const Archive& archive = model.impl()->archive();
  const auto read = [&](const std::string& record) -> Result<Tensor> {
    HEARTH_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, archive.record(record));
    return read_npy(bytes);
  };
  std::vector<GoldenCase> cases;
  for (const Golden& golden : archive.manifest().goldens) {
    GoldenCase test{golden.method, {}, {}, golden.outputs};
    for (const std::string& record : golden.inputs) {
      HEARTH_ASSIGN_OR_RETURN(Tensor input, read(record));
      test.inputs.push_back(std::move(input));
    }
    for (const GoldenOutput& output : golden.outputs) {
      HEARTH_ASSIGN_OR_RETURN(Tensor expected, read(output.record));
      test.outputs.push_back(std::move(expected));
    }
    cases.push_back(std::move(test));
  }
  if (cases.empty()) return invalid_file("the file has no goldens");
  return cases;
}

Status check_answers(Session& session, const std::vector<GoldenCase>& cases) {
  for (const GoldenCase& test : cases) {
    HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session.run(test.method, test.inputs));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const GoldenOutput& tolerance = test.tolerances[i];
      HEARTH_ASSIGN_OR_RETURN(const Comparison result,
                              compare(outputs[i], test.outputs[i], tolerance.atol, tolerance.rtol));
      if (result.mismatches > 0) {
        return error(StatusCode::kFailed, "{} output {}: {} elements differ, by up to {}", test.method, i,
                     result.mismatches, result.max_abs);
      }
    }
  }
  return {};
}

Result<std::vector<std::vector<std::byte>>> answer(Session& session, const std::vector<GoldenCase>& cases) {
  std::vector<std::vector<std::byte>> answers;
  for (const GoldenCase& test : cases) {
    HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session.run(test.method, test.inputs));
    for (const Tensor& output : outputs) {
      HEARTH_ASSIGN_OR_RETURN(answers.emplace_back(), write_npy(output));
    }
  }
  return answers;
}

}  // namespace hearth
