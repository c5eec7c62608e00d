"""Certified bounds hold, and are sharp."""

import dataclasses
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from reference import solve as match
from strategies import contact_amplification, drifting, has_sink, samples, stacks

import spinfem as sf
from spinfem.constants import TORQUE_PER_SPIN_CURRENT
from spinfem.fem.graded import nodes_for

RATIOS = {"dr": [], "torque": []}
ROUNDING = 1e-13


class Exact(NamedTuple):
    """What bounds are checked against, for j0 = 1, and the sizes of mu_s and of currents."""

    spin_resistance: float
    torques: np.ndarray
    potential: float
    current: float


def names_of(stack):
    pieces = (stack.left, *stack.layers, stack.right)
    return [e.name for e in pieces if getattr(e, "m", None) is not None and e.name]


def check(stack, exact, degree, elements, j0=1.0):
    """The values of an exact solution lie within the bounds; see `check_against`."""
    currents = [face.spin_current_left for face in exact.interfaces]
    largest = max(np.abs(currents).max() / abs(j0), np.abs(exact.transport.elements.p).max())
    mu = max(np.abs(face.spin_potential).max() for face in exact.interfaces) / abs(j0)
    found = Exact(exact.spin_resistance, exact.torques / j0, mu, largest)
    check_against(found, stack, degree, elements, j0)


def check_against(exact, stack, degree, elements, j0=1.0):
    """Exact values lie within the bounds but for rounding; collect bound over error."""
    solution = sf.solve(stack, j0, degree=degree, elements=elements, certify=True)
    low, high = solution.bounds.spin_resistance
    room = ROUNDING * exact.potential
    assert low - room <= exact.spin_resistance <= high + room
    error = abs(exact.spin_resistance - solution.spin_resistance)
    if error > 100 * max(room, ROUNDING * exact.spin_resistance):
        RATIOS["dr"].append((high - low) / error)
    low, high = (torques / j0 for torques in solution.bounds.torques)
    low, high = np.minimum(low, high), np.maximum(low, high)
    room = ROUNDING * exact.current * TORQUE_PER_SPIN_CURRENT * contact_amplification(stack)
    assert (low - room <= exact.torques).all()
    assert (exact.torques <= high + room).all()
    error = np.abs(solution.torques / j0 - exact.torques).max(initial=0.0)
    if error > 100 * room:
        RATIOS["torque"].append((high - low).max() / 2 / error)


def assert_sharp(fewest=100):
    """At least so many errors were above rounding; the issue's medians."""
    assert min(map(len, RATIOS.values())) > fewest
    assert np.median(RATIOS["dr"]) < 10
    assert np.median(RATIOS["torque"]) < 100


MESHES = ((1, 2), (2, 1), (3, 2))  # degree, elements


@pytest.mark.long
@settings(max_examples=100)
@given(stacks(decades=(-3, 2)).filter(has_sink))
def test_bounds_hold_on_random_stacks(stack):
    check(stack, sf.analytic.solve(stack), degree=2, elements=1)


@pytest.mark.long
def test_bounds_hold_on_random_stacks_and_are_sharp():
    for ratios in RATIOS.values():
        ratios.clear()

    @settings(max_examples=100)
    @given(stacks(decades=(-3, 2)).filter(has_sink))
    def each(stack):
        for degree, elements in MESHES:
            check(stack, sf.analytic.solve(stack), degree, elements)

    each()
    assert_sharp()


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("kind", [samples, drifting])
def test_bounds_hold_with_interfaces_exchange_lengths_and_two_polarizations(kind):
    for ratios in RATIOS.values():
        ratios.clear()

    @settings(max_examples=100)
    @given(kind())
    def each(stack):
        reference = match(stack)
        torques = [np.array(reference.absorbed[name], float) for name in names_of(stack)]
        exact = Exact(
            float(reference.spin_resistance),
            TORQUE_PER_SPIN_CURRENT * np.array(torques).reshape(-1, 3),
            reference.potential_scale,
            reference.current_scale,
        )
        for degree, elements in MESHES:
            check_against(exact, stack, degree, elements)

    each()
    assert_sharp(fewest=50)


def D_of(xi):
    return 2.0 + np.sin(5 * xi)


def l_of(xi):
    return 0.5 + 0.4 * xi**2


def p_of(xi):
    return 0.6 * np.cos(2 * xi)


def kinked(xi):
    return np.where(xi < 0.3, 1.0, 0.4)


GRADED = {
    "normal metal": (sf.NormalMetal(D=D_of, l=l_of), sf.Ferromagnet(D=1.0, l=0.7, p=0.4)),
    "ferromagnet": (sf.NormalMetal(D=4.0, l=3.0), sf.Ferromagnet(D=D_of, l=l_of, p=p_of)),
    "both": (sf.NormalMetal(D=D_of, l=2.0), sf.Ferromagnet(D=1.0, l=l_of, p=p_of)),
    "no relaxation": (sf.NormalMetal(D=D_of, l=np.inf), sf.Ferromagnet(D=D_of, l=0.5, p=0.4)),
    "two polarizations": (
        sf.NormalMetal(D=4.0, l=3.0),
        sf.Ferromagnet(D=D_of, l=l_of, p=0.4, beta_D=p_of),
    ),
    "a jump at a node": (sf.NormalMetal(D=kinked, l=1.0), sf.Ferromagnet(D=1.0, l=0.7, p=0.4)),
}


