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
from .style import FERROMAGNET, FLAT, GREY, NORMAL, broken, common_scale

CORDS = {
    "F": FERROMAGNET._replace(color="#8fd0bb"),
    "N": NORMAL._replace(color="#efb184", width=1.8),
}
"""Paler than the arrows on top of them."""


class View(NamedTuple):
    """What is seen of spin space, or over x, and how large."""

    over_x: bool
    factor: float  # of potentials
    unit: str
    largest: float  # force, A/m2
    named: frozenset[str]  # forces
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
    view = view or common_view([analogy], si)
    if view.over_x:
        return _draw_over_x(ax, analogy, si, view)
    _draw_in_plane(ax, analogy, analogy.fold(), view)
    return 0.0


def common_view(analogies: list[Mechanism], si: bool) -> View:
    """Return a view that holds some pictures of the analogy, all on one scale.

    Over x if all rods of all of them are along one line.
    """
    solutions, folds = [one.solution for one in analogies], [one.fold() for one in analogies]
    largest = max(largest_force(one.rings) for one in analogies)
    over_x = all(np.abs(folded.rods[:, 0]).max() <= FLAT for folded in folds)
    forces = [forces_on(ring, np.eye(3)) for one in analogies for ring in one.rings]
    named = frozenset(force.name for own in scaled(forces, largest, 1.0) for force in own)
    factor, unit = common_scale(solutions, "spin_potential", si)
    if over_x:
        box = _box_over_x(analogies, si, factor, largest)
    else:
        box = _box_in_plane(analogies, folds, factor, largest)
    return View(over_x, factor, unit, largest, named, *box)


# --- in spin space ----------------------------------------------------------------------------


def _box_in_plane(
    analogies: list[Mechanism], folds: list[Folded], factor: float, largest: float
) -> tuple[float, FloatArray, FloatArray]:
    """Return the extent of rings and cords, and corners of what holds all forces, too."""
    drawn = [_drawn(*both, factor) for both in zip(analogies, folds, strict=True)]
    whole = np.concatenate([np.concatenate([*c, p, np.zeros((1, 2))]) for c, p in drawn])
    extent = float(np.ptp(whole, axis=0).max())
    ends = [
        arrow.start + arrow.vector
        for one, folded, (_, points) in zip(analogies, folds, drawn, strict=True)
        for arrow in _arrows(one, folded, points, largest, extent)
    ]
    return extent, *limits(np.array([*whole, *ends]))


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
    draw_arrows(ax, _arrows(analogy, folded, points, view.largest, view.extent), view.named)
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


def _draw_over_x(ax: Any, analogy: Mechanism, si: bool, view: View) -> float:
    solution, rings, axis = analogy.solution, analogy.rings, analogy.rings[0].rod
    curves, points = _drawn_over_x(analogy, si, view.factor)
    ax.set_xlim(view.low[0], view.high[0])
    ax.set_ylim(view.low[1], view.high[1])
    forces = _upright_forces(analogy, view.largest, view.extent)
    arrows = list(line_up(ax, rings, points, forces))

    for cord, curve in zip(analogy.cords, curves, strict=True):
        shade(ax, curve[0, 0], curve[-1, 0], cord.kind == "F")
    ax.axhline(0.0, color=GREY, linewidth=0.6, zorder=1)
    draw_arrows(ax, arrows, view.named)
    draw_rings(ax, rings, points)
    draw_upright_rods(ax, points[:, 0], np.array([ring.rod @ axis > 0 for ring in rings]))
    draw_cords(ax, analogy.cords, curves)
    metre = " (nm)" if si else ""
    ax.set_xlabel(f"$x${metre}", fontsize="small")
    name = axis_label("spin_potential", f"along {first_rod(solution)}", view.unit)
    ax.set_ylabel(name, fontsize="small")
    ax.tick_params(labelsize="small")
    ends = np.array([curve[[0, -1], 0] for curve in curves])
    names = [plain(cord.name) for cord in analogy.cords]
    middle = (ends.mean(axis=1) - view.low[0]) / (view.high[0] - view.low[0])
    return name_layers(ax, names, middle)


def _box_over_x(
    analogies: list[Mechanism], si: bool, factor: float, largest: float
) -> tuple[float, FloatArray, FloatArray]:
    """Return the extent of rings and cords, and corners of what holds all forces, too."""
    drawn = [_drawn_over_x(one, si, factor) for one in analogies]
    curves = np.concatenate([curve for own, _ in drawn for curve in own])
    heights = np.append(0.0, curves[:, 1])
    extent = float(np.ptp(heights))
    ends = [
        point[1] + force.vector[1]
        for one, (_, points) in zip(analogies, drawn, strict=True)
        for point, own in zip(points, _upright_forces(one, largest, extent), strict=True)
        for force in own
    ]
    heights = np.array([*heights, *ends])
    room = 0.1 * np.ptp(heights) or 1.0
    x = curves[:, 0]
    low, high = (x.min(), heights.min() - room), (x.max(), heights.max() + room)
    return extent, np.array(low), np.array(high)


def _drawn_over_x(
    analogy: Mechanism, si: bool, factor: float
) -> tuple[list[FloatArray], FloatArray]:
    """Return cords as graphs, and where rings are, over x."""
    rings, axis = analogy.rings, analogy.rings[0].rod
    units = np.array([1e9 if si else 1.0, factor])
    places = [(analogy.solution.stack.x[ring.face], ring.point @ axis) for ring in rings]
    return [curve * units for curve in graphs_over_x(analogy, axis)], np.array(places) * units


def _upright_forces(analogy: Mechanism, largest: float, extent: float) -> list[list[Force]]:
    """Return the forces on rings along the first rod, upwards."""
    axis = analogy.rings[0].rod
    upwards = np.stack([0 * axis, axis], axis=1)
    return scaled([forces_on(ring, upwards) for ring in analogy.rings], largest, extent)


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
