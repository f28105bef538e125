#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "hearth/model.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// Runs a decoder's method (see plan_generator()) on `tokens`, which continue the session's sequence. Returns the
/// scores of what follows each of them from the one of index `first_row` on: float32 [rows, vocabulary].
Result<Tensor> decoder_step(Session& session, std::string_view method, std::span<const int64_t> tokens,
                            size_t first_row);

}  // namespace hearth
