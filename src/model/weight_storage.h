#pragma once

#include <memory>

#include "archive/archive.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// A weight in place in the archive's mapping, which it keeps alive. Constant: nothing may write to it.
Result<Tensor> bind_weight(const std::shared_ptr<const Archive>& archive, const TensorSpec& spec);

}  // namespace hearth
