#include <map>
#include <optional>

#include "archive/archive.h"
#include "base/errors.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "model/device_choice.h"
#include "model/value_check.h"

namespace hearth::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string describe_range(const SymbolRange& range) {
  return range.max == INT64_MAX ? fmt::format("{} or more", range.min) : fmt::format("{} to {}", range.min, range.max);
}

void print_method(const Archive& archive, const std::string& name, const MethodSpec& method) {
  fmt::print("\nmethod {}\n", name);
  std::vector<std::vector<std::string>> rows;
  for (const InputSpec& input : method.inputs) {
    rows.push_back({"in", input.name, fmt::format("{}{}", dtype_name(input.dtype), describe_shape(input.shape))});
  }
  for (const OutputSpec& output : method.outputs) {
    rows.push_back({"out", output.name, fmt::format("{}{}", dtype_name(output.dtype), describe_shape(output.shape))});
  }
  for (const auto& [symbol, range] : method.symbols) rows.push_back({"", symbol, describe_range(range)});
  for (const auto& [target_name, target] : method.targets) {
    const auto record = archive.record(target.library);
    rows.push_back({"for", target_name, record.ok() ? format_bytes(record->size()) : ""});
  }
  print_columns(rows);
}

/// Bytes of the records by the folder they lie in.
std::map<std::string, uint64_t> sizes_by_folder(const Archive& archive) {
  std::map<std::string, uint64_t> sizes;
  for (const auto& [name, record] : archive.manifest().records) {
    const size_t slash = name.rfind('/');
    sizes[slash == std::string::npos ? "" : name.substr(0, slash)] += record.size;
  }
  return sizes;
}

/// What "auto" is for this file, where it has a choice.
std::optional<DeviceChoice> automatic_device(const Archive& archive) {
  Result<DeviceChoice> choice = choose_device(archive.manifest(), "");
  if (!choice.ok() || choice->why.empty()) return std::nullopt;
  return *std::move(choice);
}

void print_text(const std::string& file, const Archive& archive) {
  const Manifest& manifest = archive.manifest();
  fmt::print("{}: {} ({})\n", file, manifest.name, format_bytes(archive.bytes().size()));
  std::vector<std::string> producers;
  for (const auto& [name, version] : manifest.producer) producers.push_back(fmt::format("{} {}", name, version));
  fmt::print("made by {}\n", archive.has_manifest() ? fmt::format("{}", fmt::join(producers, ", "))
                                                    : "PyTorch: a stock package, whose inputs it does not describe");
  if (manifest.pipeline) fmt::print("task {}\n", manifest.pipeline->task);
  for (const auto& [name, method] : manifest.methods) print_method(archive, name, method);
  if (const auto choice = automatic_device(archive)) {
    fmt::print("\nruns on {} here: {}\n", choice->device->properties().name, choice->why);
  }
  if (!archive.has_manifest()) return;
  fmt::print("\n{} tensors, {} goldens, {} records\n", manifest.tensors.size(), manifest.goldens.size(),
             manifest.records.size());
  std::vector<std::vector<std::string>> rows;
  for (const auto& [folder, size] : sizes_by_folder(archive))
    rows.push_back({folder.empty() ? "." : folder, format_bytes(size)});
  print_columns(rows);
}

Json describe_json(const std::string& file, const Archive& archive) {
  const Manifest& manifest = archive.manifest();
  Json targets = Json::object();
  for (const auto& [name, method] : manifest.methods) {
    for (const auto& [target, spec] : method.targets) {
      const auto record = archive.record(spec.library);
      targets[name][target] = {{"library", spec.library}, {"size", record.ok() ? record->size() : 0}};
    }
  }
  Json document{{"file", file},          {"size", archive.bytes().size()},
                {"name", manifest.name}, {"stock", !archive.has_manifest()},
                {"targets", targets},    {"records", archive.record_names()}};
  if (const auto text = archive.text("extra/hearth.json"); archive.has_manifest() && text.ok()) {
    document["manifest"] = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  }
  if (const auto choice = automatic_device(archive)) {
    document["auto"] = {{"name", choice->device->properties().name}, {"why", choice->why}};
  }
  return document;
}

}  // namespace

Status inspect(const InspectOptions& options, const CommonOptions& common) {
  HEARTH_ASSIGN_OR_RETURN(const std::shared_ptr<const Archive> archive,
                          Archive::open(std::filesystem::path(options.file)));
  if (common.json) {
    print_json(describe_json(options.file, *archive));
  } else {
    print_text(options.file, *archive);
  }
  return {};
}

}  // namespace hearth::cli
