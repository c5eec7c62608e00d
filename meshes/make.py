"""Make the meshes of this directory with gmsh, which the extra `meshes` brings.

``python meshes/make.py [DIR]`` writes three meshes of lines along x, with the layers as named
groups of cells, beside this script or into DIR:

valve.msh        gmsh 4.1, nm: a few equal cells in every layer
dual_valve.msh   gmsh 2.2, nm: boundary layers, cells that get narrower towards both faces
graded.vtu       in spin diffusion lengths: thick magnets, graded towards the spacer only; layers
                 are the integers of an array of cell data, and field data has their names
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
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
def lines(layers: list[Layer]) -> Iterator[None]:
    """Give gmsh a mesh of lines along x with the layers as physical groups, in their order."""
    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
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
    finally:
        gmsh.finalize()


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


def make(folder: Path) -> None:
    """Write all three meshes."""
    write_msh(folder / "valve.msh", VALVE, 4.1)
    write_msh(folder / "dual_valve.msh", DUAL_VALVE, 2.2)
    write_vtu(folder / "graded.vtu", GRADED)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
