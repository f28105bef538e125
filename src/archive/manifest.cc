#include "archive/manifest.h"

#include <algorithm>

#include "archive/json_field.h"
#include "archive/manifest_fields.h"
#include "tensor/layout.h"

namespace hearth {
namespace {

constexpr int64_t kNewestFormat = 1;
constexpr std::string_view kRoot = "extra/hearth.json";

/// Checks what one part of a manifest says of another.
class CrossReferences {
 public:
  explicit CrossReferences(const Manifest& manifest) : manifest_(manifest) {}

  Status check() const {
    for (const auto& [name, tensor] : manifest_.tensors) HEARTH_RETURN_IF_ERROR(check_tensor(name, tensor));
    for (const auto& [name, method] : manifest_.methods) HEARTH_RETURN_IF_ERROR(check_method(name, method));
    for (size_t i = 0; i < manifest_.goldens.size(); ++i) HEARTH_RETURN_IF_ERROR(check_golden(i, manifest_.goldens[i]));
    return manifest_.pipeline ? check_pipeline(*manifest_.pipeline) : Status();
  }

 private:
  Status check_record(std::string_view place, const std::string& record) const {
    if (manifest_.records.contains(record)) return {};
    return invalid_file("{}.{}: the record '{}' is not in 'records'", kRoot, place, record);
  }

  Status check_tensor(const std::string& name, const TensorSpec& tensor) const {
    const std::string place = fmt::format("tensors.{}", name);
    HEARTH_RETURN_IF_ERROR(check_record(place, tensor.record));
    const CheckedSize bytes = elements_to_bytes(element_extent(tensor.shape, tensor.strides), tensor.dtype);
    if (fits(CheckedSize(tensor.offset) + bytes, CheckedSize(manifest_.records.at(tensor.record).size))) return {};
    return invalid_file("{}.{}: it reaches beyond its record '{}'", kRoot, place, tensor.record);
  }

  Status check_method(const std::string& name, const MethodSpec& method) const {
    if (!is_identifier(name)) return invalid_file("{}.methods: '{}' is not a method's name", kRoot, name);
    for (const auto& [target_name, target] : method.targets) {
      const std::string place = fmt::format("methods.{}.targets.{}", name, target_name);
      HEARTH_RETURN_IF_ERROR(check_record(place, target.library));
      if (!target.fallback_nodes.empty()) HEARTH_RETURN_IF_ERROR(check_record(place, target.fallback_nodes));
      if (manifest_.records.at(target.library).sha256.empty()) {
        return invalid_file("{}.{}: its library '{}' has no sha256", kRoot, place, target.library);
      }
      for (const auto& [constant, tensor] : target.constants) {
        if (!manifest_.tensors.contains(tensor)) {
          return invalid_file("{}.{}.constants.{}: the tensor '{}' is not in 'tensors'", kRoot, place, constant,
                              tensor);
        }
      }
    }
    return {};
  }

  Status check_golden(size_t index, const Golden& golden) const {
    const std::string place = fmt::format("goldens[{}]", index);
    const auto method = manifest_.methods.find(golden.method);
    if (method == manifest_.methods.end()) {
      return invalid_file("{}.{}.method: there is no method '{}'", kRoot, place, golden.method);
    }
    if (golden.inputs.size() != method->second.inputs.size() ||
        golden.outputs.size() != method->second.outputs.size()) {
      return invalid_file("{}.{}: the method has {} inputs and {} outputs, the golden {} and {}", kRoot, place,
                          method->second.inputs.size(), method->second.outputs.size(), golden.inputs.size(),
                          golden.outputs.size());
    }
    for (const std::string& record : golden.inputs) HEARTH_RETURN_IF_ERROR(check_record(place, record));
    for (const GoldenOutput& output : golden.outputs) HEARTH_RETURN_IF_ERROR(check_record(place, output.record));
    return {};
  }

