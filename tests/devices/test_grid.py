"""What a grid must be: one clear error for everything else."""

import pickle
import re

import numpy as np
import pytest
from skfem import MeshHex, MeshLine, MeshQuad, MeshTet, MeshTri, MeshTri2, MeshWedge1

from spinfem.devices.grid import Grid, coarse_cells

SQUARE = MeshTri().refined(2)


def halves(mesh, **more):
    """A mesh whose cells are "a" left of the middle and "b" right of it, and its ends."""
    axis = mesh.dim() - 1
    middle = mesh.p[axis][mesh.t].mean(axis=0)
    regions = {"a": np.flatnonzero(middle < 0.5), "b": np.flatnonzero(middle > 0.5)}
    ends = {"left": lambda x: x[axis] == 0, "right": lambda x: x[axis] == 1}
    return mesh.with_subdomains(regions | more).with_boundaries(ends)


MESHES = [
    *(kind().refined(1) for kind in (MeshLine, MeshTri, MeshQuad, MeshHex)),
    MeshTet.init_tensor(*[[0.0, 0.5, 1.0]] * 3),
]


@pytest.mark.parametrize("mesh", MESHES, ids=lambda mesh: type(mesh).__name__)
def test_regions_surfaces_and_interfaces(mesh):
    grid = Grid(halves(mesh))
    assert grid.dimension == mesh.dim()
    assert [*grid.regions] == ["a", "b"]
    assert [*grid.surfaces] == ["left", "right"]
    (both,) = grid.interfaces
    assert both == ("a", "b")
    between = grid.mesh.p[-1][grid.mesh.facets[:, grid.interfaces[both]]]
    assert between.size
    np.testing.assert_array_equal(between, 0.5)
    np.testing.assert_array_equal(np.flatnonzero(grid.region_of_cell == 1), grid.regions["b"])


@pytest.mark.parametrize("mesh", MESHES, ids=lambda mesh: type(mesh).__name__)
def test_what_a_grid_knows_is_kept_and_cannot_be_changed(mesh):
    grid = Grid(halves(mesh))
    fresh = len(pickle.dumps(grid))
    for name in ("regions", "surfaces", "interfaces"):
        known = getattr(grid, name)
        assert known is getattr(grid, name)
        key = next(iter(known))
        with pytest.raises(TypeError, match="does not support item assignment"):
            known[key] = np.zeros(1, dtype=int)
        with pytest.raises(ValueError, match="read-only"):
            known[key][0] = 0
    assert grid.region_of_cell is grid.region_of_cell
    with pytest.raises(ValueError, match="read-only"):
        grid.region_of_cell[0] = 1
    assert grid.mesh.subdomains["a"].flags.writeable  # the mesh is whose it was
    assert len(pickle.dumps(grid)) == fresh
    back = pickle.loads(pickle.dumps(grid))
    for name in ("regions", "surfaces", "interfaces"):
        known, again = getattr(grid, name), getattr(back, name)
        assert [*known] == [*again]
        for key in known:
            np.testing.assert_array_equal(known[key], again[key])
    np.testing.assert_array_equal(back.mesh.p, grid.mesh.p)


def doubled():
    """Two squares side by side that touch, but share no nodes."""
    p = np.concatenate([SQUARE.p, SQUARE.translated((1.0, 0.0)).p], axis=1)
    return MeshTri(p, np.concatenate([SQUARE.t, SQUARE.t + SQUARE.p.shape[1]], axis=1))


def slit():
    """A square with two nodes for one on a cut from its edge to the middle."""
    p, t = SQUARE.p.copy(), SQUARE.t.copy()
    cut = np.flatnonzero((p[1] == 0.5) & (p[0] < 0.5))
    above = p[1][t].mean(axis=0) > 0.5
    for k, node in enumerate(cut):
        t[:, above] = np.where(t[:, above] == node, p.shape[1] + k, t[:, above])
    return MeshTri(np.concatenate([p, p[:, cut]], axis=1), t)


def apart():
    two = doubled()
    p = two.p.copy()
    p[0, SQUARE.p.shape[1] :] += 1.0
    return MeshTri(p, two.t).with_subdomains({"a": np.arange(32), "b": np.arange(32, 64)})


def moved(mesh, node, place):
    p = mesh.p.copy()
    p[:, node] = place
    return type(mesh)(p, mesh.t)


def everywhere(mesh):
    return mesh.with_subdomains({"a": np.arange(mesh.nelements)})


