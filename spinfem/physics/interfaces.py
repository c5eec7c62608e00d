"""Resistive interfaces of AR*, gamma and delta, as T. Valet and A. Fert (Phys. Rev. B 48, 7099)."""

from __future__ import annotations

from .._checks import FloatArray
from . import uniform


def two_port(AR: FloatArray, delta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return B and S, S/m2, with ``j_s = gamma j0 -+ S mu_s - B [mu_s]`` at either side along m.

    ``B = (1/2AR*) delta/sinh(delta)``, ``S = (1/2AR*) delta tanh(delta/2)``: Valet and Fert's layer
    of a thickness t -> 0 with ``rho* = AR*/t``, ``l = t/delta``. Without delta no spin is lost.
    """
    return uniform.two_port(delta, 1 / (2 * AR))


def two_port_slopes(AR: FloatArray, delta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives of B and S with delta; those with AR* are ``-B/AR*``, ``-S/AR*``."""
    by_B, by_S = uniform.two_port_slopes(delta)
    return by_B / (2 * AR), by_S / (2 * AR)


def ohmic(AR: FloatArray, gamma: FloatArray) -> FloatArray:
    """Return ``AR* (1 - gamma^2)``, Ohm m2: what an interface adds without spin."""
    return AR * (1 - gamma) * (1 + gamma)


def ohmic_slopes(AR: FloatArray, gamma: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives of `ohmic` with AR* and with gamma."""
    return (1 - gamma) * (1 + gamma), -2 * AR * gamma


def spin_drop(gamma: FloatArray, jump: FloatArray) -> FloatArray:
    """Return ``(gamma/2) m.[mu_s]``, what a jump of mu_s along m adds to the voltage."""
    return gamma / 2 * jump
