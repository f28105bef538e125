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

/// The `top` most probable classes of each of the first `count` rows of logits (real numbers, [rows, classes]), most
/// probable first, ties by number. A class beyond the labels is called by its number. kFailed when there are no such
/// rows, or a row has no largest number: one is NaN or infinite.
Result<std::vector<std::vector<Classification>>> rank_rows(const Tensor& logits, size_t count,
                                                           const std::vector<std::string>& labels, size_t top);

}  // namespace hearth