@pytest.mark.some(15)
@pytest.mark.parametrize(
    "degree",
    [1, *(pytest.param(degree, marks=pytest.mark.long) for degree in (2, 3, 4))],
)
@pytest.mark.parametrize("precession", [0.0, 2.0])
@pytest.mark.parametrize("name", GRADED)
def test_bounds_of_graded_layers(name, precession, degree):
    N, F = GRADED[name]
    # nodes where the profile jumps
    nodes = np.array([0.0, 0.3, 0.6, 1.0])
    G = sf.Ferromagnet(D=1.0, l=1.0, p=-0.5)
    stack = sf.Stack(
        [
            sf.Lead(sf.NormalMetal(D=1.0, l=1.0)),
            sf.Layer(F, 0.8, m=(0, 0, 1), name="fixed", nodes=nodes),
            sf.Layer(N, 1.5, nodes=nodes),
            sf.Interface(0.2, gamma=0.3, mixing=3.0 + 1j * precession),
            sf.Layer(G, 1.0, m=sf.direction(70.0, 30.0), name="middle", nodes=nodes),
            sf.Layer(F, 0.6, m=sf.direction(120.0), name="last", nodes=nodes),
        ]
    )
    fine = sf.Stack(
        [
            dataclasses.replace(piece, nodes=np.round(np.arange(21) / 20, 2))
            if isinstance(piece, sf.Layer)
            else piece
            for piece in stack.pieces
        ]
    )
    best = sf.solve(fine, degree=12)
    faces = best.interfaces
    exact = Exact(
        best.spin_resistance,
        best.torques,
        max(np.abs(face.spin_potential_left).max() for face in faces),
        max(np.abs(face.spin_current_left).max() for face in faces),
    )
    check_against(exact, stack, degree, None)
    low, high = sf.solve(fine, degree=12, certify=True).bounds.torques
    assert (high - low).max() < 1e-13 * exact.current * TORQUE_PER_SPIN_CURRENT


STEEP = {
    "a peak": {"D": lambda xi: 1 + 30 * np.exp(-(((xi - 0.3) / 0.01) ** 2)), "l": 1.0},
    "a step": {"D": lambda xi: 10 + 9 * np.tanh((xi - 0.5) / 0.05), "l": np.inf},
    "no relaxation in part": {
        "D": 1.0,
        "l": lambda xi: np.divide(1, xi - 0.4, out=np.full(xi.shape, np.inf), where=xi > 0.4),
    },
    "a jump in an element": {"D": lambda xi: np.where(xi < 0.3137, 1.0, 20.0), "l": 1.0},
}


@pytest.mark.parametrize("name", STEEP)
@pytest.mark.parametrize(("degree", "elements"), [(1, 1), (2, 1), (3, 1), (5, 1), (2, 2)])
def test_bounds_hold_where_elements_do_not_resolve_a_profile(name, degree, elements):
    F = sf.Ferromagnet(D=1.0, l=0.7, p=0.5)
    stack = sf.Stack(
        [
            F(1.0, m=(0, 0, 1), name="fixed"),
            sf.NormalMetal(**STEEP[name])(1.0, name="graded"),
            F(0.7, m=sf.direction(60.0), name="free"),
            sf.Lead(sf.NormalMetal(D=4.0, l=1.0)),
        ]
    )
    nodes = np.union1d(np.linspace(0, 1, 41), [0.3137])
    best = sf.solve(stack.replace("graded", nodes=nodes), degree=12)
    faces = best.interfaces
    exact = Exact(
        best.spin_resistance,
        best.torques,
        max(np.abs(face.spin_potential_left).max() for face in faces),
        max(np.abs(face.spin_current_left).max() for face in faces),
    )
    check_against(exact, stack, degree, elements)


