"""Grids from gmsh's files: named volumes are regions, named surfaces are what electrodes name."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np
from skfem import Mesh, MeshHex1, MeshQuad1, MeshTet1, MeshTri1

from .._checks import FloatArray, IntArray, listed, one_line
from ..files.disk import content_of
from ..files.gmshfile import Cells, Part, cells_of
from ..files.lines import MalformedError
from .grid import TOLERANCE, Grid, renumbered

LARGEST = 1 << 30
"""Bytes of a file."""
KINDS: dict[str, tuple[type[Mesh], str, list[int]]] = {
    "triangle": (MeshTri1, "line", [0, 1, 2]),
    "quad": (MeshQuad1, "line", [0, 1, 2, 3]),
    "tetra": (MeshTet1, "triangle", [0, 1, 2, 3]),
    "hexahedron": (MeshHex1, "quad", [6, 2, 5, 7, 1, 3, 4, 0]),
}
"""Class of the mesh, kind of the facets and scikit-fem's order of nodes for every kind of cells."""
STRAIGHT = ("line", "triangle", "quad", "tetra", "hexahedron", "wedge", "pyramid")
GROUPS = {1: "Physical Curve", 2: "Physical Surface", 3: "Physical Volume"}


def read_grid(
    path: str | PathLike[str], scale: float = 1e-9, *, is_axisymmetric: bool = False
) -> Grid:
    """Read the grid of a device from a gmsh file, .msh of version 4.1 or 2.2.

    In three dimensions physical volumes are the regions and physical surfaces the surfaces; in two
    dimensions, in a plane of constant z, physical surfaces are the regions and physical curves the
    surfaces. Groups without a name go by their number. Cells of lower dimension that are in no
    group are passed over.

    Parameters
    ----------
    path : str or path
        The file.
    scale : float
        m, what a coordinate of 1 in the file is.
    is_axisymmetric : bool
        Whether a mesh of two dimensions is a section: x in the file is the distance from the axis,
        y runs along it.

    Raises
    ------
    ValueError
        If the file is no such mesh, or not what a `Grid` must be. The message is one line and
        names the file.
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    try:
        if path.suffix.lower() != ".msh":
            raise ValueError(f"name of the mesh of a device must end in .msh, got {path.name!r}")
        return Grid(_mesh(_content(path)), scale, is_axisymmetric)
    except (ValueError, TypeError) as error:
        raise ValueError(one_line(f"{path}: {error}")) from None


def _content(path: Path) -> Cells:
    content = content_of(path, LARGEST)
    if not content.strip():
        raise ValueError("must be a gmsh mesh, got an empty file")
    try:
        return cells_of(content)
    except MalformedError as error:
        raise ValueError(f"must be a gmsh mesh, got what cannot be read as one ({error})") from None


def _mesh(given: Cells) -> Mesh:
    """Return cells, regions and surfaces; what a grid must be is checked there."""
    kind = _kind(given)
    make, facet_kind, order = KINDS[kind]
    part = given.parts[kind]
    _check_groups(given, part)
    cells, regions = _without_twins(part)
    used, t = renumbered(np.ascontiguousarray(cells[:, order].T))
    points = _flattened(given.points[used], part.dimension)
    mesh = make(np.ascontiguousarray(points.T), t).with_subdomains(regions).with_boundaries({})
    number = np.full(len(given.points), -1)  # of the nodes
    number[used] = np.arange(used.size)
    if facet_kind in given.parts:
        facets = given.parts[facet_kind]
        for name, own in facets.groups.items():  # another mesh would number its facets again
            mesh.boundaries[name] = _facets(mesh, name, number[facets.cells[own]])
    return mesh


def _kind(given: Cells) -> str:
    """Return the kind of the cells of highest dimension, which must be of one kind."""
    parts = given.parts
    dimension = max((part.dimension for part in parts.values()), default=0)
    if dimension < 2:
        raise ValueError(
            "mesh of a device must have cells of two or three dimensions, got "
            f"{'lines, of which Stack.from_mesh makes layers' if dimension else 'none'}"
        )
    kinds = {name: len(part.cells) for name, part in parts.items() if part.dimension == dimension}
    counts = " and ".join(f"{count} of type {name}" for name, count in kinds.items())
    if not {*kinds} <= {*STRAIGHT}:
        raise ValueError(
            f"cells of a device's mesh must be of first order, with straight edges, got {counts}: "
            "in gmsh Mesh.ElementOrder = 1"
        )
    if len(kinds) > 1:
        raise ValueError(f"cells of a device's mesh must be of one kind, got {counts}")
    (kind,) = kinds
    if kind not in KINDS:
        raise ValueError(f"cells of a device's mesh must be one of {listed(KINDS)}, got {counts}")
    return kind


def _check_groups(given: Cells, part: Part) -> None:
    """Check that there are regions, and that every name of a group stands for something."""
    what = GROUPS[part.dimension]
    if not part.groups:
        raise ValueError(
            f"cells must be in named groups, got none: in gmsh {what}("
            '"name") = {...}; version 2.2 loses them if Mesh.SaveAll is set'
        )
    for dimension in (part.dimension, part.dimension - 1):
        there = {
            name
            for other in given.parts.values()
            if other.dimension == dimension
            for name in other.groups
        }
        for name in given.names.get(dimension, ()):
            if name not in there:
                raise ValueError(
                    f"{GROUPS[dimension]} {name!r} must have cells, got none: what has been "
                    "fragmented needs its groups anew"
                )


def _without_twins(part: Part) -> tuple[IntArray, dict[str, IntArray]]:
    """Return cells and regions; in version 2.2 a cell of two groups is there twice."""
    nodes = np.sort(part.cells, axis=1)
    order = np.lexsort(nodes.T)
    is_first = np.append(True, (np.diff(nodes[order], axis=0) != 0).any(axis=1))
    if is_first.all():
        return part.cells, part.groups
    number = np.empty(len(order), np.intp)
    number[order] = np.cumsum(is_first) - 1
    regions = {name: np.unique(number[own]) for name, own in part.groups.items()}
    return part.cells[order[is_first]], regions


def _flattened(points: FloatArray, dimension: int) -> FloatArray:
    """Return as many coordinates as there are dimensions."""
    kept, rest = points[:, :dimension], points[:, dimension:]
    allowed = TOLERANCE * np.ptp(kept, axis=0).max()
    if rest.size and np.isfinite(allowed) and not np.ptp(rest) <= allowed:
        low, high = rest.min() + 0.0, rest.max() + 0.0  # no -0
        raise ValueError(
            "a mesh of two dimensions must lie in a plane of constant z, "
            f"got z from {low:.10g} to {high:.10g}"
        )
    return kept


def _facets(mesh: Mesh, name: str, wanted: IntArray) -> IntArray:
    """Return the numbers of facets that are given by their nodes, shape (n, nodes)."""
    touched = np.zeros(mesh.nvertices, dtype=bool)
    touched[wanted[wanted >= 0]] = True
    near = np.flatnonzero(touched[mesh.facets].all(axis=0))
    both = np.sort(np.concatenate([mesh.facets[:, near].T, wanted]), axis=1)
    _, first, number = np.unique(both, axis=0, return_index=True, return_inverse=True)
    place = first[number.ravel()[len(near) :]]
    lost = place >= len(near)
    if lost.any():
        raise ValueError(
            f"surface {name!r} must consist of faces of cells, got {lost.sum()} of {lost.size} "
            "that are of none: mesh it together with the regions"
        )
    return np.unique(near[place])
