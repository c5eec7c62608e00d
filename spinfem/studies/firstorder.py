"""Numbers with their derivative: the chain rule, for formulas that are written once.

A formula of numbers, arrays or `FirstOrder` is its value for the first ones, and its value and
derivative for the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from .._checks import Number


@dataclass(frozen=True, eq=False)
class FirstOrder:
    """A number that depends on a parameter.

    Attributes
    ----------
    value : float or array
        The number.
    slope : float or array
        Its derivative.
    size : float or array
        Sum of the magnitudes of what the derivative is the sum of: a slope that is a small part of
        it is rounding.
    """

    value: Number
    slope: Number = 0.0
    size: Number = 0.0

    __array_ufunc__ = None
    """So that an array on the left is refused, and not taken apart."""

    def __getitem__(self, index: int) -> Self:
        """Return a part of all three, which are arrays of one shape then."""
        return type(self)(*(np.asarray(x)[index] for x in (self.value, self.slope, self.size)))

    def __add__(self, other: Any) -> FirstOrder:
        b = _first_order(other)
        return FirstOrder(self.value + b.value, self.slope + b.slope, self.size + b.size)

    def __sub__(self, other: Any) -> FirstOrder:
        b = _first_order(other)
        return FirstOrder(self.value - b.value, self.slope - b.slope, self.size + b.size)

    def __mul__(self, other: Any) -> FirstOrder:
        a, b = self, _first_order(other)
        return FirstOrder(
            a.value * b.value,
            a.slope * b.value + a.value * b.slope,
            a.size * np.abs(b.value) + np.abs(a.value) * b.size,
        )

    def __truediv__(self, other: Any) -> FirstOrder:
        a, b = self, _first_order(other)
        quotient = a.value / b.value
        return FirstOrder(
            quotient,
            (a.slope - quotient * b.slope) / b.value,
            (a.size + np.abs(quotient) * b.size) / np.abs(b.value),
        )

    def __radd__(self, other: Any) -> FirstOrder:
        return _first_order(other) + self


def _first_order(x: Any) -> FirstOrder:
    return x if isinstance(x, FirstOrder) else FirstOrder(x)
