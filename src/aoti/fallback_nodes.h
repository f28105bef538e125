#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aoti/fallback_operators.h"
#include "hearth/status.h"

namespace hearth {

/// One argument of a node: a constant, or what to take from the call.
struct FallbackArgument {
  enum class Source { kConstant, kTensor, kTensors, kInteger, kIntegers };
  Source source = Source::kConstant;
  FallbackValue constant;     ///< kConstant only.
  std::vector<bool> present;  ///< kTensors: which of the list are tensors, the others being None.
  size_t count = 0;           ///< kIntegers: how many.
};

/// One call of an operator by name: generated code refers to it by its position in the list of nodes.
struct FallbackNode {
  std::string name;  ///< The operator's.
  const FallbackOperator* op = nullptr;
  std::vector<FallbackArgument> arguments;
  std::vector<bool> outputs;  ///< Which of the operator's results are tensors that the call takes.
  size_t integer_count = 0;   ///< What a call must pass.
  size_t tensor_count = 0;
};

/// Reads AOTInductor's serialised nodes. kInvalidFile names the field; kUnavailable names an operator that Hearth has
/// no kernel for.
Result<std::vector<FallbackNode>> parse_fallback_nodes(std::string_view json);

/// Calls a node as generated code does: `integers` and the tensors that come in are taken in the order of the
/// arguments, the last tensors are handles to fill. kInvalidArgument when there are not as many as the node needs.
Status call_fallback_node(const KernelContext& context, const FallbackNode& node, std::span<const int64_t> integers,
                          std::span<Tensor* const> tensors);

}  // namespace hearth
