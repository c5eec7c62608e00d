r"""How small deviations from directions grow: the equation of motion, linearized.

In a frame ``e_1, e_2 = m x e_1`` across every m, for 2f numbers x with ``dm_i = x_i1 e_1 + x_i2
e_2``,

.. math::

    M \frac{dx}{dt} = a + (A + j_0 C)\, x , \qquad J = M^{-1} (A + j_0 C) ,

where M is what resists motion, damping and pumped spins; A is of fields, ``dm -> -gamma_0 (dm x H +
m x dH)``; C is of torques, per current; and a, the force across m, vanishes where m is steady, so
that there it is of no account that M depends on m. A and C are formed apart: a difference of two J
would cost C six digits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import BoolArray, FloatArray
from ..constants import GAMMA_0
from ..physics.directions import cross
from .system import MagnetSystem, frame_across, turning_about

ComplexArray = NDArray[np.complex128]

STEP = 1e-7
"""Angle over which torques are differenced for Newton's method, which needs no more digits."""
ROUNDING = 1e-13
"""Of a force, relative to what it is a sum of: less is none."""
FAR = np.radians(30)
"""Angle up to which a steady state is near."""
ALMOST = 1e-8
"""The same of what is left where steps of Newton's method are rounding, and not short because the
force does not change with them."""
LONGEST = 0.4
"""Longest step of Newton's method, rad."""


class Forces(NamedTuple):
    """What drives magnetizations across m, and its derivatives; of fields, and of 1 A/m2."""

    frames: FloatArray  # (..., f, 2, 3)
    field: FloatArray  # (..., 2 f), 1/s
    torque: FloatArray  # (..., 2 f), 1/s per A/m2
    A: FloatArray  # (..., 2 f, 2 f), 1/s
    C: FloatArray  # (..., 2 f, 2 f), 1/s per A/m2

    def at(self, j0: FloatArray) -> FloatArray:
        """Return the force, 1/s, shape (..., 2 f)."""
        return np.asarray(self.field + j0[..., None] * self.torque)

    def slope(self, j0: FloatArray) -> FloatArray:
        """Return ``A + j0 C``, 1/s, shape (..., 2 f, 2 f)."""
        return np.asarray(self.A + j0[..., None, None] * self.C)

    def size(self, j0: FloatArray) -> FloatArray:
        """Return how large forces are that may cancel, 1/s, shape (...)."""
        return np.asarray(_norm(self.A) + np.abs(j0) * _norm(self.C))


def _norm(matrix: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.norm(matrix, axis=(-2, -1)))


def forces(system: MagnetSystem, m: FloatArray, exact: bool = True) -> Forces:
    """Return what drives magnetizations in some directions.

    Parameters
    ----------
    system : MagnetSystem
        What moves.
    m : array, shape (..., f, 3)
        Unit vectors.
    exact : bool
        Whether derivatives of torques are exact, by dual fields, or differences.
    """
    frames = frame_across(m)
    H = system.fields.field(m)
    by_field = -GAMMA_0 * cross(m, H)
    torque = system.torque(m)
    per_torque = system.per_torque
    slope = system.fields.slope(m)
    f = len(system.names)
    shaped = slope.reshape(*slope.shape[:-2], f, 3, f, 3)
    turned = np.einsum("...iab,...ibjc->...iajc", turning_about(m), shaped)
    turned = turned - np.einsum("...iab,ij->...iajb", turning_about(H), np.eye(f))
    if exact:
        by_torque = system.torque_slope(m)
        C = across(frames, by_torque.reshape(*by_torque.shape[:-2], f, 3, f, 3))
    else:
        C = _differences(system, m, frames, torque)
    rows = np.repeat(per_torque, 2, axis=-1)
    return Forces(
        frames,
        _along(frames, by_field),
        rows * _along(frames, torque),
        -GAMMA_0 * across(frames, turned),
        rows[..., None] * C,
    )


