"""Figures that the paper has not: efficiencies over the angle, folding, a turning valve."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..analogy import Analogy
from ..plot.arrows import largest_force
from ..plot.hodograph import draw_hodographs, limits
from ..plot.style import GREY, VECTORS, add_legend
from .data import Data, sliding
from .parts import MU_XZ, all_forces, mechanism, new_figure, tag, tips
from .systems import EFFICIENCIES, IN_PLANE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

G1_STYLE = {"color": "#000000", "linestyle": "-", "linewidth": 1.5}
G2_STYLE = {"color": "#56B4E9", "linestyle": "--", "linewidth": 1.5}


def efficiencies(data: Data) -> Figure:
    """g1, g2 and dr over the angle, with the sign change marked."""
    table, changes = data.tables[""], data.tables["_sign_changes"]
    figure = new_figure(7.2, 4.9, "Efficiencies of a symmetric and of an asymmetric valve")
    axes = figure.subplots(2, 2, sharex=True)
    theta = table["theta (deg)"]
    for number, (name, (p1, p2)) in enumerate(EFFICIENCIES.items(), start=1):
        upper, lower = axes[:, number - 1]
        _efficiencies(upper, theta, table[f"g1 {name}"], table[f"g2 {name}"])
        lower.plot(theta, table[f"dr G_1 {name}"], color="black", linewidth=1.5)
        upper.set_title(f"{name}: $p_1 = {p1:g}$, $p_2 = {p2:g}$", fontsize="small")
        for valve, which, angle in zip(*changes.values(), strict=True):
            if valve == number:
                for ax in (upper, lower):
                    ax.axvline(angle, color=GREY, linestyle=":", linewidth=1.0, zorder=1)
                upper.plot([angle], [0.0], "o", color="black", markersize=4, zorder=5)
                tag(upper, (angle, 0.0), rf"$g_{which:.0f} = 0$ at {angle:.1f}°", "se", gap=5)
                least = float(np.interp(angle, theta, table[f"dr G_1 {name}"]))
                lower.plot([angle], [least], "o", color="black", markersize=4, zorder=5)
                tag(lower, (angle, least), r"least $\delta r$", "n", gap=8)
        lower.set_xlabel(r"$\theta$ (deg)", fontsize="small")
        lower.set_ylabel(r"$\delta r\,G_1$", fontsize="small")
        lower.tick_params(labelsize="small")
    add_legend(figure, axes[0], 2)
    return figure


def _efficiencies(ax: Any, theta: Any, g1: Any, g2: Any) -> None:
    ax.plot(theta, g1, label="$g_1$", **G1_STYLE)
    ax.plot(theta, g2, label="$g_2$", **G2_STYLE)
    ax.axhline(0.0, color=GREY, linewidth=0.6, zorder=1)
    ax.set(xlim=(0, 180), xticks=np.arange(0, 181, 45))
    ax.set_ylabel("$g$", fontsize="small")
    ax.tick_params(labelsize="small")


def folded(data: Data) -> Figure:
    """Folded hodographs of four ferromagnets that do not lie in one plane."""
    title = "Four ferromagnets that do not lie in one plane: their hodographs, folded into one"
    figure = new_figure(7.2, 4.1, title)
    axes = figure.subplots(1, 2)
    draw_hodographs(axes, data.solutions["four"], VECTORS, si=False, folding=True)
    for ax, symbol in zip(axes, (r"$\mu_s G_1/j_0$", "$j_s/j_0$"), strict=True):
        ax.set_xlabel(f"{symbol} across m(A), folded", fontsize="small")
        ax.set_ylabel(f"{symbol} along m(A)", fontsize="small")
    add_legend(figure, axes, 4)
    return figure


class Animation(NamedTuple):
    """A figure that changes: `show` draws a frame, by its number from 0, on it."""

    figure: Figure
    frames: int
    show: Callable[[int], None]


def turning(data: Data) -> Animation:
    """Rings and cords while m2 turns; on fixed axes, with all arrows on one scale."""
    table, analogies = data.tables[""], [Analogy(s) for s in data.solutions.values()]
    figure = new_figure(7.2, 4.9, "Rods, rings and cords of the asymmetric valve while m(F2) turns")
    left, right = figure.subplots(1, 2, width_ratios=(1.6, 1))
    rings = [sliding(analogy) for analogy in analogies]
    places = np.array([ring.point @ IN_PLANE for pair in rings for ring in pair])
    extent = float(np.ptp(places, axis=0).max())
    largest = max(largest_force(tuple(pair)) for pair in rings)
    ends = tips([ring for pair in rings for ring in pair], all_forces, largest, extent)
    box = limits(np.concatenate([places, ends]))
    theta, g1, g2 = table["theta (deg)"], table["g1"], table["g2"]
    _efficiencies(right, theta, g1, g2)
    right.set_xlabel(r"$\theta$ (deg)", fontsize="small")
    now = right.axvline(0.0, color=GREY, linestyle=":", linewidth=1.0, zorder=1)
    (dots,) = right.plot([], [], "o", color="black", markersize=4, zorder=5)

    def show(i: int) -> None:
        left.clear()
        mechanism(left, analogies[i], all_forces, MU_XZ, box=box, largest=largest, extent=extent)
        left.set_title(rf"$\theta$ = {theta[i]:.0f}°", fontsize="small")
        now.set_xdata([theta[i]] * 2)
        dots.set_data([theta[i]] * 2, [g1[i], g2[i]])

    show(theta.size // 2)  # where there is everything that the legend names
    add_legend(figure, [left, right], 5)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # nothing moves but what shall
    return Animation(figure, theta.size, show)
