"""The functions that solve chains: as they stand, or compiled by numba where there is one.

The text is the same: `spinfem.numerics.compiled` compiles the functions of this folder. Without
numba single chains are solved in floats, and batches in arrays over their points.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, partial
from itertools import pairwise
from typing import Any

import numpy as np

from .._checks import FloatArray
from . import ladder, layers, motion, turning
from .ladder import Chain
from .layers import Modes
from .loads import Links, Loads
from .motion import Legs, Magnets, Room, Table
from .rings import ALL, FOUND, SIZE
from .turning import Skeleton, Work


@cache
def compiled() -> Any:
    """Return `compiled.Kernels`, or None if there is no numba that works."""
    try:
        from . import compiled as module

        return module.kernels()
    except Exception:
        # there is none, or it does not fit numpy, or this text; there is no place for its cache;
        # or it is broken, and raises whatever it stumbles over
        return None


WORTH = 1.0
"""Seconds without numba from which on it is worth loading, which takes half of that."""
_spent = [0.0]
"""Seconds that all work so far has taken without it, as estimated."""
MOTION = 10**5
"""Links of any motion: how many steps it takes is not known before, and numba is worth it."""
PER_LINK, PER_OPERATION, PER_POINT = 8e-6, 2e-4, 2e-7
"""Seconds that a link takes in floats; and in arrays, and for every point of these."""


def kernels(work: int, points: int = 0, like: FloatArray | None = None) -> Any:
    """Return the compiled functions if they are loaded, or worth it.

    They are if the work at hand is, or what many small solves add up to.

    Parameters
    ----------
    work : int
        Links, or what takes as long.
    points : int
        Points of a batch; 0 for a single chain.
    like : array, optional
        Numbers of the chain; of complex ones, at a frequency, batches alone are compiled.
    """
    if like is not None and like.dtype != float and not points:
        return None
    if "numba" not in sys.modules:
        _spent[0] += work * (PER_OPERATION + PER_POINT * points if points else PER_LINK)
        if _spent[0] < WORTH:
            return None
    return compiled()


def blank_loads(links: Links, points: tuple[int, ...]) -> Loads:
    """Return loads to be filled; what is on the ground is zero."""
    return Loads(*np.zeros((5, len(links.B) + 1, *points), dtype=links.B.dtype))


def memory_of(runs: Any, points: tuple[int, ...] = ()) -> FloatArray | None:
    """Return memory for the rings of runs."""
    if runs is None:
        return None
    return np.empty((len(runs.m) + 2 * len(runs.ends), SIZE, *points), dtype=runs.B.dtype)


def found_of(runs: Any, points: tuple[int, ...] = (), whole: bool = True) -> FloatArray | None:
    """Return a place for what the rings of runs do."""
    if runs is None:
        return None
    size = ALL if whole else FOUND
    return np.empty((len(runs.m) + len(runs.ends), size, *points), dtype=runs.B.dtype)


def changed(change: Callable[[Any], Any], numbers: Any) -> Any:
    """Return what a function makes of arrays in tuples."""
    if isinstance(numbers, np.ndarray):
        return change(numbers)
    if isinstance(numbers, tuple):
        made = [changed(change, x) for x in numbers]
        return type(numbers)(*made) if hasattr(numbers, "_fields") else tuple(made)
    return numbers


def listed(numbers: Any) -> Any:
    """Return arrays in tuples as lists: floats are quick."""
    return changed(np.ndarray.tolist, numbers)


def assemble(work: int, *arguments: Any) -> None:
    """Make all links that are no runs: `links.assemble`, of tables.

    Parameters
    ----------
    work : int
        What it takes, in links.
    *arguments
        Two-ports (5, q), shape (4, links + 1), m (3, n + 2), `collinear`, and to be filled links
        (7, links), and these before they are turned (3, links).
    """
    fast = kernels(work, like=arguments[0])
    if fast is not None:
        fast.assemble(*arguments)
        return
    values = [listed(x) for x in arguments]
    ladder.assemble_tables(*values)
    _filled(arguments[4:], values[4:])


def solve_plain(work: int, *arguments: Any) -> tuple[float, float]:
    """Make and solve a single chain without runs, as `ladder.solve_plain`.

    Parameters
    ----------
    work : int
        What it takes, in links.
    *arguments
        As of `assemble`, and to be filled loads (5, links + 1), amplitudes and currents
        (2, links + 1), and what magnets take up at spacers (3, n + 2).
    """
    fast = kernels(work, like=arguments[0])
    if fast is not None:
        missed, heat = fast.solve_plain(*arguments)
        return missed, heat
    values = [listed(x) for x in arguments]
    missed, heat = ladder.solve_plain(*values)
    _filled(arguments[4:], values[4:])
    return missed, heat


def solve(work: int, chain: Chain, *results: Any) -> tuple[float, float]:
    """Solve a single chain, as `ladder.solve`; arguments are arrays."""
    fast = kernels(work, like=chain.links.B)
    if fast is not None:
        missed, heat = fast.solve(chain, *results)
        return missed, heat
    values = listed(chain), *map(listed, results)
    missed, heat = ladder.solve(*values)
    _filled((chain.loads, *results), (values[0].loads, *values[1:]))
    return missed, heat


def sweep(work: int, chain: Chain) -> None:
    """Carry the load on the ground through a whole chain, as `ladder.sweep`."""
    fast = kernels(work, like=chain.links.B)
    if fast is not None:
        fast.sweep(chain)
        return
    values = listed(chain)
    ladder.sweep(values, 0, len(values.links.B))
    _filled((chain.loads, chain.memory), (values.loads, values.memory))


def condense_halves(
    widths: FloatArray, n: int, square: FloatArray, modes: Modes
) -> tuple[FloatArray, FloatArray]:
    """Condense layers that are their own mirror images, as `layers.condense_halves`.

    Parameters
    ----------
    widths : ((n + 1)/2, k)
        Of the elements in their left halves.
    n : int
        Number of elements.
    square : (k,)
        ``(d/l)^2``, complex.
    modes : Modes
        What an element is condensed with.

    Returns
    -------
    B, S : (k,)
    """
    fast = kernels(n, square.size, square)
    if fast is None or square.size < fast.width:
        B, S, _ = layers.condense_halves(widths, n, square, modes)
        return B, S
    made = np.empty((2, square.size), dtype=complex)
    fast.condense_points(widths, n, square[None], modes, made)
    return made[0], made[1]


Part = tuple[FloatArray, FloatArray, FloatArray | None]
Results = tuple[Part, Part, Part]


def solve_points(
    work: int,
    chains: tuple[Chain, Chain, Chain],
    edge: FloatArray,
    parts: Results,
    threads: int,
) -> FloatArray:
    """Solve a chain of which a window varies, as `ladder.solve_between`, at all points.

    The numbers of the window, and `parts`, have the points on their last axis; loads and memory of
    the window are made here. Rods are numbered from the left, those behind the window too. Returned
    are what balances miss and the heat, (2, points).
    """
    points = parts[1][0].shape[-1]
    like = parts[1][0]
    fast = kernels(work, points, like)
    sums = np.empty((2, points), dtype=like.dtype)
    if fast is None:
        left, window, right = listed(chains[0]), _with_room(chains[1], points), listed(chains[2])
        amplitude, flow, found = parts[2]
        results = parts[0], parts[1], (amplitude[::-1], flow[::-1], found)
        sums[0], sums[1] = ladder.solve_between(left, window, right, edge, results, False)
    elif points >= fast.width:
        _solve_lanes(fast, chains, edge, parts, sums, threads)
    else:
        given = chains[1], parts, sums
        window, *found = changed(partial(_repeated, fast.width), given)
        _solve_lanes(fast, (chains[0], window, chains[2]), edge, found[0], found[1], 1)
        _filled((parts, sums), changed(lambda x: x[..., :points], tuple(found)))
    return sums


def _with_room(window: Chain, points: int) -> Chain:
    """Return a window with room for loads and memory at some points."""
    return window._replace(
        loads=blank_loads(window.links, (points,)), memory=memory_of(window.runs, (points,))
    )


def _solve_lanes(
    fast: Any,
    chains: tuple[Chain, Chain, Chain],
    edge: FloatArray,
    parts: Results,
    sums: FloatArray,
    threads: int,
) -> None:
    """Solve points by compiled code, in threads."""
    points, (left, window, right) = sums.shape[1], chains
    window = _in_all_lanes(fast.width, window)

    def solve(begin: int, end: int) -> None:
        own = _with_room(window, fast.width)
        fast.solve_points(left, own, right, edge, parts, sums, begin, end)

    _in_threads(solve, points, min(threads, points // fast.width))


def _in_threads(work: Callable[[int, int], None], points: int, pieces: int) -> None:
    """Do what there is to do from some point to another one, in pieces side by side."""
    if pieces == 1:
        work(0, points)
        return
    from concurrent.futures import ThreadPoolExecutor

    bounds = [points * i // pieces for i in range(pieces + 1)]
    with ThreadPoolExecutor(pieces) as pool:
        for job in [pool.submit(work, *ends) for ends in pairwise(bounds)]:
            job.result()


def turn_points(
    skeleton: Skeleton,
    room: Callable[[int], Work],
    m: FloatArray,
    collinear: float,
    lifts: FloatArray,
    threads: int,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Find what is taken up in many directions, of a current and of lifts: `turning.take_up`.

    Parameters
    ----------
    skeleton : Skeleton
        Its numbers have the points on their last axes, or these are 1 long.
    room : callable
        Makes room to work in at a number of points.
    m : (3, n, N)
        Magnetizations of the elements.
    collinear : float
        As of `turning.turn`.
    lifts : (c, 3, n, N)
        By what rods are lifted, one after the other.
    threads : int
        Threads that may be taken.

    Returns
    -------
    taken : (3, n, N)
        What the elements take up of a current of 1.
    responses : (c, 3, n, N)
        And when their rods are lifted.
    missed : (1, N)
        The largest of what balances miss of what they balance.
    """
    points = m.shape[-1]
    taken, responses, missed = np.empty_like(m), np.empty_like(lifts), np.empty((1, points))
    fast = kernels((1 + len(lifts)) * skeleton.shape.shape[1], points)
    given = skeleton, m, lifts
    found = taken, responses, missed
    if fast is None:
        _turn_arrays(*given, collinear, room(points), *found)
    elif points >= fast.width:
        _turn_lanes(fast, given, collinear, room, found, threads)
    else:
        wide = changed(partial(_repeated, fast.width), (*given, *found))
        _turn_lanes(fast, wide[:3], collinear, room, wide[3:], 1)
        _filled(found, changed(lambda x: x[..., :points], wide[3:]))
    return found


