"""Grids from gmsh's files, and one clear error for every file that is none."""

import re

import numpy as np
import pytest
from skfem import Basis, ElementHex1, ElementQuad1, ElementTetP1, ElementTriP1, Functional

import spinfem as sf
from spinfem.devices.meshes import read_grid

GMSH = {"line": 1, "triangle": 2, "quad": 3, "tetra": 4, "hexahedron": 5, "wedge": 6,
        "pyramid": 7, "line3": 8, "triangle6": 9, "tetra10": 11, "vertex": 15}  # fmt: skip
SQUARE = [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]
TRIANGLES = [("triangle", "a", 0, 1, 4), ("triangle", "a", 0, 4, 3),
             ("triangle", "b", 1, 2, 5), ("triangle", "b", 1, 5, 4)]  # fmt: skip
ENDS = [("line", "in", 0, 3), ("line", "out", 5, 2)]
NAMES = {(2, "a"): 1, (2, "b"): 2, (1, "in"): 1, (1, "out"): 2}
CUBE = [(x, y, z) for z in (0, 1) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))]
TETS = [(0, 1, 2, 6), (0, 2, 3, 6), (0, 3, 7, 6), (0, 7, 4, 6), (0, 4, 5, 6), (0, 5, 1, 6)]


def msh(cells, points=SQUARE, names=NAMES):
    """A file of version 2.2; groups go by their name, or by their number, None is no group."""
    lines = ["$MeshFormat", "2.2 0 8", "$EndMeshFormat", "$PhysicalNames", str(len(names))]
    lines += [f'{dimension} {tag} "{name}"' for (dimension, name), tag in names.items()]
    lines += ["$EndPhysicalNames", "$Nodes", str(len(points))]
    lines += [" ".join(map(str, [i, *x, 0][:4])) for i, x in enumerate(points, start=1)]
    lines += ["$EndNodes", "$Elements", str(len(cells))]
    tags = {name: tag for (_, name), tag in names.items()} | {None: 0}
    for i, (kind, group, *nodes) in enumerate(cells, start=1):
        tag = tags.get(group, group)
        lines.append(" ".join(map(str, [i, GMSH[kind], 2, tag, tag, *(n + 1 for n in nodes)])))
    return "\n".join([*lines, "$EndElements", ""])


@Functional
def size(w):
    return 1.0 + 0 * w.x[0]


@pytest.fixture
def read(tmp_path):
    def read_it(content, name="device.msh", **options):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return read_grid(path, **options)

    return read_it


def test_regions_and_surfaces_of_a_plane(read):
    grid = read(msh(TRIANGLES + ENDS), scale=1e-6, is_axisymmetric=True)
    assert grid.unit == 1e-6
    assert grid.is_axisymmetric
    assert {name: len(own) for name, own in grid.regions.items()} == {"a": 2, "b": 2}
    for name, r in (("in", 0), ("out", 2)):
        assert grid.mesh.p[0, grid.mesh.facets[:, grid.surfaces[name]]].ravel().tolist() == [r, r]
    assert [*grid.interfaces] == [("a", "b")]


