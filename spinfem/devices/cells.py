r"""Torques in the cells of a finite-difference grid.

A torque on a face of a magnet is a density, a function of the elements there, whose integrals with
all of these functions are the nodal torques; inside, of finite exchange lengths, it is one as well.
Faces and cells of the mesh are cut by the planes of the grid, and the density is integrated over
the pieces, exactly (if quadrilaterals are parallelograms): so whatever the cells are, they have the
whole torque together. What is rotated about an axis is cut as a prism of as much area.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse.linalg import splu

from .._checks import FloatArray, IntArray, positive
from ..files.disk import check_target, replacing
from ..files.ovf import write_ovf
from .assembly import System
from .device import Device
from .functions import element_of
from .simplices import cut, measure, of_corners, quadrature, swept

MOST_CELLS = 10_000_000
SECTORS = 64
"""In which what is rotated about an axis is cut; the rim of a disc is then 1e-3 of it off."""
WIDER = float(np.sqrt(2 * np.pi / (SECTORS * np.sin(2 * np.pi / SECTORS))))
"""A polygon's corners are as much farther from the axis than a circle of the same area."""
INSIDE = 1e-6
"""Of the way to the middle of its cell in the magnet: where a piece of a face is taken to be."""
SLACK = 1e-6
"""Of a cell: by what a magnet may be larger than a whole number of them."""


class Load(NamedTuple):
    """What a magnet takes up somewhere, J at degrees of freedom."""

    dofs: IntArray
    torque: FloatArray  # (n, 3)


@dataclass(frozen=True, eq=False)
class CellTorques:
    """Torques on a magnetization in equal cells; `spinfem.DeviceSolution.torque_on_grid`.

    Their axes, of space and of vectors, are those of the device in three dimensions and in the
    plane; an axisymmetric device has its axis, the x of its stack, along z here, as all of
    ``spinfem.handoff``: vectors (x, y, z) here are (y, z, x) there.

    Attributes
    ----------
    name : str
        The ferromagnet.
    torque : array, shape (nx, ny, nz, 3)
        Torque on the magnetization in every cell, J: ``dm/dt = gamma torque/(M_s V)`` with gamma =
        1.760859628e11 rad/(s T). Their sum is `spinfem.DeviceSolution.torque`, in these axes.
    m : array, shape (nx, ny, nz, 3)
        Magnetization at the middle of every cell in which there is a torque, else 0.
    cell, low : array, shape (3,)
        Edges of a cell, and the lowest corner of the grid, m.
    """

    name: str
    torque: FloatArray
    m: FloatArray
    cell: FloatArray
    low: FloatArray

    @property
    def density(self) -> FloatArray:
        """Torque per volume of a cell, J/m3, shape (nx, ny, nz, 3)."""
        found: FloatArray = self.torque / self.cell.prod()
        return found

    def field(self, M_s: float) -> FloatArray:
        """Return ``B = m x torque/(M_s V)``, T, shape (nx, ny, nz, 3).

        As part of the effective field it gives this torque, ``-gamma m x B``, while m is as it is.

        Parameters
        ----------
        M_s : float
            Saturation magnetization, A/m.

        Raises
        ------
        TypeError, ValueError
            If it is not one positive number.
        """
        moment = positive("M_s (saturation magnetization)", M_s)
        if not isinstance(moment, float):
            raise ValueError(
                f"M_s (saturation magnetization) must be one number, got shape {moment.shape}"
            )
        found: FloatArray = np.cross(self.m, self.density) / moment
        return found

    def save(self, path: str | PathLike[str], M_s: float | None = None) -> None:
        """Write an OVF 2.0 file, for OOMMF, mumax3 or ubermag.

        Without M_s it has `density`, J/m3; with it, `field`, T, which mumax3 adds to the others by
        ``B_ext.add(LoadFile("torque.ovf"), 1)`` and OOMMF by an ``Oxs_FileVectorField`` in
        ``Oxs_FixedZeeman``, with ``multiplier 795774.7154594767``, 1/mu_0, since it counts in A/m.

        Parameters
        ----------
        path : str or path
            The file, ending in .ovf. It appears whole or not at all.
        M_s : float, optional
            Saturation magnetization, A/m.

        Raises
        ------
        TypeError, ValueError
            If the path ends otherwise, or M_s is not one positive number.
        OSError
            If the file cannot be written.
        """
        file = Path(path)
        check_target(file, ".ovf")
        if M_s is None:
            values, label, unit = self.density, "torque", "J/m3"
            notes = ["torque on the magnetization per volume, dm/dt = gamma torque/M_s"]
        else:
            values, label, unit = self.field(M_s), "B", "T"
            notes = [f"m x torque/(M_s V) with M_s = {M_s:g} A/m, dm/dt = -gamma m x B"]
        title = "".join(x if x.isprintable() else " " for x in self.name)
        with replacing(file) as temporary:
            write_ovf(
                temporary,
                values,
                self.cell,
                self.low,
                label=label,
                unit=unit,
                title=f"spin-transfer torque on {title}",
                notes=notes,
            )


