"""Rods, rings and cords with forces, as `spinfem.plot.analogy` has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._checks import FloatArray
from ..paper.analogy import Mechanism
from ..plot.analogy import curves_in_plane, graphs_over_x, lined_up
from ..plot.arrows import (
    LANE,
    LOOKS,
    Arrow,
    beside_each_other,
    fan_out,
    forces_on,
    largest_force,
    scaled,
)
from ..plot.hodograph import first_rod, folded_axes, limits, rods_in, rods_of
from ..plot.labels import plain
from ..plot.style import FLAT, SI_UNITS, amount, broken, scale
from .pictures import (
    Columns,
    Note,
    Picture,
    heads,
    line,
    steady,
    steady_box,
    symbol,
    unicode_of,
    with_room,
)
from .seen import Seen
from .vectors import shades

NO_RODS = (
    "No mechanical picture of this stack: rods, rings and cords need strong ferromagnets, uniform "
    "metals and transparent interfaces."
)
FORCE = "force:"
"""In front of the names of forces, of which two are called like cords."""
OF_BOX = 0.62
"""Of the width of the picture, what arrows take as the extent of what is drawn."""
SIDE = 300.0
"""Width and height of the picture, points."""


def mechanics(seen: Seen, old: Picture | None) -> Picture | Note:
    """Return the picture of the mechanical analogy, on the axes of an old one as far as it fits."""
    solution = seen.solution
    analogy = seen.mechanism
    if analogy is None:
        return Note(NO_RODS)
    if _is_flat(solution) and _is_flat(seen.base):
        return _over_x(seen, analogy, old)
    return _in_plane(seen, analogy, old)


def longest_arrow(seen: Seen, si: bool) -> str:
    """Write the size of the largest force."""
    largest = largest_force(seen.mechanism.rings) if seen.mechanism else 0.0
    return unicode_of(amount(largest, SI_UNITS["spin_current"] if si else ""))


def _is_flat(thing: Any) -> bool:
    """Whether all magnetizations are along one line."""
    elements = thing.stack.elements
    m = [e.m for e in elements if getattr(e, "m", None) is not None]
    return all(np.abs(np.cross(m[0], one)).max() <= FLAT for one in m)


def _in_plane(seen: Seen, analogy: Mechanism, old: Picture | None) -> Picture:
    solution, rings, folded = seen.solution, analogy.rings, seen.folded
    factor, unit = scale(solution, "spin_potential", seen.si)
    sheets = [folded.sheets[ring.face] for ring in rings]
    points = np.array([r.point @ sheet for r, sheet in zip(rings, sheets, strict=True)]) * factor
    curves = [curve * factor for curve in curves_in_plane(analogy, folded)]
    across, along = folded_axes(solution)
    labels = symbol("spin_potential", across, unit), symbol("spin_potential", along, unit)
    drawn = np.concatenate([*curves, points, np.zeros((1, 2))])
    forces = [forces_on(ring, sheet) for ring, sheet in zip(rings, sheets, strict=True)]
    largest = largest_force(rings)
    reach = scaled(forces, largest, float(np.ptp(drawn, axis=0).max()))
    tips = [p + force.vector for p, own in zip(points, reach, strict=True) for force in own]
    low, high = steady_box(*limits(np.array([*drawn, *tips])), old, labels)
    # as long as they are in this box, so that they do not change with what is drawn
    forces = scaled(forces, largest, OF_BOX * float(high[0] - low[0]))
    arrows = [a for p, own in zip(points, forces, strict=True) for a in fan_out(p, own)]
    names = [name for name, _ in rods_of(solution)]
    rods = rods_in(names, folded.rods, low, high, 0.97)
    sources = {
        **_cords(analogy, curves),
        **_rings(analogy, points),
        **_arrows(arrows, high - low),
        "rods": line(broken([np.stack([rod.tail, rod.head]) for rod in rods])),
        "names": heads(rods, low, high),
    }
    return Picture(sources, (low[0], high[0]), (low[1], high[1]), labels, True)


def _over_x(seen: Seen, analogy: Mechanism, old: Picture | None) -> Picture:
    solution, rings, axis = seen.solution, analogy.rings, analogy.rings[0].rod
    factor, unit = scale(solution, "spin_potential", seen.si)
    length, metre = (1e9, " (nm)") if seen.si else (1.0, "")
    units = np.array([length, factor])
    curves = [curve * units for curve in graphs_over_x(analogy, axis)]
    points = np.array([(solution.stack.x[r.face], r.point @ axis) for r in rings]) * units
    x = np.concatenate([curve[[0, -1], 0] for curve in curves])
    ends = (float(x[0]), float(x[-1]))
    heights = np.concatenate([[0.0], *(curve[:, 1] for curve in curves)])
    upwards = np.stack([0 * axis, axis], axis=1)
    forces = [forces_on(ring, upwards) for ring in rings]
    forces = scaled(forces, largest_force(rings), 1.3 * float(np.ptp(heights)))
    arrows = list(lined_up(ends, LANE / SIDE, rings, points, forces))
    tips = [np.array([arrow.start[1] + arrow.vector[1]]) for arrow in arrows]
    y = with_room([heights, *tips], 0.1)
    labels = f"x{metre}", symbol("spin_potential", f"along {first_rod(solution)}", unit)
    if old is not None and not old.square and old.labels == labels:
        y = steady(old.y, y)
    span = np.array([np.ptp(ends), np.ptp(y)])
    middle = (x[::2] + x[1::2]) / 2
    names = [unicode_of(plain(cord.name)) for cord in analogy.cords]
    upright = [np.array([[place, y[0]], [place, y[1]]]) for place in points[:, 0]]
    sources = {
        **_cords(analogy, curves),
        **_rings(analogy, points),
        **_arrows(arrows, span),
        **shades(x[::2], x[1::2], [cord.kind == "F" for cord in analogy.cords], y),
        "rods": line(broken(upright)),
        "names": {"x": middle, "y": [y[1] - 0.03 * float(np.ptp(y))] * len(names), "text": names},
    }
    return Picture(sources, ends, y, labels)


def _cords(analogy: Mechanism, curves: list[FloatArray]) -> dict[str, Columns]:
    found = {}
    for kind in ("F", "N"):
        for what in ("cord", "lead"):
            own = [
                curve
                for cord, curve in zip(analogy.cords, curves, strict=True)
                if cord.kind == kind and (cord.layer is None) == (what == "lead")
            ]
            if own:
                found[f"{kind} {what}"] = line(broken(own))
    return found


def _rings(analogy: Mechanism, points: FloatArray) -> dict[str, Columns]:
    held = np.array([bool(ring.pinned) for ring in analogy.rings])
    return {"ring": line(points[~held]), "pinned ring": line(points[held])}


def _arrows(arrows: list[Arrow], span: FloatArray) -> dict[str, Columns]:
    return dict(_arrow_columns(arrows, span))


def _arrow_columns(arrows: list[Arrow], span: FloatArray) -> Iterator[tuple[str, Columns]]:
    for kind in LOOKS:
        own = [arrow for arrow in arrows if arrow.name == kind]
        if own:
            starts, vectors = beside_each_other(own, span, np.array([SIDE, SIDE]))
            tips = starts + vectors
            yield (
                f"{FORCE} {kind}",
                {"x0": starts[:, 0], "y0": starts[:, 1], "x1": tips[:, 0], "y1": tips[:, 1]},
            )
