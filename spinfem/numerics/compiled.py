"""The functions of this folder, compiled by numba (the extra `fast`).

Nothing is written twice: numba compiles the elementwise functions as they stand. Two get a body of
their own: a choice is a branch, and a product has its rest by a fused multiplication and addition.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import numba
from numba.core import event, types
from numba.extending import intrinsic, overload, register_jitable

from . import doubled, ladder, lanes, layers, links, loads, rings
from .ladder import Chain
from .lanes import WIDTH, points_at, same_for_all
from .loads import Links, Loads
from .rings import Runs

OPTIONS = {"error_model": "numpy"}
MODULES = (doubled, loads, links, layers, rings, ladder)


@intrinsic
def _fused(_context: Any, _a: Any, _b: Any, _c: Any) -> Any:
    """``a b + c``, rounded once."""

    def body(_target: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.fma(*values)

    return types.float64(types.float64, types.float64, types.float64), body


@overload(doubled.two_product, jit_options=OPTIONS, strict=False)
def _two_product(a: Any, b: Any) -> Any:
    fused = lanes.fused if lanes.Lanes in (a, b) else _fused

    def body(a: Any, b: Any) -> Any:
        product = a * b
        return product, fused(a, b, -product)

    return body


@overload(doubled.pick, jit_options=OPTIONS, strict=False)
def _pick(condition: Any, _a: Any, _b: Any) -> Any:
    if condition == lanes.Mask:
        return lambda condition, a, b: lanes.choose(condition, a, b)
    return lambda condition, a, b: a if condition else b


@overload(doubled.square_root, jit_options=OPTIONS, strict=False)
def _square_root(x: Any) -> Any:
    if x == lanes.Lanes:
        return lambda x: lanes.square_root(x)
    return lambda x: math.sqrt(x)


INLINE = (
    "turn_between",
    "turn_at",
    "joined",
    "put_link",
    "add_pull",
    "at",
    "put",
    "through",
    "turn_of",
)
"""Functions that are called for every link with tuples of arrays: counting references to them takes
longer than what they do.
"""


def _itself(function: FunctionType) -> Any:
    """Return what gives numba a function for its own compiled version."""

    def body(*_arguments: Any) -> FunctionType:
        return function

    return body


def _register() -> str:
    """Let compiled code call the functions of this folder; return a digest of their text."""
    digest = hashlib.sha256()
    for module in MODULES:
        digest.update(Path(str(module.__file__)).read_bytes())
        for name, thing in vars(module).items():
            own = isinstance(thing, FunctionType) and thing.__module__ == module.__name__
            if own and name in INLINE:
                overload(thing, jit_options=OPTIONS, strict=False, inline="always")(_itself(thing))
            elif own and name not in ("two_product", "pick", "square_root"):
                register_jitable(**OPTIONS)(thing)
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()


class Kernels(NamedTuple):
    """Compiled functions; see those of the same names."""

    condense: Callable[..., None]  # `layers.condense`
    condense_across: Callable[..., None]  # `layers.condense_across`
    solve_plain: Callable[..., float]  # `links.assemble`, `ladder.solve` and `links.pull`
    assemble: Callable[..., None]  # `links.assemble`
    solve: Callable[..., float]  # `ladder.solve`
    sweep: Callable[..., None]  # `ladder.sweep`, of a whole chain
    solve_points: Callable[..., None]  # `ladder.solve_between`, several points at a time
    width: int  # how many; there must not be less


class _Announcement(event.Listener):
    """Says once that numba compiles: it takes its time, and keeps what it has made."""

    def __init__(self) -> None:
        self.said = False

    def on_start(self, started: event.Event) -> None:
        """Say it, if it has not been said, and it is ours that is compiled."""
        function = getattr(started.data.get("dispatcher"), "py_func", None)
        if not self.said and getattr(function, "__module__", "").startswith(__package__):
            self.said = True
            print("spinfem: numba compiles, once on this machine; half a minute", file=sys.stderr)

    def on_end(self, _event: event.Event) -> None:
        """Nothing is to be said."""


def kernels() -> Kernels:
    """Return the compiled functions; numba compiles them when they are first called."""
    event.register("numba:compile", _Announcement())
    return _kernels(_register())


def _kernels(text: str) -> Kernels:
    """Make them; `text` tells numba's cache apart what was compiled of another text."""
    compile_ = numba.njit(cache=True, nogil=True, **OPTIONS)

    @compile_
    def condense(metals, counts, modes, made):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        layers.condense(metals, counts, modes, made)

    @compile_
    def condense_across(decays, squares, counts, modes, made):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        layers.condense_across(decays, squares, counts, modes, made)

    @compile_
    def solve_plain(ports, shape, m, collinear, made, turns, loads_, rods, pulled):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        return ladder.solve_plain(ports, shape, m, collinear, made, turns, loads_, rods, pulled)

    @compile_
    def assemble(ports, shape, m, collinear, made, turns):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        ladder.assemble_tables(ports, shape, m, collinear, made, turns)

    @compile_
    def solve(chain, amplitude, flow, found):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        return ladder.solve(chain, amplitude, flow, found)

    @compile_
    def sweep(chain):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        ladder.sweep(chain, 0, len(chain.links.B), False)

    @compile_
    def solve_points(left, window, right, edge, parts, missed, begin, end):  # type: ignore[no-untyped-def]
        text  # noqa: B018
        before, behind, sides = same_chain(left), same_chain(right), same_for_all(edge)
        loads_, memory = loads_at(window.loads), numbers_at(window.memory, 0)
        for block in range(begin, end, WIDTH):
            i = min(block, end - WIDTH)  # the last points overlap with those before
            chain = Chain(links_at(window.links, i), runs_at(window.runs, i), loads_, memory)
            results = part_at(parts[0], i), part_at(parts[1], i), part_at(parts[2], i)
            points_at(missed, i)[0] = ladder.solve_between(
                before, chain, behind, sides, results, block > begin
            )

    return Kernels(
        condense, condense_across, solve_plain, assemble, solve, sweep, solve_points, WIDTH
    )


