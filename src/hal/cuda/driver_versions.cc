#include "hal/cuda/driver_versions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hearth::cuda {
namespace {

struct Release {
  int cuda;
  int branch;  ///< Of drivers for Linux.
  int ptx;
};

/// NVIDIA: CUDA Toolkit release notes (table of driver versions) and PTX ISA (release history).
constexpr std::array kReleases{
    Release{11020, 460, 72}, Release{11030, 465, 73}, Release{11040, 470, 74}, Release{11050, 495, 75},
    Release{11060, 510, 76}, Release{11070, 515, 77}, Release{11080, 520, 78}, Release{12000, 525, 80},
    Release{12010, 530, 81}, Release{12020, 535, 82}, Release{12030, 545, 83}, Release{12040, 550, 84},
    Release{12050, 555, 85}, Release{12060, 560, 85}, Release{12070, 565, 86}, Release{12080, 570, 87},
    Release{12090, 575, 88}, Release{13000, 580, 90}, Release{13010, 590, 91},
};

const Release& release_of(int cuda_version) {
  const auto after = std::ranges::upper_bound(kReleases, cuda_version, {}, &Release::cuda);
  return after == kReleases.begin() ? kReleases.front() : *(after - 1);
}

}  // namespace

std::string version_text(int cuda_version) {
  return fmt::format("{}.{}", cuda_version / 1000, cuda_version % 1000 / 10);
}

std::string driver_branch(int cuda_version) { return fmt::format("{}", release_of(cuda_version).branch); }

int newest_ptx(int cuda_version) { return release_of(cuda_version).ptx; }

int cuda_of_ptx(int ptx_version) {
  const auto found = std::ranges::lower_bound(kReleases, ptx_version, {}, &Release::ptx);
  return found == kReleases.end() ? 0 : found->cuda;
}

}  // namespace hearth::cuda
