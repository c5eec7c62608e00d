"""Stability diagrams: which states are stable, over one or two numbers."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from .labels import plain, shortened
from .style import COLORS, GREY, add_legend
from .sweeps import set_axis

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

NONE = "none of these"
"""Where no state is stable: an oscillation, or another state."""
TINTS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#0072B2", "#D55E00")
"""Of sets of states, neighbours in order: the palette of Okabe and Ito."""
PER_NANOSECOND = 1e-9
NAME = 40
"""Characters of names; longer ones are shortened."""


def phase_diagram(dataset: xarray.Dataset) -> Figure:
    """Return a figure of what is stable where.

    Over one axis the growth rates of all states, over two a map with a colour for each set of
    states that are stable together. It is not a pyplot figure: nothing keeps it but its owner.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of ``spinfem phase``: `growth_rate` and `stable` over the axes and `state`.
    """
    from matplotlib.figure import Figure

    axes = [str(name) for name in dataset["stable"].dims if name != "state"]
    figure = Figure(figsize=(4.6, 4.1), layout="constrained")
    ax = figure.add_subplot()
    (_draw_growth if len(axes) == 1 else _draw_map)(ax, dataset, axes)
    ax.tick_params(labelsize="small")
    add_legend(figure, [ax], ncols=2)
    return figure


def _draw_growth(ax: Any, dataset: xarray.Dataset, axes: list[str]) -> None:
    x = set_axis(ax, "x", dataset[axes[0]])
    rates = dataset["growth_rate"].transpose("state", ...).values * PER_NANOSECOND
    for i, (name, rate) in enumerate(zip(dataset["state"].values, rates, strict=True)):
        ax.plot(x, rate, color=COLORS[i % len(COLORS)], label=_label([str(name)]))
    ax.axhline(0, color=GREY, linewidth=0.6, zorder=1)
    ax.set_ylabel("largest growth rate (1/ns), stable below 0", fontsize="small")


def _draw_map(ax: Any, dataset: xarray.Dataset, axes: list[str]) -> None:
    y, x = (set_axis(ax, which, dataset[name]) for which, name in zip("yx", axes, strict=True))
    stable = dataset["stable"].transpose(*axes, "state").values.astype(bool)
    names = [str(name) for name in dataset["state"].values]
    sets, number = np.unique(stable.reshape(-1, len(names)), axis=0, return_inverse=True)
    from matplotlib.colors import to_rgb

    tints = cycle(TINTS)
    colors = np.array([to_rgb(next(tints) if any(one) else "white") for one in sets])
    for one, color in zip(sets, colors, strict=True):
        label = _label([name for name, is_stable in zip(names, one, strict=True) if is_stable])
        style = {"color": color, "markeredgecolor": GREY, "markersize": 7}
        ax.plot([], [], "s", label=label, **style)
    places = colors[number.ravel()].reshape(*stable.shape[:2], 3)
    ax.pcolormesh(x, y, places, shading="nearest", rasterized=True)


def _label(names: list[str]) -> str:
    return plain(shortened(" and ".join(names) or NONE, NAME))
