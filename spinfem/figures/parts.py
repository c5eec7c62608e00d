"""Parts that the figures share: labels at points, forces over x, rods and rings in a plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._checks import FloatArray
from ..analogy import Analogy
from ..paper.analogy import Ring
from ..plot.analogy import CORDS, draw_cords, draw_rings, draw_upright_rods, line_up
from ..plot.arrows import Arrow, Force, draw_arrows, fan_out, forces_on, largest_force, scaled
from ..plot.hodograph import draw_rods, limits, set_square
from ..plot.labels import name_layers
from ..plot.profile import shade
from ..plot.style import FERROMAGNET, GREY, NORMAL
from ..solution import Solution
from .data import sliding
from .systems import IN_PLANE, UP

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Show = Callable[[Ring], list[Force]]
"""Which forces on a ring are drawn, in the xz plane."""
COMPASS = {"n": (0, 1), "e": (1, 0), "s": (0, -1), "w": (-1, 0)}


MU_XZ = r"$\mu_{s,x} G_1/j_0$", r"$\mu_{s,z} G_1/j_0$"
"""Names of the axes of mu_s space."""


def new_figure(width: float, height: float, title: str) -> Figure:
    """Return a figure that nothing keeps but its owner; inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, fontsize="medium")
    return figure


def tag(
    ax: Any, point: Any, text: str, side: str, color: str = "black", gap: float = 4.0, **style: Any
) -> None:
    """Write beside a point, on the side that the compass says: "n", "ne", "e", ..., or "" on it."""
    from matplotlib.patheffects import withStroke

    right, up = np.sum([(0, 0), *(COMPASS[way] for way in side)], axis=0)
    style = {
        "ha": {-1: "right", 0: "center", 1: "left"}[int(right)],
        "va": {-1: "top", 0: "center", 1: "bottom"}[int(up)],
        "fontsize": "small",
        "zorder": 6,
        **style,
    }
    label = ax.annotate(
        text, point, (gap * right, gap * up), textcoords="offset points", color=color, **style
    )
    label.set(path_effects=[withStroke(linewidth=2.5, foreground="white")])


def right_angle(ax: Any, corner: FloatArray, a: FloatArray, b: FloatArray, size: float) -> None:
    """Mark the right angle at a corner between two directions."""
    a, b = (size * way / np.linalg.norm(way) for way in (a, b))
    ax.plot(*np.array([corner + a, corner + a + b, corner + b]).T, color=GREY, linewidth=0.8)


# --- over x ---------------------------------------------------------------------------------------


def shade_layers(ax: Any, solution: Solution) -> None:
    """Shade layers, and draw their interfaces and the zero line."""
    x = solution.stack.x
    for layer, left, right in zip(solution.stack.layers, x[:-1], x[1:], strict=True):
        shade(ax, left, right, layer.is_ferromagnet)
    ax.axhline(0.0, color=GREY, linewidth=0.6, zorder=1)
    ax.set_xlim(x[0], x[-1])
    ax.tick_params(labelsize="small")


def current_over_x(ax: Any, solution: Solution) -> None:
    """Draw j_s along m over x, and name the layers above."""
    shade_layers(ax, solution)
    for layer, solved in zip(solution.stack.layers, solution.layers, strict=True):
        color = (FERROMAGNET if layer.is_ferromagnet else NORMAL).color
        ax.plot(solved.x, solved.spin_current @ UP, color=color, linewidth=1.8)
    j = np.concatenate([layer.spin_current @ UP for layer in solution.layers])
    room = 0.25 * np.ptp(j)
    ax.set_ylim(min(j.min(), 0.0) - 0.4 * room, j.max() + room)
    for ring in sliding(Analogy(solution)):
        ax.axvline(solution.stack.x[ring.face], color=GREY, linewidth=0.6, zorder=1)
    x = solution.stack.x / solution.stack.x[-1]
    name_layers(ax, [layer.name for layer in solution.layers], (x[:-1] + x[1:]) / 2)


def forces_over_x(ax: Any, solution: Solution) -> list[Arrow]:
    """Draw mu_s along m over x as cords between rings on rods, with the forces on these."""
    analogy = Analogy(solution)
    rings = tuple(sliding(analogy))
    shade_layers(ax, solution)
    cords = tuple(cord for cord in analogy.cords if cord.layer is not None)
    curves = [np.stack([layer.x, layer.spin_potential @ UP], axis=1) for layer in solution.layers]
    points = np.array([[solution.stack.x[ring.face], ring.position] for ring in rings])
    heights = np.concatenate([[0.0], *(curve[:, 1] for curve in curves)])
    upwards = np.stack([0 * UP, UP], axis=1)
    forces = [forces_on(ring, upwards) for ring in rings]
    forces = scaled(forces, largest_force(rings), 2.2 * np.ptp(heights))
    # limits first: arrows stand side by side in points
    ends = [p[1] + f.vector[1] for p, own in zip(points, forces, strict=True) for f in own]
    low, high = min(0.0, *heights, *ends), max(0.0, *heights, *ends)
    room = 0.16 * (high - low)
    ax.set_ylim(low - (room if low < 0 else 0.4 * room), high + room)
    arrows = list(line_up(ax, rings, points, forces))
    draw_arrows(ax, arrows)
    draw_cords(ax, cords, curves)
    draw_rings(ax, rings, points)
    draw_upright_rods(ax, points[:, 0], np.ones(len(points), dtype=bool))
    return arrows


