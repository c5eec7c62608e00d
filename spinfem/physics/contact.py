"""Two ferromagnets in contact, not collinear: mu_s = 0 there.

This is the limit of a vanishing normal spacer, whose spin current j_N lies in the plane of m_a and
m_b with ``j_N . m_a = j_a`` and ``j_N . m_b = j_b``; a absorbs ``j_a m_a - j_N`` and b absorbs
``j_N - j_b m_b``.
"""

from __future__ import annotations

import numpy as np

from .._checks import FloatArray
from .directions import across, angle


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
