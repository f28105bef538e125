#include "model/weight_storage.h"

#include "base/errors.h"

namespace hearth {
namespace {

class ArchiveStorage final : public Storage {
 public:
  ArchiveStorage(std::shared_ptr<const Archive> archive, std::span<const std::byte> bytes)
      : Storage(const_cast<std::byte*>(bytes.data()), bytes.size(), /*constant=*/true), archive_(std::move(archive)) {}

 private:
  void dispose() override { delete this; }

  std::shared_ptr<const Archive> archive_;
};

}  // namespace

Result<Tensor> bind_weight(const std::shared_ptr<const Archive>& archive, const TensorSpec& spec) {
  HEARTH_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, archive->tensor_bytes(spec));
  return Tensor::view(StorageRef(new ArchiveStorage(archive, bytes)), spec.dtype, spec.shape, spec.strides, 0);
}

}  // namespace hearth