def run_points(
    magnets: Magnets,
    room: Callable[[int], Room],
    table: Table,
    legs: Legs,
    state: tuple[FloatArray, FloatArray, FloatArray],
    limits: tuple[float, float, int],
    threads: int,
) -> None:
    """Move magnets in time, as `motion.run`, at all points.

    Parameters
    ----------
    magnets : Magnets
        Their numbers have the points on their last axes, or these are 1 long.
    room : callable
        Makes room to work in at a number of points.
    table, legs
        As of `motion.run`.
    state : tuple of array
        `y`, `clock` and `samples` as there, with the points on their last axes; changed.
    limits : tuple
        Tolerance, `collinear` and how many steps may be tried in a leg.
    threads : int
        Threads that may be taken.
    """
    fast = kernels(MOTION, state[0].shape[-1])
    if fast is None:

        def move_all(those: Magnets, own: Room, changing: Any, fixed: Any) -> None:
            (method, times), (y, clock, samples) = fixed, changing
            motion.run(those, own, method, times, y, clock, samples, *limits)

        _move_uncompiled(move_all, magnets, room, state, (table, legs))
        return
    if state[0].shape[-1] == 1:
        those, own, changing = _of_one((magnets, room(1), state))
        fast.run_one(those, own, table, legs, *changing, *limits)
        return

    def move(those: Magnets, changing: Any, begin: int, end: int) -> None:
        own = room(fast.width)
        fast.run_points(those, own, table, legs, *changing, *limits, begin, end)

    _move_lanes(fast.width, move, magnets, state, threads)


