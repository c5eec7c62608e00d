r"""Chains of two-ports: eliminated without a subtraction, many at a time.

A two-port joins two neighbouring nodes of a chain. It is a conductance B between them, a shunt S
to the ground at each, and a dipole P that drives a current from its left to its right node; F is
a current injected into a node. With potentials u, the current through the middle of two-port k,
which joins nodes k and k + 1, is ``J_k = P_k + B_k (u_k - u_k+1)``, and at every node
``J_k-1 - J_k + F_k = (S_right,k-1 + S_left,k) u_k``. The first and the last node are the ground,
u = 0.

One algorithm serves three levels: the elements of a layer, the layers of a run of normal metals,
and the rods of the ferromagnets. It is cyclic reduction: every round eliminates every second of
the nodes at hand, so that n nodes take log2(n) rounds of whole-array operations, and points of a
batch stand on the last axis. The rules of elimination are those of Grassmann, Taksar and
Heyman (doi:10.1287/opre.33.5.1107): shunts are row sums, so no diagonal is ever formed and
nothing is subtracted from it. With a plain LU, mu_s has a relative error of 1e-4 at
d_N/l_N = 1e-12, the paper's singular limit; with these rules 1e-16.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ._checks import BoolArray, FloatArray, IntArray


class Round(NamedTuple):
    """Nodes `mid` that are eliminated at once, and what they were held by.

    Two-port k starts at node k, so `left` and `mid` also number the two-ports on either side.
    """

    left: IntArray
    mid: IntArray
    right: IntArray
    total: FloatArray  # T = B_left + B_right + S
    to_left: FloatArray  # B_left / T
    to_right: FloatArray  # B_right / T
    to_ground: FloatArray  # S / T
    shunt_left: FloatArray  # B_left S / T, what becomes a shunt of the node on the left
    shunt_right: FloatArray


class Push(NamedTuple):
    """What the sources of one round add when the chain is solved."""

    potential: FloatArray  # to u of the nodes `mid`
    current_left: FloatArray  # to J of the two-ports on their left
    current_right: FloatArray


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
def _schedule(drop: bytes) -> list[tuple[IntArray, IntArray, IntArray]]:
    """Rounds in which the marked nodes go: every second one of each run of them."""
    marked = np.frombuffer(drop, dtype=bool)
    alive = np.arange(marked.size)
    rounds: list[tuple[IntArray, IntArray, IntArray]] = []
    while True:
        going = marked[alive]
        if not going.any():
            return rounds
        place = np.arange(alive.size)
        last_kept = np.maximum.accumulate(np.where(going, 0, place))
        now = np.flatnonzero(going & ((place - last_kept) % 2 == 1))
        rounds.append((alive[now - 1], alive[now], alive[now + 1]))
        alive = np.delete(alive, now)


def eliminate(
    B: FloatArray,
    S_left: FloatArray,
    S_right: FloatArray,
    drop: BoolArray,
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
    for left, mid, right in _schedule(np.asarray(drop, dtype=bool).tobytes()):
        B1, B2, shunt = B[left], B[mid], S_right[left] + S_left[mid]
        total = B1 + B2 + shunt
        to_left, to_right, to_ground = B1 / total, B2 / total, shunt / total
        shunt_left, shunt_right = B1 * to_ground, B2 * to_ground
        B[left] = B1 * to_right
        S_left[left] += shunt_left
        S_right[left] = S_right[mid] + shunt_right
        rounds.append(
            Round(left, mid, right, total, to_left, to_right, to_ground, shunt_left, shunt_right)
        )
    return Elimination(B, S_left, S_right, rounds)


_TIED = 0.01
"""A node whose shunt takes less than this share of a current is tied to its neighbours."""


class Forces(NamedTuple):
    """Currents injected into the nodes of a chain, and dipoles on its two-ports.

    The current is ``whole + rest``, in twice the digits of a double: what has been moved, and what
    has been divided or rounded off.
    """

    whole: FloatArray  # (n + 1, ...)
    rest: FloatArray  # (n + 1, ...)
    dipole: FloatArray  # (n + 1, ...) P of the two-port that starts at the node

    @classmethod
    def at(cls, current: FloatArray) -> Forces:
        """Forces that are just currents, shape (n + 1, ...)."""
        return cls(current.copy(), np.zeros_like(current), np.zeros_like(current))

    def inject(self, nodes: IntArray, current: FloatArray) -> None:
        """Add currents to some nodes, in place and without a loss."""
        old = self.whole[nodes]
        new = old + current
        part = new - old
        self.rest[nodes] += (old - (new - part)) + (current - part)
        self.whole[nodes] = new


def drive(chain: Elimination, forces: Forces) -> list[Push]:
    """Eliminate what is injected into the nodes that a chain has lost; changes `forces` in place.

    A current is first moved to the neighbour that a tied node is held by, which leaves a dipole P
    on the two-port between them, and only what the dipole drives is then divided. So currents that
    balance on nodes held close together cancel exactly, and what is left of them is right to
    all digits. Divided at once, it is not: mu_s of a symmetric valve with d_N/l_N = 1e-12 has a
    relative error of 1e-4, since two driving forces leave 1e-12 of each.

    Parameters
    ----------
    chain : Elimination
        From `eliminate`.
    forces : Forces
        What drives the chain; after it, what drives what is left of it.

    Returns
    -------
    list of Push
        One for every round of the elimination, for `recover`.
    """
    whole, rest, P = forces
    pushes = []
    for r in chain.rounds:
        P1, P2, f, e = P[r.left], P[r.mid], whole[r.mid], rest[r.mid]
        tied = r.to_ground < _TIED
        right = tied & (r.to_right >= r.to_left)
        left = tied & ~right
        injected = f + e
        # after moving: the dipoles Q1, Q2 and what stays on the node
        Q1 = np.where(right, 0.0, np.where(left, P1 + (injected - P2), P1))
        Q2 = np.where(left, 0.0, np.where(right, P2 - (injected + P1), P2))
        stays = np.where(tied, 0.0, injected)
        give_left = r.to_left * stays - Q1 * r.to_ground
        give_right = r.to_right * stays + Q2 * r.to_ground
        dipole = np.where(left, P2, np.where(right, P1, 0.0))
        forces.inject(r.left, np.where(left, f, 0.0))
        forces.inject(r.left, -dipole)
        rest[r.left] += give_left + np.where(left, e, 0.0)
        forces.inject(r.right, np.where(right, f, 0.0))
        forces.inject(r.right, dipole)
        rest[r.right] += give_right + np.where(right, e, 0.0)
        P[r.left] = Q1 * r.to_right + Q2 * r.to_left
        pushes.append(
            Push((stays + Q1 - Q2) / r.total, (P1 - Q1) - give_left, (P2 - Q2) + give_right)
        )
    return pushes


def recover(
    chain: Elimination, u: FloatArray, J: FloatArray | None = None, pushes: list[Push] | None = None
) -> None:
    """Fill in potentials, and currents if asked, of the eliminated part, in place.

    Parameters
    ----------
    chain : Elimination
        From `eliminate`.
    u : array, shape (n + 1, ..., *components)
        Potentials; those of the nodes that were kept are given.
    J : array, shape (n, ..., *components), optional
        Currents; those of the two-ports that are left are given. They are not formed from
        potentials, since B (u_k - u_k+1) has lost all digits where B is large.
    pushes : list of Push, optional
        From `drive`.
    """
    extra = (1,) * (u.ndim - chain.B.ndim)

    def shaped(a: FloatArray) -> FloatArray:
        return a.reshape(a.shape + extra)

    for k in range(len(chain.rounds) - 1, -1, -1):
        r = chain.rounds[k]
        u1, u2 = u[r.left], u[r.right]
        middle = shaped(r.to_left) * u1 + shaped(r.to_right) * u2
        u[r.mid] = middle if pushes is None else middle + pushes[k].potential
        if J is not None:
            through = J[r.left]
            J[r.left] = through + shaped(r.shunt_left) * u1
            J[r.mid] = through - shaped(r.shunt_right) * u2
            if pushes is not None:
                J[r.left] += pushes[k].current_left
                J[r.mid] += pushes[k].current_right
