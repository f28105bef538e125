"""Symbolic dimensions: their names, ranges, and the few forms in which the file writes them."""

import inspect
import re
from collections.abc import Callable

import sympy
import torch
from torch.export import Dim, ExportedProgram

from hearth.export.errors import ExportError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_UNBOUNDED = 2**62


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


def symbol_names(inputs: list[tuple[str, tuple]], given: dict[tuple[str, int], str]) -> dict[sympy.Symbol, str]:
    """Readable, stable names: the Dim's own where the user gave one, else the first input and dimension it sizes.
    `inputs`: names and shapes; `given`: see named_dimensions()."""
    uses = [
        (symbol, name, position, size)
        for name, shape in inputs
        for position, size in enumerate(shape)
        for symbol in sorted(getattr(size, "free_symbols", ()), key=str)
    ]
    names: dict[sympy.Symbol, str] = {}
    for symbol, name, position, size in uses:
        if (name, position) in given and size.free_symbols == {symbol}:
            names.setdefault(symbol, given[name, position])
    for symbol, name, position, _size in uses:
        fallback = re.sub(r"\W", "_", f"{name}_dim{position}")
        names.setdefault(symbol, fallback if _NAME.fullmatch(fallback) else f"s{len(names)}")
    return names


def named_dimensions(dynamic_shapes, args: tuple, kwargs: dict, function: Callable) -> dict[tuple[str, int], str]:
    """Names that the user gave to dimensions with `Dim("batch")`, by input path and dimension; those derived from a
    Dim (2*batch) carry its name. ExportError when `dynamic_shapes` does not have the form of the inputs."""
    if dynamic_shapes is None:
        return {}
    values = dict(zip(positional_names(function, len(args)), args, strict=True)) | kwargs
    if not isinstance(dynamic_shapes, dict):
        dynamic_shapes = dict(zip(values, dynamic_shapes, strict=False))
    unknown = sorted(set(dynamic_shapes) - set(values))
    if unknown:
        raise ExportError(f"dynamic_shapes names {unknown[0]!r}, which is no input; inputs are {', '.join(values)}")
    found: dict[tuple[str, int], str] = {}
    for name, value in values.items():
        _collect_names(dynamic_shapes.get(name), value, name, found)
    return found


def _collect_names(spec, value, path: str, found: dict[tuple[str, int], str]) -> None:
    if isinstance(value, torch.Tensor) and isinstance(spec, dict | list | tuple):
        for position, dim in spec.items() if isinstance(spec, dict) else enumerate(spec):
            if not -value.dim() <= position < value.dim():
                raise ExportError(f"dynamic_shapes gives dimension {position} of {path}, which has only {value.dim()}")
            # Dim.AUTO and plain integers carry no name.
            name = getattr(getattr(dim, "root", dim), "__name__", "")
            if isinstance(dim, Dim) and _NAME.fullmatch(name):
                found[path, position % value.dim()] = name
    elif isinstance(value, dict) and isinstance(spec, dict):
        for key, child in value.items():
            _collect_names(spec.get(key), child, f"{path}.{key}", found)
    elif isinstance(value, list | tuple) and isinstance(spec, list | tuple):
        for index, (child_spec, child) in enumerate(zip(spec, value, strict=False)):
            _collect_names(child_spec, child, f"{path}.{index}", found)


def positional_names(function: Callable, count: int) -> list[str]:
    """Names of the first `count` positional parameters of `function`; `*args` gives "args.0", "args.1"…"""
    names = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}.{i}" for i in range(count - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    return names[:count]
