#include "aoti/sealed_library.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <vector>

#include "aoti/elf_patch.h"
#include "base/errors.h"

namespace hearth {
namespace {

class OwnedFile {
 public:
  explicit OwnedFile(int number) : number_(number) {}
  ~OwnedFile() {
    if (number_ >= 0) close(number_);
  }
  OwnedFile(const OwnedFile&) = delete;
  OwnedFile& operator=(const OwnedFile&) = delete;
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

Status write_all(int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      return error(StatusCode::kOutOfMemory, "{} bytes for a library cannot be had: {}", bytes.size(),
                   std::generic_category().message(errno));
    }
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

Result<int> seal(std::span<const std::byte> bytes, const std::string& name) {
  constexpr size_t kLongestName = 200;  // The system takes 249 bytes.
  OwnedFile file(memfd_create(name.substr(0, kLongestName).c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0)
    return error(StatusCode::kOutOfMemory, "memory for a library cannot be had: {}",
                 std::generic_category().message(errno));
  HEARTH_RETURN_IF_ERROR(write_all(file.get(), bytes));
  if (fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return error(StatusCode::kInternal, "a library cannot be sealed: {}", std::generic_category().message(errno));
  }
  return file.release();
}

/// A path to the file that was never used before. glibc knows libraries by the spelling of their path first: were a
/// descriptor's number reused while a library failed to unload, the old one would come back.
std::string fresh_path(int file) {
  static std::atomic<uint32_t> counter{0};
  std::string path = "/proc/self/fd/";
  for (uint32_t bits = counter.fetch_add(1) + 1; bits != 0; bits >>= 1) path += (bits & 1U) != 0 ? "./" : "/";
  return path + std::to_string(file);
}

/// The models' imports are looked up among global symbols. Where Hearth itself is a library that was opened as a local
/// one, its own must become global first.
void export_own_symbols() {
  static std::once_flag once;
  std::call_once(once, [] {
    Dl_info info{};
    if (dladdr(reinterpret_cast<void*>(&export_own_symbols), &info) != 0 && info.dli_fname != nullptr) {
      dlopen(info.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
    }
  });
}

}  // namespace

Result<std::unique_ptr<SealedLibrary>> SealedLibrary::open(std::span<const std::byte> library,
                                                           const std::string& name) {
  std::vector<std::byte> copy(library.begin(), library.end());
  HEARTH_RETURN_IF_ERROR(make_unloadable(copy));
  HEARTH_ASSIGN_OR_RETURN(const int number, seal(copy, name));
  OwnedFile file(number);
  export_own_symbols();
  void* handle = dlopen(fresh_path(file.get()).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return invalid_file("the library cannot be opened: {}", dlerror());
  return std::unique_ptr<SealedLibrary>(new SealedLibrary(file.release(), handle));
}

SealedLibrary::~SealedLibrary() {
  dlclose(handle_);
  close(file_);
}

void* SealedLibrary::symbol(const char* name) const { return dlsym(handle_, name); }

}  // namespace hearth
