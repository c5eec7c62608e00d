"""How directions stand to each other, right to rounding at tiny angles."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import BoolArray, FloatArray
from ..numerics.links import turn_of

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

    As `spinfem.numerics.links.turn_of`, which says how.
    """
    return Angle(*turn_of(np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0)))


def dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the products of vectors of shape (..., 3)."""
    return np.asarray(np.einsum("...i,...i->...", a, b))


def across(v: FloatArray, m: FloatArray) -> FloatArray:
    """Return the part of the unit vectors v across m, ``m x (v x m)``, shape (..., 3).

    It is formed from ``v -/+ m``, so that it keeps its digits at tiny angles.
    """
    sign = np.where(dot(v, m) < 0, -1.0, 1.0)[..., None]
    difference = v - sign * m
    along = dot(difference, m)[..., None]
    part: FloatArray = difference - along * m
    return part


def axial(along: FloatArray, across: NDArray[Any], m: FloatArray) -> FloatArray:
    """Return ``a m m^T + Re x (1 - m m^T) + Im x [m x]``, shape (..., 3, 3)."""
    return tensor(along, across.real, across.imag, m)


def tensor(
    along: NDArray[Any], across: NDArray[Any], turning: NDArray[Any], m: FloatArray
) -> NDArray[Any]:
    """Return ``a m m^T + b (1 - m m^T) + c [m x]``, shape (..., 3, 3); a, b, c may be complex."""
    own = across[..., None, None]
    matrix: NDArray[Any] = (along[..., None, None] - own) * (m[..., :, None] * m[..., None, :])
    matrix = matrix + own * np.eye(3)
    if np.any(turning):
        turn = np.zeros(matrix.shape)
        for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            turn[..., j, i], turn[..., i, j] = m[..., k], -m[..., k]
        matrix = matrix + turning[..., None, None] * turn
    return matrix


def cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ``a x b``, shape (..., 3); numpy's takes longer for single vectors."""
    ahead = a.take(_NEXT, axis=-1) * b.take(_LAST, axis=-1)
    found: FloatArray = ahead - a.take(_LAST, axis=-1) * b.take(_NEXT, axis=-1)
    return found


_NEXT, _LAST = np.array([1, 2, 0]), np.array([2, 0, 1])


def apply(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """Return matrix times vector, shapes (..., 3, 3) and (..., 3)."""
    return np.asarray(np.einsum("...ij,...j->...i", matrix, vector))


def axes_across(m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return two unit vectors across m, shape (..., 3), that make a right-handed frame with it.

    The first is also across the axis, x, y or z, that m is farthest from.
    """
    least = np.eye(3)[np.abs(m).argmin(axis=-1)]
    first = np.cross(m, least)
    first /= np.linalg.norm(first, axis=-1, keepdims=True)
    return first, np.cross(m, first)


def degrees_between(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the angle between unit vectors, degrees, shape (...); arccosines lose small ones."""
    halves = (np.hypot.reduce(v, axis=-1) for v in (a - b, a + b))
    return np.asarray(np.degrees(2 * np.arctan2(*halves)))
