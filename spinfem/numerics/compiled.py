"""Rods in balance, compiled by numba (the extra `fast`).

`solve` is the kernel of `chain.solve`. It goes along the chain node by node instead of
round by round, some points at a time, by the same rules: what is on the left of a node is one
two-port from the ground. `balance` does for a single stack what `spinfem.solvers.rods` and
`spinfem.solvers.faces` do with whole arrays; functions have the names of those whose formulas they
hold. `differentiate` is the last step of `spinfem.solvers.singleslopes`.
"""

from __future__ import annotations

import numba
import numpy as np

from .._checks import BoolArray, FloatArray, IntArray

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
        Two-ports, as in `spinfem.numerics.chain.eliminate`.
    whole, rest, dipole : array, shape (n + 1, N)
        As in `spinfem.numerics.chain.Forces`.
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


@numba.njit(error_model="numpy")
def angle(a: FloatArray, b: FloatArray) -> tuple[float, float, float]:
    """Return sign, magnitude and rest of the cosine between two vectors: `directions.angle`."""
    dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    sign = -1.0 if dot < 0 else 1.0
    if abs(dot) <= 0.5:
        return sign, abs(dot), 1 - abs(dot)
    rest = 0.0
    for c in range(3):
        rest += (b[c] - sign * a[c]) ** 2 / 2
    return sign, 1 - rest, rest


@numba.njit(error_model="numpy")
def pull(v: FloatArray, m: FloatArray, strength: float, taken: FloatArray) -> None:
    """Add the part of v across m, `directions.across`, times a strength to what is taken up."""
    sign = -1.0 if v[0] * m[0] + v[1] * m[1] + v[2] * m[2] < 0 else 1.0
    along = 0.0
    for c in range(3):
        along += (v[c] - sign * m[c]) * m[c]
    for c in range(3):
        taken[c] += strength * ((v[c] - sign * m[c]) - along * m[c])


