#include "model/adapter_file.h"

#include <string_view>

#include "archive/npz.h"
#include "base/errors.h"
#include "kernels/block_weights.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

constexpr std::string_view kDown = ".down";
constexpr std::string_view kUp = ".up";

/// Memory of a tensor that nothing writes to any more.
class ConstantCopy final : public Storage {
 public:
  explicit ConstantCopy(Tensor tensor)
      : Storage(static_cast<std::byte*>(tensor.data()), tensor.byte_count(), /*constant=*/true),
        tensor_(std::move(tensor)) {}

 private:
  void dispose() override { delete this; }

  Tensor tensor_;
};

Result<Tensor> constant_matrix(const NamedTensor& named) {
  const Tensor& from = named.tensor;
  if (from.rank() != 2 || (from.dtype() != DType::kFloat16 && from.dtype() != DType::kFloat32)) {
    return invalid_file("array '{}' is {}, expected a matrix of float16 or float32", named.name, describe(from));
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor wide, Tensor::empty(DType::kFloat32, from.shape()));
  HEARTH_RETURN_IF_ERROR(copy_strided(wide, from));
  return Tensor::view(StorageRef(new ConstantCopy(wide)), DType::kFloat32, wide.shape(), wide.strides(), 0);
}

bool fits(const TensorSpec& weight, int64_t rows, int64_t depth) {
  if (weight.dtype != DType::kUInt8) return weight.shape == std::vector<int64_t>{rows, depth};
  const auto parts = [](int64_t whole, int64_t part) { return (whole + part - 1) / part; };
  return weight.shape.size() == 3 && weight.shape[0] == parts(rows, kBlockRows) &&
         weight.shape[1] == parts(depth, kBlockDepth);
}

Status check(const std::string& name, const LowRank& addition, const Manifest& manifest) {
  if (!addition.down.defined() || !addition.up.defined()) {
    return invalid_file("'{}' has only one of its two arrays, {} and {}", name, kDown, kUp);
  }
  if (addition.up.size(1) != addition.down.size(0)) {
    return invalid_file("'{}': {} and {} are no two factors of a product", name, describe(addition.down),
                        describe(addition.up));
  }
  const auto weight = manifest.tensors.find(name);
  if (weight == manifest.tensors.end()) {
    return invalid_argument("the adapter is for another model: this one has no weight '{}'", name);
  }
  if (fits(weight->second, addition.up.size(0), addition.down.size(1))) return {};
  return invalid_argument("the adapter is for another model: '{}' would be [{}, {}], and the model's is [{}] of {}",
                          name, addition.up.size(0), addition.down.size(1), fmt::join(weight->second.shape, ", "),
                          dtype_name(weight->second.dtype));
}

Result<std::map<std::string, LowRank>> read(const std::vector<NamedTensor>& arrays, const Manifest& manifest) {
  std::map<std::string, LowRank> additions;
  for (const NamedTensor& array : arrays) {
    const std::string_view name = array.name;
    const bool is_down = name.ends_with(kDown);
    if (!is_down && !name.ends_with(kUp)) return invalid_file("array '{}' is none of an adapter's", name);
    LowRank& addition = additions[std::string(name.substr(0, name.size() - (is_down ? kDown : kUp).size()))];
    HEARTH_ASSIGN_OR_RETURN((is_down ? addition.down : addition.up), constant_matrix(array));
  }
  if (additions.empty()) return invalid_file("it holds no arrays");
  for (const auto& [name, addition] : additions) HEARTH_RETURN_IF_ERROR(check(name, addition, manifest));
  return additions;
}

}  // namespace

Result<std::map<std::string, LowRank>> read_adapter(const std::filesystem::path& path, const Manifest& manifest) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<NamedTensor> arrays, read_npz(path));
  auto additions = read(arrays, manifest);
  if (!additions.ok()) return additions.status().with_context(path.string());
  return additions;
}

}  // namespace hearth
