"""Refinement until certified bounds are narrow enough."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from reference import solve as match
from strategies import contact_amplification, samples

import spinfem as sf
from spinfem.constants import TORQUE_PER_SPIN_CURRENT

N = sf.NormalMetal(D=4.0, l=1.0)
F = sf.Ferromagnet(D=1.0, l=1.0, p=0.5)


def decades():
    """Layers from 1e-2 to 1e3 diffusion lengths, in no order."""
    pieces = [sf.Lead(N)]
    for i, exponent in enumerate((0.5, -1.0, 3.0, 1.0, -2.0, 2.0, 0.0, 1.5, -0.5, 2.5, -1.5)):
        magnetic = i % 2 == 0
        m = sf.direction(37.0 * i, 21.0 * i) if magnetic else None
        pieces.append((F if magnetic else N)(10.0**exponent, m=m))
    return sf.Stack([*pieces, sf.Lead(N)])


def cells(solution):
    """Number of elements of every layer."""
    transport = solution.transport
    return [len(transport.field(i).nodes) - 1 for i in range(len(solution.stack.layers))]


def farther(value, bounds):
    """The distance to the farther bound."""
    low, high = bounds
    return np.maximum(high - value, value - low)


def widths(solution):
    """How far exact values may be, in the sense of tol."""
    dr = farther(solution.spin_resistance, solution.bounds.spin_resistance)
    faces = solution.interfaces
    currents = [[f.spin_current_left, f.spin_current_right] for f in faces]
    scale = max(np.abs(currents).max(), np.abs(solution.transport.elements.p).max())
    torque = farther(solution.torques, solution.bounds.torques).max(initial=0.0)
    return dr / solution.spin_resistance, torque / TORQUE_PER_SPIN_CURRENT / scale


def uniformly(stack, n):
    return sf.Stack(
        [
            dataclasses.replace(piece, nodes=np.linspace(0, 1, n + 1))
            if isinstance(piece, sf.Layer)
            else piece
            for piece in stack.pieces
        ]
    )


@pytest.mark.long
@pytest.mark.parametrize("degree", [2, 4, 12])
def test_far_fewer_unknowns_than_by_uniform_refinement(degree):
    stack = decades()
    solution = sf.solve(stack, degree=degree, tol=1e-8)
    assert max(widths(solution)) <= 1e-8
    # a uniform mesh of five times as many elements in all is not good enough
    n = 5 * sum(cells(solution)) // len(stack.layers)
    coarse = sf.solve(uniformly(stack, n), degree=degree, certify=True)
    assert max(widths(coarse)) > 1e-8
    # elements are where mu_s bends, near faces
    deep = np.diff(solution.transport.field(2).nodes[:, 0])
    assert deep[0] < deep.max() / 10 > deep[-1]


@pytest.mark.long
@settings(max_examples=40)
@given(samples())
def test_random_samples_meet_the_tolerance(stack):
    tol = 1e-7
    solution = sf.solve(stack, degree=5, tol=tol)
    reference = match(stack)
    mu, j = reference.potential_scale, reference.current_scale
    dr = float(reference.spin_resistance)
    assert abs(solution.spin_resistance - dr) <= tol * max(solution.spin_resistance, mu)
    allowed = tol * j + 1e-13 * j * contact_amplification(stack)
    for name in solution.ferromagnets:
        exact = np.array(reference.absorbed[name], dtype=float)
        assert np.abs(solution.absorbed_spin_current(name) - exact).max() <= 2 * allowed


@pytest.mark.long
def test_graded_layers_batches_and_both_paths():
    G = sf.NormalMetal(D=lambda xi: 2 + np.tanh((xi - 0.5) / 0.02), l=lambda xi: 0.3 + xi)
    theta = np.array([30.0, 100.0])
    stack = F(1.0, m=(0, 0, 1)) | G(2.0) | F(0.5, m=sf.direction(theta), name="free")
    best = sf.solve(stack)
    for method in ("condensed", "saddle"):
        found = sf.solve(stack, -2.0, degree=3, tol=1e-6, method=method)
        assert found.shape == (2,)
        np.testing.assert_allclose(found.spin_resistance, best.spin_resistance, rtol=1e-6)
        np.testing.assert_allclose(found.torques, -2 * best.torques, atol=1e-21)
        low, high = found.bounds.spin_resistance
        assert (high - low <= 2e-6 * found.spin_resistance).all()
        # the meshes of a batch and of its points are chosen anew
        assert found[1].spin_resistance == pytest.approx(best.spin_resistance[1], rel=1e-6)


def test_dr_at_the_edge_of_its_bounds_meets_the_tolerance():
    # without precession the dr found is its lower bound: its error is the whole width
    tol = 1e-7
    A, B = sf.Ferromagnet(D=1.0, l=1.0, p=0.999999), sf.Ferromagnet(D=1.0, l=1.0, p=-0.999999)
    stack = A(1.0, m=(0, 0, 1)) | N(0.5) | B(1.0, m=sf.direction(170.0))
    found, exact = sf.solve(stack, degree=3, tol=tol), sf.analytic.solve(stack)
    error = abs(found.spin_resistance / exact.spin_resistance - 1)
    assert error < tol


def test_what_a_refinement_begins_with():
    stack = F(1.0, m=(0, 0, 1)) | N(0.5) | F(1.0, m=(1, 0, 0))
    assert cells(sf.solve(stack, tol=1e-6)) == [1, 1, 1]
    assert cells(sf.solve(stack, tol=1e-6, elements=3)) == [3, 3, 3]
    own = sf.Layer(N, 0.5, nodes=(0.0, 0.9, 1.0))
    assert cells(sf.solve(stack.replace("N1", nodes=own.nodes), tol=1e-6)) == [1, 2, 1]


def test_a_stack_without_spin_needs_no_refinement():
    stack = sf.Ferromagnet(D=1.0, l=1.0, p=0.0)(30.0, m=(0, 0, 1)) | N(20.0)
    assert cells(sf.solve(stack, tol=1e-10)) == [1, 1]


@pytest.mark.long
def test_what_cannot_be_met_is_said():
    wanted = r"tol must be reachable, got 1e-09: with .* must not be more"
    with pytest.raises(ValueError, match=wanted):
        sf.solve(decades(), degree=1, tol=1e-9)


@pytest.mark.parametrize(
    ("tol", "error"),
    [
        (0.0, ValueError),
        (1e-13, ValueError),
        (-1e-8, ValueError),
        (1.0, ValueError),
        ("x", TypeError),
    ],
)
def test_bad_tolerances(tol, error):
    with pytest.raises(error, match="tol"):
        sf.solve(decades(), tol=tol)
