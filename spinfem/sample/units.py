"""Slips of units: numbers that no sample has in the unit they were given in.

Metals that are made from SI values say so (`Metal.units`), and stack files do by their keys. What
is given for them, and for layers and interfaces made of them, is compared with what samples have;
`UnitWarning` says what else was likely meant. Numbers of no stated unit, the paper's D, l and p,
are never looked at.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import inf, pi
from types import FrameType
from typing import Any

import numpy as np

from .._names import SIZES


class UnitWarning(UserWarning):
    """A number is outside of any sample in its unit: nanometres, say, were given as metres.

    It is used as it was given. ``warnings.simplefilter("error", spinfem.UnitWarning)`` makes it an
    error.
    """


INVERSE = -1.0
"""In the place of a unit's size: the number is that of one over the quantity."""


@dataclass(frozen=True, eq=False)
class Quantity:
    """What is known of a quantity of samples.

    Attributes
    ----------
    kind : str
        What it measures; quantities of one kind are warned of as one.
    unit : str
        Its unit in the SI.
    lowest, highest : float
        Ends of what any sample has.
    usual : tuple of float
        Ends of what most samples have: where a number lies that is likely meant.
    units : tuple of str
        Units in which it is also written, likeliest first: as in `spinfem._names.SIZES`, or
        ``1/(...)`` of them; also those of one over the quantity.
    limit : float or None
        0 or inf if that has a meaning of its own: numbers on the way to it are meant as such,
        unless another unit makes them what samples have.
    """

    kind: str
    unit: str
    lowest: float
    highest: float
    usual: tuple[float, float]
    units: tuple[str, ...]
    limit: float | None = None
    sizes: Mapping[str, float] = field(init=False)

    def __post_init__(self) -> None:
        sizes = {name: _size(name, self.unit) for name in (*self.units, self.unit)}
        object.__setattr__(self, "sizes", sizes)

    def odd(self, value: Any) -> float | None:
        """Return the first number outside of any sample, SI; None if there is none."""
        if isinstance(value, float):
            known = self.lowest <= value <= self.highest or value == self.limit
            return None if known else value
        x = np.asarray(np.real(value(PLACES) if callable(value) else value))
        strange = x[((x < self.lowest) | (x > self.highest)) & (x != self.limit)]
        return float(strange.flat[0]) if strange.size else None

    def leads_to_limit(self, value: float) -> bool:
        """Tell whether an odd number is on the way to the limit."""
        return (self.limit == 0.0 and value < self.lowest) or (
            self.limit == inf and value > self.highest
        )

    def likely(self, value: float, unit: str) -> list[str]:
        """Say what was likely meant by an odd number, given in a unit."""
        own = self.sizes[unit]
        given, others = value / own, {k: size for k, size in self.sizes.items() if k != unit}
        meant = {k: 1 / given if size == INVERSE else given * size for k, size in others.items()}
        for low, high in (self.usual, (self.lowest, self.highest)):
            if found := {k: x / own for k, x in meant.items() if low <= x <= high}:
                return [f"{_text(x)} {unit} ({_text(given)} {k})" for k, x in found.items()]
        return []


def _size(name: str, own: str) -> float:
    """Return the size of a unit in another one; INVERSE if it is that of one over the quantity."""
    if name.startswith("1/("):
        return 1.0 / SIZES[name[3:-1]][1]
    dimension, size = SIZES[name]
    return size if dimension == own else INVERSE


PLACES = np.linspace(0.0, 1.0, 65)
"""Where functions of xi are looked at."""

_LENGTHS = ("nm", "um")
THICKNESS = Quantity("thickness", "m", 1e-12, 1e-3, (1e-10, 1e-6), _LENGTHS)
LENGTH = Quantity("length", "m", 1e-12, 1e-2, (1e-10, 1e-6), _LENGTHS, inf)
RESISTIVITY = Quantity(
    "conductivity",
    "Ohm m",
    1e-10,
    1e-2,
    (1e-9, 1e-5),
    ("uOhm cm", "nOhm m", "S/m"),
)
CONDUCTIVITY = Quantity(
    "conductivity",
    "S/m",
    1e2,
    1e10,
    (3e5, 5e8),
    ("MS/m", "1/(uOhm cm)", "S/cm", "Ohm m"),
)
INTERFACE_RESISTANCE = Quantity(
    "interface resistance",
    "Ohm m2",
    1e-20,
    1e-9,
    (1e-17, 1e-13),
    ("fOhm m2", "Ohm um2"),
    0.0,
)
RESISTANCE = Quantity(
    "resistance-area product",
    "Ohm m2",
    0.0,
    1e-9,
    (1e-17, 1e-12),
    ("fOhm m2", "Ohm um2"),
)
MIXING = Quantity(
    "mixing conductance",
    "S/m2",
    1e11,
    1e18,
    (1e13, 1e16),
    ("1/(fOhm m2)", "1/nm2", "1/m2", "S/um2", "S/cm2"),
)
MAGNETIZATION = Quantity(
    "saturation magnetization",
    "A/m",
    1e3,
    5e6,
    (1e5, 2.5e6),
    ("kA/m", "T"),
)
RELAXATION_TIME = Quantity(
    "spin relaxation time",
    "s",
    1e-16,
    1e-6,
    (1e-14, 1e-9),
    ("ps", "fs", "ns"),
)