  Status check_pipeline(const PipelineSpec& pipeline) const {
    if (pipeline.method.empty()) return {};
    const auto method = manifest_.methods.find(pipeline.method);
    if (method == manifest_.methods.end()) {
      return invalid_file("{}.pipeline.method: there is no method '{}'", kRoot, pipeline.method);
    }
    const auto check_optional = [this](std::string_view field, const std::string& record) {
      return record.empty() ? Status() : check_record(field, record);
    };
    HEARTH_RETURN_IF_ERROR(check_optional("pipeline.tokenizer", pipeline.generation.tokenizer));
    HEARTH_RETURN_IF_ERROR(check_optional("pipeline.tokenizer", pipeline.embedding.tokenizer));
    HEARTH_RETURN_IF_ERROR(check_optional("pipeline.chat_template", pipeline.generation.chat_template));
    if (pipeline.input.empty()) return {};
    const MethodSpec& spec = method->second;
    if (std::ranges::find(spec.inputs, pipeline.input, &InputSpec::name) == spec.inputs.end()) {
      return invalid_file("{}.pipeline.input: method '{}' has no input '{}'", kRoot, pipeline.method, pipeline.input);
    }
    if (std::ranges::find(spec.outputs, pipeline.output, &OutputSpec::name) == spec.outputs.end()) {
      return invalid_file("{}.pipeline.output: method '{}' has no output '{}'", kRoot, pipeline.method,
                          pipeline.output);
    }
    return check_optional("pipeline.labels", pipeline.labels);
  }

  const Manifest& manifest_;
};

Result<Manifest> parse_root(const JsonField& root) {
  Manifest manifest;
  HEARTH_ASSIGN_OR_RETURN(const JsonField format, root.member("format"));
  HEARTH_ASSIGN_OR_RETURN(manifest.format, format.integer(1));
  if (manifest.format > kNewestFormat) {
    return format.error("the file is of format {}, this program knows up to {}: use a newer Hearth", manifest.format,
                        kNewestFormat);
  }
  HEARTH_ASSIGN_OR_RETURN(manifest.name, string_member(root, "name"));
  HEARTH_ASSIGN_OR_RETURN(const JsonField producer, root.member("producer"));
  HEARTH_ASSIGN_OR_RETURN(manifest.producer,
                          parse_map<std::string>(producer, [](const JsonField& field) -> Result<std::string> {
                            HEARTH_ASSIGN_OR_RETURN(const std::string_view text, field.string());
                            return std::string(text);
                          }));
  HEARTH_ASSIGN_OR_RETURN(const JsonField records, root.member("records"));
  HEARTH_ASSIGN_OR_RETURN(manifest.records, parse_map<RecordSpec>(records, parse_record));
  HEARTH_ASSIGN_OR_RETURN(const JsonField tensors, root.member("tensors"));
  HEARTH_ASSIGN_OR_RETURN(manifest.tensors, parse_map<TensorSpec>(tensors, parse_tensor));
  HEARTH_ASSIGN_OR_RETURN(const JsonField methods, root.member("methods"));
  HEARTH_ASSIGN_OR_RETURN(manifest.methods, parse_map<MethodSpec>(methods, parse_method));
  HEARTH_ASSIGN_OR_RETURN(const std::optional<JsonField> pipeline, root.find("pipeline"));
  if (pipeline && !pipeline->is_null()) {
    HEARTH_ASSIGN_OR_RETURN(manifest.pipeline, parse_pipeline(*pipeline));
  }
  HEARTH_ASSIGN_OR_RETURN(const std::optional<JsonField> goldens, root.find("goldens"));
  if (goldens) {
    HEARTH_ASSIGN_OR_RETURN(manifest.goldens, parse_array<Golden>(*goldens, parse_golden));
  }
  return manifest;
}

}  // namespace

Result<Manifest> parse_manifest(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded(json);
  if (const auto problem = parser.parse(padded).get(root); problem != simdjson::SUCCESS) {
    return invalid_file("{}: it is not JSON: {}", kRoot, simdjson::error_message(problem));
  }
  HEARTH_ASSIGN_OR_RETURN(Manifest manifest, parse_root(JsonField(root, std::string(kRoot))));
  HEARTH_RETURN_IF_ERROR(CrossReferences(manifest).check());
  return manifest;
}

}  // namespace hearth
