"""Times and memory, measured alike for everything."""

from __future__ import annotations

import gc
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

ROUNDS = 5
MOST = 200
"""Most calls of one function in a round."""
SLOW = 10.0
"""A call of that many seconds needs no second one to be warm."""


class Prepared(NamedTuple):
    """A function that is timed on something made anew for every call, which is not timed."""

    make: Callable[[], Any]
    function: Callable[[Any], object]


Timed = Callable[[], object] | Prepared


def medians(functions: list[Timed], seconds: float) -> list[float]:
    """Return the median time of one call of every function, warm, in seconds.

    Each is called twice before (once, if that takes longer than `SLOW`), then in rounds in which
    they take turns, so that a machine that slows down slows all of them; the garbage collector is
    off. What takes longer than `seconds` a call is timed once only.

    Parameters
    ----------
    functions : list of callables or Prepared
        What to time.
    seconds : float
        About how long to time each.
    """
    once = []
    for f in functions:
        cold = _times(f, 1)[0]
        once.append(cold if cold > SLOW else _times(f, 1)[0])
    counts = [min(MOST, max(1, int(seconds / ROUNDS / t))) for t in once]
    found: list[list[float]] = [[] for _ in functions]
    for _ in range(ROUNDS):
        for f, count, times, t in zip(functions, counts, found, once, strict=True):
            if t < seconds or not times:
                times += _times(f, count)
    return [statistics.median(times) for times in found]


def _times(f: Timed, count: int) -> list[float]:
    """Time some calls, one after another."""
    make, function = f if isinstance(f, Prepared) else (None, f)
    gc.collect()  # before all of them: between calls it would leave them cold caches
    gc.disable()
    times = []
    try:
        for _ in range(count):
            if make is None:
                start = time.perf_counter()
                function()
                times.append(time.perf_counter() - start)
                continue
            made = make()
            start = time.perf_counter()
            function(made)
            times.append(time.perf_counter() - start)
    finally:
        gc.enable()
    return times


def peak_memory() -> float:
    """Return the peak resident memory of this process so far, MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def children_time() -> float:
    """Return the CPU time of all processes that this one has started and that ended, s."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
