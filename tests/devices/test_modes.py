"""Exact solutions with transverse structure: what elements of degree k owe them, order 2 k.

A wire F1|N|F2 between walls, magnetizations not collinear, driven by the current density
``j (1 + a cos(pi y/W))``, in three dimensions with a factor ``cos(pi z/H)`` besides. Mode by mode,
of the transverse wave number k, mu_0 in N and ``psi = mu_0 + p nu`` in F are harmonic, and nu
relaxes over 1/q, ``q^2 = 1/l^2 + k^2``; which leaves two numbers for each of them in every layer.
"""

import itertools

import numpy as np
import pytest
import skfem
from skfem import LinearForm
from wires import DEEP, J0, NAMES, THICKNESS, TILTED, UP, WIDE, Co, Cu, Py

import spinfem as sf
from spinfem.constants import TORQUE_PER_SPIN_CURRENT
from spinfem.devices.assembly import assemble
from spinfem.devices.bodies import parts_of
from spinfem.devices.grid import Grid
from spinfem.devices.linear import solve_system
from spinfem.devices.solution import DeviceSolution

SHARE = 0.7
"""Of the mode in the current density."""
MAGNETS = {"fixed": (Co, UP), "free": (Py, TILTED)}
G = Cu.D / Cu.l
"""2 G of the lead behind the right end."""


def basis_of(rate, x, d):
    """Two functions that differ by nothing but signs from exp(+-rate x), and their slopes."""
    if rate == 0:
        return np.array([1.0, x / d]), np.array([0.0, 1 / d])
    up, down = np.exp(rate * (x - d)), np.exp(-rate * x)
    return np.array([up, down]), rate * np.array([up, -down])


def exact_mode(j, k):
    """Torques per area on both magnets of the amplitude j of a mode, shape (2, 3)."""
    d = [x * 1e-9 for x in THICKNESS.values()]
    q = [np.sqrt(1 / metal.l**2 + k**2) for metal in (Co, Cu, Py)]
    # columns: psi and nu of F1, mu_0 and nu of N, psi and nu of F2, two each
    first = {"fixed": 0, "spacer": 4, "free": 12}
    rows, right = [], []

    def scalar(start, rate, layer, x):
        """Value and slope there of what has two columns."""
        value, slope = np.zeros((2, 16))
        value[start : start + 2], slope[start : start + 2] = basis_of(rate, x, d[layer])
        return value, slope

    def in_magnet(name, x):
        """mu_0, j, nu, j_s."""
        layer, (metal, _) = (0, 2)[name == "free"], MAGNETS[name]
        psi, psi_slope = scalar(first[name], k, layer, x)
        nu, slope = scalar(first[name] + 2, q[layer], layer, x)
        p = metal.p
        current = -metal.D / (1 - p**2) * psi_slope
        return psi - p * nu, current, nu, p * current - metal.D * slope

    def in_spacer(x):
        mu_0, slope = scalar(first["spacer"], k, 1, x)
        parts = [scalar(first["spacer"] + 2 + 2 * i, q[1], 1, x) for i in range(3)]
        return (
            mu_0,
            -Cu.D * slope,
            np.array([a for a, _ in parts]),
            np.array([-Cu.D * b for _, b in parts]),
        )

    _, current, _, spins = in_magnet("fixed", 0.0)
    rows += [current, spins]
    right += [j, 0.0]
    flows = []
    for name, x, at in (("fixed", d[0], 0.0), ("free", 0.0, d[1])):
        m = MAGNETS[name][1]
        mu_0, current, nu, spins = in_magnet(name, x)
        mu_N, current_N, nu_N, spins_N = in_spacer(at)
        rows += [mu_0 - mu_N, (current - current_N), *(nu_N - m[:, None] * nu), spins - m @ spins_N]
        right += [0.0] * 6
        flows.append((spins_N, m, -1.0 if name == "fixed" else 1.0))
    mu_0, _, nu, spins = in_magnet("free", d[2])
    rows += [mu_0, spins - G * nu]
    right += [0.0, 0.0]
    A = np.array(rows)
    size = np.abs(A).max(axis=1)
    c = np.linalg.solve(A / size[:, None], np.array(right) / size)
    found = []
    for spins, m, sign in flows:
        flow = sign * (spins @ c)
        found.append(TORQUE_PER_SPIN_CURRENT * (flow - (m @ flow) * m))
    return np.array(found)


