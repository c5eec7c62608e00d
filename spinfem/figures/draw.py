"""The paper's figures, one function each, drawn from their data with parts of `spinfem.plot`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .._checks import FloatArray
from ..analogy import Analogy
from ..paper.analogy import Ring
from ..plot.arrows import LANE, LOOKS, Arrow, draw_arrows
from ..plot.hodograph import draw_hodographs, limits
from ..plot.style import GREY, add_legend
from ..solution import Solution
from .data import Data, sliding
from .parts import (
    MU_XZ,
    all_forces,
    current_over_x,
    currents,
    driving,
    forces_over_x,
    mechanism,
    new_figure,
    right_angle,
    tag,
    tips,
)
from .systems import FIG7, FIG7_P, FIG7_THICKNESS, IN_PLANE, UP

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# --- Figs. 2 and 3 --------------------------------------------------------------------------------


def fig2(data: Data) -> Figure:
    """F/N contact: j_s and mu_s over x, and the forces on the ring."""
    solution = data.solutions["F/N"]
    figure = new_figure(4.2, 4.9, "Fig. 2: F/N contact of half-infinite layers")
    upper, lower = figure.subplots(2, 1, sharex=True)
    arrows = _profiles(upper, lower, solution)
    upper.set_xlabel("")
    (ring,) = sliding(Analogy(solution))
    x = float(solution.stack.x[ring.face])
    p = float(np.linalg.norm(ring.forces[0].vector))
    j = float(solution.interfaces[ring.face].spin_current_left @ UP)
    upper.axhline(p, color=GREY, linewidth=0.8, linestyle="--", zorder=1)
    tag(upper, (solution.stack.x[-1], p), "$p j_0$", "nw")
    upper.plot([x], [j], "o", color="black", markersize=4, zorder=5)
    tag(upper, (x, j), "$j_s(0)$", "ne", gap=5)
    _current_arrow(upper, 0.25)
    tag(lower, (x, ring.position), r"$\mu_s(0)$", "nw", gap=7)
    texts = {"driving": "$p j_0$", "F cord": r"$-G_F\,\mu_s(0)$", "N cord": r"$-G_N\,\mu_s(0)$"}
    for arrow in arrows:
        side = "w" if arrow.name == "F cord" else "e"
        color = LOOKS[arrow.name][1]
        height = 0.85 if arrow.name == "driving" else 0.2  # above the cords
        place = arrow.start + height * arrow.vector
        tag(lower, place, texts[arrow.name], side, color, gap=9)
    add_legend(figure, [lower], 3)
    return figure


def fig3(data: Data) -> Figure:
    """Collinear F/N/F and N/F/N: j_s and mu_s over x, and the forces on the rings."""
    figure = new_figure(
        7.2, 4.9, "Fig. 3: collinear F/N/F and N/F/N with half-infinite outer layers"
    )
    axes = figure.subplots(2, 2, sharex="col")
    for (upper, lower), solution in zip(axes.T, data.solutions.values(), strict=True):
        for arrow in _profiles(upper, lower, solution):
            if arrow.name == "driving":
                text, side = ("$p j_0$", "n") if arrow.vector[1] > 0 else ("$-p j_0$", "s")
                tip = arrow.start + arrow.vector
                tag(lower, tip, text, side, LOOKS["driving"][1], gap=2)
        _current_arrow(upper, 0.12 if solution.stack.layers[0].is_ferromagnet else 0.88)
    add_legend(figure, axes[1], 7)
    return figure


def _profiles(upper: Any, lower: Any, solution: Solution) -> list[Arrow]:
    """Draw j_s above mu_s, and count x from the first ring."""
    current_over_x(upper, solution)
    arrows = forces_over_x(lower, solution)
    origin = float(solution.stack.x[sliding(Analogy(solution))[0].face])
    start, stop = lower.get_xlim()
    ticks = np.arange(np.ceil(start - origin), np.floor(stop - origin) + 1)
    lower.set_xticks(ticks + origin, [f"{tick:g}".replace("-", "\N{MINUS SIGN}") for tick in ticks])
    lower.set_xlabel("$x/l_N$", fontsize="small")
    upper.set_ylabel("$j_s/j_0$", fontsize="small")
    lower.set_ylabel(r"$\mu_s G_F/j_0$", fontsize="small")
    return arrows


def _current_arrow(ax: Any, height: float) -> None:
    """Show which way the particles flow."""
    style = {"arrowstyle": "->", "color": "black"}
    place = {"xycoords": "axes fraction", "textcoords": "axes fraction", "fontsize": "small"}
    ax.annotate("$j_0$", (0.15, height), (0.02, height), va="center", arrowprops=style, **place)


# --- Figs. 4 and 5 --------------------------------------------------------------------------------


def fig4(data: Data) -> Figure:
    """Hodographs of mu_s and j_s, with the forces on ring 1."""
    return _hodographs(
        data.solutions["valve"],
        r"Fig. 4: hodographs of $\mu_s(x)$ and $j_s(x)$ of a valve, $g_1 > 0$ and $g_2 > 0$",
        room=-0.17,
        inset=(0.055, 0.28, 0.36, 0.42),
        sides={
            "mu": "nw sw",
            "F1": "se se",
            "N1": "e n",
            "N2": "e n",
            "F2": "ne sw",
            "forces": "nw se se w",
        },
    )


def fig5(data: Data) -> Figure:
    """The same with ring 1 pulled beyond the crossing."""
    return _hodographs(
        data.solutions["valve"],
        r"Fig. 5: ring 1 pulled beyond the crossing, $g_2 < 0 < g_1$",
        room=0.1,
        inset=(0.57, 0.42, 0.42, 0.48),
        sides={
            "mu": "w w",
            "F1": "nw e",
            "N1": "sw w",
            "N2": "w w",
            "F2": "ne e",
            "forces": "nw ne s w",
        },
    )


def _hodographs(
    solution: Solution,
    title: str,
    room: float,
    inset: tuple[float, float, float, float],
    sides: Mapping[str, str],
) -> Figure:
    """Draw mu_s on the left, with some room to a side for an inset, and j_s on the right.

    `sides` says where labels are, in mu_s space and in j_s space.
    """
    figure = new_figure(7.2, 4.2, title)
    left, right = figure.subplots(1, 2)
    analogy = Analogy(solution)
    rings = sliding(analogy)
    arrows = mechanism(left, analogy, currents, MU_XZ, room=room)
    places = {key: both.split() for key, both in sides.items()}
    forces = {"F1": "$j_s(F_1)$", "N1": "$-j_s(N_1)$", "F2": "$-j_s(F_2)$", "N2": "$j_s(N_2)$"}
    for arrow, (key, text) in zip(arrows, forces.items(), strict=True):
        color = LOOKS[arrow.name][1]
        tag(left, arrow.start + arrow.vector, text, places[key][0], color, gap=7)
    for i, ring in enumerate(rings):
        tag(left, ring.point @ IN_PLANE, rf"$\mu_{i + 1}$", places["mu"][i], gap=6)
    _tangent(left, arrows[-1])
    left.set_title(r"$\mu_s$ space", fontsize="small")
    _forces_on(left.inset_axes(inset), rings[0], places["forces"])
    draw_hodographs((right,), solution, ("spin_current",), si=False)
    _mark_jumps(right, solution, rings, {key: both[1] for key, both in places.items()})
    right.set_title("$j_s$ space", fontsize="small")
    right.set_xlabel("$j_{s,x}/j_0$", fontsize="small")
    right.set_ylabel("$j_{s,z}/j_0$", fontsize="small")
    add_legend(figure, [left, right], 5)
    return figure


def _tangent(ax: Any, arrow: Arrow) -> None:
    """Draw the tangent to the N cord at ring 2 from edge to edge."""
    ax.axline(
        arrow.start,
        arrow.start + arrow.vector,
        color=LOOKS["N cord"][1],
        linestyle=(0, (1, 2)),
        linewidth=1.0,
        label=r"tangent at $\mu_2$",
        zorder=1,
    )


def _forces_on(ax: Any, ring: Ring, sides: list[str]) -> None:
    """Draw the forces on ring 1 tip to tail: they close."""
    push, own, other, reaction = all_forces(ring)
    forces = [push, other, reaction, own]  # those along the rod are next to each other
    corners = np.cumsum([[0.0, 0.0], *(force.vector for force in forces)], axis=0)
    low, high = limits(corners)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    ax.set_axis_off()
    beside = 1.0 if push.vector @ own.vector < 0 else 0.0
    arrows = [
        Arrow(force.name, corner, force.vector, beside if force is own else 0.0)
        for force, corner in zip(forces, corners[:-1], strict=True)
    ]
    draw_arrows(ax, arrows)
    texts = ["$p_1 j_0$", "$-j_s(N_1)$", "reaction", r"$-\tilde{G}_1\mu_1$"]
    for arrow, text, side in zip(arrows, texts, sides, strict=True):
        place, color = arrow.start + 0.5 * arrow.vector, LOOKS[arrow.name][1]
        tag(ax, place, text, side, color, gap=6 + LANE * arrow.lane, fontsize="x-small")
    ax.set_title("forces on ring 1", fontsize="x-small")


def _mark_jumps(ax: Any, solution: Solution, rings: list[Ring], sides: Mapping[str, str]) -> None:
    """Name the ends of the jumps, and mark that these are across the rods."""
    size = 0.025 * np.ptp(ax.get_xlim())
    for i, ring in enumerate(rings, start=1):
        face = solution.interfaces[ring.face]
        ends = [face.spin_current_left, face.spin_current_right]
        at_f, at_n = (end @ IN_PLANE for end in (ends if i == 1 else ends[::-1]))
        tag(ax, at_f, f"$j_s(F_{i})$", sides[f"F{i}"], gap=6)
        tag(ax, at_n, f"$j_s(N_{i})$", sides[f"N{i}"], gap=6)
        right_angle(ax, at_f, -at_f, at_n - at_f, size)


# --- Fig. 6 ---------------------------------------------------------------------------------------

FIG6_LABELS = (
    {0.0: 0.12, 5.0: 0.1, 15.0: 0.4, 30.0: 0.5, 50.0: 0.3, 90.0: 0.5},
    {90.0: 0.85, 120.0: 0.42, 140.0: 0.42, 160.0: 0.5, 170.0: 0.19, 180.0: 0.14},
)
"""Where along d_N/l_N the curves of the two panels have their labels."""


def fig6(data: Data) -> Figure:
    """Spin resistance over the thickness of the spacer, for both ranges of the angle."""
    from matplotlib import colormaps

    table = data.tables[""]
    parameters = "$G_1 = G_2$, $G_N = 4 G_1$, $p_1 = 0.1$, $p_2 = 0.9$, $d_i/l_i \\gg 1$"
    figure = new_figure(7.2, 3.9, f"Fig. 6: spin resistance of an asymmetric valve, {parameters}")
    d_N = table["d_N/l_N"]
    for ax, panel, limit in zip(figure.subplots(1, 2), FIG6_LABELS, (2.1, 3.2), strict=True):
        colors = colormaps["viridis"](np.linspace(0.0, 0.75, len(panel)))
        ranks = sorted(panel, key=lambda angle: abs(angle - 90), reverse=True)  # 90 deg last
        for angle, place in panel.items():
            curve, color = table[f"dr/dr_inf({angle:g} deg)"], colors[ranks.index(angle)]
            ax.plot(d_N, curve, color=color, linewidth=1.5)
            dot = {"markersize": 4, "clip_on": False, "zorder": 5}
            ax.plot(d_N[:1], curve[:1], "o", color=color if curve[0] else "black", **dot)
            _on_curve(ax, d_N, curve, place, f"{angle:g}°", color)
        ax.set(xlim=(0, 3), ylim=(0, limit))
        ax.axhline(1.0, color=GREY, linewidth=0.6, zorder=1)
        ax.set_xlabel("$d_N/l_N$", fontsize="small")
        ax.set_ylabel(r"$\delta r/\delta r_\infty$", fontsize="small")
        title = rf"${min(panel):g}° \leq \theta \leq {max(panel):g}°$"
        ax.set_title(title, fontsize="small")
        ax.tick_params(labelsize="small")
    return figure


def _on_curve(ax: Any, x: FloatArray, y: FloatArray, place: float, text: str, color: Any) -> None:
    """Write on a curve."""
    tag(ax, (place, float(np.interp(place, x, y))), text, "", color, fontsize="x-small")


# --- Fig. 7 ---------------------------------------------------------------------------------------


def fig7(data: Data) -> Figure:
    """Rods, rings and cords at finite d_N, left, and at d_N -> 0, right."""
    figure = new_figure(5.6, 8.2, "Fig. 7: rods, rings and cords where the spacer vanishes")
    axes = figure.subplots(3, 2)
    what = {"A": "generic angle", "B": "parallel", "C": "antiparallel"}
    for row, (case, theta) in zip(axes, FIG7.items(), strict=True):
        both = [Analogy(data.solutions[f"{theta:g}, {d_N:g}"]) for d_N in (FIG7_THICKNESS, 0.0)]
        places = np.array([ring.point @ IN_PLANE for a in both for ring in sliding(a)])
        extent = np.ptp(np.append(places, [[0.0, 0.0]], axis=0), axis=0).max()
        apart = 0.0 if case == "A" else 0.35 * extent
        options = {"extent": 1.2 * extent, "largest": max(FIG7_P)}
        ends = tips([ring for a in both for ring in sliding(a)], driving, **options)
        box = limits(np.concatenate([places, ends, [[0.0, 0.0]]]))
        for ax, analogy, title in zip(row, both, ("$d_N \\ll l_N$", "$d_N \\to 0$"), strict=True):
            arrows = mechanism(ax, analogy, driving, MU_XZ, box=box, apart=apart, **options)
            for i, arrow in enumerate(arrows, start=1):
                middle, color = arrow.start + 0.5 * arrow.vector, LOOKS["driving"][1]
                tag(ax, middle, f"$p_{i} j_0$", "w" if i == 1 and apart else "e", color, gap=6)
            ax.set_title(f"({case}) {what[case]}, {title}", fontsize="small")
            if apart:
                ax.set_xticks([])
                ax.set_xlabel("rods shifted apart", fontsize="small")
    for ax in axes[:, 1]:
        ax.set_ylabel("")
        ax.tick_params(labelleft=False)
    add_legend(figure, axes.ravel(), 5)
    return figure
