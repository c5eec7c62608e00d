r"""Interfaces: eqs. (5), (6) and mu_s || m, and what they leave free.

At a transparent interface mu_s is continuous, eq. (5), and so is the spin current along the
magnetization, eq. (6); across it, the ferromagnet absorbs the spin current, eq. (10), and this is
the torque. Both are here in two forms:

- **Rods**, for the condensed path: a face next to a ferromagnet leaves mu_s one direction, the rod
  of the mechanical analogy; two ferromagnets in contact that are not collinear leave it none.
- **Rows** ``C u = 0``, for the saddle-point path: one multiplier per row. The multiplier of a face
  is the spin current through it, in A/m2, positive towards +x; on the normal side where there is
  one. Its part along m is eq. (6); its part across m is the torque.

Two ferromagnets in contact, not collinear: mu_s = 0 there. This is the limit of a vanishing normal
spacer, whose spin current j_N lies in the plane of m_a and m_b with ``j_N . m_a = j_a`` and ``j_N .
m_b = j_b``; a absorbs ``j_a m_a - j_N`` and b absorbs ``j_N - j_b m_b``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._checks import BoolArray, FloatArray
from .elements import Elements, remembered

COLLINEAR = 8 * np.finfo(float).eps
"""Two directions with ``|m_a x m_b|`` up to this are parallel or antiparallel."""
COLLINEAR_REST = float(COLLINEAR**2 / 2)
"""The same for ``1 - |m_a . m_b|``."""


class Angle(NamedTuple):
    """How two unit vectors stand to each other; for a zero vector, as if perpendicular."""

    sign: FloatArray  # of the cosine; 1 where that is 0
    cosine: FloatArray  # its magnitude
    rest: FloatArray  # 1 - |cosine|

    @property
    def collinear(self) -> BoolArray:
        """Whether two ferromagnets in contact count as parallel or antiparallel."""
        return self.rest <= COLLINEAR_REST


def angle(a: FloatArray, b: FloatArray) -> Angle:
    """Return the angle between the lines along a and b, arrays of shape (..., 3).

    ``1 - |cos| = |b -/+ a|^2/2``, since 1 - |cos| formed from the cosine has lost all digits
    below angles of 1e-8.
    """
    dot = np.einsum("...i,...i->...", a, b)
    sign = np.where(dot < 0, -1.0, 1.0)
    difference = b - sign[..., None] * a
    squared = np.einsum("...i,...i->...", difference, difference)
    near = np.abs(dot) > 0.5
    rest = np.where(near, squared / 2, 1 - np.abs(dot))
    return Angle(sign, np.where(near, 1 - rest, np.abs(dot)), rest)


def across(v: FloatArray, m: FloatArray) -> FloatArray:
    """Return the part of the unit vectors v across m, ``m x (v x m)``, shape (..., 3).

    It is formed from ``v -/+ m``, so that it keeps its digits at tiny angles.
    """
    sign = np.where(np.einsum("...i,...i->...", v, m) < 0, -1.0, 1.0)[..., None]
    difference = v - sign * m
    along = np.einsum("...i,...i->...", difference, m)[..., None]
    part: FloatArray = difference - along * m
    return part


def contact_absorption(
    m_a: FloatArray, m_b: FloatArray, j_a: FloatArray, j_b: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return what two ferromagnets in direct contact absorb, each of shape (..., 3), A/m2.

    Nothing where they are collinear.

    Parameters
    ----------
    m_a, m_b : array, shape (..., 3)
        Magnetizations on the left and on the right.
    j_a, j_b : array, shape (...)
        Spin currents along them at the interface.
    """
    relation = angle(m_a, m_b)
    sign, cosine, rest = relation
    crossing = ~relation.collinear
    sine2 = np.where(crossing, rest * (1 + cosine), 1.0)
    # j_N = alpha m_a + beta m_b; both sums are small where the currents agree and so is rest
    alpha = np.where(crossing, (j_a - sign * j_b) + sign * rest * j_b, 0.0) / sine2
    beta = np.where(crossing, (j_b - sign * j_a) + sign * rest * j_a, 0.0) / sine2
    return -beta[..., None] * across(m_b, m_a), alpha[..., None] * across(m_a, m_b)


def rows(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the constraint rows of the contact of two elements, none of them redundant.

    Parameters
    ----------
    a, b : array, shape (3, 3), (3, 1) or (3, 0)
        Basis of what mu_s can be in the element on the left, on the right: all of space in a
        normal metal, the line of m in a ferromagnet, nothing but zero in a reservoir.

    Returns
    -------
    W_a, W_b : array, shape (r, 3)
        Rows such that ``W_a mu_a - W_b mu_b = 0`` at the interface. r is 3 where a normal metal
        is on either side; 1 for collinear ferromagnets and for one at a reservoir; 2 for
        ferromagnets that cross. With multipliers lambda, ``W^T lambda``, projected on what the
        element admits, is the spin current on its side.
    """
    if 3 in (a.shape[1], b.shape[1]):
        return np.eye(3), np.eye(3)
    if a.shape[1] == b.shape[1] == 1 and not angle(a[:, 0], b[:, 0]).collinear:
        none = np.zeros((1, 3))
        return np.concatenate([a.T, none]), np.concatenate([none, b.T])
    line = a.T if a.shape[1] == 1 else b.T
    return line, line


class Faces(NamedTuple):
    """What a solver finds at the n + 1 faces of a stack, per unit particle current j0.

    The second axis is the point of the batch. Currents are positive towards +x.
    """

    potential_left: FloatArray  # (n + 1, N, 3) mu_s/j0 just left of the face
    potential_right: FloatArray  # (n + 1, N, 3) the same where the face is transparent
    current_left: FloatArray  # (n + 1, N, 3) j_s/j0 just left of the face
    current_right: FloatArray  # (n + 1, N, 3) and just right of it
    absorbed_left: FloatArray  # (n + 1, N, 3) taken up by the magnetization left of the face
    absorbed_right: FloatArray  # (n + 1, N, 3) and by that right of it


@remembered
def check_spin_sink(e: Elements) -> None:
    """Raise ValueError where a uniform mu_s is admissible everywhere and nothing absorbs it.

    Blocking ends and layers without relaxation are not enough for that: two magnetizations that
    are not collinear leave no direction to a uniform mu_s.
    """
    d, l = e.columns["thickness"], e.columns["l"]
    fixed = (k for k in range(1, d.fixed.size - 1) if k not in d.varying and k not in l.varying)
    if any(e.reservoir) or any((d.fixed[k] / l.fixed[k]) ** 2 > 0 for k in fixed):
        return  # at every point
    relaxing = ((e.thickness / e.l[1:-1]) ** 2 > 0).any(axis=0)
    sink = relaxing | (e.lead_stiffness > 0).any(axis=0)
    m = e.m[e.magnetic]
    collinear = angle(m[:-1], m[1:]).collinear.all(axis=0)
    lost = np.flatnonzero(~sink & collinear)
    if lost.size:
        where = "" if e.points == 1 else f" (at point {lost[0]} of the batch)"
        raise ValueError(
            "no spin sink: a stack must absorb spin somewhere (a finite l, a Reservoir, a Lead "
            "with finite l) or have magnetizations that are not collinear; got spin-blocking ends, "
            f"l = inf in every layer and nothing but collinear magnetizations{where}"
        )