def rough_wire(kind, n):
    """A wire of n elements a layer, with nodes that are not at an interface or a wall moved."""
    edges = np.cumsum([0.0, *THICKNESS.values()])
    x = np.unique(np.concatenate([np.linspace(*two, n + 1) for two in itertools.pairwise(edges)]))
    y, z = np.linspace(0, WIDE, 2 * n + 1), np.linspace(0, DEEP, n + 1)
    make = {
        "tri": lambda: skfem.MeshTri1.init_tensor(x, y),
        "quad": lambda: skfem.MeshQuad1.init_tensor(x, y),
        "tet": lambda: skfem.MeshTet1.init_tensor(x, y, z),
        "hex": lambda: skfem.MeshHex1.init_tensor(x, y, z),
    }
    mesh = make[kind]()
    random = np.random.default_rng(n)
    p, given = mesh.p.copy(), (x, y, z)
    for axis in range(len(p)):
        keep = edges if axis == 0 else given[axis][[0, -1]]
        step = np.diff(given[axis]).min()
        moves = ~np.isin(mesh.p[axis], keep)
        p[axis, moves] += random.uniform(-0.15, 0.15, moves.sum()) * step
    mesh = type(mesh)(p, mesh.t)
    middle = p[0][mesh.t].mean(axis=0)
    inside = zip(THICKNESS, itertools.pairwise(edges), strict=True)
    mesh = mesh.with_subdomains(
        {name: np.flatnonzero((middle > a) & (middle < b)) for name, (a, b) in inside}
    ).with_boundaries({"left": lambda x: x[0] < 1e-6, "right": lambda x: x[0] > edges[-1] - 1e-6})
    electrodes = {
        "left": sf.Electrode(j0=J0, end=sf.SpinBlocking()),
        "right": sf.Electrode(potential=0.0, end=sf.Lead(Cu)),
    }
    return sf.Device(Grid(mesh), {**MAGNETS, "spacer": Cu}, electrodes)


def shape_of(x):
    """The mode."""
    found = np.cos(np.pi * x[1] / WIDE)
    return found * np.cos(np.pi * x[2] / DEEP) if len(x) > 2 else found


@LinearForm
def weighted(v, w):
    return shape_of(w.x) * v


def projected(functions, facets, inner):
    """The mode's part among the functions of facets, and its integrals with these, nm."""
    kind = skfem.InteriorFacetBasis if inner else skfem.FacetBasis
    basis = kind(functions.grid.mesh, functions.element, facets=facets, intorder=12)
    on = functions.on_facets(facets)
    return on, weighted.assemble(basis)[on]


def error(kind, n, degree):
    """The largest of totals, and of parts along the mode, in the largest torque."""
    device = rough_wire(kind, n)
    unit, dim = device.grid.unit, device.grid.dimension
    area = WIDE * unit * (DEEP * unit if dim == 3 else 1)
    k = np.pi * np.hypot(1 / WIDE, 1 / DEEP if dim == 3 else 0) / unit
    norm = area / 2 ** (dim - 1)  # of the mode, squared
    system = assemble(device, parts_of(device, degree))
    own = system.places.of("left")
    on, load = projected(system.functions, device.grid.surfaces["left"], inner=False)
    assert np.array_equal(on, system.places.dofs[own])
    driving = system.unknowns.potential[own].T @ (SHARE * J0 * load * unit ** (dim - 1))
    x, report = solve_system(
        system.matrix, system.load + driving, system.unknowns.kinds, dim, is_symmetric=True
    )
    found = DeviceSolution(device, system, x, report)
    mean, mode = exact_mode(J0, 0.0), exact_mode(SHARE * J0, k)
    wrong = []
    for i, name in enumerate(NAMES):
        wrong.append(found.torque(name, "spacer") / area - mean[i])
        (facets,) = (c.facets for c in system.contacts if {*c.names} == {name, "spacer"})
        on, integrals = projected(system.functions, facets, inner=True)
        dofs, density = found.density_at(name, "spacer")
        assert np.array_equal(on, dofs)
        wrong.append(integrals @ density * unit ** (dim - 1) / norm - mode[i])
    return np.abs(wrong).max() / np.abs(mean).max()


SIZES = {
    ("tri", 1): (8, 16), ("tri", 2): (4, 8), ("tri", 3): (4, 8),
    ("quad", 1): (8, 16), ("quad", 2): (4, 8), ("quad", 3): (3, 6),
    ("tet", 1): (6, 12), ("tet", 2): (4, 8), ("hex", 1): (6, 12), ("hex", 2): (3, 6),
}  # fmt: skip
LONG = [("tet", 1), ("tet", 2), ("hex", 1), ("hex", 2)]


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("kind", "degree"),
    [pytest.param(*x, marks=pytest.mark.long) if x in LONG else x for x in SIZES],
)
def test_torques_converge_with_twice_the_degree_on_rough_meshes(kind, degree):
    coarse, fine = (error(kind, n, degree) for n in SIZES[kind, degree])
    assert np.log2(coarse / fine) > 2 * degree - 0.2
