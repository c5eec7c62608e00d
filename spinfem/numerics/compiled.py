"""The functions of this folder, compiled by numba (the extra `fast`).

Nothing is written twice: numba compiles the elementwise functions as they stand. Two get a body of
their own: a choice is a branch, and a product has its rest by a fused multiplication and addition.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.core import event, types
from numba.extending import intrinsic, overload, register_jitable

from . import doubled, ladder, layers, links, loads, rings
from .ladder import Chain
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


@overload(doubled.two_product, jit_options=OPTIONS)
def _two_product(a: Any, b: Any) -> Any:
    def body(a: Any, b: Any) -> Any:
        product = a * b
        return product, _fused(a, b, -product)

    return body


@overload(doubled.pick, jit_options=OPTIONS)
def _pick(condition: Any, a: Any, b: Any) -> Any:
    def body(condition: Any, a: Any, b: Any) -> Any:
        return a if condition else b

    return body


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
            elif own and name not in ("two_product", "pick"):
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
    solve_points: Callable[..., None]  # `ladder.solve_between`, point by point


class _Announcement(event.Listener):  # type: ignore[misc]
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
        rods = len(window.links.B) + 1
        own = Chain(
            links_like(window.links),
            runs_like(window.runs),
            Loads(np.empty(rods), np.empty(rods), np.empty(rods), np.empty(rods), np.empty(rods)),
            scratch(window.runs),
        )
        results = (part_like(parts[0]), part_like(parts[1]), part_like(parts[2]))
        for i in range(begin, end):
            take_links(own.links, window.links, i)
            take_runs(own.runs, window.runs, i, i > begin)
            missed[i] = ladder.solve_between(left, own, right, edge, results, i > begin)
            give(parts[0], results[0], i)
            give(parts[1], results[1], i)
            give(parts[2], results[2], i)

    return Kernels(condense, condense_across, solve_plain, assemble, solve, sweep, solve_points)


@register_jitable(**OPTIONS)
def scratch(runs: Any) -> Any:
    """Return memory for the rings of runs."""
    if runs is None:
        return None
    return np.empty((len(runs.m) + 2 * len(runs.ends), rings.SIZE))


def _jitable(function: Any) -> Any:
    return register_jitable(**OPTIONS)(function)


@_jitable
def links_like(links: Any) -> Any:
    """Return room for links at one point."""
    n = len(links.B)
    made = np.empty((7, n))
    return Links(made[0], made[1], made[2], made[3], made[4], made[5], made[6])


@_jitable
def take_links(own: Any, links: Any, i: int) -> None:
    """Take links at one point."""
    for k in range(len(own.B)):
        own.B[k], own.S_left[k], own.S_right[k] = (
            links.B[k, i],
            links.S_left[k, i],
            links.S_right[k, i],
        )
        own.s_left[k], own.s_right[k] = links.s_left[k, i], links.s_right[k, i]
        own.sign[k], own.free[k] = links.sign[k, i], links.free[k, i]


@_jitable
def runs_like(runs: Any) -> Any:
    """Return room for runs at one point."""
    if runs is None:
        return None
    q, r = len(runs.m), len(runs.ends)
    return Runs(
        np.empty((q, 3)),
        np.empty((q, 3)),
        np.empty((q, 3)),
        np.empty((q, 3)),
        np.empty(q),
        np.empty(q),
        push_like(runs.push),
        np.empty((r, 2, 5)),
        np.empty((r, 2, 3)),
        runs.still,
        runs.varies,
        runs.start,
        runs.kinds,
        runs.of_link,
    )


@_jitable
def push_like(push: Any) -> Any:
    """Return room for what drives runs at one point."""
    if push is None:
        return None
    return np.empty((len(push), 6))


@_jitable
def take_runs(own: Any, runs: Any, i: int, again: bool) -> None:
    """Take runs at one point; after another, only what varies."""
    if runs is None:
        return
    for k in range(len(own.m)):
        if again and runs.varies[k] == 0:
            continue
        for x in range(3):
            own.m[k, x], own.B[k, x] = runs.m[k, x, i], runs.B[k, x, i]
            own.S_left[k, x], own.S_right[k, x] = runs.S_left[k, x, i], runs.S_right[k, x, i]
        own.s_left[k], own.s_right[k] = runs.s_left[k, i], runs.s_right[k, i]
    for k in range(len(own.ends)):
        for side in range(2):
            for x in range(5):
                own.ends[k, side, x] = runs.ends[k, side, x, i]
            for x in range(3):
                own.plane[k, side, x] = runs.plane[k, side, x, i]
    take_push(own.push, runs.push, i)


@_jitable
def take_push(own: Any, push: Any, i: int) -> None:
    """Take what drives runs at one point."""
    if push is None:
        return
    for k in range(len(own)):
        for x in range(6):
            own[k, x] = push[k, x, i]


@_jitable
def part_like(part: Any) -> Any:
    """Return room for the results of a part of the chain at one point."""
    return np.empty(len(part[0])), np.empty(len(part[0])), found_like(part[2])


@_jitable
def found_like(found: Any) -> Any:
    """Return room for the results of rings at one point."""
    if found is None:
        return None
    return np.empty((len(found), len(found[0])))


@_jitable
def give(part: Any, own: Any, i: int) -> None:
    """Hand out the results of a part of the chain at one point."""
    for k in range(len(own[0])):
        part[0][k, i], part[1][k, i] = own[0][k], own[1][k]
    give_found(part[2], own[2], i)


@_jitable
def give_found(found: Any, own: Any, i: int) -> None:
    """Hand out the results of rings at one point."""
    if found is None:
        return
    for k in range(len(own)):
        for x in range(len(own[0])):
            found[k, x, i] = own[k, x]
