"""Where efficiencies change their sign as a magnetization turns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .._checks import FloatArray, finite
from ..sample.stack import Stack
from ..solver import solve


def sign_changes(
    build: Callable[[FloatArray], Stack],
    start: float,
    stop: float,
    a: str,
    b: str,
    *,
    points: int = 721,
) -> tuple[FloatArray, FloatArray]:
    """Return the angles at which the efficiencies of two neighbours change sign in a rotation.

    Parameters
    ----------
    build : callable
        The rotation: takes angles, as an array, and returns the stack of each, a batch; say
        ``lambda theta: stack.replace("free", m=sf.direction(theta))``.
    start, stop : float
        Range of the angle.
    a, b : str
        The two ferromagnets, as in `Solution.efficiency`.
    points : int
        Number of angles at which the signs are compared first. Two changes between two of them
        are not seen.

    Returns
    -------
    of_a, of_b : array
        Angles in increasing order, right to rounding. Where g only touches zero it does not
        change sign.

    Raises
    ------
    ValueError
        If the range is empty, there are less than 2 points, the stack does not depend on the
        angle, or a and b are no neighbours.
    """
    from scipy.optimize import brentq

    first, last = float(finite("start", start)), float(finite("stop", stop))
    if not first < last:
        raise ValueError(f"start must be less than stop, got {start!r} and {stop!r}")
    if points < 2:
        raise ValueError(f"points must be at least 2, got {points!r}")
    theta = np.linspace(first, last, points)
    both = _efficiencies(build, theta, a, b)

    def roots(which: int) -> FloatArray:
        def g(angle: float) -> float:
            return float(_efficiencies(build, np.array([angle]), a, b)[which][0])

        # a point where g is zero belongs to the sign before it
        sign = np.sign(both[which])
        known = np.flatnonzero(sign)
        before, after = known[:-1], known[1:]
        change = sign[before] != sign[after]
        pairs = zip(theta[before[change]], theta[after[change]], strict=True)
        return np.array([brentq(g, low, high, xtol=1e-13, rtol=1e-15) for low, high in pairs])

    return roots(0), roots(1)


def _efficiencies(
    build: Callable[[FloatArray], Stack], theta: FloatArray, a: str, b: str
) -> tuple[FloatArray, FloatArray]:
    stack = build(theta)
    if stack.shape != theta.shape:
        raise ValueError(
            f"build must return a stack for every angle, a batch of shape {theta.shape}, got shape "
            f"{stack.shape}"
        )
    solution = solve(stack, 1.0)
    g_a, g_b = solution.efficiency(a, b)
    return np.asarray(g_a), np.asarray(g_b)
