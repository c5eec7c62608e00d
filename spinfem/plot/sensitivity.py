"""Relative changes of results with every number of a stack, as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .labels import plain
from .style import GREY

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = ("#0072B2", "#D55E00")
"""Of what makes a result larger, and smaller; of the palette of `style`."""


def sensitivity_figure(rates: list[tuple[str, dict[str, float]]]) -> Figure:
    """Return a figure of one panel for each result.

    Numbers are from top to bottom in the order of the stack. It is not a pyplot figure: nothing
    keeps it but its owner.

    Parameters
    ----------
    rates : list of (str, dict)
        The name of every result, and d ln(result)/d ln(number) by the names of the numbers, the
        same for all. What is not finite is left out.
    """
    from matplotlib.figure import Figure

    names = list(rates[0][1])
    rows = -(-len(rates) // 3)
    columns = -(-len(rates) // rows)
    size = (1.4 + 2.0 * columns, rows * (0.7 + 0.16 * len(names)))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    place = np.arange(len(names))
    for ax, (label, by) in zip(grid, rates, strict=False):
        values = np.array([by[name] for name in names])
        values = np.where(np.isfinite(values), values, 0.0)
        ax.barh(place, values, color=[COLORS[int(value < 0)] for value in values])
        ax.axvline(0, color=GREY, linewidth=0.6)
        ax.set_title(plain(label), fontsize="small")
        ax.set_yticks(place, [plain(name) for name in names], fontsize="x-small")
        ax.tick_params(axis="x", labelsize="x-small")
        ax.locator_params(axis="x", nbins=4)
    grid[0].set_ylim(len(names) - 0.4, -0.6)  # the first one on top
    for ax in grid[len(rates) :]:
        ax.remove()
    figure.supxlabel(r"$d\,\ln$(result)$\,/\,d\,\ln$(number)", fontsize="small")
    return figure
