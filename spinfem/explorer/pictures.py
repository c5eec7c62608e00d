"""What a picture in the browser shows, as columns of numbers for a few glyphs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray
from ..plot.hodograph import DrawnRod
from ..plot.labels import shortened
from ..plot.style import SYMBOLS, Quantity

Ends = tuple[float, float]
Columns = dict[str, Any]
EDGE = 0.068
"""Of new ends of an axis: what is at most empty at either of them."""
NAME = 30
"""Characters of the names at a rod."""
SLACK = 0.55
"""Of an axis: where what is drawn spans less of it, the axis follows."""


class Picture(NamedTuple):
    """Columns by the names of glyphs; those that are not there show nothing."""

    sources: dict[str, Columns]
    x: Ends
    y: Ends
    labels: tuple[str, str]
    square: bool = False  # lengths are the same in both directions
    words: Mapping[str, str] = {}  # of the legend, by what stands there otherwise


class Note(NamedTuple):
    """What stands in the place of a picture that there is not."""

    text: str


def line(points: FloatArray) -> Columns:
    """Return the columns of a line, broken at nan, through points (n, 2)."""
    return {"x": points[:, 0], "y": points[:, 1]}


def steady(old: Ends | None, new: Ends) -> Ends:
    """Return the ends of an axis: the old ones as long as what is drawn fills them well."""
    room = EDGE * (new[1] - new[0])
    if old is None or not old[0] <= new[0] + room <= new[1] - room <= old[1]:
        return new
    return old if new[1] - new[0] > SLACK * (old[1] - old[0]) else new


def steady_box(
    low: FloatArray, high: FloatArray, old: Picture | None, labels: tuple[str, str]
) -> tuple[FloatArray, FloatArray]:
    """Return opposite corners of a square: those of an old picture if it is filled well."""
    if old is None or not old.square or old.labels != labels:
        return low, high
    new = ((float(a), float(b)) for a, b in zip(low, high, strict=True))
    kept = [steady(was, one) for was, one in zip((old.x, old.y), new, strict=True)]
    if kept != [old.x, old.y]:  # else it would not be square
        return low, high
    return np.array([old.x[0], old.y[0]]), np.array([old.x[1], old.y[1]])


def with_room(values: list[FloatArray], room: float = 0.08) -> Ends:
    """Return ends of an axis that holds values, and some room beyond."""
    found = np.concatenate([np.ravel(one) for one in values])
    found = found[np.isfinite(found)]
    if not found.size:
        return (-1.0, 1.0)
    low, high = float(found.min()), float(found.max())
    more = room * (high - low) or 0.1 * abs(high) or 1.0
    return low - more, high + more


def heads(rods: list[DrawnRod], low: FloatArray, high: FloatArray) -> Columns:
    """Return names at the heads of rods, inside of the picture."""
    room = np.array([0.12, 0.05]) * (high - low)
    places = np.array([np.clip(rod.head, low + room, high - room) for rod in rods])
    for i, place in enumerate(places):
        while any((np.abs(place - other) < 1.5 * room).all() for other in places[:i]):
            place[1] -= room[1]
    return {
        **line(places),
        "text": [shortened(unicode_of(", ".join(rod.names)), NAME) for rod in rods],
    }


POWERS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def unicode_of(text: str) -> str:
    r"""Return a label without formulas: ``10$^{9}$ A/m$^2$`` as 10⁹ A/m²."""
    text = re.sub(r"\$\^\{?(-?\d+)\}?\$", lambda found: found[1].translate(POWERS), text)
    text = text.replace(r"$\,\times\,$", " × ")
    return text.replace(r"\$", "\0").replace("$", "").replace("\0", "$")


def symbol(quantity: Quantity, name: str, unit: str) -> str:
    """Return the label of an axis: a component of mu_s or j_s and its unit."""
    letter = SYMBOLS[quantity][0].replace(r"\mu", "μ")
    return f"{letter}ₛ {unicode_of(name)}{unicode_of(unit)}"
