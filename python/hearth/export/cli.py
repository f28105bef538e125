"""`python -m hearth.export SOURCE -o FILE`."""

import argparse
import math
import sys
from collections import Counter
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from hearth.export.accuracy import relative
from hearth.export.api import DTYPES, QUANTIZATIONS, Summary, default_dtype, save
from hearth.export.compile import COMPILERS
from hearth.export.cuda.machine_code import ARCHITECTURES
from hearth.export.errors import ExportError
from hearth.export.progress import progress_for
from hearth.export.sentence_transformers import PoolingChoice
from hearth.export.source import Source, load_source
from hearth.export.targets import DEFAULT_TARGETS, TARGETS, select_targets
from hearth.export.text_encoder import POOLINGS
from hearth.export.verify import Verdict, find_hearth, verify

_EXAMPLES = """examples:
  python -m hearth.export models/resnet-50 -o resnet50.pt2
  python -m hearth.export train.py:exported -o digits.pt2 --targets all
  python -m hearth.export my_package.models:encoder -o encoder.pt2 --dtype bf16
  python -m hearth.export models/resnet-50 -o resnet50-i8.pt2 --quant i8 --calibrate pictures/
  python -m hearth.export models/gemma-3-4b-it -o gemma3.pt2 --quant q4
  python -m hearth.export models/bge-small-en -o bge.pt2 --pooling cls
  python -m hearth.export models/resnet-50 -o resnet50.pt2 --targets cpu,cuda
  python -m hearth.export models/gemma-3-4b-it --adapter my-lora -o mine.pt2 --quant q4
"""


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns the exit status: 0 done, 1 failed, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    console = Console(stderr=True)
    progress = progress_for(console, options.quiet)
    try:
        quant = None if options.quant == "none" else options.quant
        dtype = DTYPES[options.dtype] if options.dtype else default_dtype(select_targets(options.targets))
        # Lower precision starts from float32 weights, except where they are rounded one by one.
        source = load_source(
            options.source,
            torch.float32 if dtype != torch.float32 or options.dtype or quant else None,
            as_stored=bool(quant),
            pooling=_pooling(options),
            adapter=options.adapter,
        )
        if options.calibrate:
            _calibrate(source, options)
        summary = save(
            options.output,
            **source.parameters(),
            dtype=dtype,
            quant="q8" if quant == "i8" and source.rounds_weights_only else quant,
            targets=options.targets,
            compiler=options.compiler,
            cuda_arch=options.cuda_arch,
            progress=progress,
        )
    except ExportError as error:
        progress.finish()
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        progress.finish()
    program = find_hearth() if any(map(_may_run_here, summary.library_bytes)) else None
    verdict = verify(program, summary.path) if program else None
    if not options.quiet:
        _show(summary, verdict)
    if verdict is not None and not verdict.ok:
        print(f"error: {program} verify {summary.path} failed: {verdict.message or 'see above'}", file=sys.stderr)
        return 1
    return 0


def _may_run_here(library: tuple[str, str]) -> bool:
    """Whether a method's code for a target needs no GPU."""
    return TARGETS[library[1]].device == "cpu"


def _pooling(options: argparse.Namespace) -> PoolingChoice | None:
    """What the options say of vectors of texts; None where they say nothing."""
    if options.pooling is None and options.normalize:
        return None
    return PoolingChoice(options.pooling, options.normalize)


