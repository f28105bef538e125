#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/thread_team.h"
#include "hearth/status.h"
#include "kernels/profile.h"

namespace hearth::cli {

/// What the machine can do at best, measured: operations per second by the dtype that products work in, bytes per
/// second from memory.
struct MachinePeak {
  std::map<DType, double> operations;
  double bandwidth = 0;
};
MachinePeak measure_peak(ThreadTeam& team);

/// All calls of one operator on operands of one kind. Times in milliseconds and everything else for one run, on
/// average.
struct ProfileRow {
  std::string name;
  double calls = 0;
  double milliseconds = 0;
  double bytes = 0;          ///< 0: unknown.
  double operations = 0;     ///< 0: not counted for this operator.
  double peak_fraction = 0;  ///< Of the machine's operations, or of its bandwidth where none are counted. 0: unknown.
  bool bound_by_bytes = false;  ///< peak_fraction is of the bandwidth.
};

/// Rows by falling time. `total_milliseconds`: of all runs; what no call accounts for becomes a row of its own.
std::vector<ProfileRow> summarize(const Profile& profile, int runs, double total_milliseconds, const MachinePeak& peak);

void print_profile(const std::vector<ProfileRow>& rows, const MachinePeak& peak);
nlohmann::ordered_json profile_json(const std::vector<ProfileRow>& rows, const MachinePeak& peak);

/// Writes the calls as a trace that chrome://tracing and Perfetto open. Errors name the file.
Status write_trace(const std::string& path, const std::string& process, const Profile& profile);

}  // namespace hearth::cli
