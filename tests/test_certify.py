"""Certified bounds hold, and are sharp."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import has_sink, stacks

import spinfem as sf
from spinfem.solution import TORQUE_PER_SPIN_CURRENT

RATIOS = {"dr": [], "torque": []}


def check(stack, degree, elements, j0=1.0):
    """The exact values lie within the bounds but for rounding; collect bound over error."""
    solution = sf.solve(stack, j0, degree=degree, elements=elements, certify=True)
    exact = sf.analytic.solve(stack, j0)
    mu = max(np.abs(face.spin_potential).max() for face in exact.interfaces) / abs(j0)
    low, high = solution.bounds.spin_resistance
    dr = exact.spin_resistance
    assert low - 1e-13 * mu <= dr <= high + 1e-13 * mu
    if dr - low > 1e-11 * max(dr, mu):
        RATIOS["dr"].append((high - low) / (dr - low))
    currents = [face.spin_current_left for face in exact.interfaces]
    largest = max(np.abs(currents).max(), np.abs(exact._transport.elements.p).max() * abs(j0))
    room = 1e-13 * largest * TORQUE_PER_SPIN_CURRENT
    low, high = solution.bounds.torques
    assert (low - room <= exact.torques).all()
    assert (exact.torques <= high + room).all()
    error = np.abs(solution.torques - exact.torques).max(initial=0.0)
    if error > 100 * room:
        RATIOS["torque"].append((high - low).max() / 2 / error)


def test_bounds_hold_on_random_stacks_and_are_sharp():
    for ratios in RATIOS.values():
        ratios.clear()

    @settings(max_examples=200)
    @given(stacks(decades=(-3, 2), contacts=False).filter(has_sink))
    def each(stack):
        magnetic = [getattr(e, "m", None) is not None for e in stack.elements]
        touching = any(a and b for a, b in itertools.pairwise(magnetic))
        for degree, elements in ((1, 2), (2, 1), (3, 2)):
            if touching:  # a magnetic lead
                assert np.isinf(
                    sf.solve(stack, degree=degree, elements=elements, certify=True).bounds.torques
                ).any()
            else:
                check(stack, degree, elements)

    each()
    assert min(map(len, RATIOS.values())) > 100
    assert np.median(RATIOS["dr"]) < 10
    assert np.median(RATIOS["torque"]) < 100


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
        check(stack[i], 2, 1, -3.0)
        one = sf.solve(stack[i], -3.0, degree=2, elements=1, certify=True)
        for found, expected in zip(batch.bounds.torques, one.bounds.torques):
            np.testing.assert_allclose(found[i], expected, rtol=1e-9, atol=1e-25)
        for found, expected in zip(batch.bounds.spin_resistance, one.bounds.spin_resistance):
            assert found[i] == pytest.approx(expected, rel=1e-12)


def test_the_default_solve_is_certified_to_rounding():
    F, N = sf.Ferromagnet(D=1.0, l=1.0, p=0.5), sf.NormalMetal(D=8.0, l=1.0)
    stack = F(1.0, m=(0, 0, 1)) | N(30.0) | F(300.0, m=(1, 0, 0))
    low, high = sf.solve(stack, certify=True).bounds.spin_resistance
    assert 0 <= high - low < 1e-15 * high
    assert sf.solve(stack).bounds is None


def test_what_cannot_be_certified():
    F, N = sf.Ferromagnet(D=1.0, l=1.0, p=0.5), sf.NormalMetal(D=8.0, l=1.0)
    stack = F(1.0, m=(0, 0, 1)) | sf.Interface(0.1) | N(1.0)
    with pytest.raises(ValueError, match="a certified stack must have transparent interfaces"):
        sf.solve(stack, certify=True)
