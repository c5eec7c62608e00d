"""Fields of a solved device for ParaView: in its volume, and torques on its interfaces."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .._checks import FloatArray, IntArray
from ..files.disk import check_target, replacing
from ..files.vtkwriter import VtkMesh, write_vtu
from .assembly import System
from .device import Device
from .meshes import KINDS

NANOMETRE = 1e-9
VTK = {"line": [0, 1]} | {kind: np.argsort(order).tolist() for kind, (*_, order) in KINDS.items()}
"""Nodes of cells of every kind in VTK's order, among those of scikit-fem."""
FACETS = {1: None, 2: "line", 3: "triangle", 4: "quad"}
"""Kinds of facets by how many nodes they have."""


class Solved(Protocol):
    """What is read of a solved device, a `DeviceSolution`."""

    device: Device
    system: System

    @property
    def magnets(self) -> tuple[str, ...]:
        """Names of all ferromagnets."""
        ...

    def potential(self, electrode: str) -> float:
        """Return mu_0 of an electrode, V."""
        ...

    def current(self, electrode: str) -> float:
        """Return the current that enters there, A."""
        ...

    def at(self, region: str, dofs: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return mu_0, mu_s and m at degrees of freedom."""
        ...

    def density_at(self, name: str, face: str) -> tuple[IntArray, FloatArray]:
        """Return torques per area there."""
        ...


def save(solution: Solved, path: Path) -> None:
    """Write both files; see `DeviceSolution.save`."""
    places = path, _beside(path)
    for place in places:
        check_target(place, ".vtu")
    for place, content in zip(places, _contents(solution), strict=False):
        with replacing(place) as temporary:
            write_vtu(temporary, *content)


def write_frame(solution: Solved, path: Path) -> list[Path]:
    """Write both files as a frame of a collection, and return those that there are."""
    contents = _contents(solution)
    places = [path, _beside(path)][: len(contents)]
    for place, content in zip(places, contents, strict=True):
        write_vtu(place, *content)
    return places


def _beside(path: Path) -> Path:
    """Return the file of interfaces beside that of the volume."""
    return path.with_name(f"{path.stem}_interfaces{path.suffix}")


def _contents(solution: Solved) -> list[tuple[VtkMesh, dict[str, float]]]:
    """Return meshes and field data: of the volume, and of interfaces if there are any."""
    device = solution.device
    electrodes = {}
    for name in device.electrodes:
        electrodes[f"potential of {name}, V"] = solution.potential(name)
        electrodes[f"current of {name}, A"] = solution.current(name)
    regions = {f"region {k}: {name}": k for k, name in enumerate(device.regions)}
    surfaces = _surfaces(solution)
    volume = _volume(solution), {**regions, **electrodes}
    return [volume] if surfaces is None else [volume, surfaces]


def _in_space(points: FloatArray) -> FloatArray:
    """Return points (dimension, n), m, with three coordinates (n, 3), in nm."""
    found = np.zeros((points.shape[1], 3))
    found[:, : len(points)] = points.T / NANOMETRE
    return found


def _volume(solution: Solved) -> VtkMesh:
    """Return all regions, each with points of its own, and the values at corners of cells."""
    device, system = solution.device, solution.system
    mesh = device.grid.mesh
    kind = next((k for k, (own, *_) in KINDS.items() if own is type(mesh)), "line")
    at_corner = np.asarray(system.functions.basis.nodal_dofs[0])
    coordinates = np.atleast_2d(mesh.p) * device.grid.unit
    parts: list[tuple[Any, ...]] = []
    first = 0
    for k, (name, cells) in enumerate(device.grid.regions.items()):
        nodes, place = np.unique(mesh.t[:, cells], return_inverse=True)
        own = place.reshape(len(mesh.t), -1)[VTK[kind]].T + first
        mu_0, mu_s, m = solution.at(name, at_corner[nodes])
        number = np.full(len(cells), k)
        parts.append((_in_space(coordinates[:, nodes]), own, mu_0, mu_s, m, number))
        first += len(nodes)
    points, cells, mu_0, mu_s, m, number = (np.concatenate(x) for x in zip(*parts, strict=True))
    data = {"potential": mu_0, "spin_potential": mu_s, "m": m}
    return VtkMesh(points, {kind: cells}, data, {"region": [number]})


def _surfaces(solution: Solved) -> tuple[VtkMesh, dict[str, float]] | None:
    """Return the interfaces at which magnetizations take up spins, and what they are called."""
    device, system = solution.device, solution.system
    mesh = device.grid.mesh
    kind = FACETS[len(np.atleast_2d(mesh.facets))]
    if kind is None:
        return None
    at_corner = np.asarray(system.functions.basis.nodal_dofs[0])
    coordinates, first = mesh.p * device.grid.unit, 0
    parts: list[tuple[Any, ...]] = []
    names: dict[str, float] = {}
    for contact in system.contacts:
        for name, face in (contact.names, contact.names[::-1]):
            if name not in solution.magnets:
                continue
            nodes, place = np.unique(mesh.facets[:, contact.facets], return_inverse=True)
            cells = place.reshape(len(mesh.facets), -1).T + first
            dofs, density = solution.density_at(name, face)
            rows = np.searchsorted(dofs, at_corner[nodes])
            number = np.full(len(cells), len(names))
            names[f"interface {len(names)}: {name}, from {face}"] = len(names)
            parts.append((_in_space(coordinates[:, nodes]), cells, density[rows], number))
            first += len(nodes)
    if not parts:
        return None
    points, cells, density, number = (np.concatenate(x) for x in zip(*parts, strict=True))
    return (
        VtkMesh(points, {kind: cells}, {"torque_density": density}, {"interface": [number]}),
        names,
    )
