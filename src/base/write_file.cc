#include "base/write_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/errors.h"

namespace hearth {
namespace {

constexpr mode_t kMode = 0666;
constexpr size_t kBufferSize = size_t{1} << 20;

Status write_failure(const std::filesystem::path& path, int error_number) {
  return error(StatusCode::kFailed, "{}: it cannot be written: {}", path.string(),
               std::generic_category().message(error_number));
}

/// Opens `part` for the calling process alone; -1 with errno set.
int open_alone(const std::filesystem::path& part) {
  while (true) {
    const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kMode);
    if (descriptor < 0) return -1;
    struct stat opened{};
    struct stat named{};
    if (flock(descriptor, LOCK_EX) == 0 && fstat(descriptor, &opened) == 0) {
      // While this waited, another writer may have renamed the file that it opened.
      const bool is_named = stat(part.c_str(), &named) == 0 && opened.st_ino == named.st_ino;
      if (is_named && ftruncate(descriptor, 0) == 0) return descriptor;
      if (!is_named) errno = EINTR;
    }
    const int problem = errno;
    close(descriptor);
    errno = problem;
    if (problem != EINTR) return -1;
  }
}

/// The names in a folder reach the disk with the folder.
int sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return errno;
  // EINVAL: a file system without it.
  const int problem = fsync(descriptor) == 0 || errno == EINVAL ? 0 : errno;
  close(descriptor);
  return problem;
}

}  // namespace

Result<ReplacingFile> ReplacingFile::open(const std::filesystem::path& path) {
  std::filesystem::path part = path;
  part += ".part";
  const int descriptor = open_alone(part);
  if (descriptor < 0) return write_failure(path, errno);
  return ReplacingFile(path, descriptor);
}

ReplacingFile::ReplacingFile(std::filesystem::path path, int descriptor)
    : path_(std::move(path)), part_(path_), descriptor_(descriptor) {
  part_ += ".part";
}

ReplacingFile::ReplacingFile(ReplacingFile&& other) noexcept
    : path_(std::move(other.path_)),
      part_(std::move(other.part_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      buffer_(std::move(other.buffer_)) {}

ReplacingFile::~ReplacingFile() {
  if (descriptor_ < 0) return;
  unlink(part_.c_str());
  close(descriptor_);
}

Status ReplacingFile::write(std::span<const std::byte> bytes) {
  if (buffer_.size() + bytes.size() > kBufferSize) HEARTH_RETURN_IF_ERROR(flush());
  if (bytes.size() > kBufferSize) return put(bytes);
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  return {};
}

Status ReplacingFile::put(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) return write_failure(path_, errno);
    if (count > 0) bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return {};
}

Status ReplacingFile::flush() {
  HEARTH_RETURN_IF_ERROR(put(buffer_));
  buffer_.clear();
  return {};
}

Status ReplacingFile::finish() {
  HEARTH_RETURN_IF_ERROR(flush());
  if (fsync(descriptor_) != 0) return write_failure(path_, errno);
  if (std::rename(part_.c_str(), path_.c_str()) != 0) return write_failure(path_, errno);
  close(std::exchange(descriptor_, -1));
  if (const int problem = sync_folder(path_.parent_path())) return write_failure(path_, problem);
  return {};
}

Status write_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  HEARTH_ASSIGN_OR_RETURN(ReplacingFile file, ReplacingFile::open(path));
  HEARTH_RETURN_IF_ERROR(file.write(bytes));
  return file.finish();
}

}  // namespace hearth
