#include "system_calls.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>

#include "base/errors.h"

namespace hearth {
namespace {

std::atomic<int64_t> refused{0};

/// Runs in place of a refused call, whose result is ENOMEM.
void refuse(int, siginfo_t*, void* context) {
  refused.fetch_add(1, std::memory_order_relaxed);
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RAX] = -ENOMEM;
}

}  // namespace

Status refuse_memory_calls() {
  struct sigaction action = {};
  action.sa_sigaction = refuse;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSYS, &action, nullptr);

  constexpr auto kTraps = std::to_array<uint32_t>({SYS_mmap, SYS_mremap, SYS_brk});
  std::array<sock_filter, kTraps.size() + 3> program{};
  program[0] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  for (size_t i = 0; i < kTraps.size(); ++i) {
    const auto to_trap = static_cast<uint8_t>(kTraps.size() - i);
    program[i + 1] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kTraps[i], to_trap, 0);
  }
  program[kTraps.size() + 1] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  program[kTraps.size() + 2] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) != 0) {
    return unavailable("the kernel takes no seccomp filter: {}", std::strerror(errno));
  }
  return {};
}

int64_t refused_memory_calls() { return refused; }

}  // namespace hearth