def shake_points(
    magnets: Magnets,
    room: Callable[[int], Room],
    state: tuple[FloatArray, FloatArray],
    step: float,
    collinear: float,
    threads: int,
) -> None:
    """Move magnets in noise, as `motion.shaken`, at all points.

    Parameters
    ----------
    magnets, room, threads
        As of `run_points`.
    state : tuple of array
        `y`, and `noise`, with the points on their last axes; y is changed.
    step, collinear
        As of `motion.shaken`.
    """
    fast = kernels(MOTION, state[0].shape[-1])
    if fast is None:

        def move_all(those: Magnets, own: Room, changing: Any, _: Any) -> None:
            motion.shaken(those, own, changing[0], step, changing[1], collinear)

        _move_uncompiled(move_all, magnets, room, state)
        return

    def move(those: Magnets, changing: Any, first: int, last: int) -> None:
        ways, fields = changing
        own = room(fast.width)
        fast.shake_points(those, own, ways, fields, step, collinear, first, last)

    _move_lanes(fast.width, move, magnets, state, threads)


def _move_uncompiled(
    move: Callable[..., None],
    magnets: Magnets,
    room: Callable[[int], Room],
    state: tuple[FloatArray, ...],
    fixed: Any = (),
) -> None:
    """Move magnets without numba: a single point in floats, several in arrays over them."""
    points = state[0].shape[-1]
    if points > 1:
        move(magnets, room(points), state, fixed)
        return
    those, own, changing = _of_one((magnets, room(1), state))
    values = listed(changing)
    move(listed(those), listed(own), values, listed(fixed))
    _filled(changing, values)


