"""A mesh whose regions and surfaces have names: the geometry of a device."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from skfem import Mesh, MeshHex1, MeshLine1, MeshQuad1, MeshTet1, MeshTri1

from .._checks import BoolArray, FloatArray, IntArray, is_seen, listed, positive

KINDS = (MeshLine1, MeshTri1, MeshQuad1, MeshTet1, MeshHex1)
TOLERANCE = 1e-6
"""Of the shortest edge: nodes nearer than that to one another are at one place."""
AXIS = 1e-9
"""Of the largest distance from the axis: what is nearer is on it."""
FLAT = 1e-15
"""A cell of this fraction of its longest edge to the power of the dimension has no size."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The geometry of a device: a conforming mesh with named regions and named surfaces.

    Regions meet in shared nodes; what jumps at their interfaces is no matter of the mesh.

    Parameters
    ----------
    mesh : skfem.Mesh
        `MeshLine1`, `MeshTri1`, `MeshQuad1`, `MeshTet1` or `MeshHex1`, in one piece. Its
        `subdomains` are the regions, and every cell is in just one of them; its `boundaries` are
        the surfaces, sets of facets on the outer boundary.
    unit : float
        m, what a coordinate of 1 is.
    is_axisymmetric : bool
        Whether the mesh, of two dimensions, is a section through what is rotated about an axis: its
        first coordinate is the distance from the axis, the second runs along it.

    Raises
    ------
    TypeError
        If the mesh is of another kind, or a name is no nonempty string.
    ValueError
        If regions overlap or leave cells over, a surface is empty or not on the outer boundary,
        cells have no size, or nodes at one place are not one node; or if the unit is not positive.
    """

    mesh: Mesh
    unit: float = 1e-9
    is_axisymmetric: bool = False

    def __post_init__(self) -> None:
        if type(self.mesh) not in KINDS:
            raise TypeError(
                f"mesh of a device must be one of {listed([kind.__name__ for kind in KINDS])}, "
                f"got {type(self.mesh).__name__}"
            )
        unit = positive("unit of a mesh", self.unit)
        if not isinstance(unit, float):
            raise ValueError(f"unit of a mesh must be one number, got shape {unit.shape}")
        object.__setattr__(self, "unit", unit)
        _check_points(self.mesh)
        if self.is_axisymmetric:
            _check_axis(self.mesh)
        _check_sizes(self.mesh)
        _check_regions(self)
        _check_surfaces(self)
        _check_joined(self)

    @property
    def dimension(self) -> int:
        """Dimension of the mesh: 1, 2 or 3."""
        return int(self.mesh.dim())

    @property
    def is_planar(self) -> bool:
        """Whether it is a section of what is the same in all depths: currents are per metre."""
        return self.dimension == 2 and not self.is_axisymmetric

    @property
    def has_volumes(self) -> bool:
        """Whether what is in it has volumes, m3, and not areas or lengths of a section."""
        return self.dimension == 3 or self.is_axisymmetric

    @functools.cached_property
    def on_axis(self) -> BoolArray:
        """Tell which nodes are on the axis, of an axisymmetric mesh."""
        r = self.mesh.p[0]
        found: BoolArray = (r <= AXIS * r.max()) & self.is_axisymmetric
        found.flags.writeable = False
        return found

    def is_on_axis(self, facets: IntArray) -> BoolArray:
        """Tell which facets are parts of the axis, and have no area."""
        if not self.is_axisymmetric:
            return np.zeros(len(facets), dtype=bool)
        found: BoolArray = self.on_axis[self.mesh.facets[:, facets]].all(axis=0)
        return found

    def way_around(self, points: FloatArray) -> FloatArray:
        """Return 1, or how long the ways are of points (d, ...) that are rotated about the axis."""
        way: FloatArray = np.ones(points.shape[1:])
        return 2 * np.pi * points[0] if self.is_axisymmetric else way

    def units(self, power: int) -> float:
        """Return the unit to the power of the dimension, with that of ways, and another one."""
        return float(self.unit ** (self.dimension + self.is_axisymmetric + power))

    @functools.cached_property
    def regions(self) -> Mapping[str, IntArray]:
        """Cells of every region."""
        return _read_only(self.mesh.subdomains or {})

    @functools.cached_property
    def surfaces(self) -> Mapping[str, IntArray]:
        """Facets of every surface."""
        return _read_only(self.mesh.boundaries or {})

    @functools.cached_property
    def region_of_cell(self) -> IntArray:
        """Number of the region of every cell, in the order of `regions`."""
        number = np.full(self.mesh.nelements, -1)
        for i, own in enumerate(self.regions.values()):
            number[own] = i
        number.flags.writeable = False
        return number

    @functools.cached_property
    def interfaces(self) -> Mapping[tuple[str, str], IntArray]:
        """Facets between every two regions that touch; both in the order of `regions`."""
        names, region = [*self.regions], self.region_of_cell
        inner = np.flatnonzero(self.mesh.f2t[1] >= 0)
        sides = np.sort(region[self.mesh.f2t[:, inner]], axis=0)
        between = sides[0] != sides[1]
        inner, sides = inner[between], sides[:, between]
        pairs = np.unique(sides, axis=1).T.tolist()
        return _read_only(
            {(names[a], names[b]): inner[(sides[0] == a) & (sides[1] == b)] for a, b in pairs}
        )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what follows from the mesh: read-only mappings cannot be pickled."""
        return {own.name: getattr(self, own.name) for own in fields(self)}


