#pragma once

#include <map>

#include "kernels/context.h"

namespace hearth {

/// A product of two thin matrices that is added to a layer's: y += up · (down · x).
struct LowRank {
  Tensor down;  ///< [R, K], float32, constant.
  Tensor up;    ///< [N, R], likewise.
};

/// What a fine-tune adds to a model's linear layers. Immutable; thread-safe.
class Adapter {
 public:
  /// `additions`: by the first byte of the layer's weight.
  explicit Adapter(std::map<const void*, LowRank> additions) : additions_(std::move(additions)) {}

  /// Null for a layer that it leaves as it is.
  const LowRank* find(const Tensor& weight) const;
  /// For its own matrices, which are no weights of the file.
  PackedWeights& packed() const { return packed_; }

 private:
  std::map<const void*, LowRank> additions_;
  mutable PackedWeights packed_;
};

/// What a layer with `weight` has to add to its sums: `residual`, and what the context's adapter says of x, in the
/// shape [..., columns] of the result. `residual` itself, which may be undefined, where there is no adapter or it
/// leaves the layer as it is. x and residual: float32, bfloat16 or float16. kInvalidArgument where shapes do not fit.
Result<Tensor> with_adapter(const KernelContext& context, const Tensor& x, const Tensor& weight,
                            const Tensor& residual);

}  // namespace hearth
