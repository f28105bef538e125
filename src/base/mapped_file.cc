#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "base/errors.h"

namespace hearth {
namespace {

std::string system_message(int error_number) { return std::generic_category().message(error_number); }

Status open_failure(const std::filesystem::path& path, int error_number) {
  const std::string name = path.string();
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return error(StatusCode::kNotFound, "{}: there is no such file", name);
    case EACCES:
    case EPERM:
      return error(StatusCode::kPermissionDenied, "{}: reading it is not permitted", name);
    default:
      return invalid_file("{}: it cannot be opened: {}", name, system_message(error_number));
  }
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor() {
    if (number_ >= 0) close(number_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return number_; }

 private:
  int number_;
};

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  // Without O_NONBLOCK, opening a named pipe would wait for somebody to write to it.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return open_failure(path, errno);
  struct stat facts{};
  if (fstat(file.get(), &facts) != 0) return open_failure(path, errno);
  if (S_ISDIR(facts.st_mode)) return invalid_file("{}: it is a directory, a file is needed", path.string());
  if (!S_ISREG(facts.st_mode)) return invalid_file("{}: it is not a regular file", path.string());
  if (facts.st_size == 0) return invalid_file("{}: the file is empty", path.string());

  const auto size = static_cast<size_t>(facts.st_size);
  void* address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) {
    return error(StatusCode::kOutOfMemory, "{}: {} bytes cannot be mapped: {}", path.string(), size,
                 system_message(errno));
  }
  return std::shared_ptr<const MappedFile>(new MappedFile({static_cast<const std::byte*>(address), size}));
}

MappedFile::~MappedFile() { munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size()); }

void MappedFile::release_pages(std::span<const std::byte> range) const {
  const auto* last = bytes_.data() + bytes_.size();
  if (range.data() < bytes_.data() || range.data() + range.size() > last) return;
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<uintptr_t>(range.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<uintptr_t>(range.data() + range.size()) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace hearth
