"""Errors of a study of convergence, in a doubly logarithmic picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._checks import BoolArray, FloatArray
from .style import GREY

LINES = {
    "torque": ("torque", "#0072B2", "o", "-"),
    "differentiated torque": ("torque, differentiated", "#56B4E9", "s", "--"),
    "dr": (r"$\delta r$", "#D55E00", "^", "-"),
    "L2": (r"$\mu_s$ in $L^2$", "#009E73", "D", "-"),
    "H1": (r"$\mu_s$ in $H^1$", "#000000", "v", "-"),
    "spin current": (r"$j_s$ in $L^2$", "#CC79A7", "P", ":"),
    "spin voltage": ("voltage by spin", "#D55E00", "^", "-"),
    "mu_s": (r"$\mu_s$", "#009E73", "D", "-"),
}
LABELS = {
    "h": "$h/l$ of the largest element",
    "degree": "degree",
    "step": "length of a step",
}


def draw_errors(
    ax: Any,
    x: str,
    columns: Mapping[str, FloatArray],
    used: Mapping[str, BoolArray],
    rates: Mapping[str, float],
    unit: str = "",
) -> Any:
    """Draw errors on given axes or a new pyplot figure, and return the axes.

    Parameters
    ----------
    ax : Axes or None
        Plane axes.
    x : str
        The column to draw them over, of `LABELS`.
    columns, used, rates
        As of `spinfem.studies.convergence.Study`, or of steps in time.
    unit : str
        Of that column.
    """
    from matplotlib.axes import Axes

    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.figure(figsize=(4.6, 3.6), layout="constrained").subplots()
    elif not isinstance(ax, Axes) or ax.name == "3d":
        raise ValueError(f"ax must be plane Axes, got {ax!r}")
    by_size, places = x != "degree", columns[x]
    for name, (label, color, marker, dashes) in LINES.items():
        if name not in columns:
            continue
        error = columns[name]
        shown = np.isfinite(error) & (error > 0)
        if not shown.any():
            continue
        rate = rates[name]
        text = label if not np.isfinite(rate) else f"{label}: {rate:.2f}"
        style = {"color": color, "linestyle": dashes, "linewidth": 1.2, "markersize": 4}
        ax.plot(places[shown], error[shown], marker=marker, label=text, **style)
        fitted = used[name]
        if fitted.sum() >= 2 and x == "h" and name in ("torque", "L2", "H1"):
            _draw_slope(ax, places[fitted], error[fitted], rate)
    ax.set_yscale("log")
    if by_size:
        ax.set_xscale("log", base=2)
    if x == "step":  # less than a decade or two, of lengths that nobody has in mind as powers
        ax.set_xticks(places, [f"{place:.2g}" for place in places])
    ax.set_xlabel(f"{LABELS[x]} ({unit})" if unit else LABELS[x], fontsize="small")
    ax.set_ylabel("relative error", fontsize="small")
    ax.tick_params(labelsize="small")
    title = "fitted rates" if by_size else None
    ax.legend(fontsize="x-small", title=title, title_fontsize="x-small")
    return ax


def _draw_slope(ax: Any, h: Any, error: Any, rate: float) -> None:
    """Draw a triangle under the last two points, with the whole exponent that is nearest."""
    whole = round(rate)
    order = np.argsort(h)
    left, right = h[order[0]], h[order[1]]
    low = error[order[0]] / 2.5
    corners = np.array([[left, low], [right, low], [right, low * (right / left) ** whole]])
    ax.fill(*corners.T, facecolor="0.9", edgecolor=GREY, linewidth=0.6, zorder=1)
    place = {"textcoords": "offset points", "ha": "left", "va": "center"}
    middle = low * (right / left) ** (whole / 2)
    ax.annotate(f"{whole}", (right, middle), (2, 0), fontsize="x-small", color=GREY, **place)
