#include "emulated_cuda/ptx/shared_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace hearth::ptx {

SharedMemory::SharedMemory(size_t bytes, uint32_t granule, uint32_t warps)
    : bytes_((bytes + 15) / 16 * 16),
      granule_bytes_(granule),
      warps_(warps),
      granules_(bytes_.size() / granule),
      read_times_(granules_.size() * warps),
      clocks_(warps) {
  bytes_.resize(bytes);
  start_block();
}

void SharedMemory::start_block() {
  for (uint32_t warp = 0; warp < warps_; ++warp) block_start_ = std::max(block_start_, clocks_[warp][warp]);
  for (uint32_t warp = 0; warp < warps_; ++warp) {
    clocks_[warp].fill(block_start_);
    clocks_[warp][warp] = block_start_ + 1;
  }
  // A copy that nobody waited for ends with its block.
  for (Granule& granule : granules_) granule.pending = false;
}

std::string SharedMemory::place(size_t granule) const {
  return fmt::format("shared memory at byte {}", granule * granule_bytes_);
}

std::optional<std::string> SharedMemory::check_read(const SharedAccess& access, size_t granule, bool atomic) {
  Granule& state = granules_[granule];
  const Clock& seen = clocks_[access.warp];
  if (state.pending) {
    return fmt::format("{} is read, which the cp.async at line {} has not finished writing", place(granule),
                       state.write_line);
  }
  if (state.write_time <= block_start_) return fmt::format("{} is read before anything was written", place(granule));
  if (state.write_time > seen[state.write_warp] && !(atomic && state.atomic)) {
    return fmt::format("race: {} is read, which lane {} of warp {} writes at line {} with no barrier in between",
                       place(granule), state.write_lane, state.write_warp, state.write_line);
  }
  if (atomic) return std::nullopt;
  if (auto problem = check_joint(access, granule, "read")) return problem;
  read_times_[granule * warps_ + access.warp] = seen[access.warp];
  state.read_line = access.line;
  return std::nullopt;
}

std::optional<std::string> SharedMemory::check_joint(const SharedAccess& access, size_t granule,
                                                     std::string_view verb) const {
  if (joint_times_.empty()) return std::nullopt;
  for (uint32_t warp = 0; warp < warps_; ++warp) {
    if (joint_times_[granule * warps_ + warp] <= clocks_[access.warp][warp]) continue;
    return fmt::format("race: {} is {}, which warp {} writes too with no barrier in between", place(granule), verb,
                       warp);
  }
  return std::nullopt;
}

std::optional<std::string> SharedMemory::check_write(const SharedAccess& access, size_t granule, Joint joint) {
  const Granule& state = granules_[granule];
  const Clock& seen = clocks_[access.warp];
  if (state.pending) {
    return fmt::format("{} is written, which the cp.async at line {} has not finished writing", place(granule),
                       state.write_line);
  }
  const bool concurrent = state.write_time > seen[state.write_warp];
  const bool together = joint == Joint::kAtomic ? state.atomic : joint == Joint::kSameValue && !state.atomic;
  if (concurrent && !together) {
    return fmt::format("race: {} is written, which lane {} of warp {} writes at line {} with no barrier in between",
                       place(granule), state.write_lane, state.write_warp, state.write_line);
  }
  const uint32_t* reads = &read_times_[granule * warps_];
  for (uint32_t warp = 0; warp < warps_; ++warp) {
    if (reads[warp] <= seen[warp]) continue;
    return fmt::format("race: {} is written, which warp {} reads (line {} read it last) with no barrier in between",
                       place(granule), warp, state.read_line);
  }
  if (joint == Joint::kNone) return check_joint(access, granule, "written");
  if (joint == Joint::kSameValue && concurrent) {
    note_joint(granule, state.write_warp, state.write_time);
    note_joint(granule, access.warp, seen[access.warp]);
  }
  return std::nullopt;
}