FLAT_TRIANGLES = MeshTri(
    np.array([[0.0, 1, 2, 1], [0, 0, 0, 1]]), np.array([[0, 0], [1, 2], [2, 3]])
)
ANY = {"a": np.arange(32)}
BAD = {
    "second order": (lambda: Grid(MeshTri2()), TypeError,
        "mesh of a device must be one of MeshLine1, MeshTri1, MeshQuad1, MeshTet1, MeshHex1, "
        "got MeshTri2"),
    "prisms": (lambda: Grid(MeshWedge1()), TypeError, "got MeshWedge1"),
    "no regions": (lambda: Grid(SQUARE), ValueError,
        "every cell must be in a region (none), got 32 in none, one at ("),
    "cells left": (lambda: Grid(SQUARE.with_subdomains({"a": [0, 1]})), ValueError,
        "every cell must be in a region (a), got 30 in none, one at ("),
    "two regions": (lambda: Grid(halves(SQUARE, c=[0])), ValueError,
        "a cell must be in one region, got 1 in 'a' and 'c', one at ("),
    "empty region": (lambda: Grid(halves(SQUARE, c=[])), ValueError,
        "region 'c' must have cells, got none"),
    "other cells": (lambda: Grid(SQUARE.with_subdomains({"a": [32]})), ValueError,
        "cells of region 'a' must be those of the mesh, got others"),
    "cells twice": (lambda: Grid(SQUARE.with_subdomains({"a": [0, *range(32)]})), ValueError,
        "cells of region 'a' must be there once, got some twice"),
    "unnamed region": (lambda: Grid(SQUARE.with_subdomains({" ": ANY["a"]})), TypeError,
        "name of a region must be a nonempty string, got ' '"),
    "inner surface": (lambda: Grid(halves(SQUARE).with_boundaries(
        {"in": lambda x: x[1] == 0.5}, boundaries_only=False)), ValueError,
        "surface 'in' must be on the outer boundary, got 4 of 4 facets inside, one at ("),
    "empty surface": (lambda: Grid(halves(SQUARE).with_boundaries({"in": np.zeros(0, int)})),
        ValueError, "surface 'in' must have facets, got none"),
    "other facets": (lambda: Grid(halves(SQUARE).with_boundaries({"in": np.array([999])})),
        ValueError, "facets of surface 'in' must be those of the mesh, got others"),
    "flat": (lambda: Grid(everywhere(FLAT_TRIANGLES)), ValueError,
        "cells must have a positive size, got 1 flat or folded, one at (0, 0)"),
    "folded": (lambda: Grid(everywhere(moved(MeshQuad(), 2, (-1, -1)))), ValueError,
        "cells must have a positive size, got 1 flat or folded, one at (0, 0)"),
    "not finite": (lambda: Grid(everywhere(moved(SQUARE, 3, (np.nan, 0)))), ValueError,
        "coordinates of a mesh must be finite, got (nan, 0)"),
    "spare node": (lambda: Grid(everywhere(MeshLine(
        np.array([[0.0, 1, 2]]), np.array([[0], [1]])))), ValueError,
        "every node must be in a cell, got 1 in none, one at (2)"),
    "doubled nodes": (lambda: Grid(everywhere(doubled())), ValueError,
        "nodes at one place must be one node, got two at (1, "),
    "slit": (lambda: Grid(everywhere(slit())), ValueError,
        "nodes at one place must be one node, got two at ("),
    "pieces": (lambda: Grid(apart()), ValueError,
        "mesh of a device must be in one piece, got 2, one with b, apart from a: parts that touch "
        "must be joined when the mesh is made (in gmsh: fragment them, or Coherence)"),
    "unit": (lambda: Grid(everywhere(SQUARE), unit=0.0), ValueError,
        "unit of a mesh must be positive and finite, got 0"),
    "units": (lambda: Grid(everywhere(SQUARE), unit=[1.0, 2.0]), ValueError,
        "unit of a mesh must be one number, got shape (2,)"),
    "axis in 3D": (lambda: Grid(everywhere(MeshTet()), is_axisymmetric=True), ValueError,
        "an axisymmetric mesh must have two dimensions, got 3"),
    "behind the axis": (lambda: Grid(everywhere(SQUARE.translated((-0.5, 0.0))),
        is_axisymmetric=True), ValueError, "first coordinate of an axisymmetric mesh, the distance "
        "from the axis, must not be negative, got -0.5"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_a_grid_refuses(kind):
    make, error, message = BAD[kind]
    with pytest.raises(error, match=re.escape(message)) as raised:
        make()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("mesh", MESHES, ids=lambda mesh: type(mesh).__name__)
def test_coarse_cells(mesh):
    """Cells are 0.5 nm thick on both sides of the interface."""
    grid = Grid(halves(mesh))
    assert coarse_cells(grid, {"a": 0.5e-9, "b": 0.5e-9}) == []
    assert coarse_cells(grid, {"a": 0.5e-9, "b": 0.49e-9}) == ["b"]
    assert coarse_cells(grid, {"a": 0.4e-9}) == ["a"]


def test_only_cells_at_interfaces_count_as_coarse():
    mesh = MeshLine(np.array([0.0, 5.0, 5.1, 5.2, 5.3, 9.0]))
    grid = Grid(mesh.with_subdomains({"a": [0, 1], "b": [2, 3, 4]}))
    assert coarse_cells(grid, {"a": 1e-9, "b": 1e-9}) == []
    assert coarse_cells(grid, {"a": 1e-9, "b": 0.05e-9}) == ["b"]
