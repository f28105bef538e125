// Decodes and preprocesses pictures, for comparison with other programs' answers.
//
// usage: preprocess_dump PIPELINE.json PICTURE OUTPUT.npy [PICTURE OUTPUT.npy]...
//
// PIPELINE.json holds what a manifest holds under "pipeline". Exit status 1 at the first picture that is refused, with
// the reason.

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdio>
#include <span>

#include "archive/manifest_fields.h"
#include "base/errors.h"
#include "base/mapped_file.h"
#include "media/image/image.h"
#include "media/image/preprocess.h"
#include "tensor/npy.h"

namespace hearth {
namespace {

Result<ImagePreprocess> read_preprocess(const char* path) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.load(path).get(root) != simdjson::SUCCESS) return invalid_file("{} is not JSON", path);
  HEARTH_ASSIGN_OR_RETURN(PipelineSpec pipeline, parse_pipeline(JsonField(root, path)));
  return std::move(pipeline.preprocess);
}

Status dump(const ImagePreprocess& preprocess, const char* picture, const char* output) {
  HEARTH_ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> file, MappedFile::open(picture));
  HEARTH_ASSIGN_OR_RETURN(const Image image, decode_image(file->bytes()));
  HEARTH_ASSIGN_OR_RETURN(const Tensor tensor, preprocess_image(image, preprocess));
  return write_npy(output, tensor);
}

Status dump_all(std::span<char*> arguments) {
  HEARTH_ASSIGN_OR_RETURN(const ImagePreprocess preprocess, read_preprocess(arguments[0]));
  for (size_t i = 1; i + 1 < arguments.size(); i += 2) {
    const Status status = dump(preprocess, arguments[i], arguments[i + 1]);
    if (!status.ok()) return status.with_context(arguments[i]);
  }
  return {};
}

}  // namespace
}  // namespace hearth

int main(int argc, char** argv) {
  if (argc < 4 || argc % 2 != 0) {
    fmt::print(stderr, "usage: preprocess_dump PIPELINE.json PICTURE OUTPUT.npy [PICTURE OUTPUT.npy]...\n");
    return 2;
  }
  const hearth::Status status = hearth::dump_all(std::span(argv + 1, static_cast<size_t>(argc - 1)));
  if (!status.ok()) fmt::print(stderr, "{}\n", status.message());
  return status.ok() ? 0 : 1;
}
