#include "cli/profile_report.h"

#include <algorithm>
#include <fstream>

#include "base/errors.h"
#include "cli/output.h"
#include "kernels/cpu/machine_peak.h"

namespace hearth::cli {
namespace {

constexpr double kGiga = 1e9;

std::string describe_operand(const ProfiledOperand& operand) {
  return fmt::format("{}{}", dtype_name(operand.dtype), describe_shape(operand.shape));
}

/// Names of generated loops list everything that was fused into them.
std::string shortened(const std::string& name) {
  constexpr size_t kMost = 48;
  return name.size() <= kMost ? name : name.substr(0, kMost - 3) + "...";
}

double milliseconds(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

std::string rate(double amount, double milliseconds, std::string_view unit) {
  return amount > 0 && milliseconds > 0 ? fmt::format("{:.1f} {}", amount / milliseconds * 1e3 / kGiga, unit) : "";
}

/// Bytes that move faster than memory gives them were in a cache.
std::string of_peak(const ProfileRow& row) {
  if (row.peak_fraction == 0) return "";
  if (!row.bound_by_bytes) return fmt::format("{:.0f} %", 100 * row.peak_fraction);
  return row.peak_fraction > 1 ? "in cache" : fmt::format("{:.0f} % of memory", 100 * row.peak_fraction);
}

}  // namespace

MachinePeak measure_peak(ThreadTeam& team) {
  MachinePeak peak;
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16, DType::kInt8}) {
    if (const double operations = peak_operations(team, dtype); operations > 0) peak.operations[dtype] = operations;
  }
  peak.bandwidth = peak_bandwidth(team);
  return peak;
}

std::vector<ProfileRow> summarize(const Profile& profile, int runs, double total_milliseconds,
                                  const MachinePeak& peak) {
  std::map<std::string, ProfileRow> by_name;
  std::map<std::string, double> least_seconds;
  double accounted = 0;
  for (const ProfiledCall& call : profile.calls()) {
    ProfileRow& row = by_name[call.name];
    row.name = call.name;
    ++row.calls;
    row.milliseconds += milliseconds(call.duration) / runs;
    row.bytes += call.moved_bytes() / runs;
    row.operations += call.operations / runs;
    const auto best = peak.operations.find(call.multiplied);
    if (best != peak.operations.end()) least_seconds[call.name] += call.operations / best->second / runs;
    accounted += milliseconds(call.duration) / runs;
  }
  std::vector<ProfileRow> rows;
  for (auto& [name, row] : by_name) {
    row.calls /= runs;
    row.bound_by_bytes = row.operations == 0;
    const double least = row.bound_by_bytes ? row.bytes / peak.bandwidth : least_seconds[name];
    if (row.milliseconds > 0) row.peak_fraction = least / (row.milliseconds / 1e3);
    rows.push_back(row);
  }
  ProfileRow rest;
  rest.name = "(between the calls)";
  rest.milliseconds = std::max(total_milliseconds / runs - accounted, 0.0);
  rows.push_back(rest);
  std::ranges::sort(rows, std::greater<>(), &ProfileRow::milliseconds);
  return rows;
}

void print_profile(const std::vector<ProfileRow>& rows, const MachinePeak& peak) {
  double total = 0;
  for (const ProfileRow& row : rows) total += row.milliseconds;
  std::vector<std::vector<std::string>> table = {
      {"operator", "calls", "ms", "share", "moved", "bytes/s", "op/s", "of peak"}};
  for (const ProfileRow& row : rows) {
    table.push_back({shortened(row.name), row.calls > 0 ? fmt::format("{:g}", row.calls) : "",
                     fmt::format("{:.3f}", row.milliseconds),
                     fmt::format("{:.1f} %", total > 0 ? 100 * row.milliseconds / total : 0),
                     row.bytes > 0 ? format_bytes(static_cast<uint64_t>(row.bytes)) : "",
                     rate(row.bytes, row.milliseconds, "GB/s"), rate(row.operations, row.milliseconds, "GOP/s"),
                     of_peak(row)});
  }
  table.push_back({"total", "", fmt::format("{:.3f}", total)});
  fmt::print("\nOne run, on average:\n");
  print_columns(table);
  std::vector<std::string> best;
  for (const auto& [dtype, operations] : peak.operations) {
    best.push_back(fmt::format("{} {:.0f} GOP/s", dtype_name(dtype), operations / kGiga));
  }
  fmt::print("\nThis machine's measured peaks: {}; memory {:.1f} GB/s\n", fmt::join(best, ", "),
             peak.bandwidth / kGiga);
}

nlohmann::ordered_json profile_json(const std::vector<ProfileRow>& rows, const MachinePeak& peak) {
  nlohmann::ordered_json operators = nlohmann::ordered_json::array();
  for (const ProfileRow& row : rows) {
    operators.push_back({{"name", row.name},
                         {"calls", row.calls},
                         {"ms", row.milliseconds},
                         {"bytes", row.bytes},
                         {"operations", row.operations},
                         {"peak_fraction", row.peak_fraction},
                         {"peak_of", row.bound_by_bytes ? "memory" : "operations"}});
  }
  nlohmann::ordered_json operations;
  for (const auto& [dtype, rate] : peak.operations) operations[std::string(dtype_name(dtype))] = rate;
  return {{"operators", operators},
          {"peak", {{"operations_per_second", operations}, {"bytes_per_second", peak.bandwidth}}}};
}

Status write_trace(const std::string& path, const std::string& process, const Profile& profile) {
  using Microseconds = std::chrono::duration<double, std::micro>;
  nlohmann::ordered_json events = nlohmann::ordered_json::array();
  events.push_back({{"name", "process_name"}, {"ph", "M"}, {"pid", 1}, {"tid", 1}, {"args", {{"name", process}}}});
  for (const ProfiledCall& call : profile.calls()) {
    nlohmann::ordered_json arguments;
    std::vector<std::string> operands;
    for (const ProfiledOperand& operand : call.operands) operands.push_back(describe_operand(operand));
    if (!operands.empty()) arguments["operands"] = fmt::format("{}", fmt::join(operands, ", "));
    if (call.operations > 0) arguments["operations"] = call.operations;
    events.push_back({{"name", call.name},
                      {"ph", "X"},
                      {"pid", 1},
                      {"tid", 1},
                      {"ts", Microseconds(call.start).count()},
                      {"dur", Microseconds(call.duration).count()},
                      {"args", arguments.is_null() ? nlohmann::ordered_json::object() : arguments}});
  }
  std::ofstream file(path, std::ios::trunc);
  file << nlohmann::ordered_json({{"traceEvents", events}, {"displayTimeUnit", "ms"}}).dump() << '\n';
  file.close();
  if (!file) return error(StatusCode::kPermissionDenied, "{}: it cannot be written", path);
  return {};
}

}  // namespace hearth::cli
