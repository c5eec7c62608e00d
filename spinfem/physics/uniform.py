r"""Uniform layers as two-ports in closed form, of the thickness z in diffusion lengths.

``B = G/sinh z`` between the faces and a shunt ``S = G tanh(z/2)`` at either, with ``G = D/(2 l)``:
the paper's coupling B, and what its G~ of (A1) has besides. They are written as ``unit z/sinh z``
and ``unit z tanh(z/2)``, ``unit = D/(2 d)``, so that z = 0 is no exception.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from math import comb, factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray

ComplexArray = NDArray[Any]
TERMS = 18
"""Powers of z^2 that are enough up to 1: they fall by more than 9."""


def two_port(z: ComplexArray, unit: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    """Return ``B = unit z/sinh z`` and ``S = unit z tanh(z/2)``; z is 0 without relaxation."""
    thick = np.asarray(z != 0)
    safe = np.where(thick, z, 1.0)
    ratio = np.where(thick, -2 * safe * np.exp(-safe) / np.expm1(-2 * safe), 1.0)
    half = np.expm1(-safe)
    return unit * ratio, unit * np.where(thick, safe * -half / (2 + half), 0.0)


def two_port_of_square(square: ComplexArray, unit: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    """Return the same from z^2 up to 1 in size, by powers of it.

    Where next to all of z^2 is precession, what is absorbed, of the order of z^4, keeps its digits.
    """
    square = np.where(np.abs(square) < 1, square, 0.0)
    through, taken = _powers()
    return unit * _horner(through, square), unit * square * _horner(taken, square)


def two_port_slopes(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives with z of z/sinh z and of z tanh(z/2).

    ``(1 - z coth z)/sinh z`` and ``tanh(z/2) + (z/2)/cosh(z/2)^2``; by powers where the first would
    lose digits.
    """
    is_thin = np.asarray(z < 1)
    square = np.where(is_thin, z, 0.0) ** 2
    through, taken = _powers()
    thin = (
        2 * z * _horner([n * c for n, c in enumerate(through)][1:], square),
        2 * z * _horner([n * c for n, c in enumerate(taken, start=1)], square),
    )
    far = np.exp(-np.where(is_thin, 1.0, z))
    thick = (
        2 * far * ((1 - far**2) - z * (1 + far**2)) / (1 - far**2) ** 2,
        (1 - far) / (1 + far) + 2 * z * far / (1 + far) ** 2,
    )
    return np.where(is_thin, thin[0], thick[0]), np.where(is_thin, thin[1], thick[1])


def _horner(coefficients: Sequence[float], x: ComplexArray) -> ComplexArray:
    total: ComplexArray = np.zeros_like(x)
    for c in reversed(coefficients):
        total = c + x * total
    return total


@cache
def _powers() -> tuple[list[float], list[float]]:
    """Return coefficients of z/sinh(z) and of tanh(z/2)/z in powers of z^2.

    From Bernoulli's numbers, ``(2 - 4^n) B_2n/(2n)!`` and ``2 (4^n - 1) B_2n/(2n)!``.
    """
    numbers: list[Fraction] = []
    for n in range(2 * TERMS + 1):
        rest = sum((comb(n + 1, k) * x for k, x in enumerate(numbers)), Fraction(0))
        numbers.append((Fraction(n == 0) - rest) / (n + 1))
    even = [Fraction(numbers[2 * n], factorial(2 * n)) for n in range(TERMS + 1)]
    through = [float((2 - 4**n) * x) for n, x in enumerate(even)]
    return through, [float(2 * (4**n - 1) * x) for n, x in enumerate(even)][1:]