def torques_in_cells(
    device: Device,
    system: System,
    name: str,
    cell: Sequence[float],
    faces: dict[str, Load],
    inside: Load,
) -> CellTorques:
    """Return the torques on a region in cells.

    Parameters
    ----------
    device, system : Device, System
        What was solved.
    name : str
        A region of a ferromagnet.
    cell : sequence of three floats
        Edges of cells, m.
    faces : dict of Load
        What comes from regions and electrodes, by their names.
    inside : Load
        What is taken up inside.

    Raises
    ------
    TypeError, ValueError
        If the mesh has one dimension, edges are not three positive numbers, or cells are too many.
    """
    grid = device.grid
    if grid.dimension == 1:
        raise ValueError("mesh for torques in cells must have two or three dimensions, got 1")
    edges = np.asarray(positive("cell (edges of cells)", cell))
    if edges.shape != (3,):
        raise ValueError(f"cell (edges of cells) must be three numbers, got shape {edges.shape}")
    space = _Space(device, name, edges)
    functions, mesh = system.functions, grid.mesh
    own = grid.region_of_cell == [*grid.regions].index(name)
    for source, load in faces.items():
        left = np.ones(len(load.dofs), dtype=bool)
        for contact in system.contacts:
            if {*contact.names} == {name, source}:
                sides = mesh.f2t[:, contact.facets]
                left = ~np.isin(load.dofs, contact.dofs)
                space.add(
                    system,
                    mesh.facets[:, contact.facets],
                    np.where(own[sides[0]], sides[0], sides[1]),
                    density_of(
                        functions.facet_mass(contact.facets),
                        contact.dofs,
                        Load(load.dofs[~left], load.torque[~left]),
                    ),
                )
        # what touches the magnet at an edge alone
        share = functions.one[load.dofs[left]][:, None] * load.torque[left]
        space.add_points(functions.points[load.dofs[left]], share)
    if not device.regions[name].is_strong:
        cells = grid.regions[name]
        dofs = functions.in_cells(cells)
        density = density_of(functions.mass(cells), dofs, inside)
        space.add(system, mesh.t[:, cells], cells, density)
    return space.result()


def density_of(matrix: Any, dofs: IntArray, load: Load) -> FloatArray:
    """Return the function whose integrals with others are a load, per m^2 or m^3.

    Parameters
    ----------
    matrix : sparse array (count, count)
        ``int u v`` of all functions, over facets or cells.
    dofs : array of int
        Those that are not zero there.
    load : Load
        At some of these.

    Returns
    -------
    array, shape (count, 3)
        Its coefficients; 0 at others.
    """
    found: FloatArray = np.zeros((matrix.shape[0], 3))
    whole = np.zeros_like(found)
    np.add.at(whole, load.dofs, load.torque)
    found[dofs] = splu(matrix[dofs][:, dofs].tocsc()).solve(whole[dofs])
    return found


