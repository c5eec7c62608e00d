"""Mesh, forms and two-ports, each on its own, and how solutions converge with them."""

import mpmath as mp
import numpy as np
import pytest
from skfem import Basis, ElementLinePp, MeshLine

import spinfem as sf
from spinfem.fem import element, forms, mesh, twoport
from spinfem.solvers.meshed import elements_for

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


@pytest.mark.parametrize(
    ("steps", "size"),
    [
        ([0.5], 0.5),
        ([0.3, 0.5, 0.3], 0.5 * np.exp(-0.3 / 14.5)),
        ([0.3, 5.0, 0.3], 5.0 * np.exp(-0.3 / 14.5)),
        ([1.0] * 20 + [8.0] + [1.0] * 20, 8.0 * np.exp(-20 / 14.5)),
        ([1.0] * 31 + [1e9] + [1.0] * 31, 1.0),
        ([0.25] + [1.0] * 31 + [1e9] + [1.0] * 31, 1.0),
    ],
)
def test_elements_in_the_depth_count_less(steps, size):
    columns = np.array([steps, steps[::-1]]).T
    np.testing.assert_allclose(mesh.largest_element(columns), size, rtol=1e-14)


@pytest.mark.parametrize("z", RANGE)
def test_graded_meshes_are_as_fine_in_the_depth_as_at_the_faces(z):
    for n in (32, 64, 200):
        steps = z * mesh.widths(np.array([z]), n)
        assert steps[0] <= mesh.largest_element(steps) <= 1.2 * max(steps[0], 1e-300)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 17])
def test_layers_that_are_their_own_mirror_images(n):
    """Half of their elements do: B and S of complex (d/l)^2, in units of their sum."""
    rng = np.random.default_rng(n)
    z = 10.0 ** rng.uniform(-9, 1, 40)
    square = (z * np.exp(1j * rng.uniform(0, np.pi / 4, 40))) ** 2
    whole = twoport.condense(z, n, mesh.DEGREE, square)
    B, left, right = twoport.condense_to_faces(z, n, mesh.DEGREE, square)
    np.testing.assert_array_equal(left, right)
    assert (np.abs(left - whole.S) <= 1e-14 * np.abs(whole.S)).all()
    assert (np.abs(B - whole.B) <= 1e-14 * np.abs(whole.B + whole.S)).all()


def test_elements_are_divided():
    nodes = np.array([0.0, 0.1, 1.0])
    np.testing.assert_array_equal(mesh.divided(nodes, 1), nodes)
    np.testing.assert_allclose(mesh.divided(nodes, 3), [0, 1 / 30, 2 / 30, 0.1, 0.4, 0.7, 1])
    assert mesh.divided(nodes, 7)[-1] == 1


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
    layer = twoport.condense(np.array([z]), elements_for(z), mesh.DEGREE)
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
