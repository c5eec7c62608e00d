r"""Fields that magnetizations feel: formulas by themselves, in SI.

A magnet is a macrospin of M_s and of the thickness t; energies are per area, J/m2, and ``H = -(1/
(mu_0 M_s t)) dE/dm``, A/m. Fields that are linear in m are tensors, ``H_i = Q_ij m_j``.
"""

from __future__ import annotations

import numpy as np

from .._checks import FloatArray
from ..constants import MU_0


def moment(Ms: FloatArray, thickness: FloatArray) -> FloatArray:
    """Return ``mu_0 M_s t``, J/m2 per A/m: energy per area of a magnet in a field."""
    return MU_0 * Ms * thickness


def along(K: FloatArray, axis: FloatArray, Ms: FloatArray) -> FloatArray:
    """Return Q of a uniaxial anisotropy, ``(2K/(mu_0 M_s)) e e^T``, A/m, shape (..., 3, 3).

    Of the energy ``-K (m.e)^2``, J/m3, with the unit vector e.
    """
    strength = 2 * K / (MU_0 * Ms)
    found: FloatArray = strength[..., None, None] * (axis[..., :, None] * axis[..., None, :])
    return found


def of_poles(Ms: FloatArray, N: FloatArray) -> FloatArray:
    """Return Q of a demagnetizing or a dipolar tensor, ``-M_s N``, M_s of what has the poles."""
    found: FloatArray = -Ms[..., None, None] * N
    return found


def bilinear(J: FloatArray, Ms: FloatArray, thickness: FloatArray) -> FloatArray:
    """Return Q of the energy ``-J m_a.m_b``, J/m2, at either: ``J/(mu_0 M_s t)`` times 1."""
    strength = J / moment(Ms, thickness)
    found: FloatArray = strength[..., None, None] * np.eye(3)
    return found


def biquadratic_energy(J: FloatArray, m: FloatArray) -> FloatArray:
    """Return ``-sum over pairs of J_ij (m_i.m_j)^2``, J/m2, shape (...).

    Parameters
    ----------
    J : array, shape (..., f, f)
        J_ij = J_ji, zero on the diagonal, J/m2.
    m : array, shape (..., f, 3)
        Unit vectors.
    """
    cosines = m @ m.swapaxes(-1, -2)
    found: FloatArray = -(J * cosines**2).sum(axis=(-1, -2)) / 2
    return found


def biquadratic_field(J: FloatArray, moments: FloatArray, m: FloatArray) -> FloatArray:
    """Return ``-(1/(mu_0 M_s t)) dE/dm`` of `biquadratic_energy`, A/m, shape (..., f, 3).

    ``H_i = (2/(mu_0 M_s t)_i) sum_j J_ij (m_i.m_j) m_j``; `moments` are mu_0 M_s t, (..., f).
    """
    cosines = m @ m.swapaxes(-1, -2)
    found: FloatArray = (2 * J / moments[..., None] * cosines) @ m
    return found


def biquadratic_slope(J: FloatArray, moments: FloatArray, m: FloatArray) -> FloatArray:
    """Return the derivative of `biquadratic_field` with m, A/m, shape (..., f, 3, f, 3).

    ``dH_i/dm_j = (2 J_ij/(mu_0 M_s t)_i) [(m_i.m_j) 1 + m_j m_i^T]`` for another one, and ``dH_i/
    dm_i = (2/(mu_0 M_s t)_i) sum_j J_ij m_j m_j^T``.
    """
    strength = 2 * J / moments[..., None]
    cosines = m @ m.swapaxes(-1, -2)
    others = np.einsum("...ij,...ja,...ib->...iajb", strength, m, m)
    others = others + np.einsum("...ij,ab->...iajb", strength * cosines, np.eye(3))
    own = np.einsum("...ij,...ja,...jb->...iab", strength, m, m)
    found: FloatArray = others + np.einsum("...iab,ij->...iajb", own, np.eye(m.shape[-2]))
    return found