def _read_only(numbers: Mapping[Any, Any]) -> Mapping[Any, IntArray]:
    """Return numbers of cells or facets that cannot be changed: they are asked for often."""
    found = {name: np.asarray(own).view() for name, own in numbers.items()}
    for own in found.values():
        own.flags.writeable = False
    return MappingProxyType(found)


def renumbered(cells: IntArray) -> tuple[IntArray, IntArray]:
    """Return the nodes that cells have, rising, and the cells by their places among them."""
    is_used = np.zeros(cells.max() + 1, dtype=bool)
    is_used[cells] = True
    place: IntArray = np.cumsum(is_used) - 1
    return np.flatnonzero(is_used), place[cells]


def _place(mesh: Mesh, node: int) -> str:
    """Write where a node is, in the mesh's unit."""
    return f"({', '.join(f'{x:.10g}' for x in mesh.p[:, node])})"


def _check_points(mesh: Mesh) -> None:
    if not np.isfinite(mesh.p).all():
        first = int(np.flatnonzero(~np.isfinite(mesh.p).all(axis=0))[0])
        raise ValueError(f"coordinates of a mesh must be finite, got {_place(mesh, first)}")
    unused = np.bincount(mesh.t.ravel(), minlength=mesh.p.shape[1]) == 0
    if unused.any():
        raise ValueError(
            f"every node must be in a cell, got {unused.sum()} in none, "
            f"one at {_place(mesh, int(unused.argmax()))}"
        )


def _check_axis(mesh: Mesh) -> None:
    if mesh.dim() != 2:
        raise ValueError(f"an axisymmetric mesh must have two dimensions, got {mesh.dim()}")
    r = mesh.p[0]
    if r.min() < -AXIS * r.max():
        raise ValueError(
            "first coordinate of an axisymmetric mesh, the distance from the axis, must not be "
            f"negative, got {r.min():.10g}"
        )


def edge_lengths(mesh: Mesh) -> Iterator[FloatArray]:
    """Yield distances between the vertices of all cells that an edge joins, edge by edge."""
    pairs = {1: [[0, 1]], 2: mesh.refdom.facets, 3: mesh.refdom.edges}[mesh.dim()]
    for a, b in pairs:
        yield np.linalg.norm(mesh.p[:, mesh.t[b]] - mesh.p[:, mesh.t[a]], axis=0)


def _jacobians(mesh: Mesh) -> FloatArray:
    """Return determinants at the corners of every cell, shape (cells, corners), or (cells, 1)."""
    if isinstance(mesh, MeshQuad1 | MeshHex1):
        found: FloatArray = mesh.mapping().detDF(mesh.refdom.p)
    else:
        edges = mesh.p[:, mesh.t[1:]] - mesh.p[:, mesh.t[:1]]  # (dim, dim, cells)
        found = np.linalg.det(edges.transpose(2, 0, 1))[:, None]
    return found


