"""Mesh, forms, two-ports, the chain and the constraint rows, each on its own."""

import sys

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skfem import Basis, ElementLinePp, MeshLine

import spinfem as sf
from spinfem.fem import element, forms, mesh, twoport
from spinfem.numerics import chain, fast
from spinfem.physics import directions
from spinfem.solvers import condensed, faces, rods, single
from spinfem.solvers.elements import elements_of

RANGE = [1e-12, 1e-6, 1e-2, 0.5, 1.0, 1.99, 2.01, 3.9, 4.1, 7.9, 8.1, 15.9, 16.1, 40.0, 1e3, 1e6]


@pytest.mark.parametrize("z", RANGE)
@pytest.mark.parametrize("n", [1, 2, 3, 8, 16, 17])
def test_widths_add_up_and_are_symmetric(z, n):
    h = mesh.widths(np.array([z]), n)[:, 0]
    assert h.shape == (n,)
    assert (h > 0).all()
    assert h.sum() == pytest.approx(1, abs=1e-15)
    np.testing.assert_allclose(h, h[::-1], rtol=1e-12)
    if z <= 0.5:
        np.testing.assert_allclose(h, 1 / n, rtol=1e-2)
    # what lies before the middle is resolved: the first element is never wider than this
    if n >= 16:
        assert h[0] * z < 2.1


def test_mesh_is_broken_and_layers_are_subdomains():
    F, N = sf.Ferromagnet(D=1.0, l=1.0, p=0.5), sf.NormalMetal(D=1.0, l=1.0)
    stack = F(1e-9, m=(0, 0, 1), name="thin") | N(5.0, name="thick") | N(1.0)
    sizes = zip((1, 4, 2), (1e-9, 5.0, 1.0))
    grid = mesh.stack_mesh(stack, [mesh.layer_nodes(np.array([z]), n)[:, 0] for n, z in sizes])
    assert list(grid.subdomains) == ["thin", "thick", "N2"]
    for i, (name, n) in enumerate(zip(("thin", "thick", "N2"), (1, 4, 2))):
        cells = grid.subdomains[name]
        assert cells.size == n
        x = grid.p[0, grid.t[:, cells]]
        assert x.min() == i
        assert x.max() == i + 1
    # interface nodes are doubled, so every layer has one node more than elements
    assert grid.p.shape[1] == 2 + 5 + 3


def test_forms_are_the_weak_form():
    """Each term against its integral for mu = x^2, v = x^3 on [0, 1]."""
    basis = Basis(MeshLine(np.linspace(0, 1, 4)), ElementLinePp(4), intorder=8)
    u, v = basis.project(lambda x: x[0] ** 2), basis.project(lambda x: x[0] ** 3)
    K = forms.conduction.assemble(basis, conductance=5.0)
    M = forms.relaxation.assemble(basis, relaxation=7.0)
    f = forms.driving.assemble(basis, polarized_current=3.0)
    assert v @ K @ u == pytest.approx(5 * 2 * 3 / 4)  # int 2x 3x^2
    assert v @ M @ u == pytest.approx(7 / 6)
    assert f @ v == pytest.approx(3.0)


@pytest.mark.parametrize("z", RANGE)
def test_condensed_layers_are_exact(z):
    """B = z/sinh z and S = z tanh(z/2), in units of D/2d; errors relative to B + S."""
    layer = twoport.condense(np.array([z]), mesh.elements_for(z), mesh.DEGREE)
    with mp.workdps(40):
        x = mp.mpf(z)
        B, S = x / mp.sinh(x), x * mp.tanh(x / 2)
        assert abs(layer.B[0] - B) < 1e-14 * (B + S)
        assert abs(layer.S[0] - S) < 1e-14 * S


@pytest.mark.parametrize("degree", [1, 2, 3, 5, 12, 20])
def test_condensation_is_the_schur_complement(degree):
    """Of the matrix that scikit-fem assembles; h/l where neither term is small."""
    eta = np.array([0.3, 4.0, 50.0])
    basis = Basis(MeshLine(np.array([0.0, 1.0])), ElementLinePp(degree), intorder=2 * degree)
    K = forms.conduction.assemble(basis, conductance=1.0).toarray()
    M = forms.relaxation.assemble(basis, relaxation=1.0).toarray()
    ends, inner = basis.nodal_dofs.ravel(), basis.interior_dofs.ravel()
    B, S = element.condense_element(eta, degree)
    for i, x in enumerate(eta):
        A = K + x * M
        to_inner = A[np.ix_(ends, inner)]
        schur = A[np.ix_(ends, ends)]
        response = np.linalg.solve(A[np.ix_(inner, inner)], to_inner.T)
        schur = schur - to_inner @ response
        assert -schur[0, 1] == pytest.approx(B[i], rel=1e-10, abs=1e-12 * x)
        assert schur[0].sum() == pytest.approx(S[i], rel=1e-12)
        found = element.bubbles(x, np.array(0.7), np.array(-0.2), degree)
        np.testing.assert_allclose(found, -response @ [0.7, -0.2], atol=1e-13)


