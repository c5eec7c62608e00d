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

from .._checks import BoolArray, FloatArray, IntArray
from . import fast

Nodes = IntArray | slice
"""Some nodes of a chain; a slice where they are evenly spaced, which copies nothing."""


class Round(NamedTuple):
    """Nodes `mid` that are eliminated at once, and what they were held by.

    Two-port k starts at node k, so `left` and `mid` also number the two-ports on either side.
    """

    left: Nodes
    mid: Nodes
    right: Nodes
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
        rounds.append(
            Round(left, mid, right, total, to_left, to_right, to_ground, shunt_left, shunt_right)
        )
    return Elimination(B, S_left, S_right, rounds)


TIED = 0.01
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

    def inject(self, nodes: Nodes, *currents: FloatArray, rest: FloatArray | float = 0.0) -> None:
        """Add currents to some nodes, in place and without a loss, and to the rest as it is."""
        whole = self.whole[nodes]
        for current in currents:
            new = whole + current
            part = new - whole
            rest = rest + ((whole - (new - part)) + (current - part))  # what rounding left out
            whole = new
        self.whole[nodes] = whole
        self.rest[nodes] += rest


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
    P = forces.dipole
    pushes = []
    for r in chain.rounds:
        P1, P2 = P[r.left], P[r.mid]
        whole, rest = forces.whole[r.mid], forces.rest[r.mid]
        # 1 or 0: whether a current moves to the right, to the left
        tied = r.to_ground < TIED
        right = (tied & (r.to_right >= r.to_left)).astype(float)
        left = tied - right
        # after moving: the dipoles Q1, Q2, and what stays on the node
        current = whole + rest
        Q1 = P1 + left * (current - P2) - right * P1
        Q2 = P2 - right * (current + P1) - left * P2
        stays = current - (left + right) * current
        give_left = r.to_left * stays - Q1 * r.to_ground
        give_right = r.to_right * stays + Q2 * r.to_ground
        pushes.append(
            Push((stays + Q1 - Q2) / r.total, (P1 - Q1) - give_left, (P2 - Q2) + give_right)
        )
        dipole = left * P2 + right * P1
        forces.inject(r.left, left * whole, -dipole, rest=give_left + left * rest)
        forces.inject(r.right, right * whole, dipole, rest=give_right + right * rest)
        P[r.left] = Q1 * r.to_right + Q2 * r.to_left
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
            before = J[r.left] + shaped(r.shunt_left) * u1
            after = J[r.left] - shaped(r.shunt_right) * u2
            J[r.left] = before if pushes is None else before + pushes[k].current_left
            J[r.mid] = after if pushes is None else after + pushes[k].current_right


def solve(
    B: FloatArray, S_left: FloatArray, S_right: FloatArray, forces: Forces
) -> tuple[FloatArray, FloatArray]:
    """Solve for all nodes of a chain at once: `eliminate`, `drive` and `recover`.

    With numba it is several times faster (`spinfem.numerics.compiled`).

    Parameters
    ----------
    B, S_left, S_right : array, shape (n, N)
        As in `eliminate`.
    forces : Forces
        What drives the chain; changed in place.

    Returns
    -------
    u, J : array, shapes (n + 1, N) and (n, N)
        Potentials and currents.
    """
    u, J = np.zeros_like(forces.whole), np.zeros_like(B)
    compiled = fast.kernels()
    if compiled is not None:
        compiled.solve(*map(np.ascontiguousarray, (B, S_left, S_right, *forces)), TIED, u, J)
        return u, J
    inner = np.ones(u.shape[0], dtype=bool)
    inner[[0, -1]] = False
    eliminated = eliminate(B, S_left, S_right, inner)
    pushes = drive(eliminated, forces)
    J[0] = forces.dipole[0]
    recover(eliminated, u, J, pushes)
    return u, J
