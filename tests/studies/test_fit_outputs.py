"""Outputs of fits: what each of them is, its Jacobian, what is found from synthetic data."""

import lmfit
import numpy as np
import pytest

import spinfem as sf
from spinfem.studies.fitdata import check_data, check_parameters
from spinfem.studies.fitproblem import Problem
from spinfem.studies.outputs import Output

AP = {"free": sf.direction(160.0, 30.0)}
EXACTLY_AP = {"free": sf.direction(180.0)}


def sample(rho, p, l, l_N, D_N, AR, gamma, G_r, G_i, d_N, tilt, d, polar):
    """Three magnets, of which one is weak, with interfaces; all numbers in several pieces."""
    N = sf.NormalMetal(D=D_N, l=l_N)
    F = sf.Ferromagnet(D=1 / rho, l=l, p=p)
    weak = sf.Ferromagnet(D=1 / rho, l=2 * l, p=p / 2, lambda_J=0.2 * l, lambda_phi=0.4)
    joint = sf.Interface(AR, gamma=gamma, mixing=G_r + 1j * G_i)
    return (
        sf.Lead(N)
        | weak(0.4, m=sf.direction(100.0, tilt), name="back")
        | N(d_N)
        | F(d, m=sf.direction(polar + tilt, 20.0), name="free")
        | joint
        | N(2 * d_N)
        | joint
        | F(0.5, m=sf.direction(70.0, 90.0), name="pinned")
        | sf.Lead(N)
    )


NUMBERS = {
    "rho": 1.3,
    "p": 0.6,
    "l": 0.9,
    "l_N": 3.0,
    "D_N": 4.0,
    "AR": 0.4,
    "gamma": 0.5,
    "G_r": 2.0,
    "G_i": 0.3,
    "d_N": 0.3,
    "tilt": 20.0,
}
DEVICE = {"area": 0.7, "contact": 0.2, "series": 0.1, "current": 3.0}
POINTS = {"d": np.array([[0.3], [1.0]]), "polar": np.array([10.0, 45.0, 120.0])}


def part(solution, name):
    """The signed length of one part of the torque on the free layer, by the pinned one."""
    damping_like, field_like = solution.torque_parts("free", "pinned")
    elements = {e.name: np.asarray(e.m) for e in solution.stack.layers if e.is_ferromagnet}
    m, q = np.broadcast_arrays(elements["free"], elements["pinned"])
    if name == "damping-like":
        return (damping_like * np.cross(m, np.cross(q, m))).sum(-1) / np.linalg.norm(
            np.cross(m, q), axis=-1
        )
    return (field_like * np.cross(m, q)).sum(-1) / np.linalg.norm(np.cross(m, q), axis=-1)


def pillar(RA, v):
    return (RA + v["contact"]) / v["area"] + v["series"]


ON_PILLAR = {"area": "area", "contact": "contact", "series": "series"}
WITH_DEVICE = ("area", "contact", "series")
# what it is, by which numbers of the device, and the same from public results
CASES = {
    "resistance": (Output("resistance"), (), lambda s, v: sf.solve(s).resistance),
    "dr": (Output("spin_resistance"), (), lambda s, v: sf.solve(s).spin_resistance),
    "A dR": (
        Output("resistance").change(AP),
        (),
        lambda s, v: sf.magnetoresistance(s, AP).change,
    ),
    "MR": (
        Output("resistance").relative_change(AP),
        (),
        lambda s, v: sf.magnetoresistance(s, AP).ratio,
    ),
    "ratio": (
        Output("resistance").ratio(AP),
        (),
        lambda s, v: 1 + sf.magnetoresistance(s, AP).ratio,
    ),
    "pillar": (
        Output("resistance").on_pillar(**ON_PILLAR),
        WITH_DEVICE,
        lambda s, v: pillar(sf.solve(s).resistance, v),
    ),
    "dR of a pillar": (
        Output("resistance").change(AP).on_pillar(area="area"),
        ("area",),
        lambda s, v: sf.magnetoresistance(s, AP).change / v["area"],
    ),
    "MR of a pillar": (
        Output("resistance").on_pillar(**ON_PILLAR).relative_change(AP),
        WITH_DEVICE,
        lambda s, v: (
            sf.magnetoresistance(s, AP).change
            / (sf.solve(s).resistance + v["contact"] + v["series"] * v["area"])
        ),
    ),
    "torque y": (
        Output("torque", on="free", component="y"),
        (),
        lambda s, v: sf.solve(s).torque("free")[..., 1],
    ),
    "damping-like": (
        Output("torque", on="free", by="pinned", component="damping-like", current="current"),
        ("current",),
        lambda s, v: part(sf.solve(s, v["current"]), "damping-like"),
    ),
    "field-like": (
        Output("torque", on="free", by="pinned", component="field-like"),
        (),
        lambda s, v: part(sf.solve(s), "field-like"),
    ),
    "change of a torque": (
        Output("torque", on="pinned", component="x").change(AP),
        (),
        lambda s, v: (
            sf.solve(s.replace("free", m=AP["free"])).torque("pinned")[..., 0]
            - sf.solve(s).torque("pinned")[..., 0]
        ),
    ),
    "g": (
        Output("efficiency", on="pinned", by="free"),
        (),
        lambda s, v: sf.solve(s).efficiency("pinned", "free")[0],
    ),
    "ratio of g": (
        Output("efficiency", on="free", by="pinned").ratio(AP),
        (),
        lambda s, v: (
            sf.solve(s.replace("free", m=AP["free"])).efficiency("free", "pinned")[0]
            / sf.solve(s).efficiency("free", "pinned")[0]
        ),
    ),
}
QUICK = ("MR of a pillar", "damping-like", "ratio of g")


def problem(output, device, start=NUMBERS, points=POINTS, data=None, builder=sample):
    data = np.ones((2, 3)) if data is None else data
    measured = check_data(builder, data, points, 1.0, output)
    parameters = start | {name: DEVICE[name] for name in device}
    return Problem(builder, measured, check_parameters(parameters), {}, output, int)


@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=() if c in QUICK else pytest.mark.long) for c in CASES]
)
def test_value_and_jacobian_are_those_of_public_results(case):
    """Of every number of metals, layers, interfaces, angles, and of the device.

    Differences of sixth order are right to 1e-11, those of the stack's numbers to 1e-10.
    """
    output, device, public = CASES[case]
    of = problem(output, device)
    start = of.start

    def value(**changes):
        values = {**start, **changes}
        own = {name: x for name, x in values.items() if name in NUMBERS}
        return np.broadcast_to(public(sample(**own, **POINTS), values), (2, 3))

    np.testing.assert_allclose(of.model(start), value(), rtol=1e-12)
    weights, largest = {1: 45, 2: -9, 3: 1}, abs(value()).max()
    found = of.jacobian(start, [*start])
    for column, (name, x) in enumerate(start.items()):
        h = 1e-3 * x
        steps = [
            w * (value(**{name: x + n * h}) - value(**{name: x - n * h})) / (60 * h)
            for n, w in weights.items()
        ]
        expected, scale = sum(steps).ravel(), max(abs(sum(steps)).max(), 1e-2 * largest / x)
        np.testing.assert_allclose(found[:, column] / scale, expected / scale, atol=2e-9)
