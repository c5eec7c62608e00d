"""Pictures of a sweep: curves over one axis, maps over two; over a frequency Bode plots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._checks import FloatArray
from .bode import phases_of, sizes_of, with_amplitudes
from .labels import plain, shortened, text_size
from .style import COLORS, GREY, add_legend, unit_scale

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

UNITS = {
    "Ohm": "Ω",
    "Ohm m2": "Ω m$^2$",
    "fOhm m2": "fΩ m$^2$",
    "Ohm m": "Ω m",
    "S/m": "S/m",
    "J/m2": "J/m$^2$",
    "A/m2": "A/m$^2$",
    "degree": "°",
    "1": "",
}
"""How units of a dataset are written."""
SIDE, HEIGHT = 3.4, 2.6
"""Inches, of a panel."""
PEAKS = 0.05
"""Share of the least, and of the largest, values of g that a map's colours do not tell apart."""
NAME = 24
"""Characters of names in titles and at axes; longer ones are shortened."""


class Panel(NamedTuple):
    """A result over the sweep."""

    quantity: str
    values: xarray.DataArray
    unit: str
    on: str = ""  # the ferromagnet on which it acts
    by: str = ""  # the neighbour by which it does
    dashes: str = "-"
    signed: bool = False
    log: bool = False


def sweep_overview(dataset: xarray.Dataset) -> Figure:
    """Return a figure of resistances, torques and efficiencies over a sweep.

    Drawn are RA, dr and, where an axis is an angle of some m, the magnetoresistance, RA over the
    least one on that axis, less 1; then the size of the torque on every ferromagnet, or in plain
    units that of the spin current it absorbs; and the efficiencies g. Of many ferromagnets these
    are the ones whose torques change most, as many as there are colours. It is not a pyplot figure:
    nothing keeps it but its owner.

    Over a frequency it is a Bode plot: the modulus of each, on a logarithmic scale if it spans a
    decade, and its phase in degrees; of a torque that at which it is largest, ``bode.sizes_of``.

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

    swings = "spin_resistance_modulus" in dataset
    if swings:
        dataset = with_amplitudes(dataset)
    if "spin_resistance" not in dataset:
        raise ValueError("the dataset must be that of a sweep of stacks, got one without dr")
    axes = [str(name) for name in dataset["spin_resistance"].dims]
    check_axes(axes)
    magnets = _foremost(dataset)
    groups = [[panel] for panel in _resistances(dataset, axes)]
    torques, efficiencies = list(_torques(dataset, magnets)), list(_efficiencies(dataset, magnets))
    acting = [one for one in torques if np.any(one.values)]  # zeros show nothing
    if len(axes) == 1:
        groups += [group for group in (torques if acting else [], efficiencies) if group]
    else:
        groups += [[panel] for panel in (*acting, *efficiencies)]
    columns = 2 if len(groups) <= 4 else 3
    if swings:
        columns = len(groups) if len(axes) == 1 else 3
        groups = [*map(_moduli, groups), *map(_phases, groups)]
    rows = -(-len(groups) // columns)
    figure = Figure(figsize=(SIDE * columns, HEIGHT * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, group in zip(grid, groups, strict=False):
        if len(axes) == 1:
            _draw_curves(ax, group, magnets)
        else:
            _draw_map(ax, group[0], axes)
        ax.tick_params(which="both", labelsize="small")
    for ax in grid[len(groups) :]:
        ax.remove()
    if len(axes) == 1:
        labels = [name for ax in grid for name in ax.get_legend_handles_labels()[1]]
        widest = 0.1 + float(text_size(labels, SIDE * columns)[0].max(initial=0.0))
        add_legend(figure, grid, ncols=int(1 / widest))
    every = dataset.sizes["ferromagnet"]
    if every > len(magnets):
        text = f"{len(magnets)} of {every} ferromagnets, whose torques change most"
        figure.suptitle(text, fontsize="small")
    return figure


def check_axes(axes: list[str]) -> None:
    """Raise ValueError if so many axes cannot be drawn."""
    if len(axes) > 2:
        raise ValueError(f"a picture of a sweep must have one or two axes, got {', '.join(axes)}")


# --- what is drawn ----------------------------------------------------------------------------


def _sizes(dataset: xarray.Dataset) -> xarray.DataArray:
    """Return the sizes of torques, or of absorbed spin currents, with their unit."""
    return sizes_of(dataset["torque" if "torque" in dataset else "absorbed_spin_current"])


def _foremost(dataset: xarray.Dataset) -> list[str]:
    """Return the ferromagnets whose torques change most, as many as have colours."""
    sizes = abs(_sizes(dataset))
    over = [name for name in sizes.dims if name != "ferromagnet"]
    change = np.asarray(sizes.max(over) - sizes.min(over))
    most = sorted(np.argsort(-change, kind="stable")[: len(COLORS)].tolist())
    return [str(name) for name in sizes["ferromagnet"].values[most]]


def _resistances(dataset: xarray.Dataset, axes: list[str]) -> Iterator[Panel]:
    RA, dr = dataset["resistance"], dataset["spin_resistance"]
    yield Panel("RA", RA, _unit(RA))
    yield Panel(r"$\delta r$", dr, _unit(dr))
    angles = [name for name in axes if dataset[name].attrs.get("units") == "degree"]
    if angles and not np.iscomplexobj(RA):
        over = " and ".join(_name(dataset[name]) for name in angles)
        yield Panel(f"MR over {over}", 100 * (RA / RA.min(angles) - 1), "%")


def _torques(dataset: xarray.Dataset, magnets: list[str]) -> Iterator[Panel]:
    sizes, symbol = _sizes(dataset), "T" if "torque" in dataset else "j"
    quantity = f"${symbol}$" if np.iscomplexobj(sizes) else f"$|{symbol}|$"
    for name in magnets:
        yield Panel(quantity, sizes.sel(ferromagnet=name), _unit(sizes), on=name)


def _efficiencies(dataset: xarray.Dataset, magnets: list[str]) -> Iterator[Panel]:
    names = {str(name) for name in dataset["ferromagnet"].values}
    for spacer in map(str, dataset["spacer"].values):
        bars = (i for i, character in enumerate(spacer) if character == "|")  # names may have some
        pairs = ((spacer[:i], spacer[i + 1 :]) for i in bars)
        left, right = next(pair for pair in pairs if names.issuperset(pair))
        for side, on, by, dashes in (("left", left, right, "--"), ("right", right, left, "-")):
            if on in magnets:
                g = dataset["efficiency"].sel(spacer=spacer, side=side)
                yield Panel("$g$", g, "", on, by, dashes, signed=True)


def _moduli(panels: list[Panel]) -> list[Panel]:
    """Return the upper panel of a Bode plot, its curves logarithmic if they span a decade."""
    sizes = [abs(one.values) for one in panels]
    least, most = (float(getattr(np, which)(sizes)) for which in ("min", "max"))
    return [
        one._replace(quantity=f"|{one.quantity}|", values=size, signed=False, log=10 * least < most)
        for one, size in zip(panels, sizes, strict=True)
    ]


def _phases(panels: list[Panel]) -> list[Panel]:
    """Return the lower panel of a Bode plot."""
    return [
        Panel(f"phase of {one.quantity}", phases_of(one.values), "°", one.on, one.by, one.dashes)
        for one in panels
    ]


def _unit(values: xarray.DataArray) -> str:
    unit = str(values.attrs.get("units", ""))
    return UNITS.get(unit, unit)


def _name(axis: xarray.DataArray) -> str:
    return plain(shortened(str(axis.attrs.get("long_name", axis.name)), 2 * NAME))


# --- how it is drawn --------------------------------------------------------------------------


def _draw_curves(ax: Any, panels: list[Panel], magnets: list[str]) -> None:
    """Draw results of one kind over the axis, torques on the same magnetization in one colour."""
    first = panels[0]
    (axis,) = first.values.dims
    x = set_axis(ax, "x", first.values[axis])
    factor, unit = unit_scale(max(float(np.abs(one.values).max()) for one in panels), first.unit)
    for panel in panels:
        color = COLORS[magnets.index(panel.on)] if panel.on else "black"
        label = f"on {plain(shortened(panel.on, NAME))}" if panel.on and not panel.by else "_"
        style = {"color": color, "linestyle": panel.dashes, "linewidth": 1.5, "label": label}
        ax.plot(x, panel.values * factor, **style)
    if first.signed:
        ax.axhline(0, color=GREY, linewidth=0.6, zorder=1)
    if first.by:
        for dashes, side in (("-", "left"), ("--", "right")):
            if any(panel.dashes == dashes for panel in panels):
                label = f"$g$ by the one on its {side}"
                ax.plot([], [], color=GREY, linestyle=dashes, linewidth=1.5, label=label)
    if first.log:
        ax.set_yscale("log")
    ax.set_ylabel(first.quantity + unit, fontsize="small")


def _draw_map(ax: Any, panel: Panel, axes: list[str]) -> None:
    y, x = axes
    factor, unit = unit_scale(float(np.abs(panel.values).max()), panel.unit)
    values = panel.values * factor
    style: dict[str, Any] = {}
    extend = "neither"
    if panel.signed:  # in full colour its narrow peaks, which would leave nothing to see elsewhere
        low, high = (float(np.quantile(values, share)) for share in (PEAKS, 1 - PEAKS))
        extend = "both"
        if low < 0 < high:  # white where g changes its sign
            most = max(-low, high)
            style = {"cmap": "RdBu_r", "vmin": -most, "vmax": most}
        elif low < high:
            style = {"vmin": low, "vmax": high}
    places = set_axis(ax, "x", values[x]), set_axis(ax, "y", values[y])
    # as pixels, also in vector formats: millions of cells make files that nothing opens
    mesh = ax.pcolormesh(*places, values, shading="nearest", rasterized=True, **style)
    on, by = (plain(shortened(name, NAME)) for name in (panel.on, panel.by))
    words = [panel.quantity, *(["on", on] if on else []), *(["by", by] if by else [])]
    ax.set_title(" ".join(words) + unit, fontsize="small")
    bar = ax.figure.colorbar(mesh, ax=ax, extend=extend)
    bar.ax.tick_params(labelsize="small")
    bar.formatter.set_useOffset(False)


def set_axis(ax: Any, which: str, values: xarray.DataArray) -> FloatArray:
    """Name an axis and return its values as they are drawn."""
    factor, unit = 1.0, _unit(values)
    scale = values.attrs.get("spacing", "linear")
    if unit in ("Ω m", "Hz") and scale == "linear":
        factor, unit = unit_scale(float(np.abs(values).max()), unit)
    elif unit:
        unit = f" ({unit})"
    ax.set(**{f"{which}scale": scale})
    if scale == "linear":
        ax.locator_params(axis=which, nbins=5)
    getattr(ax, f"{which}axis").set_label_text(_name(values) + unit, fontsize="small")
    return np.asarray(values * factor)
