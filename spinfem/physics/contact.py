"""Two ferromagnets in contact, not collinear: mu_s = 0 there.

This is the limit of a vanishing normal spacer, whose spin current j_N lies in the plane of m_a and
m_b with ``j_N . m_a = j_a`` and ``j_N . m_b = j_b``; a absorbs ``j_a m_a - j_N`` and b absorbs
``j_N - j_b m_b``.
"""

from __future__ import annotations

import numpy as np

from .._checks import FloatArray
from .directions import across, angle, dot


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


def contact_slopes(
    own: FloatArray, other: FloatArray, component: int, j_own: FloatArray, j_other: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return derivatives with respect to both m of what b absorbs, a component; of a it is minus.

    With c the cosine, of ``(other - c own)_i (j_other - c j_own)/(1 - c^2)``, the currents along
    the magnetizations being given; 0 where they are collinear.

    Parameters
    ----------
    own, other : array, shape (..., 3)
        Magnetizations of what absorbs, and of the other one.
    component : int
        i, 0 to 2.
    j_own, j_other : array, shape (..., 3)
        Spin currents at the interface, of which the parts along them count, A/m2.
    """
    relation = angle(own, other)
    crossing = ~relation.collinear
    square = np.where(crossing, relation.rest * (1 + relation.cosine), 1.0)[..., None]
    c = dot(own, other)[..., None]
    mine, its = dot(j_own, own)[..., None], dot(j_other, other)[..., None]
    axis = np.eye(3)[component]
    part, rest = across(other, own)[..., [component]], its - c * mine
    by_cosine = 2 * c * part * rest / square - part * mine
    by_own = -rest * (own[..., [component]] * other + c * axis) + by_cosine * other
    by_other = rest * (axis - own[..., [component]] * own) + by_cosine * own
    scale = np.where(crossing[..., None], 1 / square, 0.0)
    return scale * by_own, scale * by_other
