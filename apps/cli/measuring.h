#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace hearth::cli {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start);

/// The most memory that this process has held so far; 0 where the system does not say.
uint64_t peak_memory_bytes();

/// Of ascending numbers, one at least.
double median(const std::vector<double>& sorted);

}  // namespace hearth::cli
