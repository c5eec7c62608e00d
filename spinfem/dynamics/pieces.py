"""Functions of time as polynomials in pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import chebyshev

from .._checks import FloatArray

DEGREE = 11
CLOSE = 1e-10
"""By what pieces may miss a function, in its largest value."""
FIRST, SHORTEST = 8, 2.0**-36
"""Pieces of a function at first, and the shortest, of the whole time: jumps end in these."""
MOST = 200_000


class Pieces(NamedTuple):
    """Polynomials of u, which goes from -1 to 1 in every piece."""

    edges: FloatArray  # (d + 1,) s
    numbers: FloatArray  # (d, c, k) of k functions


def constant(values: FloatArray, begin: float, end: float) -> Pieces:
    """Return what does not change, of values (k,)."""
    return Pieces(np.array([begin, end]), np.asarray(values, dtype=float)[None, None])


def pieces_of(
    quantity: str, function: Callable[[FloatArray], Any], begin: float, end: float, count: int
) -> Pieces:
    """Return a function of time as polynomials, as close as roundings matter.

    Parameters
    ----------
    quantity : str
        What it is, for messages.
    function : callable
        Of times (q,), s, to values (q,) or (q, k).
    begin, end : float
        From when until when, s.
    count : int
        Functions that it is, k.

    Raises
    ------
    ValueError
        If its values are not finite numbers of that shape, or it takes too many pieces.
    """
    nodes = chebyshev.chebpts2(DEGREE + 1)
    between = (nodes[1:] + nodes[:-1]) / 2
    to_numbers = np.linalg.inv(np.vander(nodes, increasing=True))
    check = np.vander(between, DEGREE + 1, increasing=True)

    def wrong(got: str) -> ValueError:
        shape = f"(q, {count})" if count > 1 else "(q,)"
        return ValueError(
            f"{quantity} as a function of time must give finite numbers of shape {shape} for times "
            f"(q,), got {got}"
        )

    def values(times: FloatArray) -> FloatArray:
        found = np.asarray(function(times.ravel()), dtype=float)
        right = (times.size, count) if count > 1 else (times.size,)
        if found.shape not in (right, (times.size, count)):
            raise wrong(f"shape {found.shape} for {times.size} times")
        if not np.isfinite(found).all():
            bad = np.argwhere(~np.isfinite(found))[0]
            raise wrong(f"{found[tuple(bad)]:g} at {times.ravel()[bad[0]]:g} s")
        return found.reshape(*times.shape, count)

    edges = np.linspace(begin, end, FIRST + 1)
    open_ = np.stack([edges[:-1], edges[1:]], axis=1)
    largest, done = 0.0, []
    while len(open_):
        length = open_[:, 1:] - open_[:, :1]
        middle = open_.mean(axis=1)
        here = values(middle[:, None] + length / 2 * nodes)
        largest = max(largest, float(np.abs(here).max()))
        numbers = np.einsum("ij,pjk->pik", to_numbers, here)
        there = values(middle[:, None] + length / 2 * between)
        missed = np.abs(np.einsum("ij,pjk->pik", check, numbers) - there).max(axis=(1, 2))
        close = (missed <= CLOSE * largest) | (length[:, 0] <= SHORTEST * (end - begin))
        done += [(*pair, n) for pair, n in zip(open_[close].tolist(), numbers[close], strict=True)]
        rest, middle = open_[~close], middle[~close]
        if len(done) + 2 * len(rest) > MOST:
            raise ValueError(
                f"{quantity} as a function of time must be smooth in all but some places, got one "
                f"that takes more than {MOST} pieces"
            )
        open_ = np.concatenate(
            [np.stack([rest[:, 0], middle], 1), np.stack([middle, rest[:, 1]], 1)]
        )
    done.sort(key=lambda piece: piece[0])
    return Pieces(np.array([*(a for a, *_ in done), end]), np.array([n for *_, n in done]))


def at_all_edges(*functions: Pieces) -> tuple[FloatArray, list[FloatArray]]:
    """Return the edges of all, and the numbers of each in pieces between these, (d, c, k)."""
    edges = np.unique(np.concatenate([function.edges for function in functions]))
    return edges, [_cut(function, edges) for function in functions]


def _cut(function: Pieces, edges: FloatArray) -> FloatArray:
    """Return the polynomials of pieces that end at other edges too."""
    which = np.searchsorted(function.edges[1:-1], edges[:-1], side="right")
    begin, end = function.edges[which], function.edges[which + 1]
    scale = np.diff(edges) / (end - begin)
    shift = (edges[:-1] + edges[1:] - begin - end) / (end - begin)
    numbers = function.numbers[which]
    if ((shift == 0) & (scale == 1)).all():
        return numbers
    found = np.zeros_like(numbers)
    for i in range(numbers.shape[1] - 1, -1, -1):  # Horner's rule with u -> shift + scale u
        found[:, 1:] = shift[:, None, None] * found[:, 1:] + scale[:, None, None] * found[:, :-1]
        found[:, 0] = shift[:, None] * found[:, 0]
        found[:, 0] += numbers[:, i]
    return found
