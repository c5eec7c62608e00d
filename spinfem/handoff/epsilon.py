"""Forms of epsilon(theta) that micromagnetic codes take, and fits to them; see `handoff`."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, Context
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, number
from ..paper.spacer import Slonczewski
from ..sample.pieces import sine_and_cosine

THETA = np.linspace(0.0, 180.0, 721)
"""Angles of tables and fits, degrees: dense enough for Lambda up to 50."""
WIDEST = 8.0
"""Largest ln(Lambda) of a fit."""
LEAST = 0.02
"""Smallest ln(Lambda) of a fit of the asymmetric form, whose two terms are equal at 0."""


class Table(NamedTuple):
    """What a form stands for: g as the free layer turns alone, in the plane of both."""

    theta: FloatArray  # (n,) degrees, from 0 to 180
    g: FloatArray  # (n,) of the free layer

    @property
    def strength(self) -> FloatArray:
        """``epsilon sin(theta)``, what the torque is proportional to, shape (n,)."""
        return self.g / 2 * sine_of(self.theta)


class SingleLambda(NamedTuple):
    """The nearest ``epsilon = P Lambda^2/((Lambda^2 + 1) + (Lambda^2 - 1) cos(theta))``."""

    P: float  # of either sign
    Lambda: float  # positive; below 1 where epsilon is larger at 0 than at 180 degrees
    error: float  # largest, of epsilon sin(theta), as a fraction of its maximum; 0: exact

    def epsilon(self, theta: ArrayLike) -> FloatArray:
        """Return epsilon at angles in degrees."""
        near, far = halves(theta)
        value: FloatArray = self.P / 2 / (near + far / self.Lambda**2)
        return value


def sine_of(theta: FloatArray) -> FloatArray:
    """Return the sine of angles in degrees."""
    sine: FloatArray = sine_and_cosine(theta)[0]
    return sine


def rounded_up(error: float) -> str:
    """Return a bound with two digits, which is no smaller."""
    return f"{float(Context(prec=2, rounding=ROUND_CEILING).create_decimal(error)):.2g}"


def halves(theta: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return cos^2 and sin^2 of half the angles: sums of these keep digits that 1 +- c loses."""
    sine, cosine = sine_and_cosine(number("theta (angle in degrees)", theta) / 2)
    return cosine**2, sine**2


def _terms(s: float) -> FloatArray:
    """Both terms of ``epsilon sin(theta)`` for Lambda = exp(s), of coefficient 1, shape (n, 2)."""
    near, far = halves(THETA)
    L = np.exp(s)
    denominators = np.stack([near * L + far / L, far * L + near / L], axis=1)
    terms: FloatArray = sine_of(THETA)[:, None] / denominators
    return terms


def fitted(table: Table) -> tuple[Slonczewski, float]:
    """Fit the asymmetric form to a table: its coefficients for a = 1, and Lambda."""
    s, (plus, minus) = _fit(_terms, table.strength, LEAST, WIDEST)
    scale = 2 / np.cosh(s)  # g = 2 epsilon, and 1 +- tanh(s) c is cosh(s) times smaller
    gap = 2 / (1 + np.exp(2 * s))  # 1 - tanh(s)
    form = Slonczewski(
        float(plus * scale), float(minus * scale), 1.0, float(np.tanh(s)), float(gap)
    )
    return form, float(np.exp(s))


def fitted_single(epsilon: FloatArray) -> SingleLambda:
    """Fit a single Lambda to epsilon at `THETA`, by least squares of ``epsilon sin(theta)``."""
    wanted = epsilon * sine_of(THETA)
    s, (u,) = _fit(lambda s: _terms(s)[:, :1], wanted, -WIDEST, WIDEST)
    return SingleLambda(float(2 * u / np.exp(s)), float(np.exp(s)), 0.0)


def _fit(
    columns: Callable[[float], FloatArray], wanted: FloatArray, start: float, stop: float
) -> tuple[float, FloatArray]:
    """Return s in a range, and coefficients, of the best fit ``wanted = columns(s) @ u``."""
    from scipy.optimize import minimize_scalar

    def coefficients(s: float) -> FloatArray:
        return np.asarray(np.linalg.lstsq(columns(s), wanted, rcond=None)[0])

    def misfit(s: float) -> float:
        rest = columns(s) @ coefficients(s) - wanted
        return float(rest @ rest)

    grid = np.linspace(start, stop, 161)
    best = int(np.argmin([misfit(s) for s in grid]))
    bounds = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    s = float(minimize_scalar(misfit, bounds=bounds, options={"xatol": 1e-9}).x)
    return s, coefficients(s)
