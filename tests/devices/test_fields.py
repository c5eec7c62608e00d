"""Potentials and currents at points, against stacks, and where points are."""

import itertools

import numpy as np
import pytest
import skfem
from wires import DEEP, J0, KINDS, SAMPLES, THICKNESS, WIDE, Co, Cu, Py, stack, twisted, wire

import spinfem as sf
from spinfem.devices.points import cells_at, local

SIZE = np.array([22.0, WIDE, DEEP]) * 1e-9
R = 50e-9
A = np.pi * R**2
FACES = np.cumsum([0.0, *THICKNESS.values()]) * 1e-9


def somewhere(dimension, n=200):
    """Points all over the wire."""
    return np.random.default_rng(1).uniform(0, 1, (n, dimension)) * SIZE[:dimension]


def errors(device, degree, solution, points):
    """Of mu_s, mu_0, j_s and j, their root mean squares in the largest value of the stack."""
    found, x = sf.solve(device, degree=degree), points[:, 0]
    mu_s, j_s, mu_0 = solution.spin_potential(x), solution.spin_current(x), solution.potential(x)
    flow, current = np.zeros((len(x), 3, 3)), np.zeros((len(x), 3))
    flow[:, : points.shape[1]] = found.spin_current(points)
    current[:, : points.shape[1]] = found.charge_current(points)
    flow[:, 0] -= j_s
    current[:, 0] -= J0
    wrong = [
        (found.spin_potential(points) - mu_s, mu_s),
        (found.potential(points) - found.potential("right") - mu_0, mu_0),
        (flow, j_s),
        (current, J0),
    ]
    return [np.sqrt(np.mean(error**2)) / np.abs(size).max() for error, size in wrong]


@pytest.mark.some(3)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("degree", [1, 2])
def test_fields_converge_to_those_of_the_stack(kind, degree):
    """Potentials with one order more than the degree, derivatives with it; across the wire nothing.

    On simplices this needs a mesh that is finer across it as well.
    """
    solution, dimension = sf.solve(stack(), J0), {"line": 1, "quad": 2, "tri": 2}.get(kind, 3)
    points = somewhere(dimension, 2000)
    coarse, fine = (
        errors(wire(kind, n, across=n if kind in ("tri", "tet") else 2), degree, solution, points)
        for n in ((8, 16) if (kind, degree) == ("tet", 1) else (4, 8))  # slow to be asymptotic
    )
    rates = np.log2(np.array(coarse) / np.maximum(fine, 1e-13))[:3]
    assert (rates > np.array([degree + 1, degree + 1, degree]) - 0.3).all(), rates
    assert max(fine) < 0.05 / 20 ** (degree - 1)