@pytest.mark.parametrize(
    "width",
    [
        1e-2,
        1e-8,
        1e-14,
        1e-300,
        *(pytest.param(x, marks=pytest.mark.long) for x in (1e-4, 1e-6, 1e-10, 1e-12)),
    ],
)
@pytest.mark.parametrize(("degree", "elements"), [(1, 1), (2, 2), (3, 1), (12, None)])
def test_bounds_hold_however_narrow_a_step(width, degree, elements):
    """Against nodes that are halved twice more than the default's."""
    F = sf.Ferromagnet(D=1.0, l=0.7, p=0.5)
    far = sf.NormalMetal(D=4.0, l=3.0), sf.NormalMetal(D=0.3, l=0.2)
    same = sf.Ferromagnet(D=4.0, l=0.2, p=0.8), sf.Ferromagnet(D=0.5, l=2.0, p=-0.2)
    stack = sf.Stack(
        [
            F(1.0, m=(0, 0, 1), name="fixed"),
            sf.interdiffused(*far, width=width)(1.0, name="spacer"),
            sf.interdiffused(*same, width=width)(0.7, m=sf.direction(60.0), name="free"),
            sf.Lead(sf.NormalMetal(D=4.0, l=1.0)),
        ]
    )
    fine = stack
    for name in ("spacer", "free"):
        layer = stack.layers[stack.position(name) - 1]
        nodes = nodes_for(layer.material, layer.thickness, 12, None)
        for _ in range(2):
            middles = (nodes[1:] + nodes[:-1]) / 2
            nodes = np.union1d(nodes, middles[np.diff(nodes) > 1e-12])
        fine = fine.replace(name, nodes=nodes)
    best = sf.solve(fine, degree=12)
    faces = best.interfaces
    exact = Exact(
        best.spin_resistance,
        best.torques,
        max(np.abs(face.spin_potential_left).max() for face in faces),
        max(np.abs(face.spin_current_left).max() for face in faces),
    )
    check_against(exact, stack, degree, elements)
    if elements is None:
        low, high = sf.solve(stack, certify=True).bounds.spin_resistance
        assert high - low < 1e-8 * best.spin_resistance


def test_batches_currents_and_leads():
    F = sf.Ferromagnet(D=1.0, l=1.0, p=0.5)
    N = sf.NormalMetal(D=8.0, l=1.0)
    theta = np.array([20.0, 90.0, 150.0])
    stack = (
        sf.Lead(F, m=(0, 0, 1))
        | N(0.5)
        | F(1.0, m=sf.direction(theta), name="free")
        | N(0.3)
        | sf.Lead(F, m=(1, 0, 0), name="right")
    )
    batch = sf.solve(stack, -3.0, degree=2, elements=1, certify=True)
    assert batch.bounds.torques[0].shape == (3, 2, 3)
    for i in range(3):
        check(stack[i], sf.analytic.solve(stack[i], -3.0), 2, 1, -3.0)
        one = sf.solve(stack[i], -3.0, degree=2, elements=1, certify=True)
        for found, expected in zip(batch.bounds.torques, one.bounds.torques):
            np.testing.assert_allclose(found[i], expected, rtol=1e-9, atol=1e-25)
        for found, expected in zip(batch.bounds.spin_resistance, one.bounds.spin_resistance):
            assert found[i] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("lead_name", [None, "other"])
@pytest.mark.parametrize("name", ["left lead", "right lead", "left reservoir"])
def test_bounds_of_layers_called_like_ends(name, lead_name):
    """Bounds are those of the magnets that have torques, whatever they are called."""
    F = sf.Ferromagnet(D=1.0, l=0.7, p=0.5)
    N = sf.NormalMetal(D=2.0, l=1.5)
    stack = sf.Stack(
        [
            sf.Lead(F, m=sf.direction(20.0), name=lead_name),
            N(0.3),
            F(0.5, m=sf.direction(80.0), name=name),
            N(0.4),
            F(0.6, m=sf.direction(150.0, 40.0), name="last"),
            N(0.2),
            sf.Lead(F, m=sf.direction(220.0, 10.0)),
        ]
    )
    s = sf.solve(stack, certify=True)
    low, high = s.bounds.torques
    assert low.shape == s.torques.shape == (2 + bool(lead_name), 3)
    np.testing.assert_allclose(low, s.torques, rtol=0, atol=1e-12 * np.abs(s.torques).max())
    np.testing.assert_allclose(high, s.torques, rtol=0, atol=1e-12 * np.abs(s.torques).max())


def test_the_default_solve_is_certified_to_rounding():
    F, N = sf.Ferromagnet(D=1.0, l=1.0, p=0.5), sf.NormalMetal(D=8.0, l=1.0)
    stack = F(1.0, m=(0, 0, 1)) | N(30.0) | F(300.0, m=(1, 0, 0))
    low, high = sf.solve(stack, certify=True).bounds.spin_resistance
    assert 0 <= high - low < 1e-15 * high
    assert sf.solve(stack).bounds is None


def test_dual_fields_precess_the_other_way():
    """Else they would not be in balance, and bounds never narrow."""
    F = sf.Ferromagnet(D=1.0, l=1.0, p=0.5, lambda_J=0.3)
    N = sf.NormalMetal(D=8.0, l=1.0)
    stack = F(1.0, m=(0, 0, 1), name="a") | N(0.5) | F(0.7, m=(1, 0, 0), name="b") | N(0.2)
    bounds = sf.solve(stack, certify=True).bounds
    for low, high in (bounds.spin_resistance, bounds.torques):
        assert np.max(high - low) < 1e-11 * np.max(np.abs(high))
    assert np.abs(bounds.torques[0]).max() > 0
