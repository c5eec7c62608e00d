"""Metals: what follows from D, l and p, eqs. (2) to (4); numbers or arrays, in SI.

A formula and its derivative stand side by side.
"""

from __future__ import annotations

from .._checks import FloatArray


def stiffness(D: FloatArray, l: FloatArray) -> FloatArray:
    """Return ``G = D/2l``, S/m2: the stiffness of a half-infinite layer, eqs. (7), (8)."""
    return D / (2 * l)


def relaxation(D: FloatArray, l: FloatArray) -> FloatArray:
    """Return ``kappa = D/2l^2``, S/m3, of eq. (4)."""
    return D / (2 * l**2)


def total_conductivity(D: FloatArray, p: FloatArray) -> FloatArray:
    """Return ``D_tot = D/(1 - p^2)``, S/m: the conductivity for charge."""
    return D / ((1 - p) * (1 + p))


def ohmic(thickness: FloatArray, D: FloatArray, p: FloatArray) -> FloatArray:
    """Return ``d/D_tot``, Ohm m2: what a uniform layer adds to the resistance without spin."""
    return thickness * (1 - p) * (1 + p) / D


def ohmic_slope_p(ohmic: FloatArray, p: FloatArray) -> FloatArray:
    """Return the derivative of `ohmic`, given it, with p: ``-2 p d/D``, Ohm m2."""
    return -(ohmic * 2 * p / ((1 - p) * (1 + p)))
