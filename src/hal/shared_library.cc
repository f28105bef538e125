#include "hal/shared_library.h"

#include <array>
#include <filesystem>

#include "base/errors.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace hearth {

#ifdef _WIN32

Result<SharedLibrary> SharedLibrary::open(const std::string& name) {
  // Not from the folder that the program was started in.
  constexpr DWORD kFolders = LOAD_LIBRARY_SEARCH_SYSTEM32 | LOAD_LIBRARY_SEARCH_APPLICATION_DIR;
  const bool has_folder = name.find_first_of("/\\") != std::string::npos;
  if (HMODULE handle = LoadLibraryExA(name.c_str(), nullptr, has_folder ? LOAD_WITH_ALTERED_SEARCH_PATH : kFolders)) {
    return SharedLibrary(handle);
  }
  const DWORD code = GetLastError();
  if (code == ERROR_MOD_NOT_FOUND) return error(StatusCode::kNotFound, "{} was not found", name);
  return unavailable("{} cannot be opened: Windows error {}", name, code);
}

void* SharedLibrary::symbol(const char* name) const {
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(handle_), name));
}

std::string path_of_this_library() {
  constexpr DWORD kFlags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
  HMODULE handle = nullptr;
  std::array<char, 4096> path{};
  if (!GetModuleHandleExA(kFlags, reinterpret_cast<LPCSTR>(&path_of_this_library), &handle)) return {};
  const DWORD length = GetModuleFileNameA(handle, path.data(), path.size());
  return length < path.size() ? std::string(path.data(), length) : std::string();
}

#else

Result<SharedLibrary> SharedLibrary::open(const std::string& name) {
  if (void* handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) return SharedLibrary(handle);
  const char* text = dlerror();
  const std::string why = text ? text : "the system does not say why";
  if (why.starts_with(name + ": cannot open shared object file: No such file")) {
    return error(StatusCode::kNotFound, "{} was not found", name);
  }
  return unavailable("{} cannot be opened: {}", name, why);
}

void* SharedLibrary::symbol(const char* name) const { return dlsym(handle_, name); }

std::string path_of_this_library() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&path_of_this_library), &info) == 0 || info.dli_fname == nullptr) return {};
  const std::filesystem::path path = info.dli_fname;
  if (path.is_absolute()) return path.string();
  // A program's is what it was started as, which says nothing where the system searched for it.
  std::error_code failure;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failure);
  return failure ? std::filesystem::absolute(path, failure).string() : program.string();
}

#endif

}  // namespace hearth
