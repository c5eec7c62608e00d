"""Measured points, the curves of a fit, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray
from .labels import plain
from .style import COLORS, GREY, unit_scale
from .sweeps import UNITS

LABELLED = 12
"""Curves that a legend names at most."""
BESIDE = 4
"""With more of them it would cover the data, and stands beside them."""


class Series(NamedTuple):
    """Points in one colour, and their curve."""

    label: str
    at: FloatArray  # (n,)
    data: FloatArray
    uncertainty: FloatArray | None
    residuals: FloatArray  # model - data, in units of the uncertainty if there is one
    curve_at: FloatArray  # (m,)
    curve: FloatArray


def draw_fit(axes: Any, series: Sequence[Series], over: str, title: str, unit: str) -> Any:
    """Draw a fit on two given axes or a new pyplot figure, and return the axes.

    Parameters
    ----------
    axes : sequence of two Axes, or None
        For the data, with their curves, and for the residuals below.
    series : sequence of Series
        What to draw.
    over : str
        What is on the axis below.
    title, unit : str
        What the data are, and their SI unit, or an empty string.

    Raises
    ------
    ValueError
        If `axes` are not two.
    """
    from matplotlib.axes import Axes

    if axes is None:
        import matplotlib.pyplot as plt

        axes = fit_panels(plt.figure(figsize=(4.6, 4.2), layout="constrained"))
    axes = np.atleast_1d(np.array(axes, dtype=object)).ravel()
    if axes.shape != (2,) or not all(isinstance(ax, Axes) and ax.name != "3d" for ax in axes):
        raise ValueError(f"axes must be two plane Axes, of data and of residuals, got {axes!r}")
    above, below = axes
    largest = max(float(np.abs(one.data).max()) for one in series)
    factor, shown = unit_scale(largest, UNITS.get(unit, unit))
    for i, one in enumerate(series):
        color = COLORS[i % len(COLORS)]
        style: dict[str, Any] = {"fmt": "o", "color": color, "markersize": 3.5, "elinewidth": 1}
        errors = None if one.uncertainty is None else factor * one.uncertainty
        label = plain(one.label) if i < LABELLED and one.label else "_"
        above.errorbar(one.at, factor * one.data, errors, label=label, **style)
        above.plot(one.curve_at, factor * one.curve, color=color, linewidth=1.2)
        if one.uncertainty is None:
            below.errorbar(one.at, factor * one.residuals, **style)
        else:  # in units of it
            below.errorbar(one.at, one.residuals, np.ones_like(one.residuals), **style)
    below.axhline(0, color=GREY, linewidth=0.8, zorder=1)
    above.set_ylabel(plain(title) + shown, fontsize="small")
    known = series[0].uncertainty is not None
    left = r"(model $-$ data)/$\sigma$" if known else r"model $-$ data" + shown
    below.set_ylabel(left, fontsize="small")
    below.set_xlabel(plain(over), fontsize="small")
    for ax in axes:
        ax.tick_params(labelsize="small")
    if labels := above.get_legend_handles_labels()[1]:
        beside = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)} if len(labels) > BESIDE else {}
        above.legend(fontsize="x-small", **beside)
    return axes


def fit_panels(figure: Any) -> Any:
    """Return axes of a figure for data and, lower, residuals, over the same range."""
    return figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
