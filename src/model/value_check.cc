#include "model/value_check.h"

#include <array>
#include <map>

#include "base/errors.h"
#include "tensor/copy.h"
#include "tensor/layout.h"

namespace hearth {
namespace {

std::string describe(const Dimension& dimension) {
  if (dimension.unknown) return "?";
  if (dimension.symbol.empty()) return fmt::format("{}", dimension.add);
  std::string text =
      dimension.multiply == 1 ? dimension.symbol : fmt::format("{}*{}", dimension.multiply, dimension.symbol);
  if (dimension.add != 0) text += fmt::format("{:+}", dimension.add);
  return text;
}

std::string describe(const InputSpec& spec) {
  return fmt::format("{}{}", dtype_name(spec.dtype), describe_shape(spec.shape));
}

/// The value that a symbol must have for a dimension of `size`, or nothing.
std::optional<int64_t> solve(const Dimension& dimension, int64_t size) {
  int64_t difference = 0;
  if (__builtin_sub_overflow(size, dimension.add, &difference)) return std::nullopt;
  if (difference < 0 || difference % dimension.multiply != 0) return std::nullopt;
  return difference / dimension.multiply;
}

class ShapeChecker {
 public:
  explicit ShapeChecker(const MethodSpec& method) : method_(method) {}

  Status check(const InputSpec& spec, const Tensor& tensor) {
    for (size_t i = 0; i < spec.shape.size(); ++i) {
      const int64_t size = tensor.shape()[i];
      const Dimension& dimension = spec.shape[i];
      if (dimension.symbol.empty()) {
        if (size != dimension.add) {
          return invalid_argument("input '{}': dimension {} is {}, it must be {}; the input is {}", spec.name, i, size,
                                  dimension.add, describe(spec));
        }
        continue;
      }
      HEARTH_RETURN_IF_ERROR(check_symbol(spec, dimension, i, size));
    }
    return {};
  }

 private:
  struct Binding {
    int64_t value;
    std::string_view input;
  };

  Status check_symbol(const InputSpec& spec, const Dimension& dimension, size_t index, int64_t size) {
    const std::optional<int64_t> value = solve(dimension, size);
    if (!value) {
      return invalid_argument("input '{}': dimension {} is {}, it must be {}; the input is {}", spec.name, index, size,
                              describe(dimension), describe(spec));
    }
    const SymbolRange& range = method_.symbols.at(dimension.symbol);
    if (*value < range.min || *value > range.max) {
      const std::string bounds = range.max == INT64_MAX ? fmt::format("at least {}", range.min)
                                                        : fmt::format("{} to {}", range.min, range.max);
      return invalid_argument("input '{}': dimension {} is {}, so {} is {}; it must be {}", spec.name, index, size,
                              dimension.symbol, *value, bounds);
    }
    const auto [bound, fresh] = bindings_.try_emplace(dimension.symbol, Binding{*value, spec.name});
    if (!fresh && bound->second.value != *value) {
      return invalid_argument("input '{}': dimension {} is {}, so {} is {}, but input '{}' made it {}", spec.name,
                              index, size, dimension.symbol, *value, bound->second.input, bound->second.value);
    }
    return {};
  }

  const MethodSpec& method_;
  std::map<std::string_view, Binding> bindings_;
};

/// The size of an output's dimension after a run on `inputs`; nothing where the file does not say.
std::optional<int64_t> expected_size(const MethodSpec& method, std::span<const Tensor> inputs,
                                     const Dimension& wanted) {
  if (wanted.unknown) return std::nullopt;
  if (wanted.symbol.empty()) return wanted.add;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::vector<Dimension>& shape = method.inputs[i].shape;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d].symbol != wanted.symbol) continue;
      const std::optional<int64_t> value = solve(shape[d], inputs[i].shape()[d]);
      int64_t size = 0;
      if (!value || __builtin_mul_overflow(*value, wanted.multiply, &size)) continue;
      if (!__builtin_add_overflow(size, wanted.add, &size)) return size;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string describe_shape(std::span<const Dimension> shape) {
  std::vector<std::string> texts;
  for (const Dimension& dimension : shape) texts.push_back(describe(dimension));
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

Status check_inputs(const MethodSpec& method, std::span<const Tensor> inputs) {
  if (inputs.size() != method.inputs.size()) {
    std::vector<std::string> expected;
    for (const InputSpec& spec : method.inputs) expected.push_back(fmt::format("{} {}", spec.name, describe(spec)));
    return invalid_argument("{} inputs were given, the method takes {}: {}", inputs.size(), method.inputs.size(),
                            fmt::join(expected, ", "));
  }
  ShapeChecker shapes(method);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const InputSpec& spec = method.inputs[i];
    const Tensor& tensor = inputs[i];
    if (!tensor.defined()) return invalid_argument("input '{}' is missing; it must be {}", spec.name, describe(spec));
    if (tensor.dtype() != spec.dtype) {
      return invalid_argument("input '{}' is {}, it must be {}", spec.name, dtype_name(tensor.dtype()), describe(spec));
    }
    if (static_cast<size_t>(tensor.rank()) != spec.shape.size()) {
      return invalid_argument("input '{}' has {} dimensions {}, it must have {}: {}", spec.name, tensor.rank(),
                              describe_shape(tensor.shape()), spec.shape.size(), describe(spec));
    }
    HEARTH_RETURN_IF_ERROR(shapes.check(spec, tensor));
  }
  return {};
}

Status check_outputs(const MethodSpec& method, std::span<const Tensor> inputs, std::span<const Tensor> outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    const OutputSpec& spec = method.outputs[i];
    const Tensor& tensor = outputs[i];
    bool fits = tensor.dtype() == spec.dtype && static_cast<size_t>(tensor.rank()) == spec.shape.size();
    for (size_t d = 0; fits && d < spec.shape.size(); ++d) {
      const std::optional<int64_t> expected = expected_size(method, inputs, spec.shape[d]);
      fits = !expected || *expected == tensor.shape()[d];
    }
    if (fits) continue;
    return invalid_file("output '{}' is {}, but the file says {}{}: the code does not fit its file, export it again",
                        spec.name, describe(tensor), dtype_name(spec.dtype), describe_shape(spec.shape));
  }
  return {};
}

Result<std::vector<Tensor>> lay_out_inputs(const MethodSpec& method, std::span<const Tensor> inputs, MemoryPool& pool) {
  std::vector<Tensor> laid_out(inputs.begin(), inputs.end());
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::array<int64_t, kMaxRank> storage{};
    const std::span<int64_t> strides(storage.data(), inputs[i].shape().size());
    dense_strides(inputs[i].shape(), method.inputs[i].dim_order, strides);
    if (same_layout(inputs[i].shape(), inputs[i].strides(), strides)) continue;
    HEARTH_ASSIGN_OR_RETURN(laid_out[i], pool.empty_strided(inputs[i].dtype(), inputs[i].shape(), strides));
    HEARTH_RETURN_IF_ERROR(copy_strided(laid_out[i], inputs[i]));
  }
  return laid_out;
}

}  // namespace hearth
