"""From a module with example inputs to an adapted ExportedProgram, with eager PyTorch's answers as the reference."""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.utils._pytree as pytree
from torch.export import ExportedProgram

from hearth.block_weights import BLOCK_FORMATS
from hearth.export.accuracy import Accuracy, accuracy
from hearth.export.adapt import adapt
from hearth.export.errors import ExportError
from hearth.export.goldens import Golden
from hearth.export.guards import symbolic_sizes_kept
from hearth.export.layers import linear_layers
from hearth.export.outputs import TensorsOnly, answers_only_tensors, tensor_outputs
from hearth.export.pytorch_fixes import pytorch_fixed
from hearth.export.rounded_weights import RoundedWeights
from hearth.export.signature import Signature, read_signature, tensor_inputs
from hearth.export.smallest_sizes import find_smallest_sizes
from hearth.export.state import drop_unread_state, give_own_storage
from hearth.export.symbols import declared_dimensions
from hearth.export.targets import without_vendor_libraries


@dataclass
class Method:
    """One entry point of a model.

    `module`: a module, or a bound method of one; `args` and `kwargs`: example inputs to trace and check it with;
    `dynamic_shapes`: which of their dimensions may change, as torch.export takes it. Numbers, strings and None among
    the inputs are fixed to their example values. `calibration`: inputs like `args`, which show what values the method's
    tensors take, for quantisation; without any, the example does. `finish`: what is done to the traced program before
    all else.
    """

    module: torch.nn.Module | Callable
    args: tuple = ()
    kwargs: dict[str, Any] | None = None
    dynamic_shapes: Any = None
    calibration: Sequence[tuple] = ()
    finish: Callable[[ExportedProgram], ExportedProgram] | None = None


@dataclass
class TracedMethod:
    """A method ready to be compiled. `accuracy`: of the adapted graph, run by PyTorch; `layers`: see
    linear_layers()."""

    name: str
    program: ExportedProgram
    signature: Signature
    golden: Golden
    accuracy: Accuracy
    layers: dict[str, list]


