"""Numbers as people write them: nm and fOhm m2 where metals are in SI, spans of batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Unit(NamedTuple):
    """A unit in which numbers are shown."""

    name: str
    size: float = 1.0  # in the SI

    def head(self, symbol: str) -> str:
        """Return what stands above a column of numbers in this unit."""
        return f"{symbol} ({self.name})" if self.name else symbol

    def after(self, text: str) -> str:
        """Return a number that is written already, with this unit behind it."""
        return f"{text} {self.name}" if self.name else text

    def per(self, other: Unit) -> Unit:
        """Return the unit of a derivative with respect to what is in another one."""
        names = [self.name, *["per", other.name] * bool(other.name)]
        return Unit(" ".join(filter(None, names)), self.size / other.size)


PLAIN = Unit("")
"""That of numbers without one, and of all numbers in the paper's units."""
_LENGTH, _CONDUCTANCE, _ANGLE = Unit("nm", 1e-9), Unit("S/m2"), Unit("deg")
UNITS = {
    "thickness": _LENGTH,
    "l": _LENGTH,
    "lambda_J": _LENGTH,
    "lambda_phi": _LENGTH,
    "tau": Unit("ps", 1e-12),
    "frequency": Unit("Hz"),
    "D": Unit("S/m"),
    "G_r": _CONDUCTANCE,
    "G_i": _CONDUCTANCE,
    "resistance": Unit("fOhm m2", 1e-15),
    "spin_resistance": Unit("fOhm m2", 1e-15),
    "torque": Unit("J/m2"),
    "potential": Unit("V"),
    "j0": Unit("A/m2"),
    **{f"spin_potential_{c}": Unit("V") for c in "xyz"},
    **{f"spin_current_{c}": Unit("A/m2") for c in "xyz"},
}
"""Units of quantities of samples, and of results, that people use."""
ANGLES = {"polar": _ANGLE, "azimuth": _ANGLE}
"""The same of those that are in degrees, whatever the units of others."""


def unit_of(quantity: str, units: str | None) -> Unit:
    """Return the unit in which a quantity is shown if the numbers of its stack are in these."""
    known = UNITS if units == "SI" else {}
    return {**known, **ANGLES}.get(quantity, PLAIN)


def short(x: float) -> str:
    """Write a number to six digits."""
    return f"{x:.6g}"


def seven(x: float) -> str:
    """Write a number to seven digits."""
    return f"{x:.7g}"


def scientific(x: float) -> str:
    """Write a number with six decimals and an exponent; of a table of such the zeros alone."""
    return f"{x:.6e}" if x else "0"


def span(values: Any, write: Callable[[float], str] = short) -> str:
    """Write a number; of an array the lowest and the highest, ``"0 to 180"``.

    Parameters
    ----------
    values : float or array
        nan counts only where there is nothing else.
    write : callable
        Writes one number.
    """
    known = np.ravel(values) + 0.0  # turns -0.0 into 0.0
    known = known[~np.isnan(known)] if not np.isnan(known).all() else known[:1]
    if not known.size:
        return ""
    ends = write(float(known.min())), write(float(known.max()))
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def measure(values: Any, unit: Unit, write: Callable[[float], str] = short) -> str:
    """Write a number, or the span of an array, in a unit; parameters as of `span`."""
    return span(np.asarray(values) / unit.size, write)


def batch_note(shape: tuple[int, ...]) -> str:
    """Say of what spans are, if of a batch."""
    return f"batch of shape {shape}: from the lowest to the highest" if shape else ""
