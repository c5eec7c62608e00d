"""A nonlocal lateral valve in two dimensions, beside the formula for narrow contacts."""

import itertools

import numpy as np
import pytest
import skfem

import spinfem as sf
from spinfem.devices.builders import _graded
from spinfem.devices.grid import Grid

DISTANCE, HEIGHT, FAR = 400.0, 50.0, 1750.0
"""Of the strips from middle to middle, of the strips, and of the wire beyond them, nm."""
N = sf.NormalMetal.from_resistivity(20e-9, l=350e-9)
F = sf.Ferromagnet(D=1 / 291e-9, l=5e-9, p=0.4)


def graded(knots, rims, steps):
    """Nodes through knots, whose cells get small at rims."""
    parts = [
        _graded(np.linspace(*ends, steps), [x for x in ends if x in rims], 0.5, 0.25)
        for ends in itertools.pairwise(knots)
    ]
    return np.concatenate([parts[0][:1], *(part[1:] for part in parts)])


def lateral_valve(width, thickness, sign):
    """Strips on a wire, all of them as deep: the current goes in at one and out to the left."""
    rims = [-width / 2, width / 2, DISTANCE - width / 2, DISTANCE + width / 2]
    x = graded([-FAR, *rims, DISTANCE + FAR], rims, 12)
    top = thickness + HEIGHT
    y = graded([0.0, thickness, top], [thickness], 11)
    mesh = skfem.MeshQuad1.init_tensor(x, y)
    middle = mesh.p[:, mesh.t].mean(axis=1)
    in_strip = np.minimum(abs(middle[0]), abs(middle[0] - DISTANCE)) < width / 2
    mesh = mesh.restrict(np.flatnonzero((middle[1] < thickness) | in_strip))
    mesh = skfem.MeshQuad1(mesh.p, mesh.t)
    x, y = mesh.p[:, mesh.t].mean(axis=1)
    on_left = x < DISTANCE / 2
    regions = {
        "wire": np.flatnonzero(y < thickness),
        "injector": np.flatnonzero((y > thickness) & on_left),
        "detector": np.flatnonzero((y > thickness) & ~on_left),
    }
    near = 1e-6
    mesh = mesh.with_subdomains(regions).with_boundaries(
        {
            "in": lambda x: (x[1] > top - near) & (x[0] < DISTANCE / 2),
            "out": lambda x: x[0] < near - FAR,
            "probe": lambda x: (x[1] > top - near) & (x[0] > DISTANCE / 2),
            "ground": lambda x: x[0] > DISTANCE + FAR - near,
        }
    )
    far, blocked = sf.Lead(N), sf.SpinBlocking()
    electrodes = {
        "in": sf.Electrode(current=1.0, end=blocked),
        "out": sf.Electrode(potential=0.0, end=far),
        "probe": sf.Electrode(current=0.0, end=blocked),
        "ground": sf.Electrode(current=0.0, end=far),
    }
    magnets = {"injector": (F, (0, 0, 1)), "detector": (F, (0, 0, sign))}
    return sf.Device(Grid(mesh), {"wire": N, **magnets}, electrodes)


def nonlocal_signal(width, thickness):
    """Half the change of V/I from parallel to antiparallel, Ohm m."""
    found = []
    for sign in (1, -1):
        solution = sf.solve(lateral_valve(width, thickness, sign), degree=2)
        assert abs(solution.current("probe")) < 1e-9
        found.append(solution.potential("probe") - solution.potential("ground"))
    assert np.isclose(found[0], -found[1], rtol=3e-3)  # no baseline, far from the injector
    return (found[0] - found[1]) / 2


@pytest.mark.long
@pytest.mark.parametrize(
    ("width", "thickness", "ratio"),
    [
        (100, 100, 0.9221), (50, 50, 0.9585), (25, 25, 0.9785), (12.5, 12.5, 0.9890),
        (6.25, 6.25, 0.9944), (100, 50, 1.0657), (100, 25, 1.0630),
    ],
)  # fmt: skip
def test_signal_beside_the_formula_for_narrow_contacts(width, thickness, ratio):
    """S. Takahashi and S. Maekawa, doi:10.1103/PhysRevB.67.052409, for transparent contacts:
    ``V/I = 2 R_N p^2 r^2 e/((1 + 2 r)^2 - e^2)``, ``r = R_F/R_N``, ``e = exp(-L/l)``, of spin
    resistances rho* l over the cross section; contacts as wide as the wire is thick come close to
    it as both get narrow, in proportion to the width."""
    R_N = N.l / N.D / (thickness * 1e-9)
    r = F.l / F.D / (width * 1e-9) / R_N
    e = np.exp(-DISTANCE * 1e-9 / N.l)
    formula = 2 * R_N * F.p**2 * r**2 * e / ((1 + 2 * r) ** 2 - e**2)
    assert np.isclose(nonlocal_signal(width, thickness) / formula, ratio, rtol=2e-4)
