#include "model/model_impl.h"

#include "archive/hash.h"
#include "base/errors.h"
#include "base/mapped_file.h"
#include "model/adapter_file.h"
#include "model/device_choice.h"
#include "model/shared_team.h"
#include "model/target_choice.h"
#include "model/weight_integrity.h"
#include "model/weight_storage.h"

namespace hearth {
namespace {

ValueInfo describe_value(std::string name, DType dtype, const std::vector<Dimension>& shape) {
  ValueInfo info{std::move(name), dtype, {}, {}};
  for (const Dimension& dimension : shape) {
    const bool fixed = dimension.symbol.empty() && !dimension.unknown;
    info.shape.push_back(fixed ? dimension.add : -1);
    info.symbols.push_back(dimension.symbol);
  }
  return info;
}

MethodInfo describe_method(const std::string& name, const MethodSpec& spec, const std::string& target) {
  MethodInfo info{name, target, {}, {}, {}};
  for (const auto& [target_name, unused] : spec.targets) info.targets.push_back(target_name);
  for (const InputSpec& input : spec.inputs)
    info.inputs.push_back(describe_value(input.name, input.dtype, input.shape));
  for (const OutputSpec& output : spec.outputs) {
    info.outputs.push_back(describe_value(output.name, output.dtype, output.shape));
  }
  return info;
}

Result<DeviceChoice> device_for(const Manifest& manifest, const ModelOptions& options) {
  if (options.device == "auto" && options.adapter.empty()) return choose_device(manifest, options.target);
  // Adapters are for the CPU.
  HEARTH_ASSIGN_OR_RETURN(std::shared_ptr<Device> device,
                          open_device(options.device == "auto" ? "cpu" : options.device));
  return DeviceChoice{std::move(device), ""};
}

}  // namespace

Result<std::shared_ptr<ModelImpl>> ModelImpl::open(const std::filesystem::path& path, const ModelOptions& options) {
  HEARTH_ASSIGN_OR_RETURN(std::shared_ptr<const Archive> archive, Archive::open(path));
  Result<std::shared_ptr<ModelImpl>> model = open(std::move(archive), options);
  if (!model.ok()) return model.status().with_context(path.string());
  return model;
}

Result<std::shared_ptr<ModelImpl>> ModelImpl::open(std::shared_ptr<const Archive> archive,
                                                   const ModelOptions& options) {
  if (options.threads < 0)
    return invalid_argument("the number of threads is {}, it must be 0 (all) or more", options.threads);
  std::shared_ptr<ModelImpl> model(new ModelImpl(std::move(archive)));
  HEARTH_ASSIGN_OR_RETURN(DeviceChoice choice, device_for(model->archive_->manifest(), options));
  model->device_ = std::move(choice.device);
  model->device_choice_ = std::move(choice.why);
  model->team_ = shared_team(options.threads);
  const auto integrity = std::make_shared<WeightIntegrity>(model->archive_);
  HEARTH_RETURN_IF_ERROR(integrity->check_few());
  const auto check = [integrity](std::span<const std::byte> weight) { return integrity->check_packed(weight); };
  model->packed_ = std::make_unique<PackedWeights>(check);
  model->gpu_kernels_ = std::make_unique<GpuKernels>(model->device_);
  if (model->device_->properties().memory != MemoryKind::kHost) {
    HEARTH_ASSIGN_OR_RETURN(model->device_weights_, DeviceWeights::create(model->device_, check));
    HEARTH_ASSIGN_OR_RETURN(model->memory_, model->device_->create_pool());
  }

  if (!options.adapter.empty()) {
    if (model->device_weights_) {
      return unavailable("adapters are for the CPU, not for '{}'", model->device_->properties().name);
    }
    HEARTH_ASSIGN_OR_RETURN(model->additions_, read_adapter(options.adapter, model->archive_->manifest()));
    HEARTH_ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> file, MappedFile::open(options.adapter));
    model->adapter_hash_ = xxh3(file->bytes());
  }
  const Machine machine = this_machine(model->device_->properties());
  for (const auto& [name, spec] : model->archive_->manifest().methods) {
    Result<std::string> target = choose_target(spec, options.target, machine);
    if (!target.ok()) {
      const std::string& why = model->device_choice_;
      return error(target.status().code(), "method '{}': {}{}{}", name, target.status().message(),
                   why.empty() ? "" : "; ", why);
    }
    HEARTH_RETURN_IF_ERROR(model->load_method(name, spec, *target));
  }
  HEARTH_RETURN_IF_ERROR(model->finish_adapter());
  if (model->device_weights_) HEARTH_RETURN_IF_ERROR(model->device_weights_->finish());
  model->device_weights_.reset();
  return model;
}

