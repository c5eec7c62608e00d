"""Pictures of devices: maps of potentials in a section, torques over a face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, IntArray, finite, listed
from .labels import plain
from .style import COMPONENTS, SYMBOLS, panels, unit_scale

NANO = 1e9
ARROWS = 22
"""Arrows along the longer side of a map."""
LONGEST = 0.9
"""Of their distance, an arrow of the largest of the usual current densities."""
SHORTEST = 0.03
"""Of such a one: what is less is no arrow."""
USUAL = 95
"""Percentile of current densities that counts as such: at a rim there is no largest one."""

Component = Literal["x", "y", "z"]


class SolvedDevice(Protocol):
    """What is drawn; see `spinfem.DeviceSolution`."""

    device: Any
    system: Any

    def at(self, region: str, dofs: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return mu_0, mu_s and m at degrees of freedom."""
        ...

    def density_at(self, name: str, face: str) -> tuple[IntArray, FloatArray]:
        """Return torques per area there."""
        ...

    def charge_current(self, points: ArrayLike, region: str | None = None) -> FloatArray:
        """Return currents per area at points."""
        ...


@dataclass(frozen=True)
class DevicePlots:
    """Pictures of a solved device; `spinfem.DeviceSolution.plot` returns this."""

    solution: SolvedDevice

    def field(
        self,
        ax: Any = None,
        *,
        quantity: Literal["potential", "spin_potential"] = "potential",
        component: Component | None = None,
        window: ArrayLike | None = None,
    ) -> Any:
        """Draw a map of a potential in a device of two dimensions, with regions and the current.

        An axisymmetric device is its section, with the axis on the left. Arrows point where
        electrons flow; they are as long as the current is dense, but for the densest 5 %.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new pyplot figure.
        quantity : {"potential", "spin_potential"}
            mu_0, or mu_s.
        component : {"x", "y", "z"}, optional
            That of mu_s. Default: its magnitude.
        window : array, shape (2, 2), optional
            What is shown: the lowest and the largest of both coordinates, m. Default: all.

        Returns
        -------
        Axes
            What was drawn on.

        Raises
        ------
        ValueError
            If the device is not in two dimensions, or an argument is not as above.
        """
        grid = self.solution.device.grid
        if grid.dimension != 2:
            raise ValueError(
                f"a map of a field needs a device of two dimensions, got {grid.dimension}"
            )
        if quantity not in ("potential", "spin_potential"):
            raise ValueError(f"quantity must be 'potential' or 'spin_potential', got {quantity!r}")
        number = _number(component)
        if number is not None and quantity == "potential":
            raise ValueError(f"component must be left out for potential, got {component!r}")
        corners = grid.mesh.p * grid.unit * NANO
        shown_part = np.stack([corners.min(axis=1), corners.max(axis=1)], axis=1)
        if window is not None:
            given: FloatArray = np.asarray(finite("window", window), dtype=float)
            if given.shape != (2, 2) or (given[:, 0] >= given[:, 1]).any():
                raise ValueError(
                    "window must be the lowest and the largest of both coordinates, m, got "
                    f"{window!r}"
                )
            shown_part = given * NANO
        wide, high = np.ptp(shown_part, axis=1)
        height = float(np.clip(5.2 * high / wide + 0.9, 2.4, 6.5))
        (ax,), _ = panels(ax, (quantity,), (6.4, height), (1, 1))
        values = self._at_corners(quantity, number)
        low, high = shown_part.T[:, :, None]
        seen = [
            v[((corners[:, k] >= low) & (corners[:, k] <= high)).all(axis=0)] for k, _, v in values
        ]
        factor, unit = unit_scale(max(np.abs(v).max(initial=0.0) for v in seen), "V")
        norm = _limits(np.concatenate(seen) * factor, number)
        shown = None
        for nodes, triangles, own in values:
            at = corners[:, nodes]
            shown = ax.tripcolor(*at, triangles, own * factor, shading="gouraud", **norm)
        symbol, index = SYMBOLS[quantity]
        label = rf"{symbol}_{{{index}}}" if number is None else rf"{symbol}_{{{index},{component}}}"
        if quantity == "spin_potential" and number is None:
            label = rf"|{label}|"
        ax.figure.colorbar(shown, ax=ax, label=f"${label}${unit}", shrink=0.9, pad=0.02)
        _outline(ax, grid)
        self._draw_current(ax, corners, shown_part)
        first, second = ("r", "x") if grid.is_axisymmetric else ("x", "y")
        ax.set(aspect="equal", xlabel=f"${first}$ (nm)", ylabel=f"${second}$ (nm)")
        ax.set(xlim=shown_part[0], ylim=shown_part[1])
        return ax

    def torque(
        self, name: str, face: str, ax: Any = None, *, component: Component | None = None
    ) -> Any:
        """Draw the torque per area over a face of a magnet.

        In three dimensions a map over the face, seen along its normal; in two its components along
        it.

        Parameters
        ----------
        name, face : str
            As of `spinfem.DeviceSolution.torque_density`: a ferromagnet, and a region that it
            touches.
        ax : Axes, optional
            Where to draw. Default: a new pyplot figure.
        component : {"x", "y", "z"}, optional
            Of the torque. Default: its magnitude on a map, all three along a line.

        Returns
        -------
        Axes
            What was drawn on.

        Raises
        ------
        ValueError
            If there is no such face, the device has one dimension, or an argument is not as above.
        """
        solution, number = self.solution, _number(component)
        grid = solution.device.grid
        if grid.dimension == 1:
            raise ValueError("a picture of a face needs two or three dimensions, got 1")
        dofs, density = solution.density_at(name, face)
        (contact,) = (c for c in solution.system.contacts if {*c.names} == {name, face})
        functions = solution.system.functions
        title = f"torque on {plain(name)}, from {plain(face)}"
        if grid.dimension == 2:
            if not functions.is_nodal:  # those of edges are no values
                at_corner = functions.basis.nodal_dofs[
                    0, np.unique(grid.mesh.facets[:, contact.facets])
                ]
                kept = np.isin(dofs, at_corner)
                dofs, density = dofs[kept], density[kept]
            (ax,), _ = panels(ax, ("torque",), (4.6, 3.2), (1, 1))
            _draw_along(ax, functions.points[dofs] * grid.unit * NANO, density, number, grid)
            ax.set_title(title, fontsize="medium")
            return ax
        nodes, place = np.unique(grid.mesh.facets[:, contact.facets], return_inverse=True)
        facets = place.reshape(len(grid.mesh.facets), -1)
        values = density[np.searchsorted(dofs, functions.basis.nodal_dofs[0, nodes])]
        corners = grid.mesh.p[:, nodes] * grid.unit * NANO
        own = np.sort(np.argsort(np.ptp(corners, axis=1), kind="stable")[1:])
        (ax,), _ = panels(ax, ("torque",), (5.0, 4.0), (1, 1))
        drawn = np.linalg.norm(values, axis=1) if number is None else values[:, number]
        factor, unit = unit_scale(float(np.abs(drawn).max()), "J/m$^2$")
        norm = _limits(drawn * factor, number)
        shown = ax.tripcolor(
            *corners[own], _triangles(facets), drawn * factor, shading="gouraud", **norm
        )
        label = r"$|\tau|$" if number is None else rf"$\tau_{component}$"
        ax.figure.colorbar(shown, ax=ax, label=label + unit, pad=0.02)
        first, second = ("xyz"[i] for i in own)
        ax.set(aspect="equal", xlabel=f"${first}$ (nm)", ylabel=f"${second}$ (nm)")
        ax.margins(0.0)
        ax.set_title(title, fontsize="medium")
        return ax

    def _at_corners(
        self, quantity: str, number: int | None
    ) -> list[tuple[IntArray, IntArray, FloatArray]]:
        """Return corners of every region, triangles of them, and values there."""
        solution, found = self.solution, []
        grid = solution.device.grid
        at_corner = solution.system.functions.basis.nodal_dofs[0]
        for name, cells in grid.regions.items():
            nodes, place = np.unique(grid.mesh.t[:, cells], return_inverse=True)
            mu_0, mu_s, _ = solution.at(name, at_corner[nodes])
            values = mu_0
            if quantity == "spin_potential":
                values = np.linalg.norm(mu_s, axis=1) if number is None else mu_s[:, number]
            found.append((nodes, _triangles(place.reshape(len(grid.mesh.t), -1)), values))
        return found

    def _draw_current(self, ax: Any, corners: FloatArray, part: FloatArray) -> None:
        """Draw arrows on a square lattice."""
        from matplotlib.tri import Triangulation

        grid = self.solution.device.grid
        low, size = part[:, 0], np.ptp(part, axis=1)
        step = size.max() / ARROWS
        count = np.maximum(1, (size // step).astype(int))
        rest = (size - count * step) / 2
        x, y = (
            one.ravel()
            for one in np.meshgrid(
                *(a + step * (np.arange(n) + 0.5) for a, n in zip(low + rest, count, strict=True))
            )
        )
        finder = Triangulation(corners[0], corners[1], _triangles(grid.mesh.t)).get_trifinder()
        inside = np.asarray(finder(x, y)) >= 0
        if not inside.any():
            return
        x, y = x[inside], y[inside]
        j = self.solution.charge_current(np.stack([x, y], axis=1) / NANO)
        strength = np.hypot(*j.T)
        usual = float(np.percentile(strength, USUAL)) or 1.0
        drawn = strength > SHORTEST * usual
        x, y, arrow = x[drawn], y[drawn], (j / np.maximum(strength, usual)[:, None])[drawn]
        arrow = arrow * LONGEST * step
        style: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "scale": 1, "pivot": "middle"}
        ax.quiver(x, y, *arrow.T, color="white", edgecolor="black", linewidth=0.4, width=0.004,
                  zorder=3, **style)  # fmt: skip


def _number(component: object) -> int | None:
    if component is None:
        return None
    if component not in ("x", "y", "z"):
        raise ValueError(f"component must be one of {listed(['x', 'y', 'z'])}, got {component!r}")
    return "xyz".index(str(component))


def _triangles(cells: IntArray) -> IntArray:
    """Return the triangles (n, 3) of triangles or quadrilaterals (3 or 4, n)."""
    if len(cells) == 3:
        return cells.T
    return np.concatenate([cells[[0, 1, 2]], cells[[0, 2, 3]]], axis=1).T


def _limits(values: FloatArray, component: int | None) -> dict[str, Any]:
    """Return colours, around 0 for what has both signs."""
    low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    if component is not None and low < 0 < high:
        most = max(-low, high)
        return {"cmap": "RdBu_r", "vmin": -most, "vmax": most}
    return {"cmap": "viridis", "vmin": low, "vmax": high}


def _outline(ax: Any, grid: Any) -> None:
    """Draw the boundary of the device, and of all regions."""
    from matplotlib.collections import LineCollection

    mesh = grid.mesh
    facets = [mesh.boundary_facets(), *grid.interfaces.values()]
    lines = (mesh.p[:, mesh.facets[:, np.concatenate(facets)]] * grid.unit * NANO).T
    ax.add_collection(LineCollection(lines, color="black", linewidth=0.7, zorder=2))


def _draw_along(
    ax: Any, points: FloatArray, density: FloatArray, number: int | None, grid: Any
) -> None:
    """Draw components of a density over the coordinate along a face."""
    axis = int(np.ptp(points, axis=0).argmax())
    order = np.argsort(points[:, axis])
    kept = [i for i in range(3) if number in (None, i)]
    factor, unit = unit_scale(float(np.abs(density[:, kept]).max()), "J/m$^2$")
    for i in kept:
        name, color, dashes = COMPONENTS[i]
        ax.plot(
            points[order, axis], density[order, i] * factor, dashes, color=color, label=f"${name}$"
        )
    names = ("r", "x") if grid.is_axisymmetric else ("x", "y")
    ax.set(xlabel=f"${names[axis]}$ (nm)", ylabel=f"torque per area{unit}")
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