_told: ContextVar[frozenset[str] | set[str] | None] = ContextVar("told", default=None)
"""Kinds of which nothing more is said; None where everything is."""
_QUANTITIES = (
    THICKNESS,
    LENGTH,
    RESISTIVITY,
    INTERFACE_RESISTANCE,
    RESISTANCE,
    MIXING,
    MAGNETIZATION,
    RELAXATION_TIME,
)
_ANGLE = "angle"
_ALL = frozenset({_ANGLE, *(quantity.kind for quantity in _QUANTITIES)})
_IN_RADIANS = {90.0: pi / 2, 180.0: pi, 360.0: 2 * pi}
"""Angles in degrees, and what they are in radians."""
_AS_WRITTEN = 1e-5
"""By which an angle that is written with five digits may be off."""


def notice(quantity: Quantity, what: str, value: Any, unit: str | None = None) -> None:
    """Warn of a number that is outside of any sample.

    Parameters
    ----------
    quantity : Quantity
        What is known of it.
    what : str
        What it is, for the message.
    value : float, array, callable or None
        The number or numbers in the SI; of complex ones the real part counts. None: there is none.
    unit : str, optional
        Unit in which it was given and is shown, by default that of the SI.

    Warns
    -----
    UnitWarning
        At the line outside of spinfem from which it was called.
    """
    odd = None if value is None else quantity.odd(value)
    told = _told.get()
    if odd is None or (told is not None and quantity.kind in told):
        return
    unit = unit or quantity.unit
    size = quantity.sizes[unit]
    meant = " or ".join(quantity.likely(odd, unit))
    if not meant and quantity.leads_to_limit(odd):
        return
    if isinstance(told, set):
        told.add(quantity.kind)
    warnings.warn(
        f"{what} should be from {_text(quantity.lowest / size)} to "
        f"{_text(quantity.highest / size)} {unit}, got {_text(odd / size)} {unit}"
        + (f": {meant} is meant?" if meant else ""),
        UnitWarning,
        stacklevel=_caller(),
    )


def notice_radians(what: str, degrees: Any) -> None:
    """Warn of angles that end in half a turn, a quarter or a whole one in radians.

    Parameters
    ----------
    what : str
        What it is, for the message.
    degrees : float or array
        The angles as they were given.

    Warns
    -----
    UnitWarning
        As `notice`.
    """
    largest = abs(degrees) if isinstance(degrees, float) else np.max(np.abs(degrees), initial=0.0)
    told = _told.get()
    if not 1.5 < largest < 6.5 or (told is not None and _ANGLE in told):
        return
    for meant, radians in _IN_RADIANS.items():
        if abs(largest - radians) < _AS_WRITTEN:
            if isinstance(told, set):
                told.add(_ANGLE)
            warnings.warn(
                f"{what} should be in degrees, got {_text(float(largest))} degrees: {meant:g} "
                f"degrees ({_text(radians)} rad) is meant?",
                UnitWarning,
                stacklevel=_caller(),
            )


def _text(x: float) -> str:
    """Write a number to 6 digits, 8e-9 for 8e-09."""
    return re.sub(r"e\+?(-?)0*", r"e\1", f"{x:g}")


def _caller() -> int:
    """Return how many frames above that of `notice` spinfem was called."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and _is_ours(frame):
        level, frame = level + 1, frame.f_back
    return level


def _is_ours(frame: FrameType) -> bool:
    package = str(frame.f_globals.get("__name__")).partition(".")[0]
    return package in (__name__.partition(".")[0], "dataclasses")


@contextmanager
def once() -> Iterator[None]:
    """Warn of each kind of quantity at most once while the block runs."""
    if _told.get() is not None:
        yield
        return
    token = _told.set(set())
    try:
        yield
    finally:
        _told.reset(token)


@contextmanager
def in_silence() -> Iterator[None]:
    """Warn of nothing while the block runs, in which numbers are used again."""
    token = _told.set(_ALL)
    try:
        yield
    finally:
        _told.reset(token)
