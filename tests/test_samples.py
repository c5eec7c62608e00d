"""Interfaces and finite exchange lengths: both paths against exponentials matched in 50 digits."""

import numpy as np
import pytest
from hypothesis import given, settings
from reference import solve as match
from strategies import contact_amplification, samples

import spinfem as sf

INSIDE = (0.0, 0.05, 0.5, 0.9, 1.0)
LIMIT = 1e-8


def floats(values):
    return np.array(values, dtype=float)


def largest(difference):
    return float(np.abs(difference).max(initial=0.0))


def faces(solution, name):
    return np.array([getattr(face, name) for face in solution.interfaces])


def errors(solution, reference):
    """Relative to the largest mu_s and the largest of |j_s|, |p|, |gamma|; dr to itself."""
    mu, j = reference.potential_scale, reference.current_scale
    electric = [reference.array(f"potential_{side}") for side in ("left", "right")]
    scales = {"spin_potential": mu, "spin_current": j, "potential": max(mu, largest(electric))}
    found = {}
    for kind, scale in scales.items():
        for name in (f"{kind}_left", f"{kind}_right"):
            difference = faces(solution, name) - reference.array(name)
            found[f"{name} of faces"] = largest(difference) / scale
    amplified = j * contact_amplification(solution.stack)
    difference = faces(solution, "absorbed") - reference.array("absorbed")
    found["absorbed at faces"] = largest(difference) / amplified
    for name, value in reference.absorbed.items():
        difference = solution.absorbed_spin_current(name) - floats(value)
        found[f"absorbed by {name}"] = largest(difference) / amplified
    # what is below the roundings of p mu_s is no dr
    dr = float(reference.spin_resistance)
    found["dr"] = abs(solution.spin_resistance - dr) / max(dr, 1e-4 * mu)
    resistance = float(reference.resistance)
    found["resistance"] = abs(solution.resistance - resistance) / resistance
    for name, error in inside(solution, reference).items():
        found[f"{name} inside"] = error / scales[name]
    return found


def inside(solution, reference):
    """The largest absolute errors at some places in every layer, its faces included."""
    worst = dict.fromkeys(("spin_potential", "spin_current", "potential"), 0.0)
    x = solution.stack.x
    for i in range(len(solution.stack.layers)):
        for xi in INSIDE:
            position = x[i + 1] if xi == 1 else x[i] + xi * (x[i + 1] - x[i])
            side = {0.0: "right", 1.0: "left"}.get(xi)
            for name, value in zip(worst, reference.at(i, xi)):
                difference = getattr(solution, name)(position, side=side) - floats(value)
                worst[name] = max(worst[name], largest(difference))
    return worst


def check(solution, reference):
    for what, error in errors(solution, reference).items():
        assert error < LIMIT, what


@settings(max_examples=500)
@given(samples())
def test_random_samples_agree_with_matched_exponentials(stack):
    check(sf.solve(stack), match(stack))


@settings(max_examples=100)
@given(samples())
def test_saddle_point_agrees_with_matched_exponentials(stack):
    check(sf.solve(stack, method="saddle"), match(stack))


@settings(max_examples=50)
@given(samples())
def test_all_torques_at_once(stack):
    solution = sf.solve(stack)
    each = [solution.torque(name) for name in solution.ferromagnets]
    np.testing.assert_allclose(solution.torques, each, rtol=1e-14, atol=1e-30)


@pytest.mark.parametrize("method", ["condensed", "saddle"])
def test_beyond_the_stack_is_what_lies_behind_its_interfaces(method):
    copper, permalloy = sf.NormalMetal(D=1.0, l=2.0), sf.Ferromagnet(D=0.5, l=1.0, p=0.5)
    stack = (
        sf.Reservoir()
        | sf.Interface(0.5, gamma=0.5)
        | permalloy(1.0, m=sf.direction(40.0), name="a")
        | sf.Interface(0.25, gamma=-0.5, mixing=1.0 + 0.25j)
        | copper(0.5)
        | sf.Interface(0.75, gamma=0.25, mixing=2.0 - 0.5j)
        | sf.Lead(permalloy, m=sf.direction(0.0), name="b")
    )
    solution, reference = sf.solve(stack, method=method), match(stack)
    check(solution, reference)
    for side, x, face in (("left", 0.0, 0), ("right", 1.5, -1)):
        for name in ("spin_potential", "spin_current", "potential"):
            expected = floats(getattr(reference.faces[face], f"{name}_{side}"))
            found = getattr(solution, name)(x, side=side)
            np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-12)
