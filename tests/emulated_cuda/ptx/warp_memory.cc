#include <algorithm>

#include "emulated_cuda/ptx/warp.h"

namespace hearth::ptx {
namespace {

constexpr size_t kLongestString = 256;

// What a generic address points to, as an offset in its space.
Space space_of(uint64_t address) {
  switch (address & kWindowBits) {
    case kSharedWindow:
      return Space::kShared;
    case kLocalWindow:
      return Space::kLocal;
    case kParameterWindow:
      return Space::kParameter;
    default:
      return Space::kGlobal;
  }
}

}  // namespace

Warp::Place Warp::place_of(Space space, uint64_t address) {
  if (space != Space::kGeneric) return {space == Space::kConstant ? Space::kGlobal : space, address};
  const Space meant = space_of(address);
  return {meant, meant == Space::kGlobal ? address : address & ~kWindowBits};
}

SharedAccess Warp::shared_access(const Instruction& instruction, int lane) const {
  return {index_, static_cast<uint32_t>(lane), instruction.line, step_};
}

bool Warp::accept(const Instruction& instruction, int lane, const std::optional<std::string>& problem) {
  if (problem) fault(instruction.line, lane, *problem);
  return !problem;
}

bool Warp::check_alignment(const Instruction& instruction, int lane, const Place& place, size_t bytes) {
  if (place.address % bytes == 0) return true;
  fault(instruction.line, lane,
        fmt::format("a misaligned access of {} bytes at {} address 0x{:x}", bytes, space_name(place.space),
                    place.address));
  return false;
}

bool Warp::check_shared_bounds(const Instruction& instruction, int lane, uint64_t address, size_t bytes) {
  const size_t size = block_.shared->bytes();
  if (address <= size && bytes <= size - address) return true;
  fault(instruction.line, lane,
        fmt::format("an access of {} bytes at shared address 0x{:x}; the block has {} bytes of shared memory", bytes,
                    address, size));
  return false;
}

std::byte* Warp::parameter_area(int lane) {
  return frame().parameters.data() + static_cast<size_t>(lane) * frame().function->frame_parameter_bytes_;
}

std::byte* Warp::locate_parameter(const Instruction& instruction, int lane, uint64_t offset, size_t bytes,
                                  bool writes) {
  const size_t kernel_bytes = depth_ == 0 ? function().parameter_bytes_ : 0;
  if (offset < kernel_bytes && bytes <= kernel_bytes - offset) {
    if (!writes) return const_cast<std::byte*>(block_.launch->parameters.data()) + offset;
    fault(instruction.line, lane, "a write to a kernel's parameter");
    return nullptr;
  }
  const size_t size = function().frame_parameter_bytes_;
  if (offset >= kernel_bytes && offset <= size && bytes <= size - offset) return parameter_area(lane) + offset;
  fault(instruction.line, lane, fmt::format("an access of {} bytes at parameter address 0x{:x}", bytes, offset));
  return nullptr;
}

std::byte* Warp::locate(const Instruction& instruction, int lane, const Place& place, size_t bytes, bool writes,
                        Allocation** allocation) {
  if (!check_alignment(instruction, lane, place, bytes)) return nullptr;
  if (place.space == Space::kParameter) return locate_parameter(instruction, lane, place.address, bytes, writes);
  if (place.space == Space::kLocal) {
    if (place.address <= local_stride_ && bytes <= local_stride_ - place.address) {
      return local_.data() + static_cast<size_t>(lane) * local_stride_ + place.address;
    }
    fault(instruction.line, lane,
          fmt::format("an access of {} bytes at local address 0x{:x}; the thread has {} bytes of local memory", bytes,
                      place.address, local_stride_));
    return nullptr;
  }
  *allocation = block_.memory->containing(place.address);
  if (*allocation != nullptr && (*allocation)->contains(place.address, bytes)) {
    return (*allocation)->data() + (place.address - (*allocation)->address());
  }
  fault(instruction.line, lane,
        fmt::format("{} of {} bytes at address 0x{:x}, out of bounds: {}", writes ? "a write" : "a read", bytes,
                    place.address, block_.memory->describe(place.address)));
  return nullptr;
}

bool Warp::check_written(const Instruction& instruction, int lane, const Place& place, size_t bytes,
                         const Allocation* allocation) {
  bool written = true;
  if (allocation != nullptr) {
    written = allocation->written(place.address, bytes);
  } else if (place.space == Space::kLocal) {
    const auto first = local_written_.begin() + static_cast<ptrdiff_t>(lane * local_stride_ + place.address);
    written = std::all_of(first, first + static_cast<ptrdiff_t>(bytes), [](bool bit) { return bit; });
  }
  if (written) return true;
  fault(instruction.line, lane,
        fmt::format("an uninitialised read of {} bytes at {} address 0x{:x}: nothing was written there{}", bytes,
                    space_name(place.space), place.address,
                    allocation != nullptr ? ", " + block_.memory->describe(place.address) : ""));
  return false;
}

void Warp::note_written(int lane, const Place& place, size_t bytes, Allocation* allocation) {
  if (allocation != nullptr) {
    allocation->mark_written(place.address, bytes);
  } else if (place.space == Space::kLocal) {
    std::fill_n(local_written_.begin() + static_cast<ptrdiff_t>(lane * local_stride_ + place.address), bytes, true);
  }
}

bool Warp::load(const Instruction& instruction, Space space, int lane, uint64_t address, std::span<std::byte> to) {
  const Place place = place_of(space, address);
  if (place.space == Space::kShared) {
    return check_alignment(instruction, lane, place, to.size()) &&
           check_shared_bounds(instruction, lane, place.address, to.size()) &&
           accept(instruction, lane, block_.shared->load(shared_access(instruction, lane), place.address, to));
  }
  Allocation* allocation = nullptr;
  const std::byte* from = locate(instruction, lane, place, to.size(), false, &allocation);
  if (from == nullptr || !check_written(instruction, lane, place, to.size(), allocation)) return false;
  std::memcpy(to.data(), from, to.size());
  return true;
}

bool Warp::store(const Instruction& instruction, Space space, int lane, uint64_t address,
                 std::span<const std::byte> from) {
  const Place place = place_of(space, address);
  if (place.space == Space::kShared) {
    return check_alignment(instruction, lane, place, from.size()) &&
           check_shared_bounds(instruction, lane, place.address, from.size()) &&
           accept(instruction, lane, block_.shared->store(shared_access(instruction, lane), place.address, from));
  }
  Allocation* allocation = nullptr;
  std::byte* to = locate(instruction, lane, place, from.size(), true, &allocation);
  if (to == nullptr) return false;
  std::memcpy(to, from.data(), from.size());
  note_written(lane, place, from.size(), allocation);
  return true;
}

std::byte* Warp::atomic(const Instruction& instruction, Space space, int lane, uint64_t address, size_t bytes) {
  const Place place = place_of(space, address);
  if (place.space == Space::kShared) {
    if (!check_alignment(instruction, lane, place, bytes) ||
        !check_shared_bounds(instruction, lane, place.address, bytes) ||
        !accept(instruction, lane,
                block_.shared->check_atomic(shared_access(instruction, lane), place.address, bytes))) {
      return nullptr;
    }
    return block_.shared->data(place.address);
  }
  Allocation* allocation = nullptr;
  std::byte* data = locate(instruction, lane, place, bytes, true, &allocation);
  if (data == nullptr || !check_written(instruction, lane, place, bytes, allocation)) return nullptr;
  return data;
}

bool Warp::copy_later(const Instruction& instruction, int lane, uint64_t address, size_t bytes,
                      std::span<const std::byte> from) {
  const Place place{Space::kShared, address};
  if (!check_alignment(instruction, lane, place, bytes) || !check_shared_bounds(instruction, lane, address, bytes) ||
      !accept(instruction, lane, block_.shared->begin_copy(shared_access(instruction, lane), address, bytes))) {
    return false;
  }
  PendingCopy copy;
  copy.lane = static_cast<uint32_t>(lane);
  copy.line = instruction.line;
  copy.group = copy_groups_[static_cast<size_t>(lane)];
  copy.address = address;
  copy.bytes = static_cast<uint32_t>(bytes);
  std::copy(from.begin(), from.end(), copy.data.begin());
  copies_.push_back(copy);
  return true;
}

void Warp::commit_copies(LaneMask lanes) {
  for_each_lane(lanes, [&](int lane) { ++copy_groups_[static_cast<size_t>(lane)]; });
}

template <typename Choose>
void Warp::finish_chosen(LaneMask lanes, Choose choose) {
  std::erase_if(copies_, [&](const PendingCopy& copy) {
    if ((lanes >> copy.lane & 1) == 0 || !choose(copy)) return false;
    block_.shared->finish_copy({index_, copy.lane, copy.line, step_}, copy.address,
                               std::span(copy.data).first(copy.bytes));
    return true;
  });
}

void Warp::finish_copies(LaneMask lanes, uint32_t pending) {
  finish_chosen(lanes, [&](const PendingCopy& copy) { return copy.group + pending < copy_groups_[copy.lane]; });
}

void Warp::finish_all_copies(LaneMask lanes) {
  finish_chosen(lanes, [](const PendingCopy&) { return true; });
}

void Warp::grow_local(size_t stride) {
  if (stride <= local_stride_) return;
  std::vector<std::byte> bytes(stride * kLanes);
  std::vector<bool> written(stride * kLanes);
  for (size_t lane = 0; lane < kLanes; ++lane) {
    for (size_t i = 0; i < local_stride_; ++i) {
      bytes[lane * stride + i] = local_[lane * local_stride_ + i];
      written[lane * stride + i] = local_written_[lane * local_stride_ + i];
    }
  }
  local_ = std::move(bytes);
  local_written_ = std::move(written);
  local_stride_ = stride;
}

std::string Warp::read_string(uint64_t address) {
  std::string text;
  for (; text.size() < kLongestString; ++address) {
    const std::byte* byte = block_.memory->find(address, 1);
    if (byte == nullptr || *byte == std::byte{0}) break;
    text.push_back(static_cast<char>(*byte));
  }
  return text;
}

}  // namespace hearth::ptx
