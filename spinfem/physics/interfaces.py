"""Resistive interfaces, of AR* and gamma as in T. Valet and A. Fert (Phys. Rev. B 48, 7099)."""

from __future__ import annotations

from .._checks import FloatArray


def conductance(AR: FloatArray) -> FloatArray:
    """Return ``B = 1/(2 AR*)``, S/m2: of a jump of mu_s along m, ``j_s = gamma j0 - B [mu_s]``."""
    return 1 / (2 * AR)


def ohmic(AR: FloatArray, gamma: FloatArray) -> FloatArray:
    """Return ``AR* (1 - gamma^2)``, Ohm m2: what an interface adds without spin."""
    return AR * (1 - gamma) * (1 + gamma)


def ohmic_slopes(AR: FloatArray, gamma: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives of `ohmic` with AR* and with gamma."""
    return (1 - gamma) * (1 + gamma), -2 * AR * gamma


def spin_drop(gamma: FloatArray, jump: FloatArray) -> FloatArray:
    """Return ``(gamma/2) m.[mu_s]``, what a jump of mu_s along m adds to the voltage."""
    return gamma / 2 * jump
