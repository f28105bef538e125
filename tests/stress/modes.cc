#include "modes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <ranges>

namespace hearth {

int run_mode(const std::map<std::string, Mode>& modes, int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto mode = arguments.size() < 3 ? modes.end() : modes.find(arguments[0]);
  if (mode == modes.end()) {
    fmt::print(stderr, "usage: {} {} ROUNDS FILE...\n", argv[0], fmt::join(std::views::keys(modes), "|"));
    return 2;
  }
  const Status status = mode->second(static_cast<int>(std::strtol(arguments[1].c_str(), nullptr, 10)),
                                     {arguments.begin() + 2, arguments.end()});
  if (!status.ok()) fmt::print(stderr, "{}\n", status.message());
  return status.ok() ? 0 : 1;
}

}  // namespace hearth
