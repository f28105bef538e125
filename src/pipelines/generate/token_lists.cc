#include "pipelines/generate/token_lists.h"

#include "base/errors.h"

namespace hearth {
namespace {

Result<Tensor> borrow_list(std::vector<int64_t>& numbers) {
  return Tensor::borrow(DType::kInt64, std::array{static_cast<int64_t>(numbers.size())}, numbers.data());
}

}  // namespace

void TokenLists::add(std::span<const int64_t> tokens, int64_t length, size_t rows) {
  for (const int64_t token : tokens) {
    tokens_.push_back(token);
    positions_.push_back(length++);
  }
  for (size_t row = tokens_.size() - rows; row < tokens_.size(); ++row) rows_.push_back(static_cast<int64_t>(row));
}

Result<std::array<Tensor, 3>> TokenLists::tensors() {
  std::array<Tensor, 3> tensors;
  HEARTH_ASSIGN_OR_RETURN(tensors[0], borrow_list(tokens_));
  HEARTH_ASSIGN_OR_RETURN(tensors[1], borrow_list(positions_));
  HEARTH_ASSIGN_OR_RETURN(tensors[2], borrow_list(rows_));
  return tensors;
}

}  // namespace hearth
