"""Compiled code: every method for every target, from graph to gated library."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hearth.export.compile import Toolchain
from hearth.export.cuda.gpu import PTX_VERSION, SM_80
from hearth.export.cuda.machine_code import assembled
from hearth.export.gate import check_library, check_sources, operators_of_the_host, runtime_symbols
from hearth.export.lower import Sources, generate
from hearth.export.progress import Progress
from hearth.export.targets import Target
from hearth.export.trace import TracedMethod
from hearth.export.weights import WeightStore
from hearth.export.zip_writer import Record


@dataclass
class Library:
    """Compiled code of one method for one target. `constants`: name inside the library -> name in the manifest."""

    method: str
    target: Target
    code: bytes
    sources: Sources
    constants: dict[str, str]

    @property
    def folder(self) -> str:
        """Where its records lie, below the stem."""
        return f"data/aotinductor/{self.method}@{self.target.name}"

    def records(self) -> list[Record]:
        """The library, AOTInductor's metadata, and the operators called by name where there are any."""
        metadata = json.dumps(self.sources.metadata, sort_keys=True).encode()
        records = [Record(f"{self.folder}/metadata.json", metadata), Record(f"{self.folder}/model.so", self.code)]
        if self.sources.fallback_nodes:
            records.append(Record(self._nodes_path, self.sources.fallback_nodes.encode()))
        return records

    @property
    def _nodes_path(self) -> str:
        return f"{self.folder}/fallback_nodes.json"

    def manifest(self) -> dict:
        """The target's entry in the manifest."""
        return {
            "device": self.target.device,
            "machine": self.target.machine,
            "system": self.target.system,
            "cpu_features": list(self.target.cpu_features),
            "library": f"{self.folder}/model.so",
            "constants": self.constants,
            **({"fallback_nodes": self._nodes_path} if self.sources.fallback_nodes else {}),
            **({"cuda": self._gpu_code()} if self.target.device == "cuda" else {}),
        }

    def _gpu_code(self) -> dict:
        """What the library's kernels ask of a GPU and its driver."""
        kernels = self.sources.gpu_kernels
        return {
            "compute_capability": ".".join(map(str, SM_80.capability)),
            "ptx": ".".join(map(str, divmod(PTX_VERSION, 10))),
            "machine_code": sorted({architecture for kernel in kernels for architecture in kernel.machine_code}),
            "kernels": len(kernels),
            "shared_bytes": max((kernel.shared_bytes for kernel in kernels), default=0),
        }


def build_libraries(
    methods: list[TracedMethod],
    targets: list[Target],
    toolchain: Toolchain,
    store: WeightStore,
    progress: Progress,
    architectures: tuple[int, ...] = (),
) -> list[Library]:
    """Generates code for all methods and targets, then compiles it: what cannot be generated is found before the long
    part. `architectures`: of GPUs, for which machine code is made too. ExportError says which method and target
    failed."""
    symbols = {target.name: runtime_symbols(target.machine) for target in targets}
    if None in symbols.values():
        progress.warn("the runtime's list of symbols (src/aoti/symbols.def) was not found: operators are not checked")
    generated = []
    for method in methods:
        for target in targets:
            progress.step(f"{method.name}@{target.name}: generating code")
            sources = generate(method.program, target, toolchain.gnu)
            check_sources(sources, method, target, symbols[target.name])
            if target.device == "cuda" and (by_host := operators_of_the_host(sources)):
                progress.note(f"{method.name}@{target.name}: computed by the CPU: {', '.join(by_host)}")
            sources.gpu_kernels = assembled(sources.gpu_kernels, architectures)
            generated.append((method, target, sources))
    libraries = []
    with tempfile.TemporaryDirectory(prefix="hearth-export-") as scratch:
        for method, target, sources in generated:
            progress.step(f"{method.name}@{target.name}: compiling")
            toolchain.prepare(target, progress.note)
            code = toolchain.compile(sources, target, Path(scratch, f"{method.name}@{target.name}"))
            check_library(code, f"{method.name}@{target.name}", target, symbols[target.name])
            constants = {
                internal: store.add(sources.original_names[internal], tensor, method.name)
                for internal, tensor in sources.constants.items()
            }
            libraries.append(Library(method.name, target, code, sources, constants))
    return libraries