# --- points in lanes ------------------------------------------------------------------------------


def _jitable(function: Any) -> Any:
    return register_jitable(**OPTIONS)(function)


def _if_any(function: Any) -> Any:
    """Let compiled code call a function; of None it makes None."""

    def choose(x: Any, *_others: Any) -> Any:
        return (lambda *_: None) if x == types.none else function

    overload(function, jit_options=OPTIONS, strict=False)(choose)
    return function


@_jitable
def loads_at(loads: Any) -> Any:
    """Return loads at the first points."""
    return Loads(
        points_at(loads.stiffness, 0),
        points_at(loads.force, 0),
        points_at(loads.rest, 0),
        points_at(loads.share, 0),
        points_at(loads.at_rest, 0),
    )


@_jitable
def links_at(links: Any, i: int) -> Any:
    """Return links at the points from i on."""
    return Links(
        points_at(links.B, i),
        points_at(links.S_left, i),
        points_at(links.S_right, i),
        points_at(links.s_left, i),
        points_at(links.s_right, i),
        points_at(links.sign, i),
        points_at(links.free, i),
    )


@_if_any
def runs_at(runs: Any, i: int) -> Any:
    """Return runs at the points from i on."""
    return Runs(
        points_at(runs.m, i),
        points_at(runs.B, i),
        points_at(runs.S_left, i),
        points_at(runs.S_right, i),
        points_at(runs.s_left, i),
        points_at(runs.s_right, i),
        numbers_at(runs.push, i),
        points_at(runs.ends, i),
        points_at(runs.plane, i),
        runs.still,
        runs.start,
        runs.kinds,
        runs.of_link,
    )


@_if_any
def numbers_at(numbers: Any, i: int) -> Any:
    """Return numbers at the points from i on, if there are any."""
    return points_at(numbers, i)


@_jitable
def part_at(part: Any, i: int) -> Any:
    """Return the results of a part of the chain at the points from i on."""
    amplitude, flow, found = part
    return points_at(amplitude, i), points_at(flow, i), numbers_at(found, i)


@_jitable
def same_chain(chain: Any) -> Any:
    """Return a chain that is the same at all points."""
    links, loads = chain.links, chain.loads
    return Chain(
        Links(
            same_for_all(links.B),
            same_for_all(links.S_left),
            same_for_all(links.S_right),
            same_for_all(links.s_left),
            same_for_all(links.s_right),
            same_for_all(links.sign),
            same_for_all(links.free),
        ),
        same_runs(chain.runs),
        Loads(
            same_for_all(loads.stiffness),
            same_for_all(loads.force),
            same_for_all(loads.rest),
            same_for_all(loads.share),
            same_for_all(loads.at_rest),
        ),
        same_numbers(chain.memory),
    )


@_if_any
def same_runs(runs: Any) -> Any:
    """Return runs that are the same at all points."""
    return Runs(
        same_for_all(runs.m),
        same_for_all(runs.B),
        same_for_all(runs.S_left),
        same_for_all(runs.S_right),
        same_for_all(runs.s_left),
        same_for_all(runs.s_right),
        same_numbers(runs.push),
        same_for_all(runs.ends),
        same_for_all(runs.plane),
        runs.still,
        runs.start,
        runs.kinds,
        runs.of_link,
    )


@_if_any
def same_numbers(numbers: Any) -> Any:
    """Return numbers that are the same at all points, if there are any."""
    return same_for_all(numbers)
