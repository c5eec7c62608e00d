"""How directions stand to each other, right to rounding at tiny angles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._checks import BoolArray, FloatArray

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
