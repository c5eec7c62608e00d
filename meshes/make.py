"""Make the meshes of this directory with gmsh, which the extra `meshes` brings.

``python meshes/make.py [DIR]`` writes them beside this script or into DIR. Three are lines along x,
with the layers of a stack as named groups of cells:

valve.msh        gmsh 4.1, nm: a few equal cells in every layer
dual_valve.msh   gmsh 2.2, nm: boundary layers, cells that get narrower towards both faces
graded.vtu       in spin diffusion lengths: thick magnets, graded towards the spacer only; layers
                 are the integers of an array of cell data, and field data has their names

Two are of devices, gmsh 4.1, nm, with regions and electrodes as named groups:

lateral_valve.msh  section of a nonlocal valve: two magnets on a wire; triangles, small at corners
crossing.msh       a valve of square layers where two strips cross; tetrahedra
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import gmsh
import numpy as np

from spinfem.files import vtkwriter


class Layer(NamedTuple):
    """A layer: how thick, how many cells, and how gmsh spaces them."""

    name: str
    thickness: float
    cells: int
    spacing: str = "Progression"  # every cell so many times wider than the last one; or "Bump"
    coefficient: float = 1.0


VALVE = [Layer("fixed", 8, 2), Layer("spacer", 10, 2), Layer("free", 4, 2)]
DUAL_VALVE = [
    Layer("bottom", 8, 8, "Bump", 0.05),
    Layer("lower spacer", 6, 6, "Bump", 0.1),
    Layer("free", 4, 8, "Bump", 0.05),
    Layer("upper spacer", 10, 6, "Bump", 0.1),
    Layer("top", 8, 8, "Bump", 0.05),
]
GRADED = [
    Layer("F1", 20, 12, "Progression", 0.8),
    Layer("spacer", 0.5, 2),
    Layer("F2", 20, 12, "Progression", 1.25),
]


@contextmanager
def quiet_gmsh() -> Iterator[None]:
    """Start gmsh, without its messages, and end it."""
    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        yield
    finally:
        gmsh.finalize()


@contextmanager
def lines(layers: list[Layer]) -> Iterator[None]:
    """Give gmsh a mesh of lines along x with the layers as physical groups, in their order."""
    with quiet_gmsh():
        left, x = gmsh.model.geo.addPoint(0, 0, 0), 0.0
        curves = []
        for layer in layers:
            x += layer.thickness
            right = gmsh.model.geo.addPoint(x, 0, 0)
            curves.append(gmsh.model.geo.addLine(left, right))
            left = right
        gmsh.model.geo.synchronize()
        for curve, layer in zip(curves, layers, strict=True):
            gmsh.model.mesh.setTransfiniteCurve(
                curve, layer.cells + 1, layer.spacing, layer.coefficient
            )
            gmsh.model.addPhysicalGroup(1, [curve], name=layer.name)
        gmsh.model.mesh.generate(1)
        yield


def write_msh(path: Path, layers: list[Layer], version: float) -> None:
    """Write a mesh in gmsh's own format."""
    with lines(layers):
        gmsh.option.setNumber("Mesh.MshFileVersion", version)
        gmsh.write(str(path))


def write_vtu(path: Path, layers: list[Layer]) -> None:
    """Write a mesh for ParaView, with the integers of the layers and their names."""
    with lines(layers):
        tags, coordinates, _ = gmsh.model.mesh.getNodes()
        cells, number = [], []
        for dimension, group in gmsh.model.getPhysicalGroups(1):
            for curve in gmsh.model.getEntitiesForPhysicalGroup(dimension, group):
                _, _, nodes = gmsh.model.mesh.getElements(dimension, curve)
                pairs = np.searchsorted(np.sort(tags), nodes[0]).reshape(-1, 2)
                cells.append(pairs)
                number += [group] * len(pairs)
    points = coordinates.reshape(-1, 3)[np.argsort(tags)]
    mesh = vtkwriter.VtkMesh(
        points, {"line": np.concatenate(cells)}, {}, {"layer": [np.array(number)]}
    )
    vtkwriter.write_vtu(path, mesh, {layer.name: i for i, layer in enumerate(layers, start=1)})


# --- devices ------------------------------------------------------------------------------------

WIRE = ((-1000.0, 0.0), (1300.0, 100.0))
"""Lower left and upper right corner, nm, as of all rectangles."""
INJECTOR, DETECTOR = ((-50.0, 100.0), (50.0, 130.0)), ((250.0, 100.0), (350.0, 130.0))

STRIP, SQUARE = 80.0, 40.0
"""Width of strips and of what is between them, nm."""
CROSSING = {"lower": 20.0, "fixed": 8.0, "spacer": 6.0, "free": 4.0, "upper": 20.0}
"""Thickness of regions from below, nm; strips are the first one along x and the last along y."""
LENGTH = 200.0
"""Of the strips, nm."""