Status ModelImpl::load_method(const std::string& name, const MethodSpec& spec, const std::string& target) {
  const TargetSpec& code = spec.targets.at(target);
  const std::string place = fmt::format("{}@{}", name, target);
  if (archive_->has_manifest()) HEARTH_RETURN_IF_ERROR(archive_->check(code.library));
  HEARTH_ASSIGN_OR_RETURN(const std::span<const std::byte> library, archive_->record(code.library));
  std::string nodes;
  if (!code.fallback_nodes.empty()) {
    if (archive_->has_manifest()) HEARTH_RETURN_IF_ERROR(archive_->check(code.fallback_nodes));
    HEARTH_ASSIGN_OR_RETURN(nodes, archive_->text(code.fallback_nodes));
  }
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<Module> module, Module::open(library, place, device_, nodes));
  if (archive_->has_manifest() &&
      (module->input_count() != spec.inputs.size() || module->output_count() != spec.outputs.size())) {
    return invalid_file("{}: the library takes {} inputs and gives {} outputs, the manifest says {} and {}", place,
                        module->input_count(), module->output_count(), spec.inputs.size(), spec.outputs.size());
  }
  if (Status status = bind_constants(*module, code); !status.ok()) return status.with_context(place);
  infos_.push_back(describe_method(name, spec, target));
  methods_.emplace(name, Method{&spec, std::move(module)});
  return {};
}

Status ModelImpl::bind_constants(Module& module, const TargetSpec& target) {
  if (!target.blob.empty()) {
    HEARTH_ASSIGN_OR_RETURN(const std::span<const std::byte> blob, archive_->record(target.blob));
    return module.bind_blob(blob);
  }
  if (!archive_->has_manifest()) return {};
  std::vector<Tensor> tensors;
  for (const ModuleConstant& constant : module.constants()) {
    const auto name = target.constants.find(constant.name);
    if (name == target.constants.end()) {
      return invalid_file("the library has a constant '{}' ({}) that the manifest does not map to a tensor",
                          constant.name, constant.original_name);
    }
    Result<Tensor> tensor = bind_weight(archive_, archive_->manifest().tensors.at(name->second));
    if (!tensor.ok()) return tensor.status().with_context(fmt::format("tensor '{}'", name->second));
    if (const auto addition = additions_.find(name->second); addition != additions_.end()) {
      bound_additions_.emplace(tensor->data(), addition->second);
    }
    if (device_weights_) {
      HEARTH_ASSIGN_OR_RETURN(Tensor on_gpu, device_weights_->get(name->second, *tensor));
      host_constants_.add(on_gpu.storage(), tensor->storage());
      *tensor = std::move(on_gpu);
    }
    tensors.push_back(*std::move(tensor));
  }
  return module.bind(tensors);
}

Status ModelImpl::finish_adapter() {
  if (additions_.empty()) return {};
  if (bound_additions_.size() != additions_.size()) {
    return invalid_argument("the adapter is for another model: this one uses {} of the {} weights that it changes",
                            bound_additions_.size(), additions_.size());
  }
  adapter_ = std::make_unique<const Adapter>(std::move(bound_additions_));
  return {};
}

Result<const ModelImpl::Method*> ModelImpl::find(std::string_view method) const {
  if (const auto found = methods_.find(method); found != methods_.end()) return &found->second;
  std::vector<std::string_view> names;
  for (const auto& [name, unused] : methods_) names.push_back(name);
  return invalid_argument("the model has no method '{}'; it has {}", method, fmt::join(names, ", "));
}

}  // namespace hearth
