"""The kernel of `spinfem.chain.solve`, compiled by numba (the extra `fast`).

It goes along the chain node by node instead of round by round, some points at a time, by the same
rules: what is on the left of a node is one two-port from the ground.
"""

from __future__ import annotations

import numba
import numpy as np

from ._checks import FloatArray

_WIDTH = 64
"""Points that go along together, in registers and the nearest cache."""


@numba.njit("void({0},{0},{0},{0},{0},{0},f8,{0},{0})".format("f8[:,::1]"), cache=True)
def solve(
    B: FloatArray,
    S_left: FloatArray,
    S_right: FloatArray,
    whole: FloatArray,
    rest: FloatArray,
    dipole: FloatArray,
    tied: float,
    u: FloatArray,
    J: FloatArray,
) -> None:
    """Solve for all potentials and currents of a chain.

    Parameters
    ----------
    B, S_left, S_right : array, shape (n, N)
        Two-ports, as in `spinfem.chain.eliminate`.
    whole, rest, dipole : array, shape (n + 1, N)
        As in `spinfem.chain.Forces`.
    tied : float
        Share of a current below which a node is tied to its neighbours.
    u, J : array, shapes (n + 1, N) and (n, N)
        Filled in.
    """
    n, points = B.shape
    width = min(_WIDTH, points)
    # of every node: what `Round` and `Push` have
    to_right, shunt_right = np.empty((n, width)), np.empty((n, width))
    potential = np.empty((n, width))
    current_left, current_right = np.empty((n, width)), np.empty((n, width))
    # the two-port from the ground to the node at hand, and the force on this node
    B1, S1, P1 = np.empty(width), np.empty(width), np.empty(width)
    node_whole, node_rest = np.empty(width), np.empty(width)
    # going back: the current from the ground and the potential of the node on the right
    J1, u2 = np.empty(width), np.empty(width)

    for first in range(0, points, width):
        columns = min(width, points - first)
        for c in range(columns):
            B1[c], S1[c], P1[c] = B[0, first + c], S_right[0, first + c], dipole[0, first + c]
            node_whole[c], node_rest[c] = whole[1, first + c], rest[1, first + c]
        for k in range(1, n):
            for c in range(columns):
                i = first + c
                B2, P2, shunt = B[k, i], dipole[k, i], S1[c] + S_left[k, i]
                total = B1[c] + B2 + shunt
                left, right, ground = B1[c] / total, B2 / total, shunt / total
                # 1 or 0: whether the current moves
                moves_right = 1.0 if ground < tied and right >= left else 0.0
                moves_left = 1.0 if ground < tied and right < left else 0.0
                current = node_whole[c] + node_rest[c]
                Q1 = P1[c] + moves_left * (current - P2) - moves_right * P1[c]
                Q2 = P2 - moves_right * (current + P1[c]) - moves_left * P2
                stays = current - (moves_left + moves_right) * current
                give_right = right * stays + Q2 * ground
                to_right[k, c], shunt_right[k, c] = right, B2 * ground
                potential[k, c] = (stays + Q1 - Q2) / total
                current_left[k, c] = (P1[c] - Q1) - (left * stays - Q1 * ground)
                current_right[k, c] = (P2 - Q2) + give_right
                # what is given to the next node, without a loss
                old, add = whole[k + 1, i], moves_right * node_whole[c]
                new = old + add
                part = new - old
                lost = (old - (new - part)) + (add - part)
                old, add = new, moves_left * P2 + moves_right * P1[c]
                new = old + add
                part = new - old
                lost += (old - (new - part)) + (add - part)
                node_rest[c] = rest[k + 1, i] + (lost + give_right + moves_right * node_rest[c])
                node_whole[c] = new
                P1[c] = Q1 * right + Q2 * left
                B1[c], S1[c] = B1[c] * right, S_right[k, i] + B2 * ground
        for c in range(columns):
            J1[c], u2[c] = P1[c], 0.0
        for k in range(n - 1, 0, -1):
            for c in range(columns):
                J[k, first + c] = J1[c] - shunt_right[k, c] * u2[c] + current_right[k, c]
                J1[c] += current_left[k, c]
                u2[c] = to_right[k, c] * u2[c] + potential[k, c]
                u[k, first + c] = u2[c]
        for c in range(columns):
            J[0, first + c] = J1[c]
            u[0, first + c] = u[n, first + c] = 0.0