def at(points: Callable[[np.ndarray], np.ndarray], dimension: int) -> list[int]:
    """Return the entities of gmsh whose box, lower and upper corner (2, 3), is as asked for."""
    found = []
    for _, tag in gmsh.model.getEntities(dimension):
        box = np.array(gmsh.model.getBoundingBox(dimension, tag)).reshape(2, 3)
        if points(box):
            found.append(tag)
    return found


def write_lateral_valve(path: Path) -> None:
    """Write a section of a lateral valve, as deep everywhere."""
    with quiet_gmsh():
        occ, parts = gmsh.model.occ, []
        for (x, y), (right, top) in (WIRE, INJECTOR, DETECTOR):
            parts.append((2, occ.addRectangle(x, y, 0, right - x, top - y)))
        _, places = occ.fragment(parts[:1], parts[1:])
        occ.synchronize()
        for place, name in zip(places, ("wire", "injector", "detector"), strict=True):
            gmsh.model.addPhysicalGroup(2, [tag for _, tag in place], name=name)
        near = 1e-3
        (left, _), (right, _) = WIRE
        top, middle = INJECTOR[1][1], 150.0
        for name, wanted in {
            "in": lambda box: box[0, 1] > top - near and box[1, 0] < middle,
            "probe": lambda box: box[0, 1] > top - near and box[0, 0] > middle,
            "out": lambda box: box[1, 0] < left + near,
            "ground": lambda box: box[0, 0] > right - near,
        }.items():
            gmsh.model.addPhysicalGroup(1, at(wanted, 1), name=name)
        corners = at(lambda box: abs(box[0, 1] - WIRE[1][1]) < near and abs(box[0, 0]) < 500, 0)
        distance, size = (gmsh.model.mesh.field.add(kind) for kind in ("Distance", "MathEval"))
        gmsh.model.mesh.field.setNumbers(distance, "PointsList", corners)
        gmsh.model.mesh.field.setString(size, "F", f"1 + 0.25 * F{distance}")
        gmsh.model.mesh.field.setAsBackgroundMesh(size)
        gmsh.option.setNumber("Mesh.MeshSizeFromPoints", 0)
        gmsh.option.setNumber("Mesh.MeshSizeExtendFromBoundary", 0)
        gmsh.option.setNumber("Mesh.MeshSizeMax", 40)
        gmsh.model.mesh.generate(2)
        gmsh.option.setNumber("Mesh.MshFileVersion", 4.1)
        gmsh.write(str(path))


def write_crossing(path: Path) -> None:
    """Write a valve where two strips cross."""
    with quiet_gmsh():
        occ, parts, z = gmsh.model.occ, [], 0.0
        for name, thickness in CROSSING.items():
            width = {"lower": (LENGTH, STRIP), "upper": (STRIP, LENGTH)}.get(name, (SQUARE, SQUARE))
            x, y = width
            parts.append((3, occ.addBox(-x / 2, -y / 2, z, x, y, thickness)))
            z += thickness
        _, places = occ.fragment(parts[:1], parts[1:])
        occ.synchronize()
        for place, name in zip(places, CROSSING, strict=True):
            gmsh.model.addPhysicalGroup(3, [tag for _, tag in place], name=name)
        end = LENGTH / 2 - 1e-3
        for name, wanted in {
            "in": lambda box: box[1, 0] < -end,
            "out": lambda box: box[0, 1] > end,
            "probe": lambda box: box[0, 0] > end,
        }.items():
            gmsh.model.addPhysicalGroup(2, at(wanted, 2), name=name)
        inside, size = SQUARE / 2 + 1e-3, gmsh.model.mesh.field.add("Box")
        for key, value in {
            "VIn": 7.0,
            "VOut": 24.0,
            "Thickness": 40.0,
            "XMin": -inside,
            "XMax": inside,
            "YMin": -inside,
            "YMax": inside,
            "ZMin": CROSSING["lower"] - 5,
            "ZMax": z - CROSSING["upper"] + 5,
        }.items():
            gmsh.model.mesh.field.setNumber(size, key, value)
        gmsh.model.mesh.field.setAsBackgroundMesh(size)
        gmsh.option.setNumber("Mesh.MeshSizeFromPoints", 0)
        gmsh.option.setNumber("Mesh.MeshSizeExtendFromBoundary", 0)
        gmsh.model.mesh.generate(3)
        gmsh.option.setNumber("Mesh.MshFileVersion", 4.1)
        gmsh.write(str(path))


def make(folder: Path) -> None:
    """Write all meshes."""
    write_msh(folder / "valve.msh", VALVE, 4.1)
    write_msh(folder / "dual_valve.msh", DUAL_VALVE, 2.2)
    write_vtu(folder / "graded.vtu", GRADED)
    write_lateral_valve(folder / "lateral_valve.msh")
    write_crossing(folder / "crossing.msh")


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