def _calibrate(source: Source, options: argparse.Namespace) -> None:
    """Gives the source what --calibrate names."""
    if options.quant != "i8":
        raise ExportError("--calibrate does nothing without --quant i8")
    if source.read_calibration is None:
        raise ExportError(
            f"{options.source} reads no files for --calibrate; let its function return Source(calibration=)"
        )
    source.calibration = source.read_calibration(options.calibrate)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hearth.export",
        description="Export a PyTorch model to one file for the Hearth runtime.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a Hugging Face folder (of a model, or of a LoRA adapter), or path/file.py:function or module:function "
        "that returns hearth.export.Source(...), (model, args) or (model, args, dynamic_shapes)",
    )
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="the file to write")
    parser.add_argument(
        "--targets",
        default=",".join(DEFAULT_TARGETS),
        help=f"comma-separated, of {', '.join(sorted(TARGETS))}; 'cpu' for the two of x86_64, 'all' for every "
        "processor, 'cuda' for NVIDIA GPUs (default: %(default)s)",
    )
    parser.add_argument(
        "--dtype",
        choices=list(DTYPES),
        help="what products are computed in; inputs, outputs, norms and sums stay float32 (default: as the model is, "
        "or bf16 when a GPU is among the targets)",
    )
    parser.add_argument(
        "--quant",
        choices=["none", *QUANTIZATIONS],
        default="none",
        help="i8: linear layers and convolutions multiply bytes, or, in language models, q8; q8, q4, q4-asym: weights "
        "of linear layers and tables in 8 or 4 bits, in groups of 32 (default: %(default)s)",
    )
    parser.add_argument(
        "--calibrate",
        metavar="FOLDER",
        type=Path,
        help="pictures like those that an image classifier will see, for --quant (default: its example input)",
    )
    parser.add_argument(
        "--pooling",
        choices=list(POOLINGS),
        help="makes a text encoder's vector of the states of its tokens: their mean, the first, the last "
        "(default: what the folder says)",
    )
    parser.add_argument(
        "--no-normalize",
        dest="normalize",
        action="store_false",
        help="leave a text encoder's vectors as long as they come (default: what the folder says, else length 1)",
    )
    parser.add_argument(
        "--adapter",
        metavar="FOLDER",
        type=Path,
        help="a LoRA adapter of PEFT that is merged into a language model's weights, before they are quantised",
    )
    parser.add_argument("--compiler", choices=COMPILERS, default="zig", help="default: %(default)s, for every target")
    parser.add_argument(
        "--cuda-arch",
        default="ptx",
        metavar="ARCH",
        help="what code for NVIDIA GPUs holds beside PTX: 'common' for machine code of every family, or some of "
        f"{', '.join(map(str, ARCHITECTURES))}, comma-separated; 'ptx' for nothing (default: %(default)s)",
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing but errors")
    return parser


def _show(summary: Summary, verdict: Verdict | None) -> None:
    """The summary on standard output: sizes, methods, targets, accuracy, time. Errors are the largest differences from
    PyTorch on the example, as fractions of the output's largest element."""
    table = Table(title=f"{summary.path} · {_size(summary.size)}", title_justify="left")
    for column in ("method", "target", "code", "error of the graph", "error of the code"):
        table.add_column(column, justify="left" if column in ("method", "target") else "right")
    measured = _errors_of_code(summary, verdict.outputs if verdict else [])
    for (method, target), size in summary.library_bytes.items():
        native = f"{measured[method, target]:.1e}" if (method, target) in measured else "not run here"
        table.add_row(method, target, _size(size), f"{summary.accuracy[method].error:.1e}", native)
    console = Console()
    console.print(table)
    if summary.classifier is not None:
        accuracy = summary.accuracy[summary.classifier]
        console.print(f"the graph's first class is PyTorch's in {accuracy.agreeing} of {accuracy.rows} examples")
    if not all(map(_may_run_here, summary.library_bytes)):
        console.print("code for GPUs was not run: `hearth verify` checks it where there is one")
    console.print(f"weights {_size(summary.weight_bytes)} · {summary.compiler} · {summary.seconds:.1f} s")


def _errors_of_code(summary: Summary, outputs: list[dict]) -> dict[tuple[str, str], float]:
    """Errors by method and target; infinity where an output could not be compared."""
    errors: dict[tuple[str, str], float] = {}
    places: Counter[tuple[str, str]] = Counter()
    for output in outputs:
        key = (output["method"], output["target"])
        largest = summary.accuracy[output["method"]].largest[places[key]]
        places[key] += 1
        difference = output.get("max_abs")
        errors[key] = max(errors.get(key, 0.0), math.inf if difference is None else relative(difference, largest))
    return errors


def _size(count: int) -> str:
    value = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
