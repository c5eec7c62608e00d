"""A row of the table: what somebody has, what spinfem has, and what lies between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

ROUNDINGS = 1e-10
"""Relative differences below it are roundings, which differ from machine to machine."""


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes
    ----------
    what, source, parameters : str
        The quantity; where the other value is from; the sample.
    theirs, ours, difference : str
        Both values, or some of many, and their largest difference.
    why : str
        Where the difference is from, and what allows it.
    holds : bool
        Whether the row is what it says: the difference is within what is allowed or, where a
        disagreement is stated, above it.
    """

    what: str
    source: str
    parameters: str
    theirs: str
    ours: str
    difference: str
    why: str
    holds: bool

    @property
    def cells(self) -> tuple[str, ...]:
        """The columns of the table."""
        numbers = self.theirs, self.ours, self.difference
        return self.what, self.source, self.parameters, *numbers, self.why


HEADS = ("what", "source", "parameters", "their value", "spinfem", "largest difference", "why")


def compared(
    what: str,
    *,
    source: str,
    parameters: str,
    theirs: Any,
    ours: Any,
    allowed: float,
    why: str,
    unit: str = "",
    digits: int = 4,
    shown: Sequence[int] = (0, 1, 2),
    scale: Any = None,
    agree: bool = True,
) -> Row:
    """Return the comparison of numbers.

    Parameters
    ----------
    what, source, parameters, why : str
        As of `Row`.
    theirs, ours : float or array, shape (n,)
        Both values; nan where there is none.
    allowed : float
        Largest difference for which they agree, as a fraction of the scale.
    unit : str
        Unit of both.
    digits : int
        Digits that the table has.
    shown : sequence of int
        Which of many values the table has.
    scale : float or array, optional
        What differences are relative to. Default: the largest of their values.
    agree : bool
        Whether they are to agree, or to disagree.
    """
    theirs, ours = np.atleast_1d(theirs), np.atleast_1d(ours)
    scale = float(np.nanmax(np.abs(theirs))) if scale is None else scale
    difference = float(np.nanmax(np.abs(ours - theirs) / scale))
    within = difference <= allowed
    found = "roundings" if difference < ROUNDINGS else _fraction(difference)
    verdict = f"{found} ({'of' if within else 'above'} {_fraction(allowed)} allowed)"
    numbers = [_listed(values, unit, digits, shown) for values in (theirs, ours)]
    return Row(what, source, parameters, *numbers, verdict, why, within == agree)


def stated(
    what: str, *, source: str, parameters: str, theirs: str, ours: str, why: str, holds: bool
) -> Row:
    """Return the comparison with a statement that has no number."""
    difference = "none" if holds else "contradicts"
    return Row(what, source, parameters, theirs, ours, difference, why, holds)


def _fraction(value: float) -> str:
    if value < 1e-4:
        return f"{value:.0e}"
    return f"{100 * value:.0f} %" if value > 0.1 else f"{100 * value:.2g} %"


def _listed(values: Any, unit: str, digits: int, shown: Sequence[int]) -> str:
    some = [values[i] for i in shown if i < len(values)]
    text = ", ".join(f"{value:.{digits}g}" for value in some)
    return f"{text} {unit}".strip()
