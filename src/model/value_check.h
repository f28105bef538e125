#pragma once

#include <span>
#include <string>
#include <vector>

#include "archive/manifest.h"
#include "hal/memory_pool.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// "[batch, 3, 224, 224]": a specification's shape, for messages.
std::string describe_shape(std::span<const Dimension> shape);

/// Compares each input with its specification: count, dtype, rank, fixed sizes, and symbolic sizes that must agree with
/// each other and lie in their ranges. kInvalidArgument names the input and says what it should be.
Status check_inputs(const MethodSpec& method, std::span<const Tensor> inputs);

/// Compares what a run answered with the specification: dtype, rank, fixed sizes, and symbolic sizes for the sizes that
/// the inputs had, which were checked before. kInvalidFile names the output: the code does not do what the file says.
Status check_outputs(const MethodSpec& method, std::span<const Tensor> inputs, std::span<const Tensor> outputs);

/// The inputs laid out as the compiled code expects (InputSpec::dim_order): the same tensor where it already is, else a
/// copy in pool memory. The inputs were checked before.
Result<std::vector<Tensor>> lay_out_inputs(const MethodSpec& method, std::span<const Tensor> inputs, MemoryPool& pool);

}  // namespace hearth