KINDS = {
    "quad": (ElementQuad1, SQUARE, [(0, 1, 4, 3), (1, 2, 5, 4)], ("line", 0, 3), (1, 2)),
    "tetra": (ElementTetP1, CUBE, TETS, ("triangle", 0, 1, 2), (2, 3)),
    "hexahedron": (ElementHex1, CUBE, [range(8)], ("quad", 0, 1, 2, 3), (2, 3)),
    "triangle": (ElementTriP1, SQUARE, [cell[2:] for cell in TRIANGLES], ("line", 3, 0), (1, 2)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_cells_of_every_kind(read, kind):
    """Without names groups go by their number; the size shows that the order of nodes is right."""
    element, points, cells, (facet_kind, *facet), (low, high) = KINDS[kind]
    content = msh([(kind, 7, *nodes) for nodes in cells] + [(facet_kind, 3, *facet)], points, {})
    grid = read(content)
    assert grid.dimension == high == low + 1
    assert [*grid.regions] == ["7"]
    assert [*grid.surfaces] == ["3"]
    found = size.assemble(Basis(grid.mesh, element()))
    assert found == pytest.approx(np.prod(np.ptp(grid.mesh.p, axis=1)), rel=1e-14)
    corners = grid.mesh.p[:, grid.mesh.facets[:, grid.surfaces["3"][0]]]
    wanted = np.array([points[n] for n in facet], float)[:, :high]
    assert sorted(corners.T.tolist()) == sorted(wanted.tolist())


def test_leftovers_are_passed_over(read):
    """Points, facets in no group, nodes of no cell, and one name in two dimensions."""
    more = [("vertex", 9, 0), ("line", None, 0, 1), ("line", None, 0, 4)]
    names = {(2, "a"): 1, (2, "b"): 2, (1, "a"): 1, (0, "corner"): 9}
    cells = [*TRIANGLES, *more, ("line", 1, 0, 3)]
    grid = read(msh(cells, [*SQUARE, (9, 9)], names))
    assert grid.mesh.nvertices == 6
    assert [*grid.regions] == ["a", "b"]
    assert [*grid.surfaces] == ["a"]


TOUCHING = [*SQUARE, (1, 0), (1, 1)]
"""The second half has nodes of its own where it touches the first one."""
UNJOINED = [*TRIANGLES[:2], ("triangle", "b", 6, 2, 5), ("triangle", "b", 6, 5, 7)]
SIX = [(0, 0), (1, 0), (0, 1), (0.5, 0), (0.5, 0.5), (0, 0.5)]
ALL_B = {(2, "a"): 1, (2, "b"): 2}
VOLUME = {(3, "a"): 1}
BAD = {
    "ending": ("", {"name": "device.vtu"},
        "name of the mesh of a device must end in .msh, got 'device.vtu'"),
    "empty": (" \n", {}, "must be a gmsh mesh, got an empty file"),
    "no mesh": ("solid", {}, "must be a gmsh mesh, got what cannot be read as one"),
    "cut short": (msh(TRIANGLES).replace("$EndElements", ""), {},
        "must be a gmsh mesh, got what cannot be read as one"),
    "version": (msh(TRIANGLES).replace("2.2", "4.0"), {},
        "version of a .msh file must be 4.1 or 2.2, got 4.0"),
    "nodes of no file": (msh([*TRIANGLES, ("triangle", "a", 0, 1, 77)]), {},
        "cells must join nodes of the file, got one with node 78"),
    "unknown kind": (msh(TRIANGLES).replace("1 2 2 1 1 1 2 5", "1 92 2 1 1 1 2 5"), {},
        "cells must be of a known type (line, triangle, "),
    "no cells": (msh([]), {}, "mesh of a device must have cells of two or three dimensions, "
        "got none"),
    "lines": (msh(ENDS), {}, "mesh of a device must have cells of two or three dimensions, "
        "got lines, of which Stack.from_mesh makes layers"),
    "second order": (msh([("triangle6", 1, *range(6))], SIX, {}), {},
        "cells of a device's mesh must be of first order, with straight edges, got 1 of type "
        "triangle6: in gmsh Mesh.ElementOrder = 1"),
    "mixed": (msh([*TRIANGLES[:2], ("quad", "b", 1, 2, 5, 4)]), {},
        "cells of a device's mesh must be of one kind, got 2 of type triangle and 1 of type quad"),
    "prisms": (msh([("wedge", "a", 0, 1, 2, 4, 5, 6)], CUBE, VOLUME), {},
        "cells of a device's mesh must be one of triangle, quad, tetra, hexahedron, "
        "got 1 of type wedge"),
    "no groups": (msh([(kind, None, *nodes) for kind, _, *nodes in TRIANGLES], names={}), {},
        'cells must be in named groups, got none: in gmsh Physical Surface("name") = {...}; '
        "version 2.2 loses them if Mesh.SaveAll is set"),
    "no region": (msh([*TRIANGLES[:3], ("triangle", None, 1, 5, 4), *ENDS]), {},
        "every cell must be in a region (a, b), got 1 in none, one at ("),
    "two regions": (msh([*TRIANGLES, ("triangle", "b", 4, 1, 0), *ENDS]), {},
        "a cell must be in one region, got 1 in 'a' and 'b', one at ("),
    "name without cells": (msh(TRIANGLES[:2], names=ALL_B), {},
        "Physical Surface 'b' must have cells, got none: what has been fragmented needs its "
        "groups anew"),
    "surface without cells": (msh(TRIANGLES), {}, "Physical Curve 'in' must have cells, got none"),
    "inner surface": (msh([*TRIANGLES, *ENDS, ("line", 3, 1, 4)]), {},
        "surface '3' must be on the outer boundary, got 1 of 1 facets inside, one at (1, "),
    "surface of no cell": (msh([*TRIANGLES, *ENDS, ("line", "in", 3, 1)]), {},
        "surface 'in' must consist of faces of cells, got 1 of 2 that are of none: mesh it "
        "together with the regions"),
    "surface elsewhere": (msh([*TRIANGLES, *ENDS, ("line", "in", 6, 7)], [*SQUARE, (5, 5), (6, 6)]),
        {}, "surface 'in' must consist of faces of cells, got 1 of 2 that are of none"),
    "not joined": (msh([*UNJOINED, *ENDS], TOUCHING), {},
        "nodes at one place must be one node, got two at (1, "),
    "pieces": (msh([*UNJOINED, *ENDS], [*SQUARE, (1, -0.2), (1, 0.8)]), {},
        "mesh of a device must be in one piece, got 2, one with b, apart from a: parts that touch "
        "must be joined when the mesh is made (in gmsh: fragment them, or Coherence)"),
    "flat": (msh(TRIANGLES + ENDS, [(x, 0) for x, _ in SQUARE]), {},
        "cells must have a positive size, got 4 flat or folded, one at (0, 0)"),
    "not in a plane": (msh(TRIANGLES + ENDS, [(x, y, x) for x, y in SQUARE]), {},
        "a mesh of two dimensions must lie in a plane of constant z, got z from 0 to 2"),
    "z not finite": (msh(TRIANGLES + ENDS, [(0, 0, np.nan), *SQUARE[1:]]), {},
        "a mesh of two dimensions must lie in a plane of constant z, got z from nan to nan"),
    "not finite": (msh(TRIANGLES + ENDS, [(np.nan, 0), *SQUARE[1:]]), {},
        "coordinates of a mesh must be finite, got (nan, 0)"),
    "scale": (msh(TRIANGLES + ENDS), {"scale": -1}, "unit of a mesh must be positive and finite, "
        "got -1"),
    "axis": (msh(TRIANGLES + ENDS, [(x - 1, y) for x, y in SQUARE]), {"is_axisymmetric": True},
        "first coordinate of an axisymmetric mesh, the distance from the axis, must not be "
        "negative, got -1"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_grid(read, tmp_path, capfd, kind):
    """One line that names the file, what is required and what was given, and nothing printed."""
    content, options, message = BAD[kind]
    name = options.get("name", "device.msh")
    with pytest.raises(ValueError, match=re.escape(f"{tmp_path / name}: {message}")) as error:
        read(content, **options)
    assert "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no\.msh: cannot be read"):
        read_grid(tmp_path / "no.msh")


@pytest.mark.interop
@pytest.mark.parametrize("is_joined", [True, False])
def test_files_of_gmsh(tmp_path, is_joined):
    """Two boxes one on the other, in all formats; unless they are fragmented they do not touch."""
    gmsh = pytest.importorskip("gmsh")
    path = tmp_path / "device.msh"
    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        gmsh.option.setNumber("Mesh.MeshSizeMax", 0.5)
        occ = gmsh.model.occ
        boxes = [(3, occ.addBox(0, 0, 0, 1, 1, 1)), (3, occ.addBox(0, 0, 1, 1, 1, 0.5))]
        if is_joined:
            occ.fragment(boxes[:1], boxes[1:])
        occ.synchronize()
        for (_, tag), name in zip(boxes, "ab"):
            gmsh.model.addPhysicalGroup(3, [tag], name=name)
        for z, name in ((0, "a"), (1.5, "out")):  # a surface may be called like a region
            ends = gmsh.model.getEntitiesInBoundingBox(-1, -1, z - 0.1, 2, 2, z + 0.1, 2)
            gmsh.model.addPhysicalGroup(2, [tag for _, tag in ends], name=name)
        gmsh.model.mesh.generate(3)
        for version, binary, everything in [
            (4.1, 0, 0), (4.1, 1, 0), (4.1, 1, 1), (2.2, 0, 0), (2.2, 1, 0),
        ]:  # fmt: skip
            gmsh.option.setNumber("Mesh.MshFileVersion", version)
            gmsh.option.setNumber("Mesh.Binary", binary)
            gmsh.option.setNumber("Mesh.SaveAll", everything)
            gmsh.write(str(path))
            if not is_joined:
                with pytest.raises(ValueError, match=r"nodes at one place must be one node.*fragm"):
                    read_grid(path)
                continue
            grid = read_grid(path)
            for name, wanted in (("a", 1.0), ("b", 0.5)):
                basis = Basis(grid.mesh, ElementTetP1(), elements=grid.regions[name])
                assert size.assemble(basis) == pytest.approx(wanted, rel=1e-12)
            assert [*grid.interfaces] == [("a", "b")]
            for name, z in (("a", 0), ("out", 1.5)):
                corners = grid.mesh.p[2, grid.mesh.facets[:, grid.surfaces[name]]]
                np.testing.assert_allclose(corners, z, atol=1e-12)
    finally:
        gmsh.finalize()


def test_a_device_on_the_mesh_of_a_file(tmp_path):
    """Two squares of copper in a row: 2 l/D w of resistance, per metre of depth."""
    path = tmp_path / "strip.msh"
    path.write_text(msh(TRIANGLES + ENDS), encoding="utf-8")
    Cu = sf.NormalMetal.from_resistivity(6e-9, l=5e-6)
    electrodes = {"in": sf.Electrode(current=1.0), "out": sf.Electrode(potential=0.0)}
    device = sf.Device.from_mesh(path, {"a": Cu, "b": Cu}, electrodes, scale=1e-6)
    assert np.isclose(sf.solve(device).resistance("in", "out"), 2 * 6e-9, rtol=1e-12)
