"""Forces on rings as arrows, all on one scale and none on top of another."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray
from ..paper.analogy import Ring
from .style import FERROMAGNET, NORMAL

LOOKS = {
    "driving": ("driving force", "#0072B2"),
    "F cord": ("pull of F cord", FERROMAGNET.color),
    "N cord": ("pull of N cord", NORMAL.color),
    "contact": ("pull across contact", "#000000"),
    "reaction": ("reaction of rod", "#CC79A7"),
    "sum": ("driving force and F cord together", "#000000"),
}
"""Label and colour of every force."""
LONGEST = 0.3
"""Length of the longest arrow, of the extent of rings and cords."""
SMALLEST = 1e-3
"""Of the largest force: a smaller one is not drawn."""
COVERED = np.cos(np.radians(10))
"""Arrows from one point are drawn side by side if the cosine of their angle is larger."""
LANE = 4.5
"""Distance of arrows side by side, points."""


class Force(NamedTuple):
    """A force in the plane of the picture, as yet in A/m2 or as long as its arrow."""

    name: str
    vector: FloatArray  # (2,)


class Arrow(NamedTuple):
    """An arrow from a ring, in the coordinates of the axes; lane counts how far to its right."""

    name: str
    start: FloatArray
    vector: FloatArray
    lane: float


def forces_on(ring: Ring, sheet: FloatArray) -> list[Force]:
    """Return forces on a ring, projected by a matrix (3, 2); none if it is held at the origin."""
    if ring.pinned:
        return []
    own = [*ring.forces, ("reaction", ring.reaction)]
    return [Force(name, vector @ sheet) for name, vector in own]


def largest_force(rings: tuple[Ring, ...]) -> float:
    """Return the largest force on all rings that are not held at the origin, A/m2."""
    return max((_size(force) for ring in rings for force in forces_on(ring, np.eye(3))), default=0)


def _size(force: Force) -> float:
    return float(np.linalg.norm(force.vector))


def scaled(forces: list[list[Force]], largest: float, extent: float) -> list[list[Force]]:
    """Make all forces as long as their arrows in a picture of some extent; drop tiny ones."""
    factor = LONGEST * (extent or 1.0) / (largest or 1.0)
    return [
        [Force(f.name, f.vector * factor) for f in own if _size(f) > SMALLEST * largest]
        for own in forces
    ]


def fan_out(start: FloatArray, forces: list[Force]) -> Iterator[Arrow]:
    """Arrows from one point in their directions, side by side where they would cover each other."""
    ways = np.array([force.vector / _size(force) for force in forces])
    for i, (name, vector) in enumerate(forces):
        close = np.flatnonzero(ways @ ways[i] > COVERED).tolist()
        yield Arrow(name, start, vector, close.index(i) - (len(close) - 1) / 2)


def draw_arrows(ax: Any, arrows: list[Arrow], named: Collection[str] = ()) -> None:
    """Draw arrows, as long as they say; the limits of the axes must be what they will be.

    The legend has their forces, and those that are `named`.
    """
    ax.apply_aspect()
    span = np.array([np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())])
    points = np.array([ax.bbox.width, ax.bbox.height]) * 72 / ax.figure.dpi
    style = {"angles": "xy", "scale_units": "xy", "scale": 1, "units": "inches", "width": 0.022}
    for kind, (label, color) in LOOKS.items():
        own = [arrow for arrow in arrows if arrow.name == kind]
        if own:
            starts, vectors = beside_each_other(own, span, points)
            ax.quiver(*starts.T, *vectors.T, color=color, gid=label, zorder=4, **style)
        if own or kind in named:
            ax.plot([], [], color=color, marker=">", markersize=4, linewidth=1.5, label=label)


def beside_each_other(
    arrows: list[Arrow], span: FloatArray, points: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return where arrows begin in their lanes, and their vectors, (n, 2) each.

    `span` is what the axes show in x and in y, `points` how many points they are wide and high.
    """
    vectors = np.array([arrow.vector for arrow in arrows])
    ways = vectors / span * points
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    rightwards = np.stack([ways[:, 1], -ways[:, 0]], axis=1) * span / points
    shift = LANE * np.array([[arrow.lane] for arrow in arrows]) * rightwards
    return np.array([arrow.start for arrow in arrows]) + shift, vectors
