r"""scipy.integrate.solve_bvp: all layers side by side on [0, 1], interface conditions at its ends.

The state of a normal layer is (mu_s, j_s), 6 numbers, that of a ferromagnet (mu, j_s . m), 2
numbers; with xi = x/d in each layer

.. math::

    d\mu_s/d\xi = -(2d/D)\,(j_s - p\,m), \qquad dj_s/d\xi = -d\,\kappa\,\mu_s .

At an interface ``mu_N - mu_F m = 0`` (3 conditions) and ``j_N . m - j_F = 0`` (1), at the ends
``j_s +/- G mu_s = 0``. What a ferromagnet absorbs is the part of j_N across m. All of it is linear,
so the Jacobians are constant; without ``jacobians=True`` solve_bvp finds them by differences, as
in most of its users' codes.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_bvp

from ..cases import Array, Sample

NODES = 5
ACCURACIES = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)


def describe(tol: float) -> str:
    """Name a setting in a table."""
    return f"tol {tol:.0e}"


def torques(sample: Sample, tol: float, jacobians: bool = False) -> Array:
    """Return what all ferromagnets absorb, shape (f, 3)."""
    start = np.concatenate([[0], np.cumsum([2 if f else 6 for f in sample.magnetic])])
    size, layers = int(start[-1]), len(sample.magnetic)

    A, force = np.zeros((size, size)), np.zeros((size, 1))
    for i, magnetic in enumerate(sample.magnetic):
        d, D, l = sample.thickness[i], sample.D[i], sample.l[i]
        half = 1 if magnetic else 3
        for k in range(start[i], start[i] + half):
            A[k, k + half] = -2 * d / D
            A[k + half, k] = -d * D / (2 * l**2)
            force[k] = 2 * d / D * sample.p[i]

    at_0, at_1 = np.zeros((2, size, size))  # rows of the conditions, on y(0) and y(1)
    row = 0
    for end, sign, at, i in ((0, 1, at_0, 0), (1, -1, at_1, layers - 1)):
        half = 1 if sample.magnetic[i] else 3
        for k in range(start[i], start[i] + half):
            at[row, k], at[row, k + half] = sign * sample.lead[end], 1.0
            row += 1
    for left in range(layers - 1):
        right = left + 1
        if sample.magnetic[left]:
            normal, magnet, of_normal, of_magnet = start[right], start[left], at_0, at_1
            m = sample.m[left]
        else:
            normal, magnet, of_normal, of_magnet = start[left], start[right], at_1, at_0
            m = sample.m[right]
        for k in range(3):
            of_normal[row, normal + k], of_magnet[row, magnet] = 1.0, -m[k]
            row += 1
        of_normal[row, normal + 3 : normal + 6], of_magnet[row, magnet + 1] = m, -1.0
        row += 1

    def fun(xi: Array, y: Array) -> Array:
        return A @ y + force

    def fun_jac(xi: Array, y: Array) -> Array:
        return np.repeat(A[:, :, None], xi.size, axis=2)

    def bc(ya: Array, yb: Array) -> Array:
        return at_0 @ ya + at_1 @ yb

    def bc_jac(ya: Array, yb: Array) -> tuple[Array, Array]:
        return at_0, at_1

    found = solve_bvp(
        fun,
        bc,
        np.linspace(0, 1, NODES),
        np.zeros((size, NODES)),
        tol=tol,
        fun_jac=fun_jac if jacobians else None,
        bc_jac=bc_jac if jacobians else None,
    )
    if not found.success:
        raise RuntimeError(f"solve_bvp: {found.message}")

    absorbed = []
    for i in np.flatnonzero(sample.magnetic).tolist():
        m, total = sample.m[i], np.zeros(3)
        if i > 0:
            j = found.y[start[i] - 3 : start[i], -1]
            total += j - (j @ m) * m
        if i < layers - 1:
            j = found.y[start[i + 1] + 3 : start[i + 1] + 6, 0]
            total -= j - (j @ m) * m
        absorbed.append(total)
    return np.array(absorbed)
