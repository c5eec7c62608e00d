r"""Small signals about a steady state: impedance and resonances of magnets that move.

A current ``j0 + dj exp(i w t)`` turns magnetizations by ``(i w - J)^-1 b dj``, with ``b = M^-1 c
T`` in the frames of `stability`, and they change the resistance that j0 sees:

.. math::

    Z(w) = R + j_0 \frac{dR}{dm}\, (i w - J)^{-1} b .
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from .._checks import FloatArray
from .stability import ComplexArray, forces, growth_near, resisting
from .system import MagnetSystem

STRONGER = 1e-5
"""By what share applied fields are changed in order to see how frequencies change."""


@dataclass(frozen=True, eq=False)
class Resonances:
    """Precessions about a steady state, in order of their frequencies.

    Attributes
    ----------
    frequency : array, shape (..., f)
        Frequencies at which they ring freely, ``|Im growth|/(2 pi)``, Hz; nan in place of those
        that do not precess, last.
    linewidth : array, shape (..., f)
        Full widths at half maximum of their lines over the frequency, in the power that is absorbed
        (Im chi), ``-Re growth/pi``, Hz; negative where they grow. A single magnet with stiffness
        fields ``H_1`` and ``H_2`` has ``alpha gamma_0 (H_1 + H_2)/(2 pi (1 + alpha^2))``.
    """

    frequency: FloatArray
    linewidth: FloatArray


def resonances_of(growth: ComplexArray) -> Resonances:
    """Return the precessions of growth rates, shape (..., 2 f)."""
    turning = growth.imag > 0
    frequency = np.where(turning, growth.imag / (2 * np.pi), np.nan)
    width = np.where(turning, -growth.real / np.pi, np.nan)
    order = np.argsort(frequency, axis=-1)[..., : growth.shape[-1] // 2]  # nan are last
    found = (np.take_along_axis(x, order, axis=-1) for x in (frequency, width))
    return Resonances(*found)


def field_widths(system: MagnetSystem, m: FloatArray, j0: FloatArray) -> FloatArray:
    """Return the widths of lines over the applied field, A/m, shape (..., f).

    Those over the frequency, divided by ``d frequency/dH``, H along the applied field; the states
    next to m move with it.
    """
    strength = np.linalg.norm(system.fields.applied, axis=-1)
    own, low, high = (
        resonances_of(growth_near(_in_field(system, factor), m, j0))
        for factor in (1.0, 1 - STRONGER, 1 + STRONGER)
    )
    slope = (high.frequency - low.frequency) / (2 * STRONGER * strength[..., None])
    return np.asarray(own.linewidth / np.abs(slope))


def _in_field(system: MagnetSystem, factor: float) -> MagnetSystem:
    """Return the same magnets in an applied field times a factor."""
    other, fields = copy(system), system.fields
    h = fields.h + (factor - 1) * fields.applied[..., None, :]
    other.fields = replace(fields, applied=factor * fields.applied, h=h)
    return other


def impedance_of(
    system: MagnetSystem, frequencies: FloatArray, m: FloatArray, j0: FloatArray
) -> ComplexArray:
    """Return Z over frequencies (k,), Hz, of steady m, Ohm m2, shape (..., k)."""
    given = forces(system, m)
    M = resisting(system, m, given.frames)
    J = np.linalg.solve(M, given.slope(j0))
    b = np.linalg.solve(M, given.torque[..., None])
    slope = np.einsum("...iab,...ib->...ia", given.frames, system.resistance_slope(m))
    turns = 2j * np.pi * frequencies[:, None, None] * np.eye(J.shape[-1])
    x = np.linalg.solve(turns - J[..., None, :, :], b[..., None, :, :].astype(complex))[..., 0]
    swing = np.einsum("...ka,...a->...k", x, slope.reshape(*slope.shape[:-2], -1))
    R = np.asarray(system.resistance(m))
    return np.asarray(R[..., None] + np.asarray(j0)[..., None] * swing)
