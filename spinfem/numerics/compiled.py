"""The functions of this folder, compiled by numba (the extra `fast`).

Nothing is written twice: numba compiles the elementwise functions as they stand. Two get a body of
their own: a choice is a branch, and a product has its rest by a fused multiplication and addition.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import FunctionType
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic, overload, register_jitable

from . import doubled, ladder, links, loads, rings
from .kernels import Kernels
from .ladder import Chain, Runs
from .loads import Links, Loads

OPTIONS = {"error_model": "numpy"}
MODULES = (doubled, loads, links, rings, ladder)


@intrinsic  # type: ignore[untyped-decorator]
def _fused(_context: Any, _a: Any, _b: Any, _c: Any) -> Any:
    """``a b + c``, rounded once."""

    def body(_target: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.fma(*values)

    return types.float64(types.float64, types.float64, types.float64), body


@overload(doubled.two_product, jit_options=OPTIONS)  # type: ignore[untyped-decorator]
def _two_product(a: Any, b: Any) -> Any:  # noqa: ARG001
    def body(a: Any, b: Any) -> Any:
        product = a * b
        return product, _fused(a, b, -product)

    return body


@overload(doubled.pick, jit_options=OPTIONS)  # type: ignore[untyped-decorator]
def _pick(condition: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    def body(condition: Any, a: Any, b: Any) -> Any:
        return a if condition else b

    return body


def _register() -> str:
    """Let compiled code call the functions of this folder; return a digest of their text."""
    digest = hashlib.sha256()
    for module in MODULES:
        digest.update(Path(str(module.__file__)).read_bytes())
        for name, thing in vars(module).items():
            own = isinstance(thing, FunctionType) and thing.__module__ == module.__name__
            if own and name not in ("two_product", "pick"):
                register_jitable(**OPTIONS)(thing)
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()


def kernels() -> Kernels:
    """Return the compiled functions; numba compiles them when they are first called."""
    return _kernels(_register())


def _kernels(text: str) -> Kernels:
    """Make them; `text` tells numba's cache apart what was compiled of another text."""
    compile_ = numba.njit(cache=True, nogil=True, **OPTIONS)

    @compile_  # type: ignore[untyped-decorator]
    def assemble(ports, shape, m, collinear, made, turns):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        links.assemble(ports, shape, m, collinear, made, turns)

    @compile_  # type: ignore[untyped-decorator]
    def solve(chain, amplitude, flow, found):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        ladder.solve(chain, amplitude, flow, found)

    @compile_  # type: ignore[untyped-decorator]
    def sweep(chain):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        ladder.sweep(chain, 0, len(chain.links.B), False)

    @compile_  # type: ignore[untyped-decorator]
    def solve_points(left, window, right, edge, parts, begin, end):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        rods = len(window.links.B) + 1
        loads_ = Loads(np.empty(rods), np.empty(rods), np.empty(rods))
        memory = scratch(window.runs)
        for i in range(begin, end):
            own = Chain(links_at(window.links, i), runs_at(window.runs, i), loads_, memory)
            results = (part_at(parts[0], i), part_at(parts[1], i), part_at(parts[2], i))
            ladder.solve_between(left, own, right, edge, results, i > begin)

    return Kernels(assemble, solve, sweep, solve_points)


@register_jitable(**OPTIONS)  # type: ignore[untyped-decorator]
def scratch(runs: Any) -> Any:
    """Return memory for the rings of runs."""
    if runs is None:
        return None
    return np.empty((len(runs.kinds), rings.SIZE))


@register_jitable(**OPTIONS)  # type: ignore[untyped-decorator]
def links_at(links: Any, i: int) -> Any:
    """Return links at one point."""
    return Links(
        links.B[:, i],
        links.S_left[:, i],
        links.S_right[:, i],
        links.s_left[:, i],
        links.s_right[:, i],
        links.sign[:, i],
        links.free[:, i],
    )


@register_jitable(**OPTIONS)  # type: ignore[untyped-decorator]
def runs_at(runs: Any, i: int) -> Any:
    """Return runs at one point."""
    if runs is None:
        return None
    return Runs(
        runs.m[:, :, i],
        runs.B[:, :, i],
        runs.S_left[:, :, i],
        runs.S_right[:, :, i],
        runs.s_left[:, i],
        runs.s_right[:, i],
        push_at(runs.push, i),
        runs.ends[:, :, :, i],
        runs.plane[:, :, :, i],
        runs.still,
        runs.start,
        runs.kinds,
        runs.of_link,
    )


@register_jitable(**OPTIONS)  # type: ignore[untyped-decorator]
def push_at(push: Any, i: int) -> Any:
    """Return what drives runs at one point."""
    if push is None:
        return None
    return push[:, :, i]


@register_jitable(**OPTIONS)  # type: ignore[untyped-decorator]
def part_at(part: Any, i: int) -> Any:
    """Return where results of a part of the chain go at one point."""
    return part[0][:, i], part[1][:, i], found_at(part[2], i)


@register_jitable(**OPTIONS)  # type: ignore[untyped-decorator]
def found_at(found: Any, i: int) -> Any:
    """Return where the results of rings go at one point."""
    if found is None:
        return None
    return found[:, :, i]
