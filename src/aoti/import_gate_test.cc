#include "aoti/import_gate.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "aoti/testing/test_libraries.h"
#include "base/cpu_features.h"

namespace hearth {
namespace {

Status check_library(const std::vector<std::byte>& library) {
  const Result<ElfFacts> facts = read_elf(library);
  return facts.ok() ? check_imports(*facts) : facts.status();
}

TEST(ImportGate, ReadsWhatALibrarySays) {
  const Result<ElfFacts> facts = read_elf(test_library("imports_system"));
  ASSERT_TRUE(facts.ok()) << facts.status().message();
  EXPECT_EQ(facts->machine, machine_name());
  EXPECT_EQ(facts->exports, std::vector<std::string>{"exported"});
  EXPECT_NE(std::ranges::find(facts->imports, "system"), facts->imports.end());
  EXPECT_NE(std::ranges::find(facts->needed, "libc.so.6"), facts->needed.end());
  EXPECT_FALSE(facts->has_run_path || facts->has_text_relocations || facts->executable_stack);
}

TEST(ImportGate, AcceptsLibrariesOfBothHashTables) {
  for (const char* name : {"harmless", "sysv_hash", "model", "openmp_gcc"}) {
    const Status status = check_library(test_library(name));
    EXPECT_TRUE(status.ok()) << name << ": " << status.message();
  }
}

struct RefusedLibrary {
  const char* name;
  const char* message;
};

TEST(ImportGate, NamesWhatItRefuses) {
  // The hidden ones export nothing: their hash table counts no symbol, only relocations name the import. A weak import
  // is bound like any other where the function exists.
  const RefusedLibrary cases[] = {
      {"imports_system", "'system'"}, {"imports_dlopen", "'dlopen'"}, {"imports_execve", "'execve'"},
      {"hidden_system", "'system'"},  {"hidden_dlopen", "'dlopen'"},  {"hidden_execve", "'execve'"},
      {"weak_system", "'system'"},    {"weak_dlopen", "'dlopen'"},    {"weak_execve", "'execve'"},
      {"run_path", "RPATH"},          {"filter", "'libevil.so'"},     {"auxiliary", "'libevil.so'"},
      {"needs_zlib", "'libz.so.1'"},  {"dynamic_gcc", "GOMP_"},       {"guided_gcc", "GOMP_"},
  };
  for (const auto& [name, message] : cases) {
    const Status status = check_library(test_library(name));
    EXPECT_EQ(status.code(), StatusCode::kInvalidFile) << name;
    EXPECT_NE(status.message().find(message), std::string::npos) << name << ": " << status.message();
  }
}

TEST(ImportGate, RefusesSchedulesOfClangThatItDoesNotServe) {
  for (const char* name : {"dynamic_clang", "guided_clang"}) {
    if (!has_test_library(name)) GTEST_SKIP() << "no clang on this machine";
    EXPECT_NE(check_library(test_library(name)).message().find("__kmpc_dispatch_"), std::string::npos) << name;
  }
}

TEST(ImportGate, LibrariesOfTorchMayBeNamed) { EXPECT_TRUE(check_library(test_library("sticky")).ok()); }

TEST(ImportGate, TellsAnExecutableStack) {
  EXPECT_TRUE(read_elf(test_library("executable_stack"))->executable_stack);
  EXPECT_TRUE(check_library(test_library("executable_stack")).ok())
      << "the flag is cleared before the library is opened";
}

struct ChangedHeader {
  size_t offset;
  uint8_t value;
  StatusCode code;
  const char* message;
};

TEST(ImportGate, RefusesOtherKindsOfFiles) {
  const ChangedHeader cases[] = {
      {EI_MAG0, 'M', StatusCode::kInvalidFile, "not an ELF file"},
      {EI_CLASS, ELFCLASS32, StatusCode::kInvalidFile, "64-bit little-endian"},
      {EI_DATA, ELFDATA2MSB, StatusCode::kInvalidFile, "64-bit little-endian"},
      {offsetof(Elf64_Ehdr, e_type), ET_EXEC, StatusCode::kInvalidFile, "not a shared library"},
      {offsetof(Elf64_Ehdr, e_type), ET_REL, StatusCode::kInvalidFile, "not a shared library"},
      {offsetof(Elf64_Ehdr, e_machine), EM_386, StatusCode::kUnavailable, "unknown (3)"},
      {offsetof(Elf64_Ehdr, e_phentsize), 32, StatusCode::kInvalidFile, "program headers"},
      {offsetof(Elf64_Ehdr, e_phnum), 0, StatusCode::kInvalidFile, "program headers"},
      {offsetof(Elf64_Ehdr, e_phoff) + 6, 1, StatusCode::kInvalidFile, "outside of the file"},
  };
  for (const ChangedHeader& changed : cases) {
    std::vector<std::byte> library = test_library("harmless");
    library[changed.offset] = std::byte{changed.value};
    const Status status = check_library(library);
    EXPECT_EQ(status.code(), changed.code) << changed.message;
    EXPECT_NE(status.message().find(changed.message), std::string::npos) << status.message();
  }
}

TEST(ImportGate, LibraryOfAnotherMachineIsUnavailable) {
  std::vector<std::byte> library = test_library("harmless");
  const uint16_t other = machine_name() == "x86_64" ? EM_AARCH64 : EM_X86_64;
  std::memcpy(&library[offsetof(Elf64_Ehdr, e_machine)], &other, sizeof(other));
  EXPECT_EQ(check_library(library).code(), StatusCode::kUnavailable);
}

TEST(ImportGate, ListsAreExact) {
  for (const char* name : {"malloc", "_ZNSt6vectorIiE", "_ZNSaIcED1Ev", "_ZNSolsEi",
                           "_ZNOSt7__cxx1118basic_stringstreamIcSt11char_traitsIcESaIcEE3strEv",
                           "_ZTTNSt7__cxx1119basic_ostringstreamIcSt11char_traitsIcESaIcEEE", "__cxa_throw",
                           "aoti_torch_zero_", "GOMP_parallel"}) {
    EXPECT_TRUE(is_allowed_import(name)) << name;
  }
  for (const char* name : {"system", "popen", "fork", "execl", "dlopen", "socket", "mallocx", "mallo", ""}) {
    EXPECT_FALSE(is_allowed_import(name)) << name;
  }
  EXPECT_TRUE(is_system_library("libm.so.6") && !is_system_library("libm.so"));
  EXPECT_TRUE(is_replaced_library("libgomp.so.1") && is_replaced_library("libomp.so.5"));
  EXPECT_TRUE(is_torch_library("libtorch_cpu.so") && is_torch_library("libc10.so") && !is_torch_library("libc.so.6"));
}

}  // namespace
}  // namespace hearth
