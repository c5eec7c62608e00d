r"""Rows of two-ports joined to one, many at a time, and what is between them found again.

A two-port is a conductance B between its two nodes, and a shunt S to the ground at each. It is
cyclic reduction: every round eliminates every second of the nodes at hand, so that n nodes take
log2(n) rounds of whole-array operations, and points of a batch stand on the last axis. The rules of
elimination are those of Grassmann, Taksar and Heyman (doi:10.1287/opre.33.5.1107): shunts are row
sums, so no diagonal is ever formed and nothing is subtracted from it. With a plain LU, mu_s has a
relative error of 1e-4 at d_N/l_N = 1e-12, the paper's singular limit; with these rules 1e-16.

Elements are joined to layers (`spinfem.fem.twoport`), and normal layers to rows.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .._checks import BoolArray, FloatArray, IntArray

Nodes = IntArray | slice
"""Some nodes of a chain; a slice where they are evenly spaced, which copies nothing."""


class Round(NamedTuple):
    """Nodes `mid` that are eliminated at once, and what they were held by.

    Two-port k starts at node k, so `left` and `mid` also number the two-ports on either side.
    """

    left: Nodes
    mid: Nodes
    right: Nodes
    to_left: FloatArray  # B_left / T with T = B_left + B_right + S
    to_right: FloatArray  # B_right / T
    shunt_left: FloatArray  # B_left S / T, what becomes a shunt of the node on the left
    shunt_right: FloatArray


class Elimination(NamedTuple):
    """A chain in which some nodes have been eliminated.

    Two-port k is the one that starts at node k, and is valid where node k is left.

    Attributes
    ----------
    B : array, shape (n, ...)
        Conductances.
    S_left, S_right : array, shape (n, ...)
        Shunts of each two-port at its left and right node.
    rounds : list of Round
    """

    B: FloatArray
    S_left: FloatArray
    S_right: FloatArray
    rounds: list[Round]


@lru_cache(maxsize=256)
def _schedule(drop: bytes) -> list[tuple[Nodes, Nodes, Nodes]]:
    """Rounds in which the marked nodes go: every second one of each run of them."""
    marked = np.frombuffer(drop, dtype=bool)
    alive = np.arange(marked.size)
    rounds: list[tuple[Nodes, Nodes, Nodes]] = []
    while True:
        going = marked[alive]
        if not going.any():
            return rounds
        place = np.arange(alive.size)
        last_kept = np.maximum.accumulate(np.where(going, 0, place))
        now = np.flatnonzero(going & ((place - last_kept) % 2 == 1))
        rounds.append((_nodes(alive[now - 1]), _nodes(alive[now]), _nodes(alive[now + 1])))
        alive = np.delete(alive, now)


def _nodes(numbers: IntArray) -> Nodes:
    steps = np.diff(numbers)
    step = int(steps[0]) if steps.size else 1
    return slice(numbers[0], numbers[-1] + 1, step) if (steps == step).all() else numbers


def eliminate(
    B: FloatArray, S_left: FloatArray, S_right: FloatArray, drop: BoolArray
) -> Elimination:
    """Eliminate the marked nodes of a chain.

    Parameters
    ----------
    B, S_left, S_right : array, shape (n, ...)
        Conductance of every two-port, and its shunts. Something must hold every node that goes.
    drop : array of bool, shape (n + 1,)
        Which nodes go; never the first or the last.
    """
    B, S_left, S_right = B.copy(), S_left.copy(), S_right.copy()
    rounds = []
    for left, mid, right in _schedule(drop.tobytes()):
        B1, B2, shunt = B[left], B[mid], S_right[left] + S_left[mid]
        total = B1 + B2 + shunt
        to_left, to_right, to_ground = B1 / total, B2 / total, shunt / total
        shunt_left, shunt_right = B1 * to_ground, B2 * to_ground
        B[left] = B1 * to_right
        S_left[left] += shunt_left
        S_right[left] = S_right[mid] + shunt_right
        rounds.append(Round(left, mid, right, to_left, to_right, shunt_left, shunt_right))
    return Elimination(B, S_left, S_right, rounds)


def recover(chain: Elimination, u: FloatArray, J: FloatArray | None = None) -> None:
    """Fill in potentials, and currents if asked, of the eliminated part, in place.

    Parameters
    ----------
    chain : Elimination
        From `eliminate`.
    u : array, shape (n + 1, ..., *components)
        Potentials; those of the nodes that were kept are given.
    J : array, shape (n, ..., *components), optional
        Currents through the middle of every two-port; those of the two-ports that are left are
        given. They are not formed from potentials, since B (u_k - u_k+1) has lost all digits where
        B is large.
    """
    extra = (1,) * (u.ndim - chain.B.ndim)

    def shaped(a: FloatArray) -> FloatArray:
        return a.reshape(a.shape + extra)

    for r in reversed(chain.rounds):
        u1, u2 = u[r.left], u[r.right]
        u[r.mid] = shaped(r.to_left) * u1 + shaped(r.to_right) * u2
        if J is not None:
            after = J[r.left] - shaped(r.shunt_right) * u2
            J[r.left] = J[r.left] + shaped(r.shunt_left) * u1
            J[r.mid] = after
