"""The functions that solve chains: as they stand, or compiled by numba where there is one.

The text is the same: `spinfem.numerics.compiled` compiles the functions of this folder. Without
numba single chains are solved in floats, and batches in arrays over their points.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray
from . import ladder
from .ladder import Chain
from .loads import Loads
from .rings import ALL, FOUND, SIZE


class Kernels(NamedTuple):
    """Compiled functions; see those of the same names."""

    condense: Callable[..., None]  # `layers.condense`
    condense_across: Callable[..., None]  # `layers.condense_across`
    solve_plain: Callable[..., float]  # `links.assemble`, `ladder.solve` and `links.pull`
    assemble: Callable[..., None]  # `links.assemble`
    solve: Callable[..., float]  # `ladder.solve`
    sweep: Callable[..., None]  # `ladder.sweep`, of a whole chain
    solve_points: Callable[..., None]  # `ladder.solve_between`, point by point


@cache
def compiled() -> Kernels | None:
    """Return the compiled functions, if there is a numba that works."""
    if find_spec("numba") is None:
        return None
    try:
        from . import compiled as module
    except (ImportError, RuntimeError):  # it does not fit numpy; there is no place for its cache
        return None
    return module.kernels()


WORTH = 1.0
"""Seconds without numba from which on it is worth loading, which takes half of that."""
PER_LINK, PER_OPERATION, PER_POINT = 8e-6, 2e-4, 2e-7
"""Seconds that a link takes in floats; and in arrays, and for every point of these."""


def kernels(work: int, points: int = 0) -> Kernels | None:
    """Return the compiled functions if the work at hand is worth loading them, or they are.

    Parameters
    ----------
    work : int
        Links, or what takes as long.
    points : int
        Points of a batch; 0 for a single chain.
    """
    if "numba" not in sys.modules:
        seconds = work * (PER_OPERATION + PER_POINT * points if points else PER_LINK)
        if seconds < WORTH:
            return None
    return compiled()


def blank_loads(rods: int, points: tuple[int, ...]) -> Loads:
    """Return loads to be filled; what is on the ground is zero."""
    return Loads(*np.zeros((5, rods, *points)))


def memory_of(runs: Any, points: tuple[int, ...] = ()) -> FloatArray | None:
    """Return memory for the rings of runs."""
    if runs is None:
        return None
    return np.empty((len(runs.m) + 2 * len(runs.ends), SIZE, *points))


def found_of(runs: Any, points: tuple[int, ...] = (), whole: bool = True) -> FloatArray | None:
    """Return a place for what the rings of runs do."""
    if runs is None:
        return None
    return np.empty((len(runs.m) + len(runs.ends), ALL if whole else FOUND, *points))


def listed(numbers: Any) -> Any:
    """Return arrays in tuples as lists: floats are quick."""
    if isinstance(numbers, np.ndarray):
        return numbers.tolist()
    if isinstance(numbers, tuple):
        made = [listed(x) for x in numbers]
        return type(numbers)(*made) if hasattr(numbers, "_fields") else tuple(made)
    return numbers


def assemble(work: int, *arguments: Any) -> None:
    """Make all links that are no runs: `links.assemble`, of tables.

    Parameters
    ----------
    work : int
        What it takes, in links.
    *arguments
        Two-ports (5, q), shape (4, links + 1), m (3, n + 2), `collinear`, and to be filled links
        (7, links) and turns (6, links).
    """
    fast = kernels(work)
    if fast is not None:
        fast.assemble(*arguments)
        return
    values = [listed(x) for x in arguments]
    ladder.assemble_tables(*values)
    _filled(arguments[4:], values[4:])


def solve_plain(work: int, *arguments: Any) -> float:
    """Make and solve a single chain without runs, as `ladder.solve_plain`.

    Parameters
    ----------
    work : int
        What it takes, in links.
    *arguments
        As of `assemble`, and to be filled loads (5, links + 1), amplitudes and currents
        (2, links + 1), and what magnets take up at spacers (3, n + 2).
    """
    fast = kernels(work)
    if fast is not None:
        return float(fast.solve_plain(*arguments))
    values = [listed(x) for x in arguments]
    missed = ladder.solve_plain(*values)
    _filled(arguments[4:], values[4:])
    return float(missed)


def solve(work: int, chain: Chain, *results: Any) -> float:
    """Solve a single chain, as `ladder.solve`; arguments are arrays."""
    fast = kernels(work)
    if fast is not None:
        return float(fast.solve(chain, *results))
    values = listed(chain), *map(listed, results)
    missed = ladder.solve(*values)
    _filled((chain.loads, *results), (values[0].loads, *values[1:]))
    return float(missed)


def sweep(work: int, chain: Chain) -> None:
    """Carry the load on the ground through a whole chain, as `ladder.sweep`."""
    fast = kernels(work)
    if fast is not None:
        fast.sweep(chain)
        return
    values = listed(chain)
    ladder.sweep(values, 0, len(values.links.B))
    _filled((chain.loads, chain.memory), (values.loads, values.memory))


Part = tuple[FloatArray, FloatArray, FloatArray | None]
Results = tuple[Part, Part, Part]


def solve_points(
    work: int,
    chains: tuple[Chain, Chain, Chain],
    edge: tuple[float, float],
    parts: Results,
    threads: int,
) -> FloatArray:
    """Solve a chain of which a window varies, as `ladder.solve_between`, at all points.

    The numbers of the window, and `parts`, have the points on their last axis; loads and memory of
    the window are made here.
    """
    left, window, right = chains
    points = parts[1][0].shape[-1]
    fast = kernels(work, points)
    if fast is None:
        loads = blank_loads(len(window.links.B) + 1, (points,))
        whole = window._replace(loads=loads, memory=memory_of(window.runs, (points,)))
        return np.asarray(
            ladder.solve_between(listed(left), whole, listed(right), edge, parts, False)
        )
    missed = np.empty(points)
    bounds = [points * i // threads for i in range(threads + 1)]
    jobs = [
        (left, window, right, edge, parts, missed, *ends) for ends in itertools.pairwise(bounds)
    ]
    if threads == 1:
        fast.solve_points(*jobs[0])
        return missed
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        for job in [pool.submit(fast.solve_points, *arguments) for arguments in jobs]:
            job.result()
    return missed


def _filled(arrays: Any, values: Any) -> None:
    """Copy what lists were filled with into the arrays that they were made of."""
    for array, value in zip(arrays, values, strict=True):
        if isinstance(array, tuple):
            _filled(array, value)
        elif array is not None and len(array):
            array[...] = value
