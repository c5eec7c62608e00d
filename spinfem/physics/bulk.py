"""Metals: what follows from D, l, p and beta_D, eqs. (2) to (4); numbers or arrays, in SI.

A formula and its derivative stand side by side. beta_D is p where a ferromagnet has none of its own
(`Ferromagnet.from_drift_diffusion`).
"""

from __future__ import annotations

from .._checks import FloatArray
from ..sample.materials import reduced


def stiffness(D: FloatArray, l: FloatArray) -> FloatArray:
    """Return ``G = D/2l``, S/m2: the stiffness of a half-infinite layer, eqs. (7), (8)."""
    return D / (2 * l)


def relaxation(D: FloatArray, l: FloatArray) -> FloatArray:
    """Return ``kappa = D/2l^2``, S/m3, of eq. (4)."""
    return D / (2 * l**2)


def total_conductivity(D: FloatArray, p: FloatArray, beta_D: FloatArray) -> FloatArray:
    """Return ``D_tot = D/(1 - p beta_D)``, S/m: the conductivity for charge."""
    found: FloatArray = D / reduced(1.0, p, beta_D)
    return found


def total_slopes(p: FloatArray, beta_D: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives of ``ln D_tot`` with p and with beta_D."""
    share = reduced(1.0, p, beta_D)
    return beta_D / share, p / share


def ohmic(thickness: FloatArray, D: FloatArray, p: FloatArray, beta_D: FloatArray) -> FloatArray:
    """Return ``d/D_tot``, Ohm m2: what a uniform layer adds to the resistance without spin."""
    found: FloatArray = reduced(thickness, p, beta_D) / D
    return found


def spin_drop(beta_D: FloatArray, rise: FloatArray) -> FloatArray:
    """Return ``(beta_D/2) m.[mu_s]``, what a rise of mu_s along m adds to the voltage."""
    return beta_D / 2 * rise


def charge_current(
    D_tot: FloatArray, beta_D: FloatArray, slope_0: FloatArray, slope: FloatArray
) -> FloatArray:
    """Return ``j = -D_tot (grad mu_0 + beta_D grad nu)``, A/m2, with ``nu = m.mu_s/2``."""
    found: FloatArray = -D_tot * (slope_0 + beta_D * slope)
    return found


def spin_current(
    D_tot: FloatArray, p: FloatArray, slope_0: FloatArray, slope: FloatArray
) -> FloatArray:
    """Return ``j_s = -D_tot (p grad mu_0 + grad nu)`` along m, A/m2; across m p is 0."""
    found: FloatArray = -D_tot * (p * slope_0 + slope)
    return found