void SharedMemory::note_joint(size_t granule, uint32_t warp, uint32_t time) {
  if (joint_times_.empty()) joint_times_.resize(read_times_.size());
  joint_times_[granule * warps_ + warp] = time;
}

void SharedMemory::note_write(const SharedAccess& access, size_t granule, bool atomic) {
  Granule& state = granules_[granule];
  state.write_step = access.step;
  state.write_time = clocks_[access.warp][access.warp];
  state.write_line = access.line;
  state.write_warp = static_cast<uint8_t>(access.warp);
  state.write_lane = static_cast<uint8_t>(access.lane);
  state.atomic = atomic;
}

std::optional<std::string> SharedMemory::load(const SharedAccess& access, uint64_t address, std::span<std::byte> to) {
  for (size_t at = address; at < address + to.size(); at += granule_bytes_) {
    if (auto problem = check_read(access, at / granule_bytes_, false)) return problem;
  }
  std::memcpy(to.data(), bytes_.data() + address, to.size());
  return std::nullopt;
}

std::optional<std::string> SharedMemory::store(const SharedAccess& access, uint64_t address,
                                               std::span<const std::byte> from) {
  for (size_t at = address; at < address + from.size(); at += granule_bytes_) {
    const size_t granule = at / granule_bytes_;
    const Granule& state = granules_[granule];
    const bool written = state.write_time > block_start_;
    const bool same = written && std::memcmp(bytes_.data() + at, from.data() + (at - address), granule_bytes_) == 0;
    if (auto problem = check_write(access, granule, same ? Joint::kSameValue : Joint::kNone)) return problem;
    if (written && !same && state.write_warp == access.warp && state.write_step == access.step &&
        state.write_lane != access.lane) {
      return fmt::format("race: {} gets two different values by the same instruction, the other from lane {}",
                         place(granule), state.write_lane);
    }
    note_write(access, granule, false);
  }
  std::memcpy(bytes_.data() + address, from.data(), from.size());
  return std::nullopt;
}

std::optional<std::string> SharedMemory::check_atomic(const SharedAccess& access, uint64_t address, size_t bytes) {
  for (size_t at = address; at < address + bytes; at += granule_bytes_) {
    const size_t granule = at / granule_bytes_;
    if (auto problem = check_read(access, granule, true)) return problem;
    if (auto problem = check_write(access, granule, Joint::kAtomic)) return problem;
    note_write(access, granule, true);
    note_joint(granule, access.warp, clocks_[access.warp][access.warp]);
  }
  return std::nullopt;
}

std::optional<std::string> SharedMemory::begin_copy(const SharedAccess& access, uint64_t address, size_t bytes) {
  for (size_t at = address; at < address + bytes; at += granule_bytes_) {
    const size_t granule = at / granule_bytes_;
    if (auto problem = check_write(access, granule, Joint::kNone)) return problem;
    note_write(access, granule, false);
    granules_[granule].pending = true;
  }
  return std::nullopt;
}

void SharedMemory::finish_copy(const SharedAccess& access, uint64_t address, std::span<const std::byte> from) {
  for (size_t at = address; at < address + from.size(); at += granule_bytes_) {
    granules_[at / granule_bytes_].pending = false;
    note_write(access, at / granule_bytes_, false);
  }
  std::memcpy(bytes_.data() + address, from.data(), from.size());
}

void SharedMemory::release(uint32_t warp, Clock& clock) {
  for (uint32_t other = 0; other < warps_; ++other) clock[other] = std::max(clock[other], clocks_[warp][other]);
  ++clocks_[warp][warp];
}

void SharedMemory::acquire(uint32_t warp, const Clock& clock) {
  for (uint32_t other = 0; other < warps_; ++other) {
    if (other != warp) clocks_[warp][other] = std::max(clocks_[warp][other], clock[other]);
  }
}

}  // namespace hearth::ptx
