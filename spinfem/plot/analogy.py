"""The mechanical analogy, section III of the paper: rods, rings, cords, and forces as arrows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np

from .._checks import BoolArray, FloatArray
from ..paper.analogy import Cord, Mechanism, Ring
from ..paper.folding import Folded
from ..results.leads import lead_solution, leads_of
from .arrows import LANE, Arrow, Force, draw_arrows, fan_out, forces_on, largest_force, scaled
from .hodograph import axis_label, draw_rods, first_rod, folded_axes, limits, rods_of, set_square
from .labels import name_layers, plain, spread
from .profile import shade
from .style import FERROMAGNET, FLAT, GREY, NORMAL, broken, scale

CORDS = {
    "F": FERROMAGNET._replace(color="#8fd0bb"),
    "N": NORMAL._replace(color="#efb184", width=1.8),
}
"""Paler than the arrows on top of them."""


class View(NamedTuple):
    """What is seen of spin space, and how large."""

    factor: float  # of potentials
    unit: str
    largest: float  # force, A/m2
    extent: float  # of rings and cords
    low: FloatArray  # (2,) corners
    high: FloatArray


def draw_analogy(ax: Any, analogy: Mechanism, si: bool, view: View | None = None) -> float:
    """Draw rods, rings, cords and forces, and return the height of the layers' names, inches.

    In spin space, folded; but over x if all rods are along one line, unless there is a view.
    """
    if not analogy.rings:
        raise ValueError("a picture of the analogy needs a ferromagnet, got none")
    if ax.name == "3d":
        raise ValueError(f"ax must be plane axes for the analogy, got {ax!r}")
    folded = analogy.fold()
    if view is None and np.abs(folded.rods[:, 0]).max() <= FLAT:
        return _draw_over_x(ax, analogy, si)
    _draw_in_plane(ax, analogy, folded, view or common_view([analogy], si))
    return 0.0


# --- in spin space ----------------------------------------------------------------------------


def common_view(analogies: list[Mechanism], si: bool) -> View:
    """Return a view that holds some pictures of the analogy, all on one scale."""
    factor, unit = max((scale(one.solution, "spin_potential", si) for one in analogies), key=_size)
    largest = max(largest_force(one.rings) for one in analogies)
    folds = [one.fold() for one in analogies]
    drawn = [_drawn(*both, factor) for both in zip(analogies, folds, strict=True)]
    whole = np.concatenate([np.concatenate([*c, p, np.zeros((1, 2))]) for c, p in drawn])
    extent = float(np.ptp(whole, axis=0).max())
    ends = [
        arrow.start + arrow.vector
        for one, folded, (_, points) in zip(analogies, folds, drawn, strict=True)
        for arrow in _arrows(one, folded, points, largest, extent)
    ]
    return View(factor, unit, largest, extent, *limits(np.array([*whole, *ends])))


def _size(scaling: tuple[float, str]) -> float:
    return -scaling[0]


def _drawn(
    analogy: Mechanism, folded: Folded, factor: float
) -> tuple[list[FloatArray], FloatArray]:
    """Return cords as curves, and where rings are, in the plane."""
    sheets = [folded.sheets[ring.face] for ring in analogy.rings]
    points = [r.point @ sheet for r, sheet in zip(analogy.rings, sheets, strict=True)]
    curves = [curve * factor for curve in curves_in_plane(analogy, folded)]
    return curves, np.array(points) * factor


def _arrows(
    analogy: Mechanism, folded: Folded, points: FloatArray, largest: float, extent: float
) -> list[Arrow]:
    """Return the forces on rings in the plane."""
    forces = [forces_on(ring, folded.sheets[ring.face]) for ring in analogy.rings]
    scaled_forces = scaled(forces, largest, extent)
    return [a for p, own in zip(points, scaled_forces, strict=True) for a in fan_out(p, own)]


def _draw_in_plane(ax: Any, analogy: Mechanism, folded: Folded, view: View) -> None:
    solution, rings = analogy.solution, analogy.rings
    curves, points = _drawn(analogy, folded, view.factor)
    labels = [axis_label("spin_potential", name, view.unit) for name in folded_axes(solution)]
    set_square(ax, view.low, view.high, labels)
    names = [name for name, _ in rods_of(solution)]
    draw_rods(ax, names, folded.rods, view.low, view.high, linestyle="-", linewidth=0.9)
    draw_arrows(ax, _arrows(analogy, folded, points, view.largest, view.extent))
    draw_rings(ax, rings, points)
    draw_cords(ax, analogy.cords, curves)


def curves_in_plane(analogy: Mechanism, folded: Folded) -> Iterator[FloatArray]:
    """How the cords hang in the plane; those of leads are along the nearest rod."""
    for i, cord in enumerate(analogy.cords):
        if cord.layer is not None:
            yield folded.potential[cord.layer]
        else:
            end = 0 if i == 0 else -1
            yield np.outer(cord.curve @ analogy.rings[end].rod, folded.rods[end])


# --- over x -----------------------------------------------------------------------------------


def _draw_over_x(ax: Any, analogy: Mechanism, si: bool) -> float:
    solution, rings, axis = analogy.solution, analogy.rings, analogy.rings[0].rod
    factor, unit = scale(solution, "spin_potential", si)
    length, metre = (1e9, " (nm)") if si else (1.0, "")
    units = np.array([length, factor])
    curves = [curve * units for curve in graphs_over_x(analogy, axis)]
    places = [(solution.stack.x[ring.face], ring.point @ axis) for ring in rings]
    points = np.array(places) * units
    x = np.concatenate([curve[[0, -1], 0] for curve in curves])
    ax.set_xlim(x[0], x[-1])

    upwards = np.stack([0 * axis, axis], axis=1)
    heights = np.concatenate([[0.0], *(curve[:, 1] for curve in curves)])
    forces = [forces_on(ring, upwards) for ring in rings]
    forces = scaled(forces, largest_force(rings), np.ptp(heights))
    arrows = list(line_up(ax, rings, points, forces))
    heights = np.array([*heights, *(arrow.start[1] + arrow.vector[1] for arrow in arrows)])
    room = 0.1 * np.ptp(heights) or 1.0
    ax.set_ylim(heights.min() - room, heights.max() + room)

    for cord, curve in zip(analogy.cords, curves, strict=True):
        shade(ax, curve[0, 0], curve[-1, 0], cord.kind == "F")
    ax.axhline(0.0, color=GREY, linewidth=0.6, zorder=1)
    draw_arrows(ax, arrows)
    draw_rings(ax, rings, points)
    draw_upright_rods(ax, points[:, 0], np.array([ring.rod @ axis > 0 for ring in rings]))
    draw_cords(ax, analogy.cords, curves)
    ax.set_xlabel(f"$x${metre}", fontsize="small")
    name = axis_label("spin_potential", f"along {first_rod(solution)}", unit)
    ax.set_ylabel(name, fontsize="small")
    ax.tick_params(labelsize="small")
    middle = (x[::2] + x[1::2]) / 2
    names = [plain(cord.name) for cord in analogy.cords]
    return name_layers(ax, names, (middle - x[0]) / (x[-1] - x[0]))


def graphs_over_x(analogy: Mechanism, axis: FloatArray) -> Iterator[FloatArray]:
    """Graphs of mu_s over x of all cords, (n, 2) each; of leads the part next to the stack."""
    solution = analogy.solution
    thickness = float(solution.stack.x[-1])
    for i, cord in enumerate(analogy.cords):
        if cord.layer is not None:
            x, mu = solution.layers[cord.layer].x, cord.curve @ axis
        else:
            side: Literal["left", "right"] = "left" if i == 0 else "right"
            lead = dict(leads_of(solution))[side]
            depth = np.linspace(0.0, _shown(float(np.asarray(lead.material.l)), thickness), 50)
            fields = lead_solution(solution, side, depth)
            x, mu = fields.x, fields.spin_potential @ axis
        yield np.stack([x, mu], axis=1)


def _shown(l: float, thickness: float) -> float:
    """How far leads are shown: until mu_s has decayed, if that is not longer than the stack."""
    return 0.25 * thickness if l > thickness else min(max(3 * l, 0.15 * thickness), thickness)


def line_up(
    ax: Any, rings: tuple[Ring, ...], points: FloatArray, forces: list[list[Force]]
) -> Iterator[Arrow]:
    """Arrows side by side, each cord's on its side; aside from their rings if these are close."""
    wide = LANE * ax.figure.dpi / (72 * ax.bbox.width)
    return lined_up(ax.get_xlim(), wide, rings, points, forces)