def _check_sizes(mesh: Mesh) -> None:
    """Check that no cell is flat or folded: determinants at its corners have one sign."""
    jacobians = _jacobians(mesh)
    longest = functools.reduce(np.maximum, edge_lengths(mesh))
    least = FLAT * longest[:, None] ** mesh.dim()
    wrong = ~((jacobians > least).all(axis=1) | (jacobians < -least).all(axis=1))
    if wrong.any():
        raise ValueError(
            f"cells must have a positive size, got {wrong.sum()} flat or folded, "
            f"one at {_place(mesh, mesh.t[0, wrong.argmax()])}"
        )


def _check_names(what: str, names: list[object]) -> None:
    for name in names:
        if not is_seen(name):
            raise TypeError(f"name of a {what} must be a nonempty string, got {name!r}")


def _check_numbers(what: str, kind: str, own: IntArray, count: int) -> None:
    """Check numbers of cells or facets: some of the mesh, each once."""
    if not own.size:
        raise ValueError(f"{what} must have {kind}, got none")
    if own.min() < 0 or own.max() >= count:
        raise ValueError(f"{kind} of {what} must be those of the mesh, got others")
    if np.unique(own).size < own.size:
        raise ValueError(f"{kind} of {what} must be there once, got some twice")


def _check_regions(grid: Grid) -> None:
    """Check that the regions are a partition of all cells."""
    count, owner = grid.mesh.nelements, np.full(grid.mesh.nelements, -1)
    regions = grid.regions
    _check_names("region", [*regions])
    names = [*regions]
    for i, (name, own) in enumerate(regions.items()):
        _check_numbers(f"region {name!r}", "cells", own, count)
        taken = own[owner[own] >= 0]
        if taken.size:
            raise ValueError(
                f"a cell must be in one region, got {taken.size} in {names[owner[taken[0]]]!r} and "
                f"{name!r}, one at {_place(grid.mesh, grid.mesh.t[0, taken[0]])}"
            )
        owner[own] = i
    left = np.flatnonzero(owner < 0)
    if left.size:
        raise ValueError(
            f"every cell must be in a region ({listed(names) or 'none'}), got {left.size} in none, "
            f"one at {_place(grid.mesh, grid.mesh.t[0, left[0]])}"
        )


def _check_surfaces(grid: Grid) -> None:
    mesh, surfaces = grid.mesh, grid.surfaces
    _check_names("surface", [*surfaces])
    for name, own in surfaces.items():
        _check_numbers(f"surface {name!r}", "facets", own, mesh.nfacets)
        inner = own[mesh.f2t[1, own] >= 0]
        if inner.size:
            raise ValueError(
                f"surface {name!r} must be on the outer boundary, got {inner.size} of {own.size} "
                f"facets inside, one at {_place(mesh, mesh.facets[0, inner[0]])}"
            )


def pieces_of(mesh: Mesh) -> IntArray:
    """Return the number of the piece that every cell is in; pieces share no facet."""
    inner = mesh.f2t[:, mesh.f2t[1] >= 0]
    joined = coo_array((np.ones(inner.shape[1]), tuple(inner)), shape=(mesh.nelements,) * 2)
    numbers: IntArray = connected_components(joined, directed=False)[1]
    return numbers


def _check_joined(grid: Grid) -> None:
    """Check that the mesh is in one piece, and has no slits of doubled nodes."""
    mesh = grid.mesh
    outer = np.unique(mesh.facets[:, mesh.boundary_facets()])
    near = TOLERANCE * min(lengths.min() for lengths in edge_lengths(mesh))
    doubled = cKDTree(mesh.p[:, outer].T).query_pairs(near, output_type="ndarray")
    if len(doubled):
        raise ValueError(
            f"nodes at one place must be one node, got two at {_place(mesh, outer[doubled[0, 0]])} "
            f"({len(doubled)} pairs): parts that touch must be joined when the mesh is made (in "
            "gmsh: fragment them, or Coherence)"
        )
    piece = pieces_of(mesh)
    if piece.max() > 0:
        inside = _regions_in(grid, piece == piece[-1]), _regions_in(grid, piece != piece[-1])
        raise ValueError(
            f"mesh of a device must be in one piece, got {piece.max() + 1}, one with "
            f"{listed(inside[0])}, apart from {listed(inside[1])}: parts that touch must be joined "
            "when the mesh is made (in gmsh: fragment them, or Coherence)"
        )


