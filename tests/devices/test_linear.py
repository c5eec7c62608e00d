"""Systems of devices: their solution, what it takes, and systems that have none."""

import dataclasses
import functools
import os
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from scipy.sparse import coo_array, csr_array, diags_array, eye_array, kron
from scipy.sparse.linalg import splu
from skfem import Basis, BilinearForm, ElementTetP1, ElementTriP2, MeshTet, MeshTri
from skfem.helpers import dot, grad
from wires import TILTED, UP, Co, Cu, Py

import spinfem as sf
from spinfem.devices import linear
from spinfem.devices.grid import Grid


@BilinearForm
def conduction(u, v, w):
    return w.D * dot(grad(u), grad(v))


@BilinearForm
def relaxation(u, v, w):
    return w.kappa * u * v


def scalar_matrices(across, along, dim, thickness):
    """Matrices of conduction and relaxation of N | F | N, and dofs in F and at both ends."""
    x, z = np.linspace(0.0, 100.0, across), np.linspace(0.0, 1.0, 3 * along + 1)
    z = np.interp(z, [0, 1 / 3, 2 / 3, 1], np.cumsum([0.0, 20.0, thickness, 20.0]))
    if dim == 3:
        mesh, element = MeshTet.init_tensor(x, x, z), ElementTetP1()
    else:
        mesh, element = MeshTri.init_tensor(x, z), ElementTriP2()
    whole = Basis(mesh, element)
    height = mesh.p[-1, mesh.t].mean(axis=0)
    is_f = (height > 20.0) & (height < 20.0 + thickness)
    matrices = []
    for cells, D, length in ((~is_f, 1.0, 350.0), (is_f, 1e-4, 5.0)):
        basis = Basis(mesh, element, elements=np.flatnonzero(cells))
        K = csr_array(conduction.assemble(basis, D=D))
        M = csr_array(relaxation.assemble(basis, kappa=D / length**2))
        matrices.append((K, M))
    dofs = np.unique(Basis(mesh, element, elements=np.flatnonzero(is_f)).element_dofs)
    level = whole.doflocs[-1]
    return matrices, dofs, np.flatnonzero(level == z[0]), np.flatnonzero(level == z[-1])


@functools.cache
def device(across, along, dim, thickness=1.0, turning=0.0, p=0.7):
    """The system of mu_0, nu_x, nu_y, nu_z in N and of nu along a random m in F.

    One end is at a potential of 0, the other has a single one; `turning`: of nu about z, in N.
    """
    matrices, inside, end, start = scalar_matrices(across, along, dim, thickness)
    (K, M), (K_F, M_F) = matrices
    n = K.shape[0]
    m = np.random.default_rng(7).normal(size=(n, 3))
    m /= np.linalg.norm(m, axis=1)[:, None]
    outside = np.setdiff1d(np.arange(n), inside)
    sizes = np.cumsum([n, *(3 * [len(outside)]), len(inside)])
    along_m = csr_array(
        (np.ones(len(inside)), (inside, sizes[3] + np.arange(len(inside)))), (n, sizes[4])
    )
    potential = eye_array(n, sizes[4], format="csr")
    nu = [
        csr_array(
            (np.ones(len(outside)), (outside, sizes[i] + np.arange(len(outside)))), (n, sizes[4])
        )
        + diags_array(m[:, i]) @ along_m
        for i in range(3)
    ]
    A = potential.T @ (K + K_F / (1 - p * p)) @ potential
    A = A + sum(N.T @ (K + M) @ N for N in nu)
    A = A + along_m.T @ (K_F + M_F) @ along_m / (1 - p * p)
    mixed = p / (1 - p * p) * (potential.T @ K_F @ along_m)
    A = A + mixed + mixed.T
    if turning:
        A = A + turning * (nu[0].T @ M @ nu[1] - nu[1].T @ M @ nu[0])
    kinds = np.repeat(np.arange(5), np.diff(sizes, prepend=0))
    owner = np.arange(sizes[4])
    owner[start] = start[0]
    kept = np.setdiff1d(np.unique(owner), end)
    place = np.full(sizes[4], -1)
    place[kept] = np.arange(len(kept))
    rows = np.flatnonzero(place[owner] >= 0)
    tied = coo_array((np.ones(len(rows)), (rows, place[owner[rows]])), (sizes[4], len(kept)))
    b = np.zeros(len(kept))
    b[place[start[0]]] = 1.0
    return csr_array(tied.T @ A @ tied), b, kinds[kept]


def chain(n):
    """Conductors of 1 in a row, the last to ground."""
    A = diags_array([-np.ones(n - 1), 2 * np.ones(n), -np.ones(n - 1)], offsets=[-1, 0, 1]).tolil()
    A[0, 0] = 1.0
    return csr_array(A)


@pytest.fixture
def iterating(monkeypatch):
    pytest.importorskip("pyamg")
    monkeypatch.setattr(linear, "DIRECT", 0)