def lined_up(
    ends: tuple[float, float],
    wide: float,
    rings: tuple[Ring, ...],
    points: FloatArray,
    forces: list[list[Force]],
) -> Iterator[Arrow]:
    """Do the same over an axis with these ends, of which a lane is a fraction `wide`."""
    start, stop = ends
    drawn = [i for i, own in enumerate(forces) if own]
    places = (points[drawn, 0] - start) / (stop - start)
    room = np.full(len(drawn), 3.5 * wide)
    moved = spread(places, room) if room.sum() < 1 else places
    for i, aside in zip(drawn, (moved - places) / wide, strict=True):
        outside = 1 if rings[i].side == "right" else -1
        for name, vector in forces[i]:
            lane = {"driving": 0, "F cord": -outside}.get(name, outside)
            yield Arrow(name, points[i], vector, (lane + aside) * np.sign(vector[1]))


def draw_upright_rods(ax: Any, x: FloatArray, up: BoolArray) -> None:
    """Draw rods from edge to edge, with a mark at their heads."""
    style = {"transform": ax.get_xaxis_transform(), "color": GREY, "zorder": 1}
    style["clip_on"] = False
    for place, is_up in zip(x, up, strict=True):
        ax.plot([place] * 2, [0.0, 0.965] if is_up else [0.035, 1.0], linewidth=0.9, **style)
    for marker, heads, height, label in (
        ("^", x[up], 0.965, "head of m"),
        ("v", x[~up], 0.035, "" if up.any() else "head of m"),
    ):
        if heads.size:  # else a point at the corner of the figure, for which the layout makes room
            ends = np.full(heads.size, height)
            ax.plot(heads, ends, marker, markersize=4, label=label, **style)


# --- in both ----------------------------------------------------------------------------------


def draw_cords(ax: Any, cords: tuple[Cord, ...], curves: list[FloatArray]) -> None:
    """Draw cords, each as its curve (n, 2); those of leads are dashed."""
    for kind, metal in CORDS.items():
        for what, dashes in (("cord", "-"), ("lead", "--")):
            own = [
                curve
                for cord, curve in zip(cords, curves, strict=True)
                if cord.kind == kind and (cord.layer is None) == (what == "lead")
            ]
            if own:
                style = {"color": metal.color, "linewidth": metal.width, "zorder": 2}
                ax.plot(*broken(own).T, dashes, label=f"{kind} {what}", **style)


def draw_rings(ax: Any, rings: tuple[Ring, ...], points: FloatArray) -> None:
    """Draw rings at their points (n, 2), pinned ones in black."""
    style = {"markersize": 5, "markeredgecolor": "black", "linestyle": "none", "zorder": 5}
    style["clip_on"] = False  # at an end of the stack they are on the edge
    for label, color in (("ring", "white"), ("pinned ring", "black")):
        own = points[[bool(ring.pinned) == (label == "pinned ring") for ring in rings]]
        if own.size:
            ax.plot(*own.T, marker="o", color=color, label=label, **style)
