"""Grids of films that are cut to plans."""

import re
import sys

import numpy as np
import pytest
from skfem import Basis, ElementTetP1, Functional

from spinfem.devices.builders import disc, extruded, extruded_grid
from spinfem.devices.plans import Plan, area, polygon


@Functional
def volume(w):
    return 1.0 + 0 * w.x[0]


def volumes(grid):
    return {
        name: volume.assemble(Basis(grid.mesh, ElementTetP1(), elements=own))
        for name, own in grid.regions.items()
    }


def square(n, **polygons):
    """A square of 4 nm cut to n x n squares of two triangles; polygons by low and high corner."""
    x = np.linspace(0, 4, n + 1)
    points = np.array([(a, b) for a in x for b in x])
    i, j = np.divmod(np.arange(n * n), n)
    a = i * (n + 1) + j
    triangles = np.concatenate(
        [np.stack([a, a + n + 1, a + n + 2], 1), np.stack([a + 1, a, a + n + 2], 1)]
    )
    middle = points[triangles].mean(axis=1)
    inside = {
        name: ((middle > low) & (middle < high)).all(axis=1)
        for name, (low, high) in polygons.items()
    }
    return Plan(points, triangles, inside)


PLAN = square(4, film=((0, 0), (4, 4)), pillar=((1, 1), (3, 3)), strip=((0, 1), (4, 3)),
              across=((1, 0), (3, 4)), again=((1, 1), (3, 3)))  # fmt: skip
TWO, ONE = np.array([0.0, 0.5, 2.0]), np.array([0.0, 1.0])


def test_prisms_are_cut_into_tetrahedra_that_fit():
    """The sizes are those of the prisms, and a facet inside has a cell on both sides."""
    layers = [(TWO, {"film": "N"}), (ONE, {"pillar": "F"}), (TWO, {"strip": "top"})]
    grid = extruded(PLAN, layers)
    assert volumes(grid) == pytest.approx({"N": 32.0, "F": 4.0, "top": 16.0}, rel=1e-12)
    mesh = grid.mesh
    boundary = mesh.p[:, mesh.facets[:, mesh.boundary_facets()]]
    a, b, c = np.moveaxis(boundary, 1, 0)
    outer = np.linalg.norm(np.cross(b - a, c - a, axis=0), axis=0).sum() / 2
    sides = 16 * 2 + 8 * 1 + 12 * 2
    assert outer == pytest.approx(sides + 2 * 16 + 2 * (8 - 4), rel=1e-12)
    for name, z, wanted in (("left", 0, 32), ("right", 5, 16)):
        assert len(grid.surfaces[name]) == wanted
        np.testing.assert_array_equal(mesh.p[2, mesh.facets[:, grid.surfaces[name]]], z)
    assert {pair: len(own) for pair, own in grid.interfaces.items()} == {
        ("N", "F"): 8,
        ("F", "top"): 8,
    }


@pytest.mark.parametrize(
    ("inner", "wanted"),
    [("F", {"N": 12.0, "F": 4.0}), ("N", {"N": 16.0}), (None, {"N": 12.0})],
)
def test_a_polygon_inside_another_one_is_cut_out_of_it(inner, wanted):
    for regions in ({"film": "N", "pillar": inner}, {"pillar": inner, "film": "N"}):
        assert volumes(extruded(PLAN, [(ONE, regions)])) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("two", [("strip", "across"), ("pillar", "again")])
def test_polygons_that_overlap(two):
    message = "polygons of layer 0 must be apart or one inside the other, got .* which overlap"
    with pytest.raises(ValueError, match=message):
        extruded(PLAN, [(ONE, dict.fromkeys(two, "N"))])


@pytest.mark.parametrize("n", [3, 7, 32])
def test_a_disc_has_its_area(n):
    corners = disc(50e-9, n, centre=(1e-7, 0.0))
    assert corners.shape == (n, 2)
    assert area(corners) == pytest.approx(np.pi * 50e-9**2, rel=1e-12)
    assert corners.mean(axis=0) == pytest.approx([1e-7, 0.0], abs=1e-20)


SQUARE = np.array([(0, 0), (4, 0), (4, 4), (0, 4)]) * 1e-9
CIRCLE = np.stack([f(2 * np.pi * np.arange(1001) / 1001) for f in (np.cos, np.sin)], axis=1)
FILM = [(1e-9, {"film": "N"})]


def film(plan=None, layers=FILM, **options):
    return extruded_grid(plan or {"film": SQUARE}, layers, **{"size": 1e-9} | options)


