r"""Graded metals: numbers that change across a layer.

Any of D, l, p and beta_D may be a function of xi, the position from 0 to 1. Here are the two that
samples need most: two metals that have diffused into each other, and a number known at some places.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import FloatArray, finite, positive, read_only
from .materials import Ferromagnet, Metal, NormalMetal

NARROWEST = 1e-12
"""Width of a step, relative to its layer, below which it is a jump."""
NONE = 1e-30
"""Share that counts as none: squares of an infinite length over it must not overflow."""


@dataclass(frozen=True)
class Mixed:
    """A number that goes from `left` to `right` across a layer as two metals mix.

    With the share of the right one, ``f = (1 + erf((xi - 1/2)/w)/erf(1/(2 w)))/2``, it is
    ``(1 - f) left + f right``, or the same of the inverse numbers.

    Parameters
    ----------
    left, right : float
        Its values at xi = 0 and 1, exactly.
    width : float
        w.
    inverse : bool
        Whether the inverse mixes.
    """

    left: float
    right: float
    width: float
    inverse: bool

    @property
    def breaks(self) -> FloatArray:
        """Nodes that a mesh needs: the middle, and around it as close as the step is narrow."""
        if self.width < NARROWEST:  # a jump
            return np.array([0.5])
        return 0.5 + self.width * np.array([-6.0, -3.0, -1.5, 0.0, 1.5, 3.0, 6.0])

    def share(self, xi: ArrayLike) -> NDArray[np.float64]:
        """Share f of the right metal at xi, shape as of xi; exactly 0 and 1 at the ends.

        Right relative to itself, but for what vanishes at the left face: with the error function
        alone a D of 1e-12 would be seen where its share is rounding.
        """
        from scipy.special import erf, erfc  # takes longer to import than all the rest

        with np.errstate(over="ignore"):  # erf(inf) is 1
            x = np.subtract(xi, 0.5) / self.width
            end = np.divide(0.5, self.width)
        if end < 1:
            f: FloatArray = (1 + erf(x) / erf(end)) / 2
            return f
        tails = (erfc(np.abs(x)) - erfc(end)) / (2 * erf(end))
        tails = np.where(tails < NONE, 0.0, tails)
        return np.where(x < 0, tails, 1 - tails)

    def __call__(self, xi: FloatArray) -> FloatArray:
        """Value at xi, shape as of xi."""
        f, rest = self.share(xi), self.share(np.subtract(1.0, xi))
        if not self.inverse:
            return rest * self.left + f * self.right
        with np.errstate(divide="ignore"):  # a length may be infinite
            mixed = 1 / (rest / self.left + f / self.right)
        return np.where(f == 0, self.left, np.where(rest == 0, self.right, mixed))


def interdiffused(
    a: Metal, b: Metal, *, width: float, name: str | None = None
) -> NormalMetal | Ferromagnet:
    """Return the graded metal of a layer in which `a`, on its left, and `b` have interdiffused.

    Across the layer each q = 1/D, 1/l, p, beta_D goes from that of a to that of b with the share of
    b,

        ``q(xi) = (1 - f) q_a + f q_b,  f(xi) = [1 + erf((xi - 1/2)/w)/erf(1/(2 w))]/2``.

    This is the profile of a diffusion couple with a diffusion length of w thicknesses of the layer,
    scaled so that f is 0 at its left face and 1 at its right face. It is a step in the middle for
    small w and linear for large w.

    Parameters
    ----------
    a, b : NormalMetal or Ferromagnet
        Uniform metals, single numbers; if one is a ferromagnet, so is the result. A normal metal
        has p = 0. The result has a beta_D if one of them has.
    width : float
        w, relative to the thickness of the layer; positive.
    name : str, optional
        Name of the material; by default "a-b" if both have names.

    Returns
    -------
    NormalMetal or Ferromagnet
        With functions of xi for D, l and polarizations, which can be pickled; what is the same in
        both metals stays a number.

    Raises
    ------
    TypeError, ValueError
        If a or b is not a uniform metal with single numbers or has exchange lengths, or the width
        is not positive.
    """
    for side, metal in (("a", a), ("b", b)):
        _check_uniform(side, metal)
    w = positive("width (relative width)", width)
    if not isinstance(w, float):
        raise TypeError(f"width (relative width) must be one number, got shape {w.shape}")

    def mixed(left: Any, right: Any, inverse: bool) -> Any:
        return left if left == right else Mixed(left, right, w, inverse)

    numbers = {"D": mixed(a.D, b.D, True), "l": mixed(a.l, b.l, True)}
    names = [metal.name for metal in (a, b) if metal.name]
    more: dict[str, Any] = {
        "name": name or ("-".join(names) if len(names) == 2 else None),
        "source": "; ".join(f"{m.name or type(m).__name__}: {m.source}" for m in (a, b) if m.source)
        or None,
        "units": a.units if a.units == b.units else None,
    }
    if not any(isinstance(metal, Ferromagnet) for metal in (a, b)):
        return NormalMetal(**numbers, **more)
    p = mixed(getattr(a, "p", 0.0), getattr(b, "p", 0.0), False)
    if any(getattr(metal, "beta_D", None) is not None for metal in (a, b)):
        left, right = (getattr(metal, "diffusion_polarization", 0.0) for metal in (a, b))
        numbers["beta_D"] = mixed(left, right, False)
    return Ferromagnet(**numbers, p=p, **more)


def _check_uniform(side: str, metal: Metal) -> None:
    if not isinstance(metal, Metal):
        raise TypeError(f"{side} must be a NormalMetal or a Ferromagnet, got {metal!r}")
    for key, value in metal.numbers.items():
        if not isinstance(value, float):
            given = "a function of xi" if callable(value) else f"shape {np.shape(value)}"
            raise TypeError(f"{key} of {side} must be one number, got {given}")
    if isinstance(metal, Ferromagnet) and not metal.is_strong:
        raise ValueError(
            f"{side} must be a strong ferromagnet, got one with lambda_J = {metal.lambda_J}, "
            f"lambda_phi = {metal.lambda_phi}"
        )


@dataclass(frozen=True, eq=False)
class Sampled:
    """A function of xi through given values; `sampled` makes one."""

    values: FloatArray
    xi: FloatArray

    @property
    def breaks(self) -> FloatArray:
        """Where the pieces of it meet."""
        return self.xi

    @cached_property
    def _interpolate(self) -> Any:
        from scipy.interpolate import PchipInterpolator

        return PchipInterpolator(self.xi, self.values)

    def __call__(self, xi: FloatArray) -> FloatArray:
        """Value at xi, shape as of xi."""
        found: FloatArray = self._interpolate(np.clip(xi, 0.0, 1.0))
        return found


def sampled(values: ArrayLike, xi: ArrayLike | None = None) -> Sampled:
    """Return a function of xi that passes through values measured or computed elsewhere.

    It is a piecewise cubic with a continuous slope and monotonic between neighbouring values
    (PCHIP), so that it stays between them: positive values make a positive function.

    Parameters
    ----------
    values : array, shape (n,)
        At least two finite numbers.
    xi : array, shape (n,), optional
        Where they are: increasing, from 0 to 1; by default evenly spaced.

    Returns
    -------
    callable
        Takes and returns arrays; it can be pickled. For D, l or polarizations of a metal.

    Raises
    ------
    TypeError, ValueError
        If values or xi are not as above.
    """
    v = np.asarray(finite("values of a profile", values))
    if v.ndim != 1 or v.size < 2:
        raise ValueError(f"values of a profile must be two or more in a row, got shape {v.shape}")
    if xi is None:
        return Sampled(read_only(v), read_only(np.linspace(0.0, 1.0, v.size)))
    x = np.asarray(finite("xi of a profile", xi))
    if x.shape != v.shape:
        raise ValueError(
            f"xi of a profile must be one for each value, shape {v.shape}, got shape {x.shape}"
        )
    if x[0] != 0 or x[-1] != 1:
        raise ValueError(f"xi of a profile must go from 0 to 1, got {x[0]:g} to {x[-1]:g}")
    steps = np.diff(x)
    if not np.all(steps > 0):
        i = int(np.argmax(steps <= 0))
        raise ValueError(f"xi of a profile must increase, got {x[i]:g}, {x[i + 1]:g} at index {i}")
    return Sampled(read_only(v), read_only(x))