def test_chain_of_conductors():
    """One ampere through n conductors of 1 S: n volts at the first, one less at every other."""
    x, report = linear.solve_system(chain(50), np.eye(50)[0], np.zeros(50, int), 1)
    np.testing.assert_allclose(x, np.arange(50, 0, -1), rtol=1e-12)
    assert (report.method, report.unknowns, report.iterations) == ("factors", 50, 0)
    assert report.residual < 1e-12


@pytest.mark.parametrize("scale", [1e-25, 1.0, 1e25])
def test_right_sides_and_units(scale):
    """Any number of them, also zero, in any units; unknowns may have units of their own."""
    A, b, kinds = device(5, 2, 2)
    units = np.where(kinds == 0, 1.0, 1e9)
    sides = np.stack([b, np.roll(b, 7), 0 * b], axis=1)
    scaled = csr_array(diags_array(units * scale) @ A @ diags_array(units))
    x, report = linear.solve_system(scaled, units[:, None] * sides, kinds, 2)
    expected = np.linalg.solve(A.toarray(), sides) / (units[:, None] * scale)
    np.testing.assert_allclose(x, expected, rtol=0, atol=1e-8 * abs(expected).max())
    assert x.shape == sides.shape
    assert not x[:, 2].any()
    assert report.residual < linear.LARGEST_RESIDUAL


@pytest.mark.parametrize("turning", [0.0, 3.0])
def test_factors_solve_what_is_not_symmetric_too(turning):
    A, b, kinds = device(5, 2, 2, turning=turning)
    x, _ = linear.solve_system(A, b, kinds, 2, is_symmetric=not turning)
    expected = np.linalg.solve(A.toarray(), b)
    np.testing.assert_allclose(x, expected, rtol=0, atol=1e-8 * abs(expected).max())


@pytest.mark.interop
@pytest.mark.parametrize(
    ("thickness", "turning"), [(20.0, 0.0), (2.0, 0.0), (0.2, 0.0), (1.0, 3.0)]
)
def test_iterations_find_what_factors_find(iterating, thickness, turning):
    """Spins too, which are small beside mu_0: in the norm of the scaled system."""
    A, b, kinds = device(9, 4, 3, thickness, turning)
    assert len(b) > linear.multigrid.COARSEST
    sides = np.stack([b, 0 * b], axis=1)
    x, report = linear.solve_system(A, sides, kinds, 3, is_symmetric=not turning)
    expected, _ = linear.solve_system(A, b, kinds, 2, is_symmetric=not turning)
    root = np.sqrt(A.diagonal())
    scale = np.linalg.norm(root * expected)
    assert np.linalg.norm(root * (x[:, 0] - expected)) < 1e-7 * scale
    assert not x[:, 1].any()
    assert report.method == ("GMRES" if turning else "conjugate gradients")
    assert 5 < report.iterations < 120
    again, _ = linear.solve_system(A, b, kinds, 3, is_symmetric=not turning)
    assert np.array_equal(again, x[:, 0])  # nothing is random


