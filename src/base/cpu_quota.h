#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace hearth {

/// Processors that a cgroup's "cpu.max" (version 2: "QUOTA PERIOD" or "max PERIOD") grants; nothing when unlimited or
/// unreadable.
std::optional<double> parse_cpu_max(std::string_view text);

/// The smallest quota on the path from this process's cgroup to the root, version 2 and version 1, in processors;
/// nothing when there is none. `proc_cgroup` is the contents of /proc/self/cgroup, `mount` where cgroups are mounted.
std::optional<double> cgroup_cpu_quota(std::string_view proc_cgroup, const std::filesystem::path& mount);

}  // namespace hearth
