"""Digests of what determines the results of a sweep, by which stored ones are known."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from .._checks import FloatArray, breaks_of
from .._version import __version__
from ..sample.pieces import Layer, direction
from ..sample.stack import Stack
from ..sample.units import in_silence
from ..solver import solve
from .builders import Builder, numbers_of, topology

ARITHMETIC = ("numpy", "scipy", "scikit-fem", "numba")
"""Packages that compute."""


@functools.cache
def versions() -> dict[str, str]:
    """Return versions of what computes, and a digest of the text of spinfem itself."""
    package = Path(__file__).parents[1]
    text = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        text.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    found = {"spinfem": __version__, "text of spinfem": text.hexdigest()}
    for name in ARITHMETIC:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


@in_silence()
def fingerprint(stack: Stack, accuracy: Mapping[str, Any]) -> str:
    """Return a digest of all numbers of a stack by their names.

    Of the functions of graded layers it has the values wherever the solver evaluates them.

    Parameters
    ----------
    stack : Stack
        The stack; it may be a batch.
    accuracy : mapping
        `degree` and `elements` of `spinfem.solve`.
    """
    found = hashlib.sha256(repr(topology(stack)).encode())
    for name, values in numbers_of(stack).items():
        _add(found, name, values)
    for i, layer in enumerate(stack.layers):
        if layer.material.is_graded:
            for name, values in _evaluations(layer, accuracy):
                _add(found, f"{i} {name}", values)
    return found.hexdigest()


def _add(digest: Any, name: str, values: FloatArray) -> None:
    digest.update(f"\n{name} {values.dtype} {values.shape}\n".encode())
    digest.update(np.ascontiguousarray(values).data)


def _evaluations(layer: Layer, accuracy: Mapping[str, Any]) -> list[tuple[str, FloatArray]]:
    """Return where solving looks at the functions of a graded layer, and what it finds.

    The layer is solved alone; in a batch its mesh is that of the thickest.
    """
    found: list[tuple[str, FloatArray]] = []

    def noting(name: str, profile: Any) -> Any:
        def function(xi: FloatArray) -> Any:
            values = profile(xi)
            found.extend([(f"xi of {name}", np.array(xi)), (name, np.array(values))])
            return values

        function.breaks = breaks_of(profile)  # type: ignore[attr-defined]
        return function

    metal = layer.material
    noted = {name: noting(name, x) for name, x in metal.numbers.items() if callable(x)}
    alone = dataclasses.replace(
        layer,
        material=dataclasses.replace(metal, **noted),
        thickness=float(np.max(layer.thickness)),
        m=None if layer.m is None else direction(0.0),
    )
    with np.errstate(all="ignore"):
        solution = solve(Stack([alone]), **accuracy)
        _ = solution.spin_resistance, solution.resistance
    return found


def definition(builder: Builder) -> str:
    """Return a digest of a builder: its text, and the functions and values that it refers to.

    Of modules, of functions of other packages and of objects that are neither plain values nor
    dataclasses it has the names only.
    """
    function: Any = builder
    while isinstance(function, functools.partial):
        function = function.func
    home = str(getattr(function, "__module__", None)).partition(".")[0]
    return hashlib.sha256("\n".join(_lines(builder, home, {})).encode()).hexdigest()


def _lines(thing: Any, home: str, seen: dict[int, Any]) -> Iterator[str]:
    """Yield lines that are the same in every process as long as the thing is."""
    kind = f"{type(thing).__module__}.{type(thing).__qualname__}"
    if isinstance(thing, CodeType):
        yield f"{thing.co_code.hex()} {thing.co_names} {thing.co_varnames} {thing.co_freevars}"
        yield from _lines(thing.co_consts, home, seen)
    elif isinstance(thing, np.ndarray | np.generic):
        yield f"{kind} {thing.dtype} {thing.shape} {hashlib.sha256(thing.tobytes()).hexdigest()}"
    elif isinstance(thing, str | bytes | int | float | complex | None):
        yield f"{kind} {thing!r}"
    elif isinstance(thing, ModuleType | type):
        yield f"{kind} {thing.__module__ if isinstance(thing, type) else ''} {thing.__name__}"
    elif isinstance(thing, set | frozenset):
        yield f"{kind} {sorted(' '.join(_lines(part, home, seen)) for part in thing)}"
    elif isinstance(thing, tuple) or id(thing) not in seen:
        seen[id(thing)] = thing  # kept, so that no other thing gets its number
        yield kind
        for part in _parts(thing, home):
            yield from _lines(part, home, seen)
        yield "end"


def _parts(thing: Any, home: str) -> tuple[Any, ...]:
    """Return what a function, a container or a dataclass consists of."""
    if isinstance(thing, FunctionType):
        cells = (cell for cell in thing.__closure__ or () if cell != CellType())
        given = (thing.__defaults__, thing.__kwdefaults__, *(c.cell_contents for c in cells))
        if str(thing.__module__).partition(".")[0] != home:
            return (thing.__module__, thing.__qualname__, *given)
        names = sorted(set(_names(thing.__code__)) & thing.__globals__.keys())
        return (thing.__code__, *given, *((name, thing.__globals__[name]) for name in names))
    if isinstance(thing, MethodType):
        return thing.__func__, thing.__self__
    if isinstance(thing, functools.partial):
        return thing.func, thing.args, thing.keywords
    if isinstance(thing, Mapping):
        return tuple(thing.items())
    if isinstance(thing, list | tuple):
        return tuple(thing)
    called = inspect.getattr_static(type(thing), "__call__", None)
    own = [called] if isinstance(called, FunctionType) else []
    fields = dataclasses.fields(thing) if dataclasses.is_dataclass(thing) else ()
    wrapped = getattr(thing, "__dict__", {}).get("__wrapped__")  # of a cached function, say
    return (*own, wrapped, *((field.name, getattr(thing, field.name)) for field in fields))


def _names(code: CodeType) -> Iterator[str]:
    """Yield names of globals and attributes in a text, and in functions inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
