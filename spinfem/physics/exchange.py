"""Finite exchange lengths: what happens across m of a ferromagnet that is not strong.

``j_s = -(D_tot/2) mu_s'``, ``j_s' = -(D_tot/2) mu_s/l_perp^2`` for the complex amplitude of what is
across m, its imaginary part turned about m by 90 degrees. Zhang, Levy, Fert,
doi:10.1103/PhysRevLett.88.236601.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray
from ..sample.materials import reduced

ComplexArray = NDArray[Any]


def taken_rate(lambda_J: FloatArray, lambda_phi: FloatArray, *, sense: int = 1) -> ComplexArray:
    """Return ``1/lambda_phi^2 -/+ i/lambda_J^2``, 1/m2: what the magnetization takes up."""
    found: ComplexArray = 1 / lambda_phi**2 - sense * 1j / lambda_J**2
    return found


def taken_slopes(
    lambda_J: FloatArray, lambda_phi: FloatArray, *, sense: int = 1
) -> tuple[ComplexArray, ComplexArray]:
    """Return the derivatives of `taken_rate` with lambda_J and with lambda_phi, 1/m3."""
    return sense * 2j / lambda_J**3, -2 / lambda_phi**3


def across_rate(
    l: FloatArray,
    p: FloatArray,
    beta_D: FloatArray,
    lambda_J: FloatArray,
    lambda_phi: FloatArray,
    *,
    sense: int = 1,
) -> ComplexArray:
    """Return ``1/l_perp^2 = 2 kappa/D_tot + 1/lambda_phi^2 -/+ i/lambda_J^2``, 1/m2.

    ``2 kappa/D_tot = (1 - p beta_D)/l^2``: l_sf of codes for drift and diffusion. The sense is 1 or
    -1, of what turns about m one way or the other; without frequency, where l is real, one is the
    conjugate of the other.
    """
    found: ComplexArray = reduced(1.0, p, beta_D) / l**2 + taken_rate(
        lambda_J, lambda_phi, sense=sense
    )
    return found


def share_taken(
    l: FloatArray,
    p: FloatArray,
    beta_D: FloatArray,
    lambda_J: FloatArray,
    lambda_phi: FloatArray,
    *,
    sense: int = 1,
) -> ComplexArray:
    """Return which share of what is lost across m the magnetization takes up; 0 of nothing."""
    rate = across_rate(l, p, beta_D, lambda_J, lambda_phi, sense=sense)
    taken = taken_rate(lambda_J, lambda_phi, sense=sense)
    found: ComplexArray = taken / np.where(rate == 0, 1.0, rate)
    return found


def about_axis(one: ComplexArray, other: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """Return what acts across m and what turns about it, of what acts on either sense of turning.

    ``X = across (1 - m m^T) + turning [m x]`` is ``across + i turning`` on what turns one way about
    m, ``across - i turning`` on what turns the other way.
    """
    return (one + other) / 2, (one - other) / 2j