def random_chain(rng, n, points):
    B, S_left, S_right = 10 ** rng.uniform(-3, 3, (3, n, points))
    return B, S_left, S_right, rng.normal(size=(n + 1, points))


def dense(B, S_left, S_right):
    n = B.size
    A = np.zeros((n + 1, n + 1))
    for k in range(n):
        A[k : k + 2, k : k + 2] += B[k] * np.array([[1, -1], [-1, 1]])
        A[k, k] += S_left[k]
        A[k + 1, k + 1] += S_right[k]
    return A


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 8, 31])
def test_chain_against_a_dense_solve(n):
    rng = np.random.default_rng(n)
    B, S_left, S_right, F = random_chain(rng, n, 3)
    inner = np.ones(n + 1, dtype=bool)
    inner[[0, -1]] = False
    eliminated = chain.eliminate(B, S_left, S_right, inner)
    forces = chain.Forces.at(F)
    pushes = chain.drive(eliminated, forces)
    u, J = np.zeros((n + 1, 3)), np.zeros((n, 3))
    J[0] = forces.dipole[0]
    chain.recover(eliminated, u, J, pushes)
    for p in range(3):
        A = dense(B[:, p], S_left[:, p], S_right[:, p])[1:-1, 1:-1]
        np.testing.assert_allclose(u[1:-1, p], np.linalg.solve(A, F[1:-1, p]), rtol=1e-9)
        np.testing.assert_allclose(J[:, p], -B[:, p] * np.diff(u[:, p]), rtol=1e-6, atol=1e-6)
    # what is left between the ends is the Schur complement
    A = dense(B[:, 0], S_left[:, 0], S_right[:, 0])
    ends, rest = [0, n], list(range(1, n))
    schur = A[np.ix_(ends, ends)] - A[np.ix_(ends, rest)] @ np.linalg.solve(
        A[np.ix_(rest, rest)], A[np.ix_(rest, ends)]
    )
    assert eliminated.B[0, 0] == pytest.approx(-schur[0, 1], rel=1e-8)
    assert eliminated.S_left[0, 0] == pytest.approx(schur[0].sum(), rel=1e-8)
    assert eliminated.S_right[0, 0] == pytest.approx(schur[1].sum(), rel=1e-8)


def test_chain_keeps_marked_nodes():
    rng = np.random.default_rng(0)
    B, S_left, S_right, _ = random_chain(rng, 9, 1)
    drop = np.array([False, True, True, True, False, True, False, False, True, False])
    part = chain.eliminate(B, S_left, S_right, drop)
    kept = np.flatnonzero(~drop)
    A = dense(B[:, 0], S_left[:, 0], S_right[:, 0])
    gone = np.flatnonzero(drop)
    schur = A[np.ix_(kept, kept)] - A[np.ix_(kept, gone)] @ np.linalg.solve(
        A[np.ix_(gone, gone)], A[np.ix_(gone, kept)]
    )
    again = dense(part.B[kept[:-1], 0], part.S_left[kept[:-1], 0], part.S_right[kept[:-1], 0])
    np.testing.assert_allclose(again, schur, rtol=1e-10, atol=1e-12)


def unit(draw_values):
    v = np.array(draw_values)
    return v / np.linalg.norm(v)


vectors = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: 0.1 < np.linalg.norm(v) < 2).map(unit)


@given(vectors, vectors)
def test_angles(a, b):
    relation = directions.angle(a, b)
    assert relation.sign * relation.cosine == pytest.approx(a @ b, abs=1e-15)
    assert relation.cosine + relation.rest == pytest.approx(1, abs=1e-15)
    part = directions.across(a, b)
    np.testing.assert_allclose(part, np.cross(b, np.cross(a, b)), atol=3e-16)


def test_angles_of_zero_vectors_couple_nothing():
    zero, m = np.zeros(3), np.array([0.0, 0.6, 0.8])
    for a, b in ((zero, m), (m, zero), (zero, zero)):
        relation = directions.angle(a, b)
        assert (relation.cosine, relation.rest) == (0, 1)
    np.testing.assert_array_equal(directions.across(m, zero), m)
    np.testing.assert_array_equal(directions.across(zero, m), zero)


