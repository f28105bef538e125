"""Symbolic dimensions: their names, ranges, and the few forms in which the file writes them."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

import sympy
import torch
from torch.export import Dim, ExportedProgram

from hearth.export.errors import ExportError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_UNBOUNDED = 2**62


@dataclass(frozen=True)
class DeclaredDimension:
    """What dynamic_shapes says of one dimension: the name of its Dim and its least size, None where it says nothing."""

    name: str | None
    minimum: int | None


def expression(size: int | torch.SymInt) -> int | sympy.Expr:
    """A dimension as an integer or a sympy expression."""
    return size.node.expr if isinstance(size, torch.SymInt) else int(size)


def dimension(size: int | sympy.Expr, names: dict[sympy.Symbol, str]) -> int | str | None:
    """The manifest's form: an integer or "k*s+c" with k > 0. None when `size` is anything else."""
    if isinstance(size, int) or size.is_Integer:
        return int(size)
    symbols = sorted(size.free_symbols, key=str)
    if len(symbols) != 1 or symbols[0] not in names:
        return None
    polynomial = sympy.Poly(size, symbols[0]) if size.is_polynomial(symbols[0]) else None
    if polynomial is None or polynomial.degree() != 1:
        return None
    factor, constant = polynomial.all_coeffs()
    if not (factor.is_Integer and constant.is_Integer and factor > 0):
        return None
    text = names[symbols[0]] if factor == 1 else f"{factor}*{names[symbols[0]]}"
    return text if constant == 0 else f"{text}{int(constant):+d}"


def input_dimension(size: int | sympy.Expr, names: dict[sympy.Symbol, str], what: str) -> int | str:
    """dimension() of an input. ExportError, opening with `what`, when the file cannot express it."""
    written = dimension(size, names)
    if written is None:
        raise ExportError(f"{what} has a size of {size}; only k*s+c with one symbol s can be written to the file")
    return written


def output_dimension(size: int | sympy.Expr, names: dict[sympy.Symbol, str]) -> int | str | None:
    """dimension() of an output: None stands for a size that is known only after the run."""
    return dimension(size, names)


def symbol_range(program: ExportedProgram, symbol: sympy.Symbol) -> dict[str, int | None]:
    """Bounds of a symbol, both ends included; max None: unbounded."""
    bounds = program.range_constraints.get(symbol)
    low = int(bounds.lower) if bounds is not None and bounds.lower.is_Integer else 0
    high = bounds.upper if bounds is not None else None
    bounded = high is not None and high.is_Integer and int(high) < _UNBOUNDED
    return {"min": max(low, 0), "max": int(high) if bounded else None}


def symbol_names(
    inputs: list[tuple[str, tuple]], declared: dict[tuple[str, int], DeclaredDimension]
) -> dict[sympy.Symbol, str]:
    """Readable, stable names: the Dim's own where the user gave one, else the first input and dimension it sizes.
    `inputs`: names and shapes; `declared`: see declared_dimensions()."""
    uses = [
        (symbol, name, position, size)
        for name, shape in inputs
        for position, size in enumerate(shape)
        for symbol in sorted(getattr(size, "free_symbols", ()), key=str)
    ]
    names: dict[sympy.Symbol, str] = {}
    for symbol, name, position, size in uses:
        dimension = declared.get((name, position))
        if dimension is not None and dimension.name is not None and size.free_symbols == {symbol}:
            names.setdefault(symbol, dimension.name)
    for symbol, name, position, _size in uses:
        fallback = re.sub(r"\W", "_", f"{name}_dim{position}")
        names.setdefault(symbol, fallback if _NAME.fullmatch(fallback) else f"s{len(names)}")
    return names


def declared_dimensions(
    dynamic_shapes, args: tuple, kwargs: dict, function: Callable
) -> dict[tuple[str, int], DeclaredDimension]:
    """What `dynamic_shapes` says of each dimension, by input path and position; one that is derived from a Dim
    (2*batch) carries the Dim's name and least size. ExportError when it does not have the form of the inputs."""
    if dynamic_shapes is None:
        return {}
    values = dict(zip(positional_names(function, len(args)), args, strict=True)) | kwargs
    if not isinstance(dynamic_shapes, dict):
        dynamic_shapes = dict(zip(values, dynamic_shapes, strict=False))
    dynamic_shapes = _without_variadic(dynamic_shapes, function)
    unknown = sorted(set(dynamic_shapes) - set(values))
    if unknown:
        raise ExportError(f"dynamic_shapes names {unknown[0]!r}, which is no input; inputs are {', '.join(values)}")
    found: dict[tuple[str, int], DeclaredDimension] = {}
    for name, value in values.items():
        _collect_dimensions(dynamic_shapes.get(name), value, name, found)
    return found


def _without_variadic(dynamic_shapes: dict, function: Callable) -> dict:
    """The same with what it says of `*args` and `**kwargs` under the names of their elements."""
    flat = dict(dynamic_shapes)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            flat |= flat.pop(parameter.name, None) or {}
        elif parameter.kind is parameter.VAR_POSITIONAL:
            flat |= {f"{parameter.name}.{i}": spec for i, spec in enumerate(flat.pop(parameter.name, None) or ())}
    return flat


def _collect_dimensions(spec, value, path: str, found: dict[tuple[str, int], DeclaredDimension]) -> None:
    if isinstance(value, torch.Tensor) and isinstance(spec, dict | list | tuple):
        for position, dim in spec.items() if isinstance(spec, dict) else enumerate(spec):
            if not -value.dim() <= position < value.dim():
                raise ExportError(f"dynamic_shapes gives dimension {position} of {path}, which has only {value.dim()}")
            found[path, position % value.dim()] = _declared(dim)
    elif isinstance(value, dict) and isinstance(spec, dict):
        for key, child in value.items():
            _collect_dimensions(spec.get(key), child, f"{path}.{key}", found)
    elif isinstance(value, list | tuple) and isinstance(spec, list | tuple):
        for index, (child_spec, child) in enumerate(zip(spec, value, strict=False)):
            _collect_dimensions(child_spec, child, f"{path}.{index}", found)


def _declared(dim) -> DeclaredDimension:
    """Dim.AUTO, Dim.DYNAMIC and plain integers carry no name."""
    root = getattr(dim, "root", dim)
    name = getattr(root, "__name__", "") if isinstance(dim, Dim) else ""
    return DeclaredDimension(name if _NAME.fullmatch(name) else None, getattr(root, "min", None))


def positional_names(function: Callable, count: int) -> list[str]:
    """Names of the first `count` positional parameters of `function`; `*args` gives "args.0", "args.1"…"""
    names = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}.{i}" for i in range(count - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    return names[:count]