def _of_one(numbers: Any) -> Any:
    """Return views of a single point without the axis of points."""
    return changed(lambda x: x[..., 0] if x.dtype == float else x, numbers)


def _move_lanes(
    width: int, move: Callable[..., None], magnets: Magnets, state: Any, threads: int
) -> None:
    """Move magnets at all points by compiled code, in threads; what is too few is filled up."""
    points = state[0].shape[-1]
    groups = -(-points // width)
    given, moving = magnets, state
    if groups * width > points:

        def wider(numbers: FloatArray) -> FloatArray:
            own = numbers.shape[-1] == points
            return _repeated(groups * width, numbers) if own else numbers

        given, moving = changed(wider, (magnets, state))
    given = _in_all_lanes(width, given)
    _in_threads(
        lambda begin, end: move(given, moving, begin * width, end * width),
        groups,
        min(threads, groups),
    )
    if moving is not state:
        _filled(state, changed(lambda x: x[..., :points], moving))


def _turn_arrays(
    skeleton: Skeleton,
    m: FloatArray,
    lifts: FloatArray,
    collinear: float,
    work: Work,
    taken: FloatArray,
    responses: FloatArray,
    missed: FloatArray,
) -> None:
    """Turn a chain at all points by arrays."""
    turning.turn(skeleton, work, m, collinear)
    missed[0] = turning.take_up(skeleton, work, m, m, False, taken)
    for lift, response in zip(lifts, responses, strict=True):
        rest = turning.take_up(skeleton, work, m, lift, True, response)
        np.maximum(missed, rest, out=missed)


def _turn_lanes(
    fast: Any, given: Any, collinear: float, room: Callable[[int], Work], found: Any, threads: int
) -> None:
    """Turn a chain at points by compiled code, in threads."""
    skeleton, *rest = given
    skeleton = _in_all_lanes(fast.width, skeleton)
    _in_threads(
        lambda begin, end: fast.turn_points(
            skeleton, *rest, collinear, room(fast.width), *found, begin, end
        ),
        found[-1].size,
        min(threads, found[-1].size // fast.width),
    )


def _in_all_lanes(width: int, numbers: Any) -> Any:
    """Return numbers of which those that all points have are there once for every lane."""
    return changed(
        lambda x: x.repeat(width, -1) if x.shape[-1] == 1 and not _counts(x) else x, numbers
    )


def _counts(numbers: FloatArray) -> bool:
    """Tell whether numbers are integers, which all points have."""
    return numbers.dtype.kind == "i"


def _repeated(points: int, numbers: Any) -> Any:
    """Return numbers over fewer points with the last of these repeated."""
    if _counts(numbers) or not numbers.size:
        return numbers
    return numbers.take(np.arange(points), axis=-1, mode="clip")


def _filled(arrays: Any, values: Any) -> None:
    """Copy what lists were filled with into the arrays that they were made of."""
    for array, value in zip(arrays, values, strict=True):
        if isinstance(array, tuple):
            _filled(array, value)
        elif array is not None and len(array):
            array[...] = value
