#include "hal/testing/emulated_driver.h"

#include <cstdlib>
#include <string_view>

namespace hearth {

bool use_emulated_driver() {
  constexpr int kKeep = 0;
  setenv("HEARTH_CUDA_DRIVER", HEARTH_EMULATED_DRIVER, kKeep);
  setenv("HEARTH_EMULATED_GPUS", "2", kKeep);
  setenv("HEARTH_EMULATED_MEMORY", "67108864", kKeep);
  return std::string_view(std::getenv("HEARTH_CUDA_DRIVER")) == HEARTH_EMULATED_DRIVER;
}

}  // namespace hearth
