"""The GPU that code is generated for: what every NVIDIA GPU from sm_80 up has, not what any one of them has most of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Gpu:
    """What Inductor and Triton ask of a device. Sizes in bytes.

    `shared_bytes` is what a block may ask for on every such GPU (sm_86, 89 and 120 have the least). The number of
    multiprocessors changes only how Inductor cuts reductions; launches do not depend on it.
    """

    capability: tuple[int, int] = (8, 0)
    multiprocessors: int = 68
    shared_bytes: int = 99 * 1024
    registers: int = 65536
    threads: int = 1536
    cache_bytes: int = 4 << 20
    memory_bytes: int = 8 << 30

    @property
    def architecture(self) -> int:
        """80 for capability 8.0."""
        return 10 * self.capability[0] + self.capability[1]


SM_80 = Gpu()

PTX_VERSION = 80
"""Of the PTX that is written: 8.0, which drivers read from 525 on. Triton would write its ptxas's newest."""
