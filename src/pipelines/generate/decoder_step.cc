#include "pipelines/generate/decoder_step.h"

#include <array>
#include <numeric>
#include <vector>

#include "base/errors.h"

namespace hearth {
namespace {

Result<Tensor> borrow_list(std::vector<int64_t>& numbers) {
  return Tensor::borrow(DType::kInt64, std::array{static_cast<int64_t>(numbers.size())}, numbers.data());
}

}  // namespace

Result<Tensor> decoder_step(Session& session, std::string_view method, std::span<const int64_t> tokens,
                            size_t first_row) {
  std::vector<int64_t> list(tokens.begin(), tokens.end());
  std::vector<int64_t> positions(tokens.size());
  std::iota(positions.begin(), positions.end(), session.length());
  std::vector<int64_t> rows(tokens.size() - first_row);
  std::iota(rows.begin(), rows.end(), static_cast<int64_t>(first_row));
  std::array<Tensor, 3> inputs;
  HEARTH_ASSIGN_OR_RETURN(inputs[0], borrow_list(list));
  HEARTH_ASSIGN_OR_RETURN(inputs[1], borrow_list(positions));
  HEARTH_ASSIGN_OR_RETURN(inputs[2], borrow_list(rows));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session.run(method, inputs));
  return outputs[0];
}

}  // namespace hearth
