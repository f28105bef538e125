// Runs a file's goldens until its session has all the memory that it needs, then has the kernel refuse any more, and
// goes on.
//
// usage: steady_state FILE    exit status 1 when the runs that follow ask the system for memory, take a large block
//                             from the heap or answer otherwise; 4 where the kernel has no seccomp filters

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/errors.h"
#include "golden_cases.h"
#include "heap_count.h"
#include "hearth/model.h"
#include "system_calls.h"

namespace hearth {
namespace {

constexpr int kWarmUpRounds = 10;
constexpr int kRounds = 50;
/// What may come from the heap: lists of tensors and shapes, not the tensors.
constexpr size_t kLargestBlock = 16384;

Status run_rounds(Session& session, const std::vector<GoldenCase>& cases, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    for (const GoldenCase& test : cases) {
      HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session.run(test.method, test.inputs));
    }
  }
  return {};
}

Status stay_steady(const std::string& file) {
  HEARTH_ASSIGN_OR_RETURN(const Model model, Model::open(file));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<GoldenCase> cases, read_goldens(model));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  HEARTH_RETURN_IF_ERROR(check_answers(session, cases));
  HEARTH_RETURN_IF_ERROR(run_rounds(session, cases, kWarmUpRounds));

  HEARTH_RETURN_IF_ERROR(refuse_memory_calls());
  const HeapCount before = heap_count();
  reset_largest();
  const Status status = run_rounds(session, cases, kRounds);
  const HeapCount after = heap_count();
  const int64_t refused = refused_memory_calls();
  const double calls = static_cast<double>(after.calls - before.calls) / kRounds / static_cast<double>(cases.size());
  fmt::print("{} rounds: {} calls of mmap, mremap and brk; {:.1f} heap blocks a run, the largest of {} bytes\n",
             kRounds, refused, calls, after.largest);
  HEARTH_RETURN_IF_ERROR(status);
  if (refused > 0) return error(StatusCode::kFailed, "a steady run asked the system for memory");
  if (after.largest > kLargestBlock) return error(StatusCode::kFailed, "a steady run took a large block from the heap");
  return check_answers(session, cases);
}

}  // namespace
}  // namespace hearth

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: steady_state FILE\n");
    return 2;
  }
  const hearth::Status status = hearth::stay_steady(argv[1]);
  if (status.ok()) return 0;
  fmt::print(stderr, "{}\n", status.message());
  return status.code() == hearth::StatusCode::kUnavailable ? 4 : 1;
}