def trace(
    name: str, method: Method, shared: dict, dtype: torch.dtype = torch.float32, quant: str | None = None
) -> TracedMethod:
    """Runs the model eagerly, exports and adapts it. `shared` is one dictionary for all methods of a model: adapted
    weights are made once; `dtype`: see adapt(); `quant`: see save(). ExportError when the model cannot be
    run, exported or expressed."""
    module, args, kwargs = _as_module(method.module), _dense(method.args), _dense(method.kwargs or {})
    rounded = shared.setdefault("rounded", RoundedWeights())
    with (
        torch.no_grad(),
        _evaluating(module),
        rounded.as_plain_tensors(module),
        pytorch_fixed(),
        warnings.catch_warnings(),
    ):
        # torch 2.13 warns of its own use of copyreg.
        warnings.simplefilter("ignore", FutureWarning)
        module, expected = _run(name, module, args, kwargs)
        declared = declared_dimensions(method.dynamic_shapes, args, kwargs, module.forward)
        with without_vendor_libraries():
            program = _export(name, module, args, kwargs, method.dynamic_shapes)
        if method.finish is not None:
            program = method.finish(program)
        drop_unread_state(program)
        give_own_storage(program)
        tensors = tensor_inputs(program, module.forward, name)
        find_smallest_sizes(program, module, tensors, declared)
        signature = read_signature(program, tensors, name, declared)
        with symbolic_sizes_kept(program):
            calibration = _calibration(name, program, method, args, kwargs) if quant == "i8" else None
            program = adapt(program, shared, dtype, calibration, quant if quant in BLOCK_FORMATS else None, rounded)
        measured = _run_graph(name, program, args, kwargs)
    inputs = [leaf.clone() for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    in_blocks = quant in BLOCK_FORMATS or (quant is None and bool(rounded))
    golden = _golden(name, inputs, measured, expected, dtype, in_blocks, quant)
    is_exact = dtype == torch.float32 and not in_blocks and quant is None
    if is_exact and (error := _error_of_numbers(measured, expected)) > _ANOTHER_ANSWER:
        _refuse_another_answer(name, module, args, kwargs, expected, error)
    layers = linear_layers(program, shared["joined"])
    return TracedMethod(name, program, signature, golden, accuracy(measured, expected), layers)


def _golden(
    name: str,
    inputs: list,
    measured: list,
    expected: list,
    dtype: torch.dtype,
    in_blocks: bool,
    quant: str | None,
) -> Golden:
    """What the runtime must answer: as eager PyTorch, or, as rounded weights lead elsewhere but are multiplied nearly
    exactly, as PyTorch does with them."""
    if in_blocks:
        return Golden(name, "example", inputs, [output.clone() for output in measured], dtype, _ROUNDED_OPERANDS)
    return Golden(name, "example", inputs, expected, dtype, _allowance(measured, expected) if quant else 0.0)


class _BoundMethod(torch.nn.Module):
    """Lets torch.export trace a method other than forward."""

    def __init__(self, function: Callable) -> None:
        super().__init__()
        self.model = function.__self__
        self.forward = function


def _as_module(module: torch.nn.Module | Callable) -> torch.nn.Module:
    if isinstance(module, torch.nn.Module):
        return module
    if isinstance(getattr(module, "__self__", None), torch.nn.Module):
        return _BoundMethod(module)
    raise ExportError(f"{module!r} is neither a torch.nn.Module nor a method of one; wrap the function in a module")


@contextlib.contextmanager
def _evaluating(module: torch.nn.Module) -> Iterator[None]:
    """Evaluation mode for all submodules, and back to what each was in."""
    modes = {submodule: submodule.training for submodule in module.modules()}
    # What PT2E quantised refuses eval(); its graph is the same in both modes.
    with contextlib.suppress(NotImplementedError):
        module.eval()
    for submodule in modes:
        submodule.training = False
    try:
        yield
    finally:
        for submodule, training in modes.items():
            submodule.training = training


def _dense(values):
    """Example tensors without gaps or overlap: a dense order of dimensions is all that a file can promise."""

    def dense(leaf):
        if not isinstance(leaf, torch.Tensor):
            return leaf
        leaf = leaf.detach()
        return leaf if torch.ops.aten.is_non_overlapping_and_dense(leaf) else leaf.contiguous()

    return pytree.tree_map(dense, values)


def _run(name: str, module: torch.nn.Module, args: tuple, kwargs: dict) -> tuple[torch.nn.Module, list[torch.Tensor]]:
    """What eager PyTorch answers, in copies: the model may return its inputs. And the module that answers so: the given
    one, or where its answer holds other things than tensors, one around it."""
    try:
        # Copies also keep a model that changes its inputs from changing the example.
        copies = pytree.tree_map_only(torch.Tensor, torch.clone, (args, kwargs))
        answer = module(*copies[0], **copies[1])
    except Exception as error:
        raise ExportError(
            f"method {name}: the model fails on its example inputs: {type(error).__name__}: {error}"
        ) from error
    if not answers_only_tensors(answer):
        module, answer = TensorsOnly(module), tensor_outputs(answer)
    expected = [leaf.clone() for leaf in pytree.tree_leaves(answer)]
    if not expected:
        raise ExportError(f"method {name}: the model returns no tensor")
    return module, expected


def _export(name: str, module: torch.nn.Module, args: tuple, kwargs: dict, dynamic_shapes) -> ExportedProgram:
    try:
        program = torch.export.export(module, args, kwargs, dynamic_shapes=dynamic_shapes, strict=False)
        # An empty table decomposes nothing: it turns in-place operators into functional ones.
        return program.run_decompositions({})
    except Exception as error:
        text = str(error).split("\n\nThe error above occurred")[0]
        if "data-dependent expression" in text:
            raise ExportError(
                f"method {name}: the model goes another way for other data, as mixtures of experts do that loop over "
                f"those that were chosen, and torch.export cannot follow it: {text.splitlines()[0]}"
            ) from error
        kind = "dynamic_shapes do not fit" if "Constraints violated" in text else "torch.export failed"
        raise ExportError(f"method {name}: {kind}: {text}") from error


def _run_graph(name: str, program: ExportedProgram, args: tuple, kwargs: dict) -> list[torch.Tensor]:
    """What the adapted graph answers, run by PyTorch."""
    try:
        return pytree.tree_leaves(program.module(check_guards=False)(*args, **kwargs))
    except Exception as error:
        raise ExportError(
            f"method {name}: the exported graph fails on the example inputs: {type(error).__name__}: {error}"
        ) from error


# Relative to the largest element: what operands of 16 bits make of a product.
_ROUNDED_OPERANDS = 2e-3
# Relative to the largest element: far more than rounding makes of another order of sums.
_ANOTHER_ANSWER = 1e-2


def _refuse_another_answer(
    name: str, module: torch.nn.Module, args: tuple, kwargs: dict, expected: list[torch.Tensor], error: float
) -> None:
    """ExportError unless the model itself never answers the same twice (it draws random numbers)."""
    with torch.no_grad(), _evaluating(module):
        _, again = _run(name, module, args, kwargs)
    if _error_of_numbers(again, expected) > _ANOTHER_ANSWER:
        return
    raise ExportError(
        f"method {name}: torch.export made a graph that answers otherwise than the model, by {error:.2g} of the "
        "largest element. forward() takes another way while it is traced, or depends on state that changes; "
        "torch.export.export(...).module() shows the same"
    )


def _calibration(name: str, program: ExportedProgram, method: Method, args: tuple, kwargs: dict) -> list[list]:
    """What the graph is run on for quantisation: flat lists of inputs, the example being one of them."""
    cases = [args, *(_dense(case if isinstance(case, tuple) else (case,)) for case in method.calibration)]
    try:
        return [program._get_flat_args_with_check(case, kwargs)[0] for case in cases]
    except Exception as error:
        raise ExportError(f"method {name}: an input of the calibration is not like the example: {error}") from error


def _error_of_numbers(measured: list[torch.Tensor], expected: list[torch.Tensor]) -> float:
    """accuracy().error of the floating-point outputs: positions may change with a rounding error."""
    numbers = [pair for pair in zip(measured, expected, strict=True) if pair[1].is_floating_point()]
    return accuracy([got for got, _ in numbers], [want for _, want in numbers]).error


def _allowance(measured: list[torch.Tensor], expected: list[torch.Tensor]) -> float:
    """How far a quantised graph's answers may be from eager PyTorch's, relative to the largest: a quarter farther than
    they were here, and what numbers that round the other way on another machine make of it."""
    rounding = 0.02
    return 1.25 * _error_of_numbers(measured, expected) + rounding
