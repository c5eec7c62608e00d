"""Pictures of a sweep: curves over one axis, maps over two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .labels import plain

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Palette of Okabe and Ito, as in `spinfem.plot.style`."""


def sweep_overview(dataset: xarray.Dataset) -> Figure:
    """Return a figure of the efficiencies g and the spin resistance dr.

    It is not a pyplot figure: nothing keeps it but its owner.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of `spinfem.sweep`, over one axis, drawn as curves, or two, drawn as maps.

    Raises
    ------
    ValueError
        If there are more axes.
    """
    from matplotlib.figure import Figure

    axes = [str(name) for name in dataset["spin_resistance"].dims]
    check_axes(axes)
    panels = _panels(dataset)
    if len(axes) == 1:
        figure = Figure(figsize=(3.5, 4.8), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True)
        _draw_curves(upper, lower, axes[0], panels)
    else:
        rows = -(-len(panels) // 2)
        figure = Figure(figsize=(7.2, 2.8 * rows), layout="constrained")
        grid = figure.subplots(rows, 2, squeeze=False).ravel()
        for ax, (label, values) in zip(grid, panels, strict=False):
            _draw_map(ax, label, values, axes)
        for ax in grid[len(panels) :]:
            ax.remove()
    return figure


def check_axes(axes: list[str]) -> None:
    """Raise ValueError if so many axes cannot be drawn."""
    if len(axes) > 2:
        raise ValueError(f"a picture of a sweep must have one or two axes, got {', '.join(axes)}")


def _panels(dataset: xarray.Dataset) -> list[tuple[str, xarray.DataArray]]:
    """Return dr and every g, with their labels."""
    dr = dataset["spin_resistance"]
    panels = [(r"$\delta r$" + _unit(dr), dr)]
    for spacer in dataset["spacer"].values:
        names = str(spacer)
        for side in ("left", "right"):
            g = dataset["efficiency"].sel(spacer=spacer, side=side)
            panels.append((f"$g$ {side}, {plain(names)}", g))
    return panels


def _unit(values: xarray.DataArray) -> str:
    return f" ({values.attrs['units']})" if "units" in values.attrs else ""


def _draw_curves(
    upper: Any, lower: Any, axis: str, panels: list[tuple[str, xarray.DataArray]]
) -> None:
    (label, dr), *efficiencies = panels
    x = dr[axis]
    for i, (name, g) in enumerate(efficiencies):
        style = "-" if i % 2 == 0 else "--"
        upper.plot(x, g, style, color=COLORS[i % len(COLORS)], linewidth=1.5, label=name)
    upper.axhline(0, color="0.45", linewidth=0.6)
    upper.set_ylabel("$g$", fontsize="small")
    if efficiencies:
        upper.legend(fontsize="x-small", frameon=False)
    lower.plot(x, dr, color="black", linewidth=1.5)
    lower.set_ylabel(label, fontsize="small")
    _name_axis(lower, "x", x)
    for ax in (upper, lower):
        ax.tick_params(labelsize="small")


def _draw_map(ax: Any, label: str, values: xarray.DataArray, axes: list[str]) -> None:
    y, x = axes
    style: dict[str, Any] = {}
    extend = "neither"
    if values.name == "efficiency":
        # white where g changes its sign, and in full colour its narrow peaks near 0 and 180 deg,
        # which would leave nothing to see elsewhere
        most = float(np.quantile(np.abs(values), 0.9)) or 1.0
        style, extend = {"cmap": "RdBu_r", "vmin": -most, "vmax": most}, "both"
    # as pixels, also in vector formats: millions of cells make files that nothing opens
    mesh = ax.pcolormesh(values[x], values[y], values, shading="nearest", rasterized=True, **style)
    ax.set_title(label, fontsize="small")
    ax.figure.colorbar(mesh, ax=ax, extend=extend).ax.tick_params(labelsize="small")
    _name_axis(ax, "x", values[x])
    _name_axis(ax, "y", values[y])
    ax.tick_params(labelsize="small")


def _name_axis(ax: Any, which: str, values: xarray.DataArray) -> None:
    name = plain(str(values.attrs.get("long_name", values.name))) + _unit(values)
    scale = values.attrs.get("spacing", "linear")
    ax.set(**{f"{which}scale": scale})
    if scale == "linear":
        ax.locator_params(axis=which, nbins=5)
    getattr(ax, f"{which}axis").set_label_text(name, fontsize="small")
