#include "cli/goldens.h"

#include "base/errors.h"
#include "tensor/npy.h"

namespace hearth::cli {
namespace {

Result<Tensor> read_record(const Archive& archive, const std::string& record) {
  HEARTH_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, archive.record(record));
  Result<Tensor> tensor = read_npy(bytes);
  if (!tensor.ok()) return tensor.status().with_context(record);
  return tensor;
}

}  // namespace

Result<GoldenCase> read_golden(const Archive& archive, const Golden& golden, bool with_outputs) {
  GoldenCase test{&golden, {}, {}};
  for (const std::string& record : golden.inputs) {
    HEARTH_ASSIGN_OR_RETURN(Tensor tensor, read_record(archive, record));
    test.inputs.push_back(std::move(tensor));
  }
  for (const GoldenOutput& output : golden.outputs) {
    if (!with_outputs) break;
    HEARTH_ASSIGN_OR_RETURN(Tensor tensor, read_record(archive, output.record));
    test.outputs.push_back(std::move(tensor));
  }
  return test;
}

}  // namespace hearth::cli
