#pragma once

#include <map>
#include <string>
#include <vector>

#include "hearth/status.h"

namespace hearth {

/// What a program does when it is called as NAME ROUNDS FILE…
using Mode = Status (*)(int rounds, const std::vector<std::string>& files);

/// Does what the command line asks for. Returns the exit status: 0, 1 after an error, which is printed, 2 when called
/// wrongly.
int run_mode(const std::map<std::string, Mode>& modes, int argc, char** argv);

}  // namespace hearth
