#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aoti/module.h"
#include "archive/archive.h"
#include "base/thread_team.h"
#include "hal/device.h"
#include "hearth/model.h"
#include "kernels/adapter.h"
#include "kernels/context.h"
#include "kernels/gpu_kernels.h"
#include "kernels/host_constants.h"
#include "model/device_weights.h"

namespace hearth {

/// What the sessions of one model share: the archive, the compiled methods, the weights bound to them. Immutable once
/// open; thread-safe.
class ModelImpl {
 public:
  struct Method {
    const MethodSpec* spec;  ///< In the archive's manifest.
    std::unique_ptr<Module> module;
  };

  static Result<std::shared_ptr<ModelImpl>> open(const std::filesystem::path& path, const ModelOptions& options);
  /// The same for an archive that is already open; its messages carry no path.
  static Result<std::shared_ptr<ModelImpl>> open(std::shared_ptr<const Archive> archive, const ModelOptions& options);

  const Archive& archive() const { return *archive_; }
  const std::string& name() const { return archive_->manifest().name; }
  const std::vector<MethodInfo>& methods() const { return infos_; }
  /// kInvalidArgument lists the methods there are.
  Result<const Method*> find(std::string_view method) const;

  const std::shared_ptr<Device>& device() const { return device_; }
  /// See Model::device_choice().
  const std::string& device_choice() const { return device_choice_; }
  ThreadTeam& team() { return *team_; }
  PackedWeights& packed() { return *packed_; }
  GpuKernels& gpu_kernels() { return *gpu_kernels_; }
  const HostConstants& host_constants() const { return host_constants_; }
  /// The GPU's memory that all runs share; null when the device is the host.
  const std::shared_ptr<StreamOrderedPool>& memory() const { return memory_; }
  /// Null: none was asked for.
  const Adapter* adapter() const { return adapter_.get(); }
  /// XXH3-64 of the adapter's file; 0: none was asked for.
  uint64_t adapter_hash() const { return adapter_hash_; }

 private:
  explicit ModelImpl(std::shared_ptr<const Archive> archive) : archive_(std::move(archive)) {}
  Status load_method(const std::string& name, const MethodSpec& spec, const std::string& target);
  Status bind_constants(Module& module, const TargetSpec& target);
  /// Makes the adapter of what was bound, all of which the methods must use.
  Status finish_adapter();

  std::shared_ptr<const Archive> archive_;
  std::shared_ptr<Device> device_;
  std::string device_choice_;
  std::shared_ptr<StreamOrderedPool> memory_;
  std::shared_ptr<ThreadTeam> team_;
  std::unique_ptr<PackedWeights> packed_;
  std::unique_ptr<GpuKernels> gpu_kernels_;
  std::map<std::string, LowRank> additions_;        ///< The adapter's, by name; those that were bound lie below.
  std::map<const void*, LowRank> bound_additions_;  ///< By the weight's first byte.
  std::unique_ptr<const Adapter> adapter_;
  uint64_t adapter_hash_ = 0;
  HostConstants host_constants_;                 ///< The weights that the device has, in the file.
  std::optional<DeviceWeights> device_weights_;  ///< While the model is opened; nothing when the device is the host.
  std::map<std::string, Method, std::less<>> methods_;
  std::vector<MethodInfo> infos_;
};

}  // namespace hearth