def _differences(
    system: MagnetSystem, m: FloatArray, frames: FloatArray, torque: FloatArray
) -> FloatArray:
    """Return the derivatives of torques in frames across m, by differences, (..., 2 f, 2 f)."""
    f = len(system.names)
    turned = np.broadcast_to(m, (2 * f, *torque.shape)).copy()
    for k in range(2 * f):
        turned[k, ..., k // 2, :] += STEP * frames[..., k // 2, k % 2, :]
    changes = (system.torque(normalized(turned)) - torque) / STEP
    return np.moveaxis(_along(frames, changes), 0, -1)


def _along(frames: FloatArray, vectors: FloatArray) -> FloatArray:
    """Return the components of vectors (..., f, 3) in the frames, (..., 2 f)."""
    found = np.einsum("...iab,...ib->...ia", frames, vectors)
    return np.asarray(found.reshape(*found.shape[:-2], -1))


def across(frames: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return matrices (..., f, 3, f, 3) in the frames, (..., 2 f, 2 f)."""
    found = np.einsum("...iab,...ibjc,...jdc->...iajd", frames, matrix, frames, optimize=True)
    size = found.shape[-2] * 2
    return np.asarray(found.reshape(*found.shape[:-4], size, size))


def moved(m: FloatArray, frames: FloatArray, x: FloatArray) -> FloatArray:
    """Return directions after steps of (..., 2 f) numbers in the frames."""
    pairs = x.reshape(*x.shape[:-1], -1, 2)
    return normalized(m + np.einsum("...ia,...iab->...ib", pairs, frames))


def normalized(m: FloatArray) -> FloatArray:
    """Return vectors of length 1."""
    return np.asarray(m / np.linalg.norm(m, axis=-1, keepdims=True))


def resisting(system: MagnetSystem, m: FloatArray, frames: FloatArray) -> FloatArray:
    """Return M, shape (..., 2 f, 2 f)."""
    whole, f = system.resisting(m), len(system.names)
    return across(frames, whole.reshape(*whole.shape[:-2], f, 3, f, 3))


def rates(system: MagnetSystem, m: FloatArray, j0: FloatArray) -> FloatArray:
    """Return J, 1/s, in frames across steady directions, shape (..., 2 f, 2 f)."""
    given = forces(system, m)
    return np.asarray(np.linalg.solve(resisting(system, m, given.frames), given.slope(j0)))


def growth_of(J: FloatArray) -> ComplexArray:
    """Return the eigenvalues of J, largest real part first, of a pair ``+i`` first."""
    found = np.linalg.eigvals(J).astype(complex)
    order = np.lexsort((-found.imag, -found.real), axis=-1)
    return np.asarray(np.take_along_axis(found, order, axis=-1))


# --- steady states near others ------------------------------------------------------------------


def is_steady(given: Forces, j0: FloatArray, tolerance: float = ROUNDING) -> BoolArray:
    """Whether forces vanish, up to a tolerance relative to what they are sums of."""
    return np.asarray(np.linalg.norm(given.at(j0), axis=-1) <= tolerance * given.size(j0))


def newton(
    system: MagnetSystem, m: FloatArray, j0: FloatArray, steps: int = 30
) -> tuple[FloatArray, BoolArray]:
    """Follow Newton's method to steady states, saddles too.

    Parameters
    ----------
    system : MagnetSystem
        What moves.
    m : array, shape (..., f, 3)
        Unit vectors.
    j0 : array, shape (...)
        Particle currents, A/m2.
    steps : int
        How many at most.

    Returns
    -------
    m : array, shape (..., f, 3)
        As given, if all of it is steady; else of the shape of all that broadcasts.
    found : array of bool
        Whether it is steady.
    """
    given = forces(system, m, exact=False)
    found: BoolArray = is_steady(given, j0)
    if found.all():
        return m, found
    m = np.broadcast_to(m, (*found.shape, *m.shape[-2:]))
    last = np.full(found.shape, np.inf)
    for _ in range(steps):
        x = -solved(given.slope(j0), given.at(j0))
        m = np.where(found[..., None, None], m, moved(m, given.frames, limited(x)))
        length = np.linalg.norm(x, axis=-1)
        given = forces(system, m, exact=False)
        # in the end steps are rounding, and no longer get shorter
        rounding = (length < 1e-9) & (length > 0.1 * last) & is_steady(given, j0, ALMOST)
        found = np.asarray(found | is_steady(given, j0) | rounding)
        if found.all():
            break
        last = length
    return m, found


def solved(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """Return the shortest x with ``matrix x = vector``; matrices may be singular."""
    inverse = np.linalg.pinv(matrix, rcond=1e-13)
    return np.asarray(np.einsum("...ab,...b->...a", inverse, vector))


def limited(x: FloatArray) -> FloatArray:
    """Return steps, those that are too long in the same direction."""
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return np.asarray(x * (LONGEST / np.maximum(length, LONGEST)))


def near(system: MagnetSystem, m: FloatArray, j0: FloatArray) -> FloatArray:
    """Return steady states near directions, nan where there are none; see `newton`."""
    found, steady = newton(system, m, j0)
    if found is m:
        return m
    turned = np.linalg.norm(found - m, axis=-1).max(axis=-1)
    good = steady & (turned <= 2 * np.sin(FAR / 2))
    return np.asarray(np.where(good[..., None, None], found, np.nan))


def growth_near(system: MagnetSystem, m: FloatArray, j0: FloatArray) -> ComplexArray:
    """Return the growth rates of steady states near directions, nan where there are none."""
    ways = near(system, m, j0)
    lost: BoolArray = np.asarray(np.isnan(ways).any(axis=(-2, -1)))
    J = rates(system, np.where(lost[..., None, None], m, ways) if lost.any() else ways, j0)
    found = growth_of(J)
    return np.asarray(np.where(lost[..., None], np.nan, found))
