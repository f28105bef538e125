#include "archive/stock_package.h"

#include <simdjson.h>

#include "archive/json_field.h"
#include "base/byte_cursor.h"
#include "base/errors.h"

namespace hearth {
namespace {

constexpr std::string_view kFolder = "data/aotinductor/";

/// The records of one model's folder that matter.
struct Folder {
  std::string library;
  std::string metadata;
  std::string blob;
  std::string fallback_nodes;
};

Result<std::string> elf_machine(std::span<const std::byte> library, const std::string& record) {
  constexpr uint32_t kElfMagic = 0x464c457f;
  constexpr uint16_t kX86_64 = 62;
  constexpr uint16_t kAarch64 = 183;
  ByteCursor cursor(library);
  const auto magic = cursor.read<uint32_t>();
  cursor.take(14);  // class, encoding, version, padding, type
  const auto machine = cursor.read<uint16_t>();
  if (!cursor.ok() || magic != kElfMagic) return invalid_file("{}: it is not an ELF library", record);
  if (machine == kX86_64) return std::string("x86_64");
  if (machine == kAarch64) return std::string("aarch64");
  return fmt::format("machine {}", machine);
}

/// The features that an instruction set of AOTInductor's metadata stands for. Inductor writes the widest one that it
/// vectorised for.
std::vector<std::string> features_of(std::string_view isa) {
  std::vector<std::string> features;
  if (isa.find("AVX2") != std::string_view::npos || isa.find("AVX512") != std::string_view::npos) {
    features = {"avx2", "fma", "f16c"};
  }
  if (isa.find("AVX512") != std::string_view::npos) {
    features.insert(features.end(), {"avx512f", "avx512bw", "avx512dq", "avx512vl"});
  }
  return features;
}

Result<std::string> cpu_isa(const std::string& json, const std::string& record) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded(json);
  if (parser.parse(padded).get(root) != simdjson::SUCCESS) return invalid_file("{}: it is not JSON", record);
  std::string_view isa;
  if (root["AOTI_CPU_ISA"].get(isa) != simdjson::SUCCESS) return std::string();
  return std::string(isa);
}

Result<MethodSpec> stock_method(const Folder& folder, const StockRecords& records) {
  TargetSpec target;
  target.device = "cpu";
  target.system = "linux";
  target.library = folder.library;
  target.blob = folder.blob;
  target.fallback_nodes = folder.fallback_nodes;
  HEARTH_ASSIGN_OR_RETURN(const std::span<const std::byte> library, records.bytes(folder.library));
  HEARTH_ASSIGN_OR_RETURN(target.machine, elf_machine(library, folder.library));
  if (!folder.metadata.empty()) {
    HEARTH_ASSIGN_OR_RETURN(const std::string json, records.text(folder.metadata));
    HEARTH_ASSIGN_OR_RETURN(const std::string isa, cpu_isa(json, folder.metadata));
    target.cpu_features = features_of(isa);
  }
  MethodSpec method;
  method.targets.emplace("cpu-" + target.machine, std::move(target));
  return method;
}

}  // namespace

Result<Manifest> stock_manifest(const StockRecords& records) {
  std::map<std::string, Folder> folders;
  for (const std::string& name : records.names) {
    if (!name.starts_with(kFolder)) continue;
    const size_t slash = name.find('/', kFolder.size());
    if (slash == std::string::npos) continue;
    Folder& folder = folders[name.substr(kFolder.size(), slash - kFolder.size())];
    if (name.ends_with(".so")) {
      if (!folder.library.empty()) return invalid_file("{}: the folder has two libraries", name);
      folder.library = name;
    }
    if (name.ends_with("metadata.json")) {
      folder.metadata = name;
    } else if (name.ends_with(".wrapper.json")) {
      folder.fallback_nodes = name;
    }
    if (name.ends_with(".blob")) folder.blob = name;
  }
  if (folders.empty()) {
    return invalid_file(
        "the archive has neither extra/hearth.json nor data/aotinductor: export it with python -m hearth.export");
  }
  Manifest manifest;
  manifest.producer["torch"] = "unknown";
  for (const auto& [name, folder] : folders) {
    if (folder.library.empty()) return invalid_file("{}{}: the folder has no library (.so)", kFolder, name);
    HEARTH_ASSIGN_OR_RETURN(MethodSpec method, stock_method(folder, records));
    manifest.methods.emplace(name, std::move(method));
  }
  return manifest;
}

}  // namespace hearth