def test_no_redundant_constraint_rows():
    normal, none = np.eye(3), np.zeros((3, 0))
    m, n = (np.array(v, dtype=float)[:, None] for v in ((0, 0, 1), (0, 1, 0)))
    expected = [
        (normal, normal, 3),
        (normal, m, 3),
        (m, normal, 3),
        (m, m, 1),
        (m, -m, 1),
        (m, n, 2),
        (none, m, 1),
        (normal, none, 3),
    ]
    for a, b, count in expected:
        W_a, W_b = faces.rows(a, b)
        C = np.concatenate([W_a @ a, -W_b @ b], axis=1)
        assert C.shape[0] == count == np.linalg.matrix_rank(C)
        # the null space is continuity within what both sides admit
        values = np.linalg.svd(C)[2][count:]
        for v in values:
            np.testing.assert_allclose(a @ v[: a.shape[1]], b @ v[a.shape[1] :], atol=1e-15)


@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize("method", ["condensed", "saddle"])
def test_multipliers_converge_with_twice_the_degree(degree, method):
    """Torques and dr with order 2k, mu_s between the nodes with k + 1."""
    F, G = sf.Ferromagnet(D=1.0, l=1.0, p=0.4), sf.Ferromagnet(D=2.0, l=0.8, p=0.7)
    N = sf.NormalMetal(D=3.0, l=1.2)
    stack = (
        sf.Lead(N)
        | F(1.5, m=sf.direction(0), name="a")
        | N(1.0)
        | G(1.2, m=sf.direction(60), name="b")
        | N(0.8)
        | F(1.0, m=sf.direction(90, 90), name="c")
        | sf.SpinBlocking()
    )
    exact = sf.analytic.solve(stack)
    x = np.linspace(0, stack.x[-1], 201)
    counts = {1: [8, 16, 32], 2: [4, 8, 16], 3: [4, 8]}[degree]
    torque, field, dr = [], [], []
    for n in counts:
        s = sf.solve(stack, degree=degree, elements=n, method=method)
        torque.append(
            max(
                np.abs(s.absorbed_spin_current(k) - exact.absorbed_spin_current(k)).max()
                for k in "abc"
            )
        )
        field.append(np.abs(s.spin_potential(x) - exact.spin_potential(x)).max())
        dr.append(abs(s.spin_resistance - exact.spin_resistance))
    for errors, order in ((torque, 2 * degree), (dr, 2 * degree), (field, degree + 1)):
        rate = -np.polyfit(np.log2(counts), np.log2(errors), 1)[0]
        assert rate == pytest.approx(order, abs=0.25)


@pytest.mark.parametrize("degree", [1, 2, 5, 12, 20])
@pytest.mark.parametrize("n", [None, 1, 2, 3, 4, 5, 16, 17])
def test_compiled_layers_are_those_of_numpy(degree, n):
    """Both take the same formulas on the same meshes; n = None counts as elements_for says."""
    normal, magnet = sf.NormalMetal(D=2.0, l=1.0), sf.Ferromagnet(D=1.0, l=3.0, p=0.3)
    layers = [normal(RANGE[0])]
    for z in RANGE:
        layers += [magnet(3 * z, m=(0, 0, 1)), normal(z), normal(2 * z), normal(z / 2)]
    e = elements_of(sf.Lead(normal) | sf.Stack(layers) | sf.SpinBlocking())
    at, counts = rods.layout(e), condensed.element_counts(e, n)
    ports = condensed.condense(e, counts, degree)
    links = rods.join_runs(at, ports)
    found = single.solve(e, at, counts, degree)
    # a thick layer passes next to nothing, and its B has lost the digits of what it takes up
    thin = e.thickness[:, 0] < 2.1 * e.l[1:-1, 0]
    for both, whole in (((ports, found.ports), True), ((links, found.links), False)):
        B, S_left, S_right = (np.array([one.fixed, two.fixed]) for one, two in zip(*both))
        for a, b in (B, S_left, S_right):
            np.testing.assert_array_less(np.abs(a - b), 1e-12 * (B + S_left)[0] + 1e-300)
            if whole:
                np.testing.assert_allclose(b[1:-1][thin], a[1:-1][thin], rtol=1e-12)


def test_a_numba_that_does_not_work_is_done_without(monkeypatch):
    stack = sf.Ferromagnet(D=1.0, l=1.0, p=0.5)(1.0, m=(0, 0, 1)) | sf.NormalMetal(D=1, l=1)(1.0)
    expected = sf.solve(stack).spin_resistance
    monkeypatch.setitem(sys.modules, "numba", None)  # importing it raises ImportError
    monkeypatch.delitem(sys.modules, "spinfem.numerics.compiled", raising=False)
    monkeypatch.delattr("spinfem.numerics.compiled", raising=False)
    monkeypatch.setattr(fast, "find_spec", lambda name: name)
    fast.kernels.cache_clear()
    try:
        assert fast.kernels() is None
        assert sf.solve(stack).spin_resistance == pytest.approx(expected, rel=1e-14)
    finally:
        fast.kernels.cache_clear()
