"""mu_s and j_s: the curves that they trace in spin space, and over x."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._checks import FloatArray
from ..plot.hodograph import (
    SPACE,
    Frame,
    View,
    limits,
    look,
    look_folded,
    rods_in,
    rods_of,
)
from ..plot.labels import plain
from ..plot.profile import columns, leads_beside
from ..plot.style import COMPONENTS, ZERO, Quantity, broken, fields, scale
from ..results.leads import leads_of
from .pictures import (
    Columns,
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

MANY = 24
"""So many faces have lines; where there are more, they would cover what is drawn."""
PROJECTED = Frame(np.eye(3)[[0, 2]], ("x", "z"))
"""Where what does not lie in a plane, and cannot be folded, is seen from the side."""


def view_of(seen: Seen, quantity: Quantity, frame: Frame) -> View:
    """Return what a hodograph shows in a plane: folded, or from the side, if there is none."""
    if frame is not SPACE:
        return look(seen.solution, quantity, frame)
    try:
        return look_folded(seen.solution, quantity, seen.folded)
    except ValueError:
        return look(seen.solution, quantity, PROJECTED)


def hodograph(seen: Seen, quantity: Quantity, frame: Frame, old: Picture | None) -> Picture:
    """Return the picture of a hodograph, on the axes of an old one as far as it fits."""
    solution = seen.solution
    view = view_of(seen, quantity, frame)
    factor, unit = scale(solution, quantity, seen.si)
    curves, leads = ([curve * factor for curve in own] for own in (view.curves, view.leads))
    before, after = view.before * factor, view.after * factor
    points = np.concatenate([before, after])
    low, high = limits(np.concatenate([points, *curves, *leads, np.zeros((1, 2))]))
    labels = symbol(quantity, view.axes[0], unit), symbol(quantity, view.axes[1], unit)
    low, high = steady_box(low, high, old, labels)
    sources: dict[str, Columns] = {}
    magnetic = [layer.is_ferromagnet for layer in solution.stack.layers]
    ends = zip(leads_of(solution), leads, strict=True)
    own_leads = [(lead.is_ferromagnet, curve) for (_, lead), curve in ends]
    for kind, is_magnetic in (("F", True), ("N", False)):
        inside = [curve for curve, one in zip(curves, magnetic, strict=True) if one == is_magnetic]
        outside = [curve for one, curve in own_leads if one == is_magnetic]
        for name, own in ((kind, inside), (f"{kind} lead", outside)):
            if own:
                sources[name] = line(broken(own))
    jumps = np.abs(before - after).max(axis=1) > ZERO * np.abs(points).max()
    if jumps.any():
        sources["jump"] = line(broken(list(np.stack([before, after], axis=1)[jumps])))
    rods = rods_in([name for name, _ in rods_of(solution)], view.rods, low, high, 0.97)
    if rods:
        sources["rods"] = line(broken([np.stack([rod.tail, rod.head]) for rod in rods]))
        sources["names"] = heads(rods, low, high)
    sources["faces"] = line(points)
    sources["left end"] = line(curves[0][:1])
    return Picture(sources, (low[0], high[0]), (low[1], high[1]), labels, True)


def profile(seen: Seen, quantity: Quantity, old: Picture | None) -> Picture:
    """Return the picture of a field over x, its y axis that of an old one as far as it fits."""
    solution = seen.solution
    length, metre = (1e9, " (nm)") if seen.si else (1.0, "")
    factor, unit = scale(solution, quantity, seen.si)
    leads = leads_beside(solution)
    left, right = ([one for one in leads if one.side == side] for side in ("left", "right"))
    pieces: list[Any] = [*left, *solution.layers, *right]
    x = broken([piece.x[:, None] for piece in pieces])[:, 0] * length
    inner = fields(solution, quantity)
    outer = [[getattr(one, quantity) for one in own] for own in (left, right)]
    values = broken(columns([*outer[0], *inner, *outer[1]])) * factor
    y = with_room([values, np.zeros(1)])
    labels = f"x{metre}", symbol(quantity, "", unit)
    if old is not None and old.labels == labels:
        y = steady(old.y, y)
    sizes = np.nanmax(np.abs(values), axis=0)
    sources: dict[str, Columns] = {}
    for i, (name, _, _) in enumerate(COMPONENTS):
        zero = sizes[i] <= ZERO * sizes.max()
        sources["zero" if zero else name] = {"x": x, "y": values[:, i]}
    faces = solution.stack.x * length
    starts, stops = (np.array([p.x[i] for p in pieces]) * length for i in (0, -1))
    magnetic = [
        *(one.magnetic for one in left),
        *(layer.is_ferromagnet for layer in solution.stack.layers),
        *(one.magnetic for one in right),
    ]
    sources |= shades(starts, stops, magnetic, y)
    resistive = np.array([joint is not None for joint in solution.stack.joints])
    for name, own in (("face", faces[~resistive]), ("resistive interface", faces[resistive])):
        if 0 < own.size <= MANY:
            sources[name] = line(broken([np.array([[at, y[0]], [at, y[1]]]) for at in own]))
    width = float(stops[-1] - starts[0])
    roomy = (stops - starts) / width > 0.06
    sources["names"] = {
        "x": ((starts + stops) / 2)[roomy],
        "y": [y[1]] * int(roomy.sum()),
        "text": [unicode_of(plain(p.name)) for p, wide in zip(pieces, roomy, strict=True) if wide],
    }
    return Picture(sources, (float(starts[0]), float(stops[-1])), y, labels)


def shades(
    left: FloatArray, right: FloatArray, magnetic: Sequence[bool], y: tuple[float, float]
) -> dict[str, Columns]:
    """Return what is behind layers of either kind, as high as the axis."""
    is_magnetic, found = np.array(magnetic, dtype=bool), {}
    for kind, own in (("F shade", is_magnetic), ("N shade", ~is_magnetic)):
        n = int(own.sum())
        found[kind] = {
            "left": left[own],
            "right": right[own],
            "bottom": [y[0]] * n,
            "top": [y[1]] * n,
        }
    return found