class _Space:
    """A grid of cells that is filled."""

    def __init__(self, device: Device, name: str, cell: FloatArray) -> None:
        self.device, self.name, self.cell = device, name, cell
        grid = device.grid
        unit, corners = grid.unit, grid.mesh.p[:, grid.mesh.t[:, grid.regions[name]]]
        low, high = corners.min(axis=(1, 2)) * unit, corners.max(axis=(1, 2)) * unit
        if grid.is_axisymmetric:
            low, high = np.array([-high[0], -high[0], low[1]]), np.array([high[0], *high])
        elif grid.dimension == 2:
            low, high = np.append(low, -cell[2] / 2), np.append(high, cell[2] / 2)
        count = np.maximum(1, np.ceil((high - low) / cell - SLACK))
        if count.prod() > MOST_CELLS:
            raise ValueError(
                f"cell (edges of cells) must make at most {MOST_CELLS} cells of {name!r}, got "
                f"{count.prod():.3g}"
            )
        self.count = count.astype(int)
        self.low = (low + high - count * cell) / 2
        self.torque = np.zeros((*self.count, 3))

    def add(self, system: System, nodes: IntArray, cells: IntArray, density: FloatArray) -> None:
        """Add the integral of a density over facets, or cells, given by their nodes.

        Parameters
        ----------
        system : System
            With the functions of the density.
        nodes : array of int, shape (c, n)
            Those of each.
        cells : array of int, shape (n,)
            The cell of the magnet that each is of.
        density : array, shape (count, 3)
            Its coefficients.
        """
        mesh, functions = self.device.grid.mesh, system.functions
        number = (mesh.t[:, cells][:, None] == nodes).argmax(axis=0)  # (c, n) in its cell
        corners = np.concatenate([mesh.p[:, nodes], mesh.refdom.p[:, number]]).T
        is_facet = len(nodes) == len(mesh.facets)
        simplices, parent = of_corners(corners, mesh.dim() - is_facet)
        cells = cells[parent]
        both, parent, weight = self._placed(simplices)
        cells = cells[parent]
        planes = [
            low + size * np.arange(1, n)
            for low, size, n in zip(self.low, self.cell, self.count, strict=True)
        ]
        pieces, parent = cut(both, planes, SLACK * self.cell)
        cells = cells[parent]
        weight = weight[parent] * measure(pieces[:, :, :3])
        of_rectangles = len(mesh.t) > mesh.dim() + 1
        shares, w = quadrature(
            pieces.shape[1] - 1, functions.degree * (mesh.dim() if of_rectangles else 1)
        )
        element = element_of(type(mesh), functions.degree)
        dofs, total = functions.basis.dofs.element_dofs[:, cells], np.zeros((len(pieces), 3))
        for share, part in zip(shares, w, strict=True):
            X = np.einsum("k,nkd->dn", share, pieces[:, :, 3 + mesh.dim() :])
            for b, own in enumerate(dofs):
                total += part * element.lbasis(X, b)[0][:, None] * density[own]
        middle = mesh.p[:, mesh.t[:, cells]].mean(axis=1).T
        self._put(self._moved(pieces.mean(axis=1), middle), weight[:, None] * total)

    def add_points(self, points: FloatArray, torque: FloatArray) -> None:
        """Add torques (n, 3), J, at points (n, dimension), in the unit of the mesh."""
        both, parent, weight = self._placed(points[:, None])
        weight = weight / np.bincount(parent, minlength=len(points))[parent]
        self._put(both.mean(axis=1)[:, :3], weight[:, None] * torque[parent])

    def _placed(self, simplices: FloatArray) -> tuple[FloatArray, IntArray, FloatArray]:
        """Return simplices in space, m, with the columns that they had behind.

        These begin with their coordinates in the mesh. And which each is made of, and by what its
        measure there is to be multiplied.
        """
        grid = self.device.grid
        at, each = simplices[:, :, : grid.dimension] * grid.unit, np.arange(len(simplices))
        if not grid.is_axisymmetric:
            flat = np.zeros((*at.shape[:2], 3))
            flat[:, :, : grid.dimension] = at
            # of a metre of depth, in cells of some
            weight = np.full(len(at), self.cell[2] if grid.dimension == 2 else 1.0)
            return np.concatenate([flat, simplices], axis=2), each, weight
        angles = 2 * np.pi * np.arange(SECTORS + 1) / SECTORS
        ways = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        ways[-1] = ways[0]
        turned = [
            np.concatenate([WIDER * at[:, :, :1] * way, at[:, :, 1:], simplices], axis=2)
            for way in ways
        ]
        parts = [swept(*two) for two in itertools.pairwise(turned)]
        copies = SECTORS * simplices.shape[1]
        found, parent = np.concatenate(parts), np.tile(each, copies)
        exact = np.ones(len(simplices))
        if simplices.shape[1] == 2:  # a cone's area; discs and volumes keep theirs
            dr, dx = np.abs(at[:, 1] - at[:, 0]).T
            apothem = WIDER * np.cos(np.pi / SECTORS)
            chord = WIDER * SECTORS * np.sin(np.pi / SECTORS) / np.pi
            exact = np.hypot(dr, dx) / (chord * np.hypot(apothem * dr, dx))
        return found, parent, exact[parent]

    def _moved(self, place: FloatArray, middle: FloatArray) -> FloatArray:
        """Return places in space (n, 3), a little nearer to the middle of a cell of the magnet."""
        grid = self.device.grid
        step = INSIDE * grid.unit * (middle - place[:, 3 : 3 + grid.dimension])
        found = place[:, :3].copy()
        if grid.is_axisymmetric:
            away = np.hypot(found[:, 0], found[:, 1])[:, None]
            found[:, :2] *= 1 + step[:, :1] / np.maximum(away, np.finfo(float).tiny)
            found[:, 2] += step[:, 1]
        else:
            found[:, : grid.dimension] += step
        return found

    def _put(self, place: FloatArray, torque: FloatArray) -> None:
        k = np.floor((place - self.low) / self.cell).astype(int)
        k = np.clip(k, 0, self.count - 1)
        np.add.at(self.torque, tuple(k.T), torque)

    def result(self) -> CellTorques:
        """Return what was added, in the axes of `CellTorques`."""
        grid, region = self.device.grid, self.device.regions[self.name]
        m = np.zeros_like(self.torque)
        own = np.nonzero(self.torque.any(axis=3))
        middle = self.low + (np.stack(own, axis=1) + 0.5) * self.cell
        if grid.is_axisymmetric:
            middle = np.stack([np.hypot(middle[:, 0], middle[:, 1]), middle[:, 2]], axis=1)
        m[own] = region.at(middle[:, : grid.dimension])
        torque = self.torque
        if grid.is_axisymmetric:  # of the stack's x along z
            torque, m = np.roll(torque, -1, axis=3), np.roll(m, -1, axis=3)
        return CellTorques(self.name, torque, m, self.cell.copy(), self.low)