def _regions_in(grid: Grid, cells: BoolArray) -> list[str]:
    return [name for name, own in grid.regions.items() if cells[own].any()]


def are_parallelograms(mesh: Mesh) -> BoolArray:
    """Tell which cells are parallelograms, to `TOLERANCE` of their longest edges."""
    if type(mesh) is not MeshQuad1:
        return np.zeros(mesh.nelements, dtype=bool)
    corners = mesh.p[:, mesh.t]  # (2, 4, n), one after the other around a cell
    off = np.linalg.norm(corners[:, 0] - corners[:, 1] + corners[:, 2] - corners[:, 3], axis=0)
    found: BoolArray = off <= TOLERANCE * functools.reduce(np.maximum, edge_lengths(mesh))
    return found


def in_triangles(grid: Grid) -> Grid:
    """Return a grid whose n quadrilaterals are cut into triangles, k into k and ``k + n``.

    Facets of both are in the same order. Grids of other cells stay.
    """
    old = grid.mesh
    if type(old) is not MeshQuad1:
        return grid
    n = old.nelements
    mesh = MeshTri1(old.p, np.hstack([old.t[[0, 1, 3]], old.t[[1, 2, 3]]]))
    ends = (np.sort(one.facets, axis=0).astype(np.int64) for one in (old, mesh))
    before, after = (first * old.nvertices + last for first, last in ends)
    order = np.argsort(after)
    surfaces = {
        name: order[np.searchsorted(after, before[own], sorter=order)]
        for name, own in grid.surfaces.items()
    }
    regions = {name: np.concatenate([own, own + n]) for name, own in grid.regions.items()}
    mesh = mesh.with_subdomains(regions).with_boundaries(surfaces)
    return Grid(mesh, grid.unit, grid.is_axisymmetric)


def coarse_cells(grid: Grid, lengths: dict[str, float]) -> list[str]:
    """Return the regions in which a cell next to an interface is longer than the diffusion length.

    What counts is how far a cell reaches from the plane of the facet that it has there.

    Parameters
    ----------
    grid : Grid
        The geometry.
    lengths : dict
        Spin diffusion length of every region, m; regions that are not there are not looked at.
    """
    mesh, names, region = grid.mesh, [*grid.regions], grid.region_of_cell
    limit = np.array([lengths.get(name, np.inf) for name in names]) / grid.unit
    facets = np.concatenate([np.zeros(0, np.intp), *grid.interfaces.values()])
    coarse = np.zeros(len(names), dtype=bool)
    for cells in mesh.f2t[:, facets]:
        too_long = _depth(mesh, facets, cells) > limit[region[cells]] * (1 + 1e-9)
        coarse[region[cells[too_long]]] = True
    return [name for name, is_coarse in zip(names, coarse, strict=True) if is_coarse]


def _depth(mesh: Mesh, facets: IntArray, cells: IntArray) -> FloatArray:
    """Return how far every cell reaches from the plane of its facet."""
    corners = mesh.p[:, mesh.facets[:, facets]]  # (dim, corners, n)
    reach = mesh.p[:, mesh.t[:, cells]] - corners[:, :1]
    if mesh.dim() == 1:
        normal = np.ones((1, len(facets)))
    elif mesh.dim() == 2:
        along = corners[:, 1] - corners[:, 0]
        normal = np.array([-along[1], along[0]])
    else:
        normal = np.cross(
            corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0], axisa=0, axisb=0, axisc=0
        )
    normal = normal / np.linalg.norm(normal, axis=0)
    depth: FloatArray = np.abs((reach * normal[:, None]).sum(axis=0)).max(axis=0)
    return depth
