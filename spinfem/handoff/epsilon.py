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

DEGREES, WEIGHTINGS = range(1, 9), 4
"""Degrees of D that are tried for a law, and rounds in which its misfit is weighed anew."""
MET = 1e-11
"""Misfit, as a fraction of the maximum, with which a law needs no larger degree."""


class Table(NamedTuple):
    """What a form stands for: the torque as the free layer turns alone, in the plane of both.

    With J positive when electrons flow from the fixed layer to the free one it is ``(hbar/2|e|) J
    (g m x (mp x m) + h mp x m)``, J/m2.
    """

    theta: FloatArray  # (n,) degrees, from 0 to 180
    g: FloatArray  # (n,) damping-like, of the free layer; at 0 and 180 degrees a limit
    h: FloatArray  # (n,) field-like, of the free layer
    strength: FloatArray  # (n,) epsilon sin(theta), what the damping-like part is proportional to
    field_strength: FloatArray  # (n,) epsilon' sin(theta), what the field-like part is

    @property
    def largest(self) -> float:
        """Maximum of the torque, both parts together; 1 if there is none."""
        return float(np.hypot(self.strength, self.field_strength).max()) or 1.0


class Law(NamedTuple):
    """``epsilon = N(c)/D(c)`` and ``epsilon' = N'(c)/D(c)`` of polynomials in c = cos(theta).

    These are given by what stands before ``near^(k-i) far^i``, i = 0 to their degree k, with
    ``near = (1 + c)/2`` and ``far = (1 - c)/2``, which keeps the digits of narrow peaks. Degree 1
    over 2 is exact for a spacer between any two ferromagnets if all that counts is theta: then
    all that lies behind a face of the spacer is an axial matrix about its m, ``X u = f`` with
    ``X = beta + delta1 m1 m1^T + delta2 m2 m2^T + [gamma1 m1 + gamma2 m2 x]`` and f in the plane
    of both is what stands at one of them, det X has degree 2 in c, and what u has across m is
    sin(theta) times a polynomial of degree 1, over det X.
    """

    damping: tuple[float, ...]  # of N
    field: tuple[float, ...]  # of N'
    denominator: tuple[float, ...]  # of D, positive everywhere
    error: float  # largest, of both parts together, as a fraction of the torque's maximum; 0: exact

    def __call__(self, theta: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return epsilon and epsilon' at angles in degrees."""
        near, far = halves(theta)
        top, bottom = (bernstein(near, far, len(x)) for x in (self.damping, self.denominator))
        D = bottom @ self.denominator
        return top @ self.damping / D, top @ self.field / D


class SingleLambda(NamedTuple):
    """The nearest ``epsilon = P Lambda^2/((Lambda^2 + 1) + (Lambda^2 - 1) cos(theta))``."""

    P: float  # of either sign
    Lambda: float  # positive; below 1 where epsilon is larger at 0 than at 180 degrees
    error: float  # largest, of epsilon sin(theta), as a fraction of the torque's maximum; 0: exact

    def epsilon(self, theta: ArrayLike) -> FloatArray:
        """Return epsilon at angles in degrees."""
        near, far = halves(theta)
        value: FloatArray = self.P / 2 / (near + far / self.Lambda**2)
        return value


NO_LAW = Law((0.0,), (0.0,), (1.0,), 0.0)
"""That of no torque."""


def sine_of(theta: FloatArray) -> FloatArray:
    """Return the sine of angles in degrees."""
    sine: FloatArray = sine_and_cosine(theta)[0]
    return sine


def rounded_up(error: float) -> str:
    """Return a bound with two digits, which is no smaller."""
    return f"{float(Context(prec=2, rounding=ROUND_CEILING).create_decimal(error)):.2g}"


def percent(error: float) -> str:
    """Return a bound in percent, rounded up to two digits."""
    return f"{rounded_up(100 * error)} %"


def halves(theta: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return cos^2 and sin^2 of half the angles: sums of these keep digits that 1 +- c loses."""
    sine, cosine = sine_and_cosine(number("theta (angle in degrees)", theta) / 2)
    return cosine**2, sine**2


def bernstein(near: FloatArray, far: FloatArray, terms: int) -> FloatArray:
    """Return ``near^(k-i) far^i`` for i = 0 to k = terms - 1, in the last axis."""
    i = np.arange(terms)
    found: FloatArray = near[..., None] ** i[::-1] * far[..., None] ** i
    return found


def fitted_constant(table: Table) -> float:
    """Fit a constant epsilon' to a table, by least squares of ``epsilon' sin(theta)``."""
    sine = sine_of(table.theta)
    return float(table.field_strength @ sine / (sine @ sine))


def fitted_law(table: Table) -> Law:
    """Fit the law of least degree that meets a table, or else of those tried the nearest one."""
    inner = slice(1, -1)  # no torque at 0 and 180 degrees
    near, far = halves(table.theta[inner])
    sine = sine_of(table.theta[inner])
    wanted = np.stack([table.strength[inner], table.field_strength[inner]]) / table.largest
    best = NO_LAW._replace(error=float(np.hypot(*wanted).max()))
    for degree in DEGREES:
        top, bottom = bernstein(near, far, degree), bernstein(near, far, degree + 1)
        D = np.ones(sine.size)
        for _ in range(WEIGHTINGS):  # the last D makes a linear misfit that of the quotients
            zero = np.zeros_like(top)
            columns = sine[:, None] * top
            damping = np.hstack([columns, zero, -wanted[0][:, None] * bottom])
            field = np.hstack([zero, columns, -wanted[1][:, None] * bottom])
            system = np.vstack([damping, field]) / np.tile(D, 2)[:, None]
            found = np.linalg.svd(system, full_matrices=False)[2][-1]
            found = found * np.sign(found[2 * degree :].sum() or 1.0)
            D = bottom @ found[2 * degree :]
            if D.min() <= 0:
                break
        else:
            over = table.largest * found
            if not table.h.any():
                over[degree : 2 * degree] = 0.0  # not what is left of it by rounding
            law = Law(
                tuple(over[:degree].tolist()),
                tuple(over[degree : 2 * degree].tolist()),
                tuple(found[2 * degree :].tolist()),
                0.0,
            )
            rest = [x * sine / table.largest for x in law(table.theta[inner])] - wanted
            error = float(np.hypot(*rest).max())
            if error < best.error:
                best = law._replace(error=error)
            if error < MET:
                break
    return best


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