@numba.njit(
    "(f8[:, ::1], b1[::1], intp[::1], intp[::1], b1[::1], f8)", cache=True, error_model="numpy"
)
def turns(
    m: FloatArray,
    pinned: BoolArray,
    magnets: IntArray,
    own: IntArray,
    contact: BoolArray,
    collinear: float,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return `free`, `facing` and, in columns, the angles of `rods.Turns`; as `rods.turns`."""
    free, facing = np.empty(pinned.size), np.ones(pinned.size)
    angles = np.empty((pinned.size - 1, 3))
    for rod in range(pinned.size):
        free[rod] = 0.0 if pinned[rod] else 1.0
    for i in range(contact.size):
        if contact[i]:
            sign, _, rest = angle(m[magnets[i]], m[magnets[i + 1]])
            rod = own[i + 1]
            free[rod], facing[rod] = 1.0 if rest <= collinear else 0.0, sign
    for link in range(pinned.size - 1):
        cosine = free[link] * free[link + 1]
        angles[link, 0], angles[link, 1], angles[link, 2] = facing[link], cosine, 1 - cosine
    for i in range(contact.size):
        if not contact[i]:
            relation = angle(m[magnets[i]], m[magnets[i + 1]])
            spacer = own[i] + 1
            angles[spacer, 0], angles[spacer, 1], angles[spacer, 2] = relation
    return free, facing, angles


@numba.njit("(f8[:, ::1], f8[:, ::1], f8[:, ::1], f8)", cache=True, error_model="numpy")
def respond(
    links: FloatArray, angles: FloatArray, force: FloatArray, tied: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Let rods give way to some forces: `rods.respond`.

    Parameters
    ----------
    links, tied
        As in `balance`.
    angles : array, shape (r, 3)
        As from `turns`.
    force : array, shape (r + 1, c)
        Currents into the rods, 0 where mu_s = 0.

    Returns
    -------
    amplitude, current_left, current_right : array, shapes (r + 1, c), (r, c) and (r, c)
        As in `rods.Balance`.
    """
    r, columns = force.shape[0] - 1, force.shape[1]
    shape = (r, columns)
    B, S_left, S_right = np.empty(shape), np.empty(shape), np.empty(shape)
    signed = np.zeros_like(force)
    sense = np.ones(r + 1)
    for i in range(r):
        sign, cosine, rest = angles[i]
        sense[i + 1] = sense[i] * sign
        across = links[0, i] * rest
        for c in range(columns):
            B[i, c] = links[0, i] * cosine
            S_left[i, c], S_right[i, c] = links[1, i] + across, links[2, i] + across
            signed[i, c] = sense[i] * force[i, c]
    u, J_left, J_right = np.empty_like(force), np.empty(shape), np.empty(shape)
    solve(B, S_left, S_right, signed, np.zeros_like(u), np.zeros_like(u), tied, u, J_left)
    for i in range(r):
        for c in range(columns):
            u[i, c] *= sense[i]
            J_right[i, c] = sense[i + 1] * J_left[i, c]
            J_left[i, c] *= sense[i]
    return u, J_left, J_right


@numba.njit(
    "(f8[::1], f8[:, ::1], intp[::1], b1[::1], intp[::1], intp[::1], b1[::1], f8[:, ::1], f8, f8)",
    cache=True,
    error_model="numpy",
)
def balance(
    p: FloatArray,
    m: FloatArray,
    face: IntArray,
    pinned: BoolArray,
    magnets: IntArray,
    own: IntArray,
    contact: BoolArray,
    links: FloatArray,
    collinear: float,
    tied: float,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Balance the forces on all rods of a single stack: `rods.balance`.

    Parameters
    ----------
    p, m : array, shapes (n + 2,) and (n + 2, 3)
        Numbers of all elements, as in `elements.Elements`.
    face, pinned, magnets, own, contact : array
        As in `rods.Layout`.
    links : array, shape (3, r)
        B and the shunts on the left and on the right of every link.
    collinear : float
        Largest ``1 - |cos|`` of collinear magnets in contact.
    tied : float
        As in `solve`.

    Returns
    -------
    amplitude, current_left, current_right : array, shapes (r + 1, 1), (r, 1) and (r, 1)
        As in `rods.Balance`.
    at_magnets : array, shape (2, f, 1)
        Amplitudes on the left and on the right of every magnet.
    pulled : array, shape (f, 1, 3)
        What every magnet takes up at its faces to normal metals, without contacts.
    """
    free, facing, angles = turns(m, pinned, magnets, own, contact, collinear)
    r = face.size - 1
    force = np.zeros((r + 1, 1))
    for rod in range(1, r):
        force[rod, 0] = free[rod] * (p[face[rod] - 1] - facing[rod] * p[face[rod]])
    u, J_left, J_right = respond(links, angles, force, tied)
    at_magnets, pulled = np.empty((2, magnets.size, 1)), np.zeros((magnets.size, 1, 3))
    for i in range(magnets.size):
        rod = own[i]
        at_magnets[0, i, 0], at_magnets[1, i, 0] = facing[rod] * u[rod, 0], u[rod + 1, 0]
    for i in range(contact.size):
        if not contact[i]:
            spacer, a, b = own[i] + 1, m[magnets[i]], m[magnets[i + 1]]
            pull(b, a, links[0, spacer] * u[spacer + 1, 0], pulled[i, 0])
            pull(a, b, links[0, spacer] * u[spacer, 0], pulled[i + 1, 0])
    return u, J_left, J_right, at_magnets, pulled


@numba.njit(
    "void(f8[:, ::1], intp[::1], intp[::1], intp[::1], b1[::1], f8[:, ::1], f8[::1], f8[::1], "
    "f8[:, ::1], f8[:, :, ::1], f8[:, ::1], f8[:, ::1], f8[:, ::1], f8[:, :, ::1], f8[:, :, ::1])",
    cache=True,
    error_model="numpy",
)
def differentiate(
    m: FloatArray,
    face: IntArray,
    magnets: IntArray,
    own: IntArray,
    contact: BoolArray,
    links: FloatArray,
    free: FloatArray,
    facing: FloatArray,
    angles: FloatArray,
    slopes: FloatArray,
    u: FloatArray,
    w: FloatArray,
    by_B: FloatArray,
    by_number: FloatArray,
    by_m: FloatArray,
) -> None:
    """Add up the derivatives with respect to the numbers of all elements: `singleslopes`.

    Parameters
    ----------
    m, face, magnets, own, contact, links
        As in `balance`.
    free, facing, angles : array, shapes (r + 1,), (r + 1,) and (r, 3)
        As from `turns`.
    slopes : array, shape (3, 3, n + 2)
        How links change, as from `compiledlayers.slopes`.
    u : array, shape (r + 1, 1)
        Amplitudes of mu_s.
    w : array, shape (r + 1, c)
        Amplitudes of the dual field of each result.
    by_B : array, shape (r, c)
        Derivatives with respect to B of every link, mu_s being given.
    by_number, by_m : array, shapes (c, 4, n + 2) and (c, n + 2, 3)
        The same by thickness, D, l and p, and by m; added to.
    """
    for c in range(w.shape[1]):
        for i in range(face.size - 1):
            sign, cosine, rest = angles[i]
            left, right = u[i, 0] * w[i, c], u[i + 1, 0] * w[i + 1, c]
            drops = (u[i, 0] - sign * u[i + 1, 0]) * (w[i, c] - sign * w[i + 1, c])
            B = by_B[i, c] - (cosine * drops + rest * (left + right))
            for k in range(face[i], face[i + 1]):
                for q in range(3):
                    shunts = slopes[q, 1, k] * left + slopes[q, 2, k] * right
                    by_number[c, q, k] += slopes[q, 0, k] * B - shunts
            if i:
                force = free[i] * w[i, c]
                by_number[c, 3, face[i] - 1] += force
                by_number[c, 3, face[i]] -= facing[i] * force
        for i in range(contact.size):
            a, b, rod = magnets[i], magnets[i + 1], own[i] + 1
            if contact[i] and free[rod]:  # it is collinear, and would open
                for x in range(3):
                    by_m[c, a, x] = by_m[c, b, x] = np.nan
            elif not contact[i]:
                strength = links[0, rod] * (u[rod, 0] * w[rod + 1, c] + u[rod + 1, 0] * w[rod, c])
                pull(m[b], m[a], strength, by_m[c, a])
                pull(m[a], m[b], strength, by_m[c, b])
