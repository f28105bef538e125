#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::ptx {

/// Who accesses shared memory: a lane of a warp, at a line of the text, in the warp's `step`-th instruction.
struct SharedAccess {
  uint32_t warp = 0;
  uint32_t lane = 0;
  uint32_t line = 0;
  uint64_t step = 0;
};

/// The shared memory of a block, with what is needed to tell races. Each warp has a vector clock, which barriers join
/// ("happens before", as in FastTrack: Flanagan and Freund, 2009): two accesses by different warps are in order when
/// a barrier that both took part in lies between them. The lanes of one warp run in lock-step and are in order, except
/// that two of them must not write different values to one place in the same instruction. Warps may write the same
/// value to one place, which Triton's kernels do.
///
/// Accesses return what is wrong with them, if anything; the bytes must lie inside and be aligned to their size.
class SharedMemory {
 public:
  static constexpr uint32_t kMostWarps = 32;

  /// `granule`: the bytes of the narrowest access that will come; no two accesses then overlap in part of one.
  SharedMemory(size_t bytes, uint32_t granule, uint32_t warps);

  size_t bytes() const { return bytes_.size(); }
  /// Forgets what was written: the next block begins.
  void start_block();

  std::optional<std::string> load(const SharedAccess& access, uint64_t address, std::span<std::byte> to);
  std::optional<std::string> store(const SharedAccess& access, uint64_t address, std::span<const std::byte> from);
  /// Checks an access that reads and writes at once. Atomic accesses are in order with each other.
  std::optional<std::string> check_atomic(const SharedAccess& access, uint64_t address, size_t bytes);
  std::byte* data(uint64_t address) { return bytes_.data() + address; }

  /// An asynchronous copy to these bytes begins: until it is finished nobody may touch them.
  std::optional<std::string> begin_copy(const SharedAccess& access, uint64_t address, size_t bytes);
  /// The copy's bytes arrive; the warp that waited for them counts as their writer.
  void finish_copy(const SharedAccess& access, uint64_t address, std::span<const std::byte> from);

  /// What a warp has seen when it arrives at a barrier, to be passed on to those that leave it.
  using Clock = std::array<uint32_t, kMostWarps>;
  /// Joins what the warp has seen into `clock`; what the warp does from now on comes after.
  void release(uint32_t warp, Clock& clock);
  /// The warp has seen what is in `clock`.
  void acquire(uint32_t warp, const Clock& clock);

 private:
  struct Granule {
    uint64_t write_step = 0;
    uint32_t write_time = 0;
    uint32_t write_line = 0;
    uint32_t read_line = 0;
    uint8_t write_warp = 0;
    uint8_t write_lane = 0;
    bool atomic = false;
    bool pending = false;
  };

  // Writes of several warps that need no order among themselves.
  enum class Joint : uint8_t { kNone, kAtomic, kSameValue };

  std::optional<std::string> check_read(const SharedAccess& access, size_t granule, bool atomic);
  std::optional<std::string> check_write(const SharedAccess& access, size_t granule, Joint joint);
  void note_joint(size_t granule, uint32_t warp, uint32_t time);
  std::optional<std::string> check_joint(const SharedAccess& access, size_t granule, std::string_view verb) const;
  void note_write(const SharedAccess& access, size_t granule, bool atomic);
  std::string place(size_t granule) const;

  std::vector<std::byte> bytes_;
  uint32_t granule_bytes_;
  uint32_t warps_;
  uint32_t block_start_ = 0;  // Times up to this one belong to earlier blocks.
  std::vector<Granule> granules_;
  std::vector<uint32_t> read_times_;   // [granule][warp]
  std::vector<uint32_t> joint_times_;  // The same, of writes of kinds in Joint; empty before the first one.
  std::vector<Clock> clocks_;          // [warp]
};

}  // namespace hearth::ptx
