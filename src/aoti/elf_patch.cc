#include "aoti/elf_patch.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "aoti/elf_image.h"
#include "aoti/import_gate.h"
#include "base/errors.h"

namespace hearth {
namespace {

constexpr uint64_t kMostRequirements = 4096;
constexpr std::string_view kThreadExit = "__cxa_thread_atexit";
/// Differs in the first character only: linkers let shorter names, such as exit, end inside of longer ones.
constexpr std::string_view kOurThreadExit = "h_cxa_thread_atexit";
static_assert(kThreadExit.substr(1) == kOurThreadExit.substr(1));

class Patcher {
 public:
  Patcher(std::vector<std::byte>& bytes, const ElfImage& image) : bytes_(bytes), image_(image) {}

  Status run() {
    clear_executable_stack();
    HEARTH_RETURN_IF_ERROR(drop_version_requirements());
    HEARTH_RETURN_IF_ERROR(drop_needed_libraries());
    return make_symbols_ordinary();
  }

 private:
  template <typename T>
  void write(uint64_t offset, const T& value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof(T));
  }

  void clear_executable_stack() {
    for (size_t i = 0; i < image_.segments().size(); ++i) {
      Elf64_Phdr segment = image_.segments()[i];
      if (segment.p_type != PT_GNU_STACK) continue;
      segment.p_flags &= ~uint32_t{PF_X};
      write(image_.segment_offset(i), segment);
    }
  }

  static bool is_dropped(std::string_view library) { return is_replaced_library(library) || is_torch_library(library); }

  /// Moves the entries that stay together; the room at the end becomes DT_NULL.
  Status drop_needed_libraries() {
    std::vector<Elf64_Dyn> kept;
    for (Elf64_Dyn entry : image_.dynamic()) {
      if (entry.d_tag == DT_NEEDED) {
        HEARTH_ASSIGN_OR_RETURN(const std::string_view name, image_.string(entry.d_un.d_val));
        if (is_dropped(name)) continue;
      }
      if (entry.d_tag == DT_VERNEEDNUM) entry.d_un.d_val = version_requirements_;
      const bool empty = version_requirements_ == 0 && (entry.d_tag == DT_VERNEED || entry.d_tag == DT_VERNEEDNUM);
      if (!empty) kept.push_back(entry);
    }
    kept.resize(image_.dynamic().size(), Elf64_Dyn{});
    for (size_t i = 0; i < kept.size(); ++i) write(image_.dynamic_offset() + i * sizeof(Elf64_Dyn), kept[i]);
    return {};
  }

  /// Unlinks the requirements of dropped libraries from their list: the loader aborts when it meets one whose library
  /// is not there.
  Status drop_version_requirements() {
    const auto address = image_.dynamic_value(DT_VERNEED);
    if (!address) return {};
    Status outside = invalid_file("ELF version table: it lies outside of the file");
    const auto table = image_.file_offset(*address);
    if (!table) return outside;
    const uint64_t count = image_.dynamic_value(DT_VERNEEDNUM).value_or(0);
    if (count > kMostRequirements) return invalid_file("ELF version table: it names {} libraries", count);
    CheckedSize offset(*table);
    std::vector<std::pair<uint64_t, Elf64_Verneed>> kept;
    for (uint64_t i = 0; i < count; ++i) {
      const auto need = image_.read<Elf64_Verneed>(offset);
      if (!need) return outside;
      HEARTH_ASSIGN_OR_RETURN(const std::string_view library, image_.string(need->vn_file));
      if (is_dropped(library)) {
        HEARTH_RETURN_IF_ERROR(collect_versions(offset, *need));
      } else {
        kept.emplace_back(*offset.get(), *need);
      }
      if (need->vn_next == 0) break;
      offset += CheckedSize(need->vn_next);
    }
    version_requirements_ = kept.size();
    for (size_t i = 0; i < kept.size(); ++i) {
      // The list begins at the table's address: the first that stays is reached from there by its own links only if it
      // is first.
      if (i == 0 && kept[0].first != *table) return move_first_requirement(*table, kept);
      kept[i].second.vn_next = i + 1 < kept.size() ? static_cast<uint32_t>(kept[i + 1].first - kept[i].first) : 0;
      write(kept[i].first, kept[i].second);
    }
    return {};
  }

  /// Writes the first kept requirement over the dropped one in front, its versions reached where they are.
  Status move_first_requirement(uint64_t table, std::vector<std::pair<uint64_t, Elf64_Verneed>>& kept) {
    for (size_t i = 0; i < kept.size(); ++i) {
      auto [place, need] = kept[i];
      const uint64_t target = i == 0 ? table : place;
      need.vn_aux += static_cast<uint32_t>(place - target);
      need.vn_next = i + 1 < kept.size() ? static_cast<uint32_t>(kept[i + 1].first - target) : 0;
      write(target, need);
    }
    return {};
  }

  Status collect_versions(CheckedSize offset, const Elf64_Verneed& need) {
    offset += CheckedSize(need.vn_aux);
    for (uint16_t i = 0; i < need.vn_cnt; ++i) {
      const auto version = image_.read<Elf64_Vernaux>(offset);
      if (!version) return invalid_file("ELF version table: it lies outside of the file");
      dropped_versions_.insert(version->vna_other);
      if (version->vna_next == 0) break;
      offset += CheckedSize(version->vna_next);
    }
    return {};
  }

  Status make_symbols_ordinary() {
    const auto versions_address = image_.dynamic_value(DT_VERSYM);
    const auto versions = versions_address ? image_.file_offset(*versions_address) : std::nullopt;
    if (versions_address && !versions) return invalid_file("ELF version table: it lies outside of the file");
    for (size_t i = 0; i < image_.symbols().size(); ++i) {
      Elf64_Sym symbol = image_.symbols()[i];
      if (ELF64_ST_BIND(symbol.st_info) == STB_GNU_UNIQUE) {
        symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, ELF64_ST_TYPE(symbol.st_info));
        write(image_.symbol_offset(i), symbol);
      }
      HEARTH_ASSIGN_OR_RETURN(const std::string_view name, image_.string(symbol.st_name));
      const bool thread_exit = symbol.st_shndx == SHN_UNDEF && name == kThreadExit;
      if (thread_exit)
        std::memcpy(bytes_.data() + image_.string_table_offset() + symbol.st_name, kOurThreadExit.data(),
                    kOurThreadExit.size());
      if (!versions) continue;
      const CheckedSize place = CheckedSize(*versions) + CheckedSize(i) * CheckedSize(sizeof(Elf64_Half));
      const auto version = image_.read<Elf64_Half>(place);
      if (!version) return invalid_file("ELF version table: it lies outside of the file");
      if (thread_exit || dropped_versions_.contains(*version)) write(*place.get(), Elf64_Half{VER_NDX_GLOBAL});
    }
    return {};
  }

  std::vector<std::byte>& bytes_;
  const ElfImage& image_;
  uint64_t version_requirements_ = 0;
  std::set<uint16_t> dropped_versions_;
};

}  // namespace

Status make_unloadable(std::vector<std::byte>& library) {
  HEARTH_ASSIGN_OR_RETURN(const ElfImage image, ElfImage::open(library));
  return Patcher(library, image).run();
}

}  // namespace hearth

/// Stands in for the C++ library's function in libraries that make_unloadable changed: registering a destructor there
/// would keep the library loaded until the thread ends. What is lost is the destructor of AOTInductor's last error
/// message.
extern "C" __attribute__((visibility("default"))) int h_cxa_thread_atexit(void (*)(void*), void*, void*) { return 0; }
