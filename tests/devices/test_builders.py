"""Grids of pillars: sizes, nodes, grading, names."""

import re

import numpy as np
import pytest
from skfem import Basis, ElementQuad1, Functional

from spinfem.devices.builders import pillar_grid
from spinfem.fem.mesh import layer_nodes

LAYERS = [("fixed", 8e-9, 5e-9), ("Cu", 10e-9, 450e-9), ("free", 4e-9, np.inf)]
DISCS = [("below", 50e-9, 200e-9), ("above", 30e-9, 100e-9)]
R = 50e-9


@Functional
def volume(w):
    return 2 * np.pi * w.x[0]


@Functional
def area(w):
    return 1.0 + 0 * w.x[0]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_plain_pillar_has_the_nodes_of_a_stack(n):
    grid = pillar_grid(LAYERS, R, elements=n)
    assert grid.is_axisymmetric
    assert np.unique(grid.mesh.p[0]) == pytest.approx([0, 50])
    start = 0.0
    for name, d, l in LAYERS:
        nodes = np.unique(grid.mesh.p[1][grid.mesh.t[:, grid.regions[name]]])
        wanted = start + d * layer_nodes(np.array([d / l]), n)[:, 0] / 1e-9
        np.testing.assert_allclose(nodes, wanted, rtol=1e-14)
        start += d / 1e-9


@pytest.mark.parametrize("ratio", [1e-6, 1.0, 30.0, 1e6])
def test_cells_at_interfaces_resolve_the_diffusion_length(ratio):
    grid = pillar_grid([("a", ratio * 1e-9, 1e-9), ("b", 1e-9, np.inf)], R)
    nodes = np.unique(grid.mesh.p[1][grid.mesh.t[:, grid.regions["a"]]])
    assert max(nodes[1] - nodes[0], nodes[-1] - nodes[-2]) <= 0.5 * (1 + 1e-9)
    assert 4 <= len(nodes) - 1 < 100


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("below", [None, DISCS[0], ("below", 50e-9, R)])
@pytest.mark.parametrize("above", [None, DISCS[1], ("above", 30e-9, R)])
def test_regions_have_their_size(below, above, planar):
    grid = pillar_grid(LAYERS, R, (below, above), planar=planar)
    mesh = grid.mesh
    rows = [below, *((name, d, R) for name, d, _ in LAYERS), above]
    sizes = {row[0]: row[1:] for row in rows if row}
    assert [*grid.regions] == [*sizes]
    for name, own in grid.regions.items():
        d, wide = sizes[name]
        found = (area if planar else volume).assemble(Basis(mesh, ElementQuad1(), elements=own))
        wanted = d * wide * 1e18 if planar else d * np.pi * wide**2 * 1e27
        assert found == pytest.approx(wanted, rel=1e-12)
    heights = -50.0 if below else 0.0, 22.0 + (30.0 if above else 0.0)
    for name, x, row in zip(("left", "right"), heights, (below, above), strict=True):
        ends = mesh.p[:, mesh.facets[:, grid.surfaces[name]]]
        np.testing.assert_allclose(ends[1], x, rtol=1e-14)
        wide = sizes[row[0]][1] if row else R
        assert np.ptp(ends[0], axis=0).sum() == pytest.approx(wide / 1e-9, rel=1e-12)
    touching = list(zip([*sizes], [*sizes][1:]))
    assert [*grid.interfaces] == touching


def test_cells_are_graded_towards_the_rim():
    """In both directions; no neighbour is larger by more than a bit over the growth."""
    grid = pillar_grid(LAYERS, R, DISCS, smallest=0.02e-9)
    for axis, rims in ((0, [50.0]), (1, [0.0, 22.0])):
        nodes = np.unique(grid.mesh.p[axis])
        steps, middle = np.diff(nodes), (nodes[1:] + nodes[:-1]) / 2
        near = np.min([np.abs(middle - rim) for rim in rims], axis=0)
        assert (steps <= 1.02 * (0.02 + 0.25 * near)).all()
        for rim in rims:
            at = np.abs(nodes - rim).argmin()
            assert nodes[at] == pytest.approx(rim, abs=1e-12)
            assert 0.01 < steps[at - 1] <= 0.024
            assert 0.01 < steps[at] <= 0.024
        assert (np.abs(np.log(steps[1:] / steps[:-1])) < 0.55).all()


def test_a_wider_disc_at_one_end_grades_only_there():
    plain, wide = (pillar_grid(LAYERS, R, (None, above)) for above in (None, DISCS[1]))
    for grid in (plain, wide):
        assert np.unique(grid.mesh.p[1])[:5] == pytest.approx(np.unique(plain.mesh.p[1])[:5])


BAD = {
    "no layers": (lambda: pillar_grid([], R), ValueError, "a pillar must have layers, got none"),
    "radius": (lambda: pillar_grid(LAYERS, 0.0), ValueError,
        "radius of a pillar must be positive and finite, got 0"),
    "radii": (lambda: pillar_grid(LAYERS, [1.0, 2.0]), ValueError,
        "radius of a pillar must be one number, got an array of shape (2,)"),
    "narrow disc": (lambda: pillar_grid(LAYERS, R, (("a", 1e-9, 40e-9), None)), ValueError,
        "radius of 'a' must be at least that of the pillar, 5e-08 m, got 4e-08"),
    "thickness": (lambda: pillar_grid([("a", -1.0, 1.0)], R), ValueError,
        "thickness of 'a' must be positive and finite, got -1"),
    "length": (lambda: pillar_grid([("a", 1.0, 0.0)], R), ValueError,
        "spin diffusion length of 'a' must be positive (inf is allowed), got 0"),
    "name": (lambda: pillar_grid([("", 1.0, 1.0)], R), TypeError,
        "name of a region must be a nonempty string, got ''"),
    "twice": (lambda: pillar_grid(LAYERS, R, (("free", 1e-9, R), None)), ValueError,
        "names of regions must be unique, got free, fixed, Cu, free"),
    "elements": (lambda: pillar_grid(LAYERS, R, elements=2.0), TypeError,
        "elements across a layer must be a whole number, got 2.0"),
    "no elements": (lambda: pillar_grid(LAYERS, R, elements=0), ValueError,
        "elements across a layer must be from 1 to 1000, got 0"),
    "growth": (lambda: pillar_grid(LAYERS, R, growth=1e-9), ValueError,
        "growth of cells must be at least 0.01, got 1e-09"),
    "smallest": (lambda: pillar_grid(LAYERS, R, smallest=-1.0), ValueError,
        "smallest cell of a pillar must be positive and finite, got -1"),
    "too small": (lambda: pillar_grid(LAYERS, 1e-26, DISCS), ValueError,
        "smallest cell of a pillar must be at least 1e-09 of its longest side, "),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_pillars_refuse(kind):
    make, error, message = BAD[kind]
    with pytest.raises(error, match=re.escape(message)):
        make()