BAD = {
    "shape": (lambda: polygon("a", [1.0, 2.0]), ValueError,
        "corners of polygon 'a' must have shape (n, 2), n at least 3, got (2,)"),
    "closed": (lambda: polygon("a", [*SQUARE, SQUARE[0]]), ValueError,
        "corners of polygon 'a' must be there once, got the first one twice"),
    "flat": (lambda: polygon("a", [(0, 0), (1, 0), (2, 0)]), ValueError,
        "corners of polygon 'a' must enclose an area, got 0"),
    "crossed": (lambda: polygon("a", [(0, 0), (3, 1), (3, 0), (0, 2)]), ValueError,
        "polygon 'a' must not cross or touch itself, got edges 0 and 2 that do"),
    "touching": (lambda: polygon("a", [(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)]), ValueError,
        "polygon 'a' must not cross or touch itself, got edges 0 and 2 that do"),
    "spike": (lambda: polygon("a", [(0, 0), (4, 0), (2, 0), (2, 2)]), ValueError,
        "polygon 'a' must not cross or touch itself, got edges 0 and "),
    "corners": (lambda: polygon("a", CIRCLE), ValueError,
        "polygon 'a' must have at most 1000 corners, got 1001"),
    "size": (lambda: film(size=0.0), ValueError,
        "size of triangles must be positive and finite, got 0"),
    "edge": (lambda: film(edge=-1.0), ValueError,
        "size of triangles at edges must be positive and finite, got -1"),
    "growth": (lambda: film(growth=0.001), ValueError,
        "growth of cells must be at least 0.01, got 0.001"),
    "elements": (lambda: film(elements=0), ValueError,
        "elements across a layer must be from 1 to 1000, got 0"),
    "thickness": (lambda: film(layers=[(0.0, {})]), ValueError,
        "thickness of layer 0 must be positive and finite, got 0"),
    "unknown polygon": (lambda: film(layers=[(1e-9, {"strip": "N"})]), ValueError,
        "polygon of layer 0 must be one of the plan (film), got 'strip'"),
    "unnamed region": (lambda: film(layers=[(1e-9, {"film": ""})]), TypeError,
        "name of a region must be a nonempty string, got ''"),
    "nothing": (lambda: film(layers=[(1e-9, {"film": None})]), ValueError,
        "films must have layers with a region in a polygon, got none"),
    "edges of a disc": (lambda: disc(1.0, 2), ValueError,
        "edges of a disc must be at least 3, got 2"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_films_refuse(kind):
    make, error, message = BAD[kind]
    with pytest.raises(error, match=re.escape(message)):
        make()


def test_without_gmsh(monkeypatch):
    monkeypatch.setitem(sys.modules, "gmsh", None)
    with pytest.raises(ImportError, match=r"a plan needs gmsh: pip install gmsh"):
        film()


@pytest.mark.interop
def test_a_pillar_between_crossing_strips():
    pytest.importorskip("gmsh")
    x, y = 60e-9, 20e-9
    plan = {
        "along": [(-x, -y), (x, -y), (x, y), (-x, y)],
        "across": [(-y, -x), (y, -x), (y, x), (-y, x)],
        "disc": disc(15e-9, 16),
    }
    layers = [(20e-9, {"along": "low"}), (4e-9, {"disc": "free"}), (20e-9, {"across": "top"})]
    walls = {"in": ("along", [3]), "out": ("across", [0]), "along side": ("along", None)}
    grid = film(plan, layers, size=20e-9, edge=5e-9, walls=walls)
    wanted = {"low": 96000.0, "free": np.pi * 900, "top": 96000.0}
    assert volumes(grid) == pytest.approx(wanted, rel=1e-9)
    assert [*grid.interfaces] == [("low", "free"), ("free", "top")]
    assert [*grid.surfaces] == ["left", "right", *walls]
    for name, axis, place in (("in", 0, -60.0), ("out", 1, -60.0)):
        corners = grid.mesh.p[axis, grid.mesh.facets[:, grid.surfaces[name]]]
        np.testing.assert_allclose(corners, place, atol=1e-9)
    a, b, c = np.moveaxis(grid.mesh.p[:, grid.mesh.facets[:, grid.surfaces["along side"]]], 1, 0)
    size = np.linalg.norm(np.cross(b - a, c - a, axis=0), axis=0).sum() / 2
    assert size == pytest.approx(2 * (120 + 40) * 20, rel=1e-9)


WALLS = {
    "unknown": ({"in": ("strip", [0])}, "wall 'in' must be of a polygon of the plan (film), got"),
    "edge": ({"in": ("film", [4])}, "edges of wall 'in' must be from 0 to 3, got 4"),
    "name": ({"left": ("film", [0])}, "name of a wall must not be left or right, got 'left'"),
    "none": ({"in": ("film", [])}, "wall 'in' must be a side of something, got one of nothing"),
}


@pytest.mark.interop
@pytest.mark.parametrize("kind", WALLS)
def test_what_is_no_wall(kind):
    pytest.importorskip("gmsh")
    walls, message = WALLS[kind]
    with pytest.raises(ValueError, match=re.escape(message)):
        film(walls=walls)


@pytest.mark.interop
def test_a_session_of_gmsh_stays_as_it_was():
    gmsh = pytest.importorskip("gmsh")
    gmsh.initialize(interruptible=False)
    try:
        gmsh.model.add("mine")
        gmsh.option.setNumber("Mesh.MeshSizeFactor", 3)
        film()
        assert gmsh.isInitialized()
        assert gmsh.model.getCurrent() == "mine"
        assert "spinfem" not in gmsh.model.list()
        assert gmsh.option.getNumber("Mesh.MeshSizeFactor") == 3
    finally:
        gmsh.finalize()


def test_meshes_are_made_without_a_word(caplog, capfd):
    """scikit-fem tells of arrays that it has to put in order."""
    plan = square(40, film=((0, 0), (4, 4)))
    assert extruded(plan, [(TWO, {"film": "N"})]).mesh.nvertices > 1000
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