@pytest.mark.interop
@pytest.mark.long
@pytest.mark.parametrize("thickness", [5.0, 0.5])
def test_iterations_grow_slowly_with_the_unknowns(iterating, thickness):
    """Eight times as many take less than twice the iterations, so do cells 40 times as wide."""
    counts = []
    for across in (11, 21):
        A, b, kinds = device(across, (across - 1) // 3, 3, thickness)
        counts.append(linear.solve_system(A, b, kinds, 3)[1].iterations)
    assert counts[1] < 2 * counts[0]
    assert counts[1] < 120


@pytest.mark.interop
def test_kinds_keep_unknowns_apart(iterating):
    """What couples two fields, though strong, joins no aggregate of both."""
    A, b, kinds = device(6, 3, 3)
    levels = linear.multigrid.hierarchy(A, kinds, np.ones(len(b)), lambda _: None).levels
    P = levels[0].P.tocsc()
    groups = [set(kinds[rows]) for rows in np.split(P.indices, P.indptr[1:-1])]
    assert {len(group) for group in groups} == {1}


@pytest.mark.interop
def test_prolongations_keep_constants(iterating):
    """Of every kind, where nothing relaxes and nothing is held."""
    n = 12
    one = diags_array([-np.ones(n - 1), 2 * np.ones(n), -np.ones(n - 1)], offsets=[-1, 0, 1])
    one = csr_array(one - coo_array(([1.0, 1.0], ([0, n - 1], [0, n - 1])), (n, n)))
    same = eye_array(n)
    cube = kron(kron(one, same), same) + kron(kron(same, one), same) + kron(kron(same, same), one)
    A = csr_array(kron(cube, np.array([[1.0, 0.7], [0.7, 1.0]])))
    kinds = np.tile([0, 1], n**3)
    found = linear.multigrid.hierarchy(A, kinds, np.ones(len(kinds)), lambda _: None).levels
    P = found[0].P
    np.testing.assert_allclose(P @ np.ones(P.shape[1]), 1.0, rtol=1e-12)


def test_large_systems_in_space_need_pyamg(monkeypatch):
    monkeypatch.setattr(linear, "DIRECT", 10)
    monkeypatch.setitem(sys.modules, "pyamg", None)
    with pytest.raises(
        ImportError, match=r"more than 10 unknowns \(extra: device\) needs pyamg: pip"
    ):
        linear.solve_system(chain(20), np.eye(20)[0], np.zeros(20, int), 3)


def floating(n):
    """Conductors in a row, none to ground."""
    A = chain(n).tolil()
    A[n - 1, n - 1] = 1.0
    return csr_array(A)


@pytest.mark.parametrize(
    ("A", "n", "dim", "message"),
    [
        (chain(4), 4, 4, r"^dim must be 1, 2 or 3, got 4$"),
        (chain(4), 5, 1, r"^A, b and kinds must be of the same unknowns, got shapes \(4, 4\), "),
        (chain(4) - eye_array(4), 4, 1, r"^the diagonal of a system must be positive, got 0 for"),
        (floating(40), 40, 1, r"singular"),
    ],
)
def test_systems_without_a_solution(A, n, dim, message):
    with pytest.raises(ValueError, match=message):
        linear.solve_system(csr_array(A), np.eye(n)[0], np.zeros(n, int), dim)


def test_what_is_no_number_is_no_solution(monkeypatch):
    """As some solvers return it without a word; also of one right side among others."""
    monkeypatch.setattr(
        linear, "_factors", lambda *_: lambda r, _: np.where(r[0] > 0, np.nan, 1.0) * r
    )
    sides = np.stack([np.eye(2)[1], np.eye(2)[0]], axis=1)
    with pytest.raises(ValueError, match="results must be finite, got an overflow"):
        linear.solve_system(csr_array(np.eye(2)), sides, np.zeros(2, int), 1)


@pytest.mark.interop
def test_iterations_refuse_a_system_without_a_solution(iterating, monkeypatch):
    monkeypatch.setattr(linear, "MOST_ITERATIONS", 50)
    monkeypatch.setattr(linear.multigrid, "COARSEST", 5)
    with pytest.raises(
        ValueError, match=r"residual of a solution must be below 1e-08, got .* after"
    ):
        linear.solve_system(floating(60), np.eye(60)[0], np.zeros(60, int), 3)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_memory_is_bounded_by_the_machine(dim, monkeypatch):
    A, b, kinds = device(5, 2, 2)
    _, report = linear.solve_system(A, b, kinds, dim)
    sizes = {"SC_PAGE_SIZE": 1, "SC_PHYS_PAGES": int(report.memory) - 1}
    monkeypatch.setattr(os, "sysconf", sizes.get, raising=False)
    with pytest.raises(ValueError, match=r"^the memory that a system takes must be at most what"):
        linear.solve_system(A, b, kinds, dim)


@pytest.mark.parametrize("dim", [2, 3])
def test_expected_memory_has_room_for_the_factors(dim):
    A, _, _ = device(*((40, 8) if dim == 2 else (12, 4)), dim)
    factors = splu(
        A.tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    assert factors.nnz < linear.FILL[dim](A.shape[0]) < 4 * factors.nnz


def test_a_bar_moves_to_its_end(monkeypatch):
    steps = []

    @contextmanager
    def bar(what, total, wanted):
        assert wanted is True
        steps.append(-total)
        yield steps.append

    monkeypatch.setattr(linear, "progress_bar", bar)
    A, b, kinds = device(5, 2, 2)
    linear.solve_system(A, np.stack([b, 2 * b], axis=1), kinds, 2, True)
    assert sum(steps) == 0


@pytest.mark.long
@pytest.mark.interop
@pytest.mark.parametrize("poor", [1.0, 1e-4])
def test_iterations_are_few_in_wide_films(iterating, poor):
    """Spins along m pass the faces of a magnet: cells a hundred times as wide as thick cost little.

    Aggregates that end at these faces, as with nu along x, y and z, take 116 and 325 iterations.
    """
    x, z = np.linspace(-750.0, 750.0, 25), np.linspace(0.0, 20.0, 21)
    mesh = MeshTet.init_tensor(x, x, z)
    a, b, c = mesh.p[:, mesh.t].mean(axis=1)
    layer = np.minimum(c // 4, 4).astype(int)
    is_wide = np.select([layer == 0, layer == 4], [abs(b) < 250, abs(a) < 250], default=False)
    there = is_wide | ((abs(a) < 250) & (abs(b) < 250))
    mesh = MeshTet(mesh.p, mesh.t).restrict(np.flatnonzero(there))
    mesh, layer = MeshTet(mesh.p, mesh.t), layer[there]
    names = ["below", "fixed", "spacer", "free", "above"]
    mesh = mesh.with_subdomains(
        {name: np.flatnonzero(layer == k) for k, name in enumerate(names)}
    ).with_boundaries({"in": lambda x: x[0] < -750 + 1e-6, "out": lambda x: x[1] > 750 - 1e-6})
    spacer = dataclasses.replace(Cu, D=poor * Cu.D)
    device = sf.Device(
        Grid(mesh),
        {"below": Cu, "fixed": (Co, UP), "spacer": spacer, "free": (Py, TILTED), "above": Cu},
        {"in": sf.Electrode(potential=1.0), "out": sf.Electrode(potential=0.0)},
    )
    assert 0 < sf.solve(device, degree=1).report.iterations < 60