@pytest.mark.some(6)
@pytest.mark.long
@pytest.mark.parametrize("kind", ["line", "quad"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_all_that_a_stack_has(kind, sample):
    """On both sides of all faces, too."""
    given = SAMPLES[sample]
    solution = sf.solve(stack(**given), J0)
    found = sf.solve(wire(kind, 6, **given), degree=5)
    dimension = found.device.grid.dimension
    inside = somewhere(dimension)
    on_faces = [
        (np.append(x, SIZE[1] / 3)[:dimension], name, side)
        for name, (a, b) in zip(THICKNESS, itertools.pairwise(FACES), strict=True)
        for x, side in ((a, "right"), (b, "left"))
    ]
    for points, name, side in [(inside, None, None), *on_faces]:
        x = points[..., 0]
        for quantity, order in (("spin_potential", 1e-8), ("spin_current", 1e-6)):
            wanted = getattr(solution, quantity)(x, side=side)
            got = getattr(found, quantity)(points, region=name)
            size = np.abs(getattr(solution, quantity)(np.linspace(*FACES[[0, -1]], 99))).max()
            got = got[..., 0, :] if quantity == "spin_current" else got
            np.testing.assert_allclose(got, wanted, rtol=0, atol=order * size)
        low = solution.potential(0.0) - solution.potential(x, side=side)
        got = found.potential(np.zeros(dimension), "fixed") - found.potential(points, region=name)
        np.testing.assert_allclose(got, low, rtol=0, atol=1e-9 * solution.voltage)


def test_a_pillar_is_its_stack_at_every_radius():
    solution = sf.solve(stack(ends=(sf.Reservoir(), sf.Reservoir())), J0)
    pillar = sf.Device.pillar(solution.stack, radius=R, current=J0 * A, elements=12)
    found = sf.solve(pillar, degree=4)
    x = np.linspace(0, 22e-9, 45)
    grid = np.stack(np.meshgrid(np.linspace(0, R, 7), x, indexing="ij"), axis=-1)
    mu_s = found.spin_potential(grid)
    assert mu_s.shape == (7, 45, 3)
    wanted = solution.spin_potential(x)  # it is continuous
    np.testing.assert_allclose(mu_s, np.tile(wanted, (7, 1, 1)), atol=1e-9 * np.abs(wanted).max())
    j = found.charge_current(grid)
    np.testing.assert_allclose(j, np.broadcast_to([0, J0], j.shape), rtol=0, atol=1e-8 * J0)
    flow = found.spin_current(grid[:, 1:8], region="fixed")
    wanted = solution.spin_current(x[1:8])
    np.testing.assert_allclose(flow[:, :, 1], np.tile(wanted, (7, 1, 1)), atol=1e-6 * J0)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["tri", "hex"])
def test_at_its_own_points_it_is_the_field(kind):
    found = sf.solve(wire(kind, 2, free=(Py, twisted)), degree=2)
    for name in THICKNESS:
        points, mu_0, mu_s = found.field(name)
        size = np.abs(mu_s).max()
        np.testing.assert_allclose(
            found.potential(points, name), mu_0, rtol=0, atol=1e-12 * np.abs(mu_0).max()
        )
        np.testing.assert_allclose(found.spin_potential(points, name), mu_s, atol=1e-12 * size)


def test_in_a_texture_spins_are_along_m_everywhere():
    found = sf.solve(wire("tri", 2, free=(Py, twisted)), degree=2)
    points = [18e-9, 0] + somewhere(2) * [4 / 22, 1]
    m = twisted(points) / np.linalg.norm(twisted(points), axis=1)[:, None]
    mu_s, flow = found.spin_potential(points), found.spin_current(points)
    assert np.abs(np.cross(mu_s, m)).max() < 1e-12 * np.abs(mu_s).max()
    assert np.abs(np.cross(flow, m[:, None])).max() < 1e-12 * np.abs(flow).max()


@pytest.mark.long
def test_currents_through_sections_are_those_of_electrodes():
    """Where a lead is wider than the pillar, the current through any plane is the same."""
    valve = stack(ends=(sf.Reservoir(), sf.Reservoir()))
    discs = (sf.Slab(Cu, 20e-9, 2 * R), sf.Slab(Cu, 20e-9, 2 * R))
    found = sf.solve(sf.Device.pillar(valve, radius=R, current=1e-3, leads=discs), degree=2)
    x, w = np.polynomial.legendre.leggauss(200)
    for height, radius in ((-15e-9, 2 * R), (4e-9, R), (20e-9, R), (35e-9, 2 * R)):
        r = (x + 1) / 2 * radius
        points = np.stack([r, np.full_like(r, height)], axis=1)
        through = np.pi * radius * (w * r) @ found.charge_current(points)[:, 1]
        assert through == pytest.approx(1e-3, rel=2e-3)  # differentiated, and a rim
    assert found.charge_current((R, -20e-9))[1] > 0


# --- where points are -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["tri", "quad", "tet", "hex", "line"])
def test_points_are_found_in_cells_of_any_shape(kind):
    """Cells a thousand times longer than wide, and distorted ones."""
    x, y, z = (np.sort(np.append(np.geomspace(1e-3, 10, 9), [0.0])) for _ in range(3))
    made = {
        "line": lambda: skfem.MeshLine1(x[None], np.stack([np.arange(9), np.arange(1, 10)])),
        "tri": lambda: skfem.MeshTri1.init_tensor(x, y),
        "quad": lambda: skfem.MeshQuad1.init_tensor(x, y),
        "tet": lambda: skfem.MeshTet1.init_tensor(x, y, z),
        "hex": lambda: skfem.MeshHex1.init_tensor(x, y, z),
    }
    mesh = made[kind]()
    if kind != "line":
        bent = mesh.p.copy()
        bent[0] += 0.02 * bent[1] * np.sin(bent[0]) + 0.1 * bent[1]
        mesh = type(mesh)(bent, mesh.t)
    rng = np.random.default_rng(3)
    cells = rng.integers(0, mesh.nelements, 3000)
    corners = mesh.p[:, mesh.t[:, cells]]
    share = rng.dirichlet(np.ones(corners.shape[1]), 3000).T  # inside, since all are convex
    points = np.einsum("dcn,cn->nd", corners, share)
    found = cells_at(mesh, points, np.arange(mesh.nelements))
    assert (found >= 0).all()
    X, distance = local(mesh, points, found)
    assert distance.max() < 1e-8
    assert np.abs(mesh.mapping().F(X[:, :, None], found)[:, :, 0] - points.T).max() < 1e-8
    if kind != "hex":  # faces of these are not planar
        assert (found == cells).mean() > 0.99
    far = points + 100.0
    assert (cells_at(mesh, far, np.arange(mesh.nelements)) == -1).all()


def test_at_an_interface_the_region_is_the_side():
    given = SAMPLES["resistive"]
    found = sf.solve(wire("tri", 4, **given), degree=2)
    at = np.array([8e-9, 11e-9])
    left, right = (found.potential(at, region) for region in ("fixed", "spacer"))
    assert left - right > 0.1 * (found.potential("left") - found.potential("right")) / 3
    assert found.potential(at) == left  # the first
    assert found.spin_potential(at).shape == (3,)


@pytest.mark.parametrize(
    ("points", "region", "message"),
    [
        ((1e-9, 1e-9), "spacer", r"in the region 'spacer', got 1 of 1 outside, one at \(1e-09, 1e"),
        ((-1e-9, 1e-9), None, r"points must be in the device, got 1 of 1 outside, one at \(-1e-09"),
        ([[1e-9, 1e-9], [1, 2]], None, r"got 1 of 2 outside, one at \(1, 2\) m"),
        ((1e-9, 1e-9, 0), None, r"points must be of the shape \(\.\.\., 2\), one coor.*got \(3,\)"),
        (1e-9, None, r"points must be of the shape \(\.\.\., 2\), .* got \(\)"),
        ((1e-9, 1e-9), "lead", "region must be one of fixed, spacer, free, got 'lead'"),
        ((np.nan, 1e-9), None, "points must be finite, got nan"),
    ],
)
@pytest.mark.parametrize(
    "quantity", ["potential", "spin_potential", "spin_current", "charge_current"]
)
def test_bad_points(quantity, points, region, message):
    found = sf.solve(wire("tri", 1), degree=1)
    with pytest.raises(ValueError, match=message):
        getattr(found, quantity)(points, region)


def test_an_electrode_has_no_region():
    found = sf.solve(wire("tri", 1), degree=1)
    with pytest.raises(ValueError, match="region must be left out for the potential of an elec"):
        found.potential("left", "fixed")
    with pytest.raises(ValueError, match="electrode must be one of left, right, got 'top'"):
        found.potential("top")
    with pytest.raises(TypeError, match="points must be a real number or an array"):
        found.potential(["left", "right"])


def test_a_metal_that_is_not_there_does_not_count():
    """Current in a normal metal is not polarized, whatever mu_s is."""
    found = sf.solve(wire("quad", 4, fixed=(Co, (1, 0, 0))), degree=3)
    points = np.stack([np.linspace(9e-9, 17e-9, 5), np.full(5, 1e-8)], axis=1)
    np.testing.assert_allclose(found.charge_current(points)[:, 0], J0, rtol=1e-6)
