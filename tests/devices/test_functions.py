"""Matrices of the functions on a mesh, beside integrals that are known."""

import numpy as np
import pytest
import skfem

from spinfem.devices import functions as module
from spinfem.devices.functions import Functions
from spinfem.devices.grid import Grid

NODES = np.array([0.0, 0.3, 1.0]), np.array([0.0, 1.2, 2.0]), np.array([0.0, 1.7, 3.0])
MAKE = {
    "line": lambda: skfem.MeshLine1.init_tensor(NODES[0]),
    "tri": lambda: skfem.MeshTri1.init_tensor(*NODES[:2]),
    "quad": lambda: skfem.MeshQuad1.init_tensor(*NODES[:2]),
    "tet": lambda: skfem.MeshTet1.init_tensor(*NODES),
    "hex": lambda: skfem.MeshHex1.init_tensor(*NODES),
}
UNIT = 1e-6
CASES = [
    *((kind, degree, False) for kind in MAKE for degree in (1, 2)),
    *((kind, degree, True) for kind in ("tri", "quad") for degree in (1, 2)),
    ("tri", 3, True), ("tri", 4, False), ("quad", 3, False), ("quad", 3, True), ("line", 4, False),
]  # fmt: skip


def made(kind, degree, is_round, is_moved=True):
    """Functions on a mesh of a brick of 1 x 2 x 3 that is one region, with a node inside moved."""
    mesh = MAKE[kind]()
    if is_moved:
        p = mesh.p.copy()
        p[:, ((p > 0) & (p < p.max(axis=1)[:, None])).all(axis=0)] += 0.07
        mesh = type(mesh)(p, mesh.t)
    mesh = mesh.with_subdomains({"all": np.arange(mesh.nelements)})
    return Functions(Grid(mesh, UNIT, is_round), degree)


@pytest.mark.parametrize(("kind", "degree", "is_round"), CASES)
def test_sizes_and_moments(kind, degree, is_round, monkeypatch):
    """Of 1, and of the first coordinate x, which all degrees hold; some cells at a time."""
    monkeypatch.setattr(module, "AT_ONCE", 3)
    found = made(kind, degree, is_round)
    cells = np.arange(found.grid.mesh.nelements)
    K, M = found.stiffness(cells), found.mass(cells)
    one, size = found.one, {1: 1.0, 2: 2.0, 3: 6.0}[found.grid.dimension]
    # x to the powers 0, 1, 2 over the unit interval, with a ring's length in front
    moments = np.array([np.pi, 2 * np.pi / 3, np.pi / 2]) if is_round else 1 / np.arange(1, 4)
    dimension = found.grid.dimension + is_round
    x = found.points[:, 0] if found.is_nodal else linear(found)
    of = size * moments * UNIT**dimension
    np.testing.assert_allclose([one @ M @ one, one @ M @ x, x @ M @ x], of, rtol=1e-12)
    assert x @ K @ x == pytest.approx(of[0] / UNIT**2, rel=1e-12)
    np.testing.assert_allclose(K @ one, 0, atol=1e-11 * abs(K).max())


def linear(found):
    """Coefficients of the first coordinate among functions that have no values at points."""
    basis = skfem.Basis(found.grid.mesh, found.element, intorder=8)
    mass = skfem.BilinearForm(lambda u, v, w: u * v).assemble(basis)
    load = skfem.LinearForm(lambda v, w: w.x[0] * v).assemble(basis)
    return np.linalg.solve(mass.toarray(), load)


@pytest.mark.parametrize(("kind", "degree", "is_round"), CASES)
def test_areas(kind, degree, is_round):
    """Of ends and of what is between cells; points count as one."""
    found = made(kind, degree, is_round, is_moved=False)
    mesh, one = found.grid.mesh, found.one
    across = {1: 1.0, 2: 2.0, 3: 6.0}[found.grid.dimension]
    dimension = found.grid.dimension + is_round - 1
    for x in NODES[0]:
        facets = np.flatnonzero((mesh.p[0][np.atleast_2d(mesh.facets)] == x).all(axis=0))
        F = found.facet_mass(facets)
        ring = 2 * np.pi * x if is_round else 1.0
        assert one @ F @ one == pytest.approx(ring * across * UNIT**dimension, rel=1e-12)
        others = np.setdiff1d(np.arange(found.count), found.on_facets(facets))
        assert not abs(F[others]).sum() > 1e-12 * abs(F).sum()
    if is_round:
        facets = np.flatnonzero((mesh.p[1][mesh.facets] == 0).all(axis=0))
        F = found.facet_mass(facets)
        assert one @ F @ one == pytest.approx(np.pi * UNIT**2, rel=1e-12)


@pytest.mark.parametrize(("kind", "degree", "is_round"), CASES)
def test_products_of_all_functions_are_exact(kind, degree, is_round):
    """What more points of quadrature give."""
    found = made(kind, degree, is_round)
    more = made(kind, degree, is_round)
    more.order += 4
    cells = np.arange(found.grid.mesh.nelements)
    M, exact = found.mass(cells), more.mass(cells)
    assert abs(M - exact).max() < 1e-12 * abs(exact).max()


@pytest.mark.parametrize(
    ("kind", "degree"), [("line", 4), ("tri", 3), ("quad", 2), ("tet", 2), ("hex", 2)]
)
def test_degrees_where_none_is_given(kind, degree):
    assert made(kind, None, False).degree == degree


def test_vertices_of_quadratic_facets_have_no_integral():
    """On triangles of tetrahedra: nodal forces over these would divide by nothing."""
    found = made("tet", 2, False)
    mesh = found.grid.mesh
    facets = np.flatnonzero((mesh.p[0][mesh.facets] == 0).all(axis=0))
    integrals = found.facet_mass(facets) @ found.one
    corners = np.unique(found.basis.nodal_dofs[0, mesh.facets[:, facets]])
    assert np.abs(integrals[corners]).max() < 1e-12 * integrals.max()
    F = found.facet_mass(facets)
    on = found.on_facets(facets)
    assert np.linalg.cond(F[on][:, on].toarray()) < 100
