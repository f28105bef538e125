#include "pipelines/generate/decoder_step.h"

#include "base/errors.h"
#include "pipelines/generate/token_lists.h"

namespace hearth {

Result<Tensor> decoder_step(Session& session, std::string_view method, std::span<const int64_t> tokens, size_t rows) {
  TokenLists lists;
  lists.add(tokens, session.length(), rows);
  HEARTH_ASSIGN_OR_RETURN(const auto inputs, lists.tensors());
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session.run(method, inputs));
  if (outputs[0].is_contiguous()) return outputs[0];
  return invalid_file("the method's logits {} are not row-major", describe(outputs[0]));
}

}  // namespace hearth
