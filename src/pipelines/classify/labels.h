#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hearth/classify.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// A JSON array of strings. kInvalidFile otherwise.
Result<std::vector<std::string>> parse_labels(std::string_view json);

/// The `top` most probable classes of one row of logits (float32, float16 or bfloat16, [classes]), most probable first,
/// ties by number. A class beyond the labels is called by its number.
Result<std::vector<Classification>> rank_classes(const Tensor& logits, const std::vector<std::string>& labels,
                                                 size_t top);

}  // namespace hearth
