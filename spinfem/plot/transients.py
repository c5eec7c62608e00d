"""The picture of a transient: torques and spin voltage in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .._checks import FloatArray
from .labels import plain
from .motion import PICO, name_axes
from .style import COMPONENTS, add_legend, unit_scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = {"linewidth": 1.2}


class InTime(Protocol):
    """What is drawn; see `spinfem.timedomain.transient.Transient`."""

    times: FloatArray

    @property
    def ferromagnets(self) -> tuple[str, ...]:
        """Names."""

    @property
    def spin_voltage(self) -> Any:
        """What spin adds to the voltage, (n,)."""

    def torque(self, name: str) -> FloatArray:
        """Return the torque on a ferromagnet, (n, 3)."""

    def absorbed_spin_current(self, name: str) -> FloatArray:
        """Return what it absorbs, (n, 3)."""


def transient_overview(found: InTime, *, si: bool) -> Figure:
    """Return a figure: torques on all ferromagnets, and below them the spin voltage, over time.

    It is not a pyplot figure: nothing keeps it but its owner.

    Parameters
    ----------
    found : InTime
        The transient, at several times.
    si : bool
        Whether its numbers are in SI; if not, the absorbed spin currents are drawn for torques.
    """
    from matplotlib.figure import Figure

    names = found.ferromagnets
    figure = Figure(figsize=(4.6, 1.2 + 1.4 * (len(names) + 1)), layout="constrained")
    axes = figure.subplots(len(names) + 1, 1, squeeze=False, sharex=True).ravel()
    times = found.times * PICO if si else found.times
    for ax, name in zip(axes, names, strict=False):
        vectors = found.torque(name) if si else found.absorbed_spin_current(name)
        factor, unit = unit_scale(float(np.abs(vectors).max()), "J/m$^2$" if si else "")
        for values, (label, color, dashes) in zip(vectors.T, COMPONENTS, strict=True):
            style = {"color": color, "linestyle": dashes, **WIDTH}
            ax.plot(times, values * factor, label=f"${label}$", **style)
        ax.set_title(plain(name), fontsize="x-small", loc="left")
        name_axes(ax, "", ("torque" if si else "absorbed $j_s$") + unit)
    voltage = np.asarray(found.spin_voltage)
    factor, unit = unit_scale(float(np.abs(voltage).max()), "V" if si else "")
    axes[-1].plot(times, voltage * factor, color="black", **WIDTH)
    name_axes(axes[-1], "time (ps)" if si else "time", f"spin voltage{unit}")
    for ax in axes:
        ax.ticklabel_format(axis="y", useOffset=False)
    add_legend(figure, axes, ncols=3)
    return figure