# --- in the plane of the rods ---------------------------------------------------------------------


def all_forces(ring: Ring) -> list[Force]:
    """Every force on a ring."""
    return forces_on(ring, IN_PLANE)


def driving(ring: Ring) -> list[Force]:
    """Return the driving force alone, of rings at the crossing too."""
    return [Force("driving", ring.forces[0].vector @ IN_PLANE)]


def currents(ring: Ring) -> list[Force]:
    """Return what the two layers do to a ring: the spin currents on both sides, signs included."""
    push, own, other = (force.vector @ IN_PLANE for force in ring.forces)
    return [Force("sum", push + own), Force("N cord", other)]


def tips(rings: Sequence[Ring], show: Show, largest: float, extent: float) -> FloatArray:
    """Return where the arrows of rings end, (n, 2); parameters as in `mechanism`."""
    forces = scaled([show(ring) for ring in rings], largest, extent)
    points = [ring.point @ IN_PLANE for ring in rings]
    return np.array([p + f.vector for p, own in zip(points, forces, strict=True) for f in own])


def mechanism(
    ax: Any,
    analogy: Analogy,
    show: Show,
    labels: Sequence[str],
    *,
    largest: float | None = None,
    extent: float | None = None,
    box: tuple[FloatArray, FloatArray] | None = None,
    apart: float = 0.0,
    room: float = 0.0,
) -> list[Arrow]:
    """Draw rods, rings, cords and chosen forces of a valve in the xz plane.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    analogy : Analogy
        Of F1/N/F2, or F1/F2.
    show : callable
        Which forces on a ring are drawn.
    labels : (str, str)
        Names of the axes.
    largest, extent : float, optional
        Force, A/m2, that has the longest arrow, and extent of a picture that this arrow fits.
        Default: the largest one on these rings, and the extent of these cords.
    box : (low, high), optional
        Limits of the axes. Default: what holds everything.
    apart : float
        How far the rods are shifted apart, F1's to the left; collinear ones could not be told
        apart else.
    room : float
        Part of its width by which the picture is moved to its left, to leave room on its right; to
        its right, if negative.

    Returns
    -------
    list of Arrow
        The forces as drawn.
    """
    rings, plane = tuple(sliding(analogy)), IN_PLANE
    shifts = apart / 2 * np.array([[-1.0, 0.0], [1.0, 0.0]])
    points = np.array([ring.point @ plane for ring in rings]) + shifts
    curves = []
    for cord in analogy.cords:
        at = np.linspace(0.0, 1.0, len(cord.curve))[:, None]
        ends = {"F1": shifts[[0, 0]], "F2": shifts[[1, 1]]}.get(cord.name, shifts)
        curves.append(cord.curve @ plane + (1 - at) * ends[0] + at * ends[1])
    drawn = np.concatenate([*curves, points, np.zeros((1, 2))])
    forces = [show(ring) for ring in rings]
    most = largest or max(float(np.linalg.norm(f.vector)) for own in forces for f in own)
    forces = scaled(forces, most, extent or np.ptp(drawn, axis=0).max())
    arrows = [a for point, own in zip(points, forces, strict=True) for a in fan_out(point, own)]
    low, high = box or limits(np.array([*drawn, *(a.start + a.vector for a in arrows)]))
    aside = np.array([room * (high - low)[0], 0.0])
    low, high = low + aside, high + aside
    set_square(ax, low, high, list(labels))
    style = {"linestyle": "-", "linewidth": 0.9}
    names, rods = [f"m({ring.name})" for ring in rings], np.array([r.rod @ plane for r in rings])
    if apart:
        for name, rod, shift in zip(names, rods, shifts, strict=True):
            _upright_rod(ax, name, rod, shift, low, high)
    else:
        draw_rods(ax, names, rods, low, high, **style)
    draw_arrows(ax, arrows)
    draw_rings(ax, rings, points)
    draw_cords(ax, analogy.cords, curves)
    if apart and len(analogy.cords) == len(rings):  # a spacer's cord that has shrunk to a point
        ax.plot(*points.T, color=CORDS["N"].color, linewidth=CORDS["N"].width, zorder=2)
    return arrows


def _upright_rod(
    ax: Any, name: str, rod: FloatArray, shift: FloatArray, low: FloatArray, high: FloatArray
) -> None:
    """Draw one of two rods along z that are shifted apart, and name it at its head."""
    ax.plot([shift[0]] * 2, [low[1], high[1]], color=GREY, linewidth=0.9, zorder=1)
    head = high[1] if rod[1] > 0 else low[1]
    tag(
        ax,
        (shift[0], head),
        name,
        ("s" if rod[1] > 0 else "n") + ("w" if shift[0] < 0 else "e"),
        fontsize="x-small",
    )
