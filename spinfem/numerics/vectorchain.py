r"""Chains of rings that move in three directions: block-tridiagonal systems, many at a time.

Node k is coupled to its neighbours alone, by blocks of 3 by 3. Cyclic reduction eliminates every
second of the nodes at hand in one round of whole-array operations. Points of a batch stand on the
second axis.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._checks import FloatArray


class Round(NamedTuple):
    """Nodes 1, 3, 5, ... of those at hand, eliminated at once."""

    inverse: FloatArray  # of their own blocks
    up: FloatArray  # rows of the nodes before, columns of these
    down: FloatArray  # rows of the nodes behind, columns of these
    to_before: FloatArray  # inverse times the blocks of these with the nodes before
    to_behind: FloatArray


class Factors(NamedTuple):
    """A factored matrix."""

    rounds: list[Round]
    last: FloatArray  # inverse of the block of the node that is left


def factor(diagonal: FloatArray, lower: FloatArray, upper: FloatArray) -> Factors:
    """Factor a block-tridiagonal matrix.

    Parameters
    ----------
    diagonal : array, shape (k, N, 3, 3)
        Blocks of the nodes.
    lower, upper : array, shape (k - 1, N, 3, 3)
        Row i + 1, column i, and row i, column i + 1.
    """
    rounds = []
    while diagonal.shape[0] > 1:
        inverse = _inverse(diagonal[1::2])
        count = upper[1::2].shape[0]  # the last of these nodes may have none behind
        up, down = upper[::2], lower[1::2]
        to_before, to_behind = inverse @ lower[::2], inverse[:count] @ upper[1::2]
        rounds.append(Round(inverse, up, down, to_before, to_behind))
        diagonal = diagonal[::2].copy()
        diagonal[: up.shape[0]] -= up @ to_before
        diagonal[1 : 1 + count] -= down @ to_behind
        lower, upper = -down @ to_before[:count], -up[:count] @ to_behind
    return Factors(rounds, _inverse(diagonal))


def solve(factors: Factors, load: FloatArray) -> FloatArray:
    """Solve for the nodes; the load has shape (k, N, 3)."""
    owns = []
    for r in factors.rounds:
        own = _times(r.inverse, load[1::2])
        owns.append(own)
        load = load[::2].copy()
        load[: len(own)] -= _times(r.up, own)
        load[1 : 1 + len(r.down)] -= _times(r.down, own[: len(r.down)])
    u = _times(factors.last, load)
    for r, own in zip(reversed(factors.rounds), reversed(owns), strict=True):
        own -= _times(r.to_before, u[: len(own)])
        own[: len(r.down)] -= _times(r.to_behind, u[1 : 1 + len(r.down)])
        both = np.empty((len(u) + len(own), *u.shape[1:]))
        both[::2], both[1::2] = u, own
        u = both
    return u


def _inverse(blocks: FloatArray) -> FloatArray:
    """Inverses by elimination: stiff directions keep their digits, which cofactors lose.

    No pivots are sought: the symmetric parts are positive definite.
    """
    inverse = blocks.copy()
    for k in range(3):
        pivot = 1 / inverse[..., k, k]
        row = inverse[..., k, :] * pivot[..., None]
        column = inverse[..., :, k].copy()
        inverse -= column[..., None] * row[..., None, :]
        inverse[..., :, k] = -column * pivot[..., None]
        row[..., k] = pivot
        inverse[..., k, :] = row
    return inverse


def _times(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("...ij,...j->...i", matrix, vector))
