"""Pictures of magnets in motion: over time, over frequency, and orbits on the sphere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .._checks import FloatArray, Number, listed
from .hodograph import limits, set_square
from .labels import plain
from .style import COLORS, COMPONENTS, GREY, add_legend, panels, unit_scale

NANO, PICO, GIGA = 1e9, 1e12, 1e-9


class Amplitudes(Protocol):
    """A spectrum; see `spinfem.dynamics.spectra.Spectrum`."""

    @property
    def frequencies(self) -> FloatArray:
        """Hz."""

    @property
    def amplitudes(self) -> FloatArray:
        """In the unit of the quantity."""


class Motion(Protocol):
    """What is drawn; see `spinfem.dynamics.moved.Moved`."""

    names: tuple[str, ...]
    shape: tuple[int, ...]
    times: FloatArray

    @property
    def m(self) -> Mapping[str, FloatArray]:
        """Directions by name, (T, 3)."""

    @property
    def frequency(self) -> Number:
        """Frequency of the largest line, Hz; 0 if all has settled."""

    def quantity(self, what: str) -> FloatArray:
        """Return values by name, (T,)."""

    def unit(self, what: str) -> str:
        """Return the unit of these, "1" if they have none."""

    def spectrum(self, what: str, begin: float | None = None) -> Amplitudes:
        """Return the spectrum of a quantity."""


def check_single(motion: Motion) -> None:
    """Raise ValueError for a batch."""
    if motion.shape:
        raise ValueError(
            f"a picture needs a single trajectory, got a batch of shape {motion.shape}: give a "
            "point of it, run[0]"
        )


def magnets_of(motion: Motion, name: str | None) -> tuple[str, ...]:
    """Return which magnets to draw; ValueError if there is none of that name, or a batch."""
    check_single(motion)
    if name is None:
        return motion.names
    if name not in motion.names:
        raise ValueError(f"name must be one of {listed(motion.names)}, got {name!r}")
    return (name,)


@dataclass(frozen=True)
class TrajectoryPlots:
    """Pictures of a single trajectory; ``Trajectory.plot`` returns this.

    All draw on a new pyplot figure or on given axes, and return the axes.
    """

    trajectory: Motion

    def m(self, ax: Any = None, *, name: str | None = None) -> Any:
        """Draw the components of directions over time.

        Parameters
        ----------
        ax : Axes, or one for each magnet, optional
            Where to draw. Default: a new pyplot figure, one column wide.
        name : str, optional
            What moved. Default: all, one above the other.

        Returns
        -------
        Axes, or array of one for each magnet
            What was drawn on; one Axes if `name` is given, or one magnet moved.

        Raises
        ------
        ValueError
            If the trajectory is a batch, or an argument is not as above.
        """
        names = magnets_of(self.trajectory, name)
        rows = len(names)
        size = 3.5, 0.9 + 1.3 * rows
        axes, legend = panels(ax, names, size, (rows, 1), single="a name", sharex=True)
        for one, magnet in zip(axes, names, strict=True):
            for component, (label, color, dashes) in zip(
                self.trajectory.m[magnet].T, COMPONENTS, strict=True
            ):
                style = {"color": color, "linestyle": dashes, "linewidth": 1.2}
                one.plot(self.trajectory.times * NANO, component, label=f"$m_{label}$", **style)
            one.set_ylim(-1.08, 1.08)
            name_axes(one, "time (ns)", f"m({plain(magnet)})")
            if ax is None:
                one.label_outer()
        add_legend(legend, axes, ncols=3)
        return axes if rows > 1 else axes[0]

    def resistance(self, ax: Any = None) -> Any:
        """Draw the resistance, of a stack times area, over time; `ax` is as of `spectrum`."""
        return self._draw_over_time("resistance", ax)

    def voltage(self, ax: Any = None) -> Any:
        """Draw the voltage over time; `ax` and errors are as of `spectrum`."""
        return self._draw_over_time("voltage", ax)

    def spectrum(self, what: str, ax: Any = None, *, begin: float | None = None) -> Any:
        """Draw the amplitudes of a quantity over frequency, on a logarithmic scale.

        Parameters
        ----------
        what, begin
            As of `spinfem.dynamics.trajectory.Trajectory.spectrum`.
        ax : Axes, optional
            Where to draw. Default: a new pyplot figure, one column wide.

        Returns
        -------
        Axes
            What was drawn on.

        Raises
        ------
        ValueError
            If the trajectory is a batch, or an argument is not as above.
        """
        check_single(self.trajectory)
        spectrum = self.trajectory.spectrum(what, begin)
        (one,), _ = panels(ax, (what,), (3.5, 2.5), (1, 1))
        values = spectrum.amplitudes[1:]
        factor, unit = unit_scale(float(values.max()), self._unit(what))
        one.semilogy(spectrum.frequencies[1:] * GIGA, values * factor, color="black", linewidth=1)
        name_axes(one, "frequency (GHz)", f"amplitude of {plain(what)}{unit}")
        return one

    def orbit(self, name: str | None = None, ax: Any = None) -> Any:
        """Draw the orbits of directions on the unit sphere; a dot is where they end.

        Parameters
        ----------
        name : str, optional
            What moved. Default: all.
        ax : Axes, optional
            3D axes. Default: those of a new pyplot figure.

        Returns
        -------
        Axes
            What was drawn on.

        Raises
        ------
        ValueError
            If the trajectory is a batch, or an argument is not as above.
        """
        names = magnets_of(self.trajectory, name)
        options: dict[str, Any] = {"subplot_kw": {"projection": "3d"}}
        (one,), legend = panels(ax, ("orbits",), (3.5, 3.7), (1, 1), **options)
        if one.name != "3d":
            raise ValueError(f"ax must be 3D axes (projection='3d') for orbits, got {ax!r}")
        draw_sphere(one)
        for magnet, color in zip(names, colors_of(names), strict=True):
            ways = self.trajectory.m[magnet]
            one.plot(*ways.T, color=color, linewidth=1.0, label=plain(magnet))
            one.plot(*ways[-1:].T, "o", color=color, markersize=4)
        add_legend(legend, [one], ncols=3)
        return one

    def _unit(self, what: str) -> str:
        unit = self.trajectory.unit(what)
        return "" if unit == "1" else unit.replace("Ohm", "Ω").replace("m2", "m$^2$")

    def _draw_over_time(self, what: str, ax: Any) -> Any:
        check_single(self.trajectory)
        values = self.trajectory.quantity(what)
        (one,), _ = panels(ax, (what,), (3.5, 2.5), (1, 1))
        factor, unit = unit_scale(float(np.abs(values).max()), self._unit(what))
        times = self.trajectory.times * NANO
        one.plot(times, values * factor, color="black", linewidth=1.2)
        one.ticklabel_format(axis="y", useOffset=False)
        name_axes(one, "time (ns)", what + unit)
        return one


def colors_of(names: tuple[str, ...]) -> list[str]:
    """Return a colour for each magnet."""
    return [COLORS[i % len(COLORS)] for i in range(len(names))]


def great_circles() -> list[FloatArray]:
    """Return the circles of the unit sphere across z, x and y, (k, 3) each."""
    angles = np.linspace(0, 2 * np.pi, 121)
    circle = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    return [np.roll(circle, turn, axis=1) for turn in range(3)]


def draw_sphere(ax: Any) -> None:
    """Draw three great circles, and set the axes to hold the unit sphere."""
    for circle in great_circles():
        ax.plot(*circle.T, color=GREY, linewidth=0.5, zorder=1)
    low, high = limits(np.array([[-0.9] * 3, [0.9] * 3]))
    set_square(ax, low, high, [f"$m_{axis}$" for axis in "xyz"])


def name_axes(ax: Any, x: str, y: str) -> None:
    """Write what is on the axes of a picture."""
    ax.set_xlabel(x, fontsize="small")
    ax.set_ylabel(y, fontsize="small")
    ax.tick_params(labelsize="small")
