#include "base/write_file.h"

#include <fstream>
#include <system_error>

#include "base/errors.h"

namespace hearth {

Status write_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  std::filesystem::path temporary = path;
  temporary += ".part";
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  std::error_code problem;
  if (file) std::filesystem::rename(temporary, path, problem);
  if (file && !problem) return {};
  std::error_code ignored;
  std::filesystem::remove(temporary, ignored);
  return error(StatusCode::kFailed, "{}: it cannot be written{}", path.string(),
               problem ? ": " + problem.message() : "");
}

}  // namespace hearth
