"""Interfaces and finite exchange lengths: both paths against exponentials matched in 50 digits."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from reference import solve as match
from strategies import contact_amplification, drifting, samples

import spinfem as sf

INSIDE = (0.0, 0.05, 0.5, 0.9, 1.0)
LIMIT = 1e-8
THIN = 1e-10
ROUNDED = 1e-13
"""What `spinfem.solve` says."""


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
    x, layers = solution.stack.x, range(len(solution.stack.layers))
    for side, some in (("right", INSIDE[:-1]), ("left", INSIDE[-1:])):  # of a face it is at
        at = list(itertools.product(layers, some))
        x_at = np.array([x[i + 1] if xi == 1 else x[i] + xi * (x[i + 1] - x[i]) for i, xi in at])
        exact = zip(*(reference.at(i, xi) for i, xi in at))
        for name, values in zip(worst, exact):
            difference = getattr(solution, name)(x_at, side=side) - floats(values)
            worst[name] = max(worst[name], largest(difference))
    return worst


def check(solution, reference):
    for what, error in errors(solution, reference).items():
        assert error < LIMIT, what


@pytest.mark.long
@settings(max_examples=250)
@given(samples())
def test_random_samples_agree_with_matched_exponentials(stack):
    check(sf.solve(stack), match(stack))


@settings(max_examples=60)
@given(samples(decades=(-12, 3)))
def test_layers_from_1e_12_to_1e3_diffusion_lengths(stack):
    """A thin layer is 1e12 times as stiff as its neighbours.

    j_s inside of it is not looked at: it is that stiffness times roundings of mu_s.
    """
    solution, reference = sf.solve(stack), match(stack)
    mu, j = reference.potential_scale, reference.current_scale
    # a uniform mu_s is held by what absorbs alone: so much of it does a rounded current make
    allowed = THIN * mu + ROUNDED * j / absorption(stack)
    for name in ("spin_potential_left", "spin_potential_right"):
        assert largest(faces(solution, name) - reference.array(name)) < allowed
    for name, value in reference.absorbed.items():
        difference = solution.absorbed_spin_current(name) - floats(value)
        assert largest(difference) < THIN * j * contact_amplification(stack)
    assert abs(solution.spin_resistance - float(reference.spin_resistance)) < allowed


def absorption(stack):
    """Spin current per uniform mu_s that all layers and ends take up, S/m2."""
    if any(isinstance(end, sf.Reservoir) for end in (stack.left, stack.right)):
        return np.inf
    layers = sum(layer.material.relaxation * layer.thickness for layer in stack.layers)
    leads = [end.material for end in (stack.left, stack.right) if isinstance(end, sf.Lead)]
    total = layers + sum(metal.D / (2 * metal.l) for metal in leads)
    return total or np.inf


@pytest.mark.long
@settings(max_examples=100)
@given(samples())
def test_saddle_point_agrees_with_matched_exponentials(stack):
    check(sf.solve(stack, method="saddle"), match(stack))


@pytest.mark.parametrize("delta", [3.0, 31.6, 300.0])
def test_saddle_point_behind_an_interface_that_lets_next_to_nothing_pass(delta):
    """Its compliance, 1e12, left roundings of 1e-4 in mu_s behind it, whichever came first."""
    strong = sf.Ferromagnet(D=2.0, l=0.16684, p=-0.579686)
    slow = sf.Ferromagnet(D=0.5, l=1.0, p=0.0, lambda_phi=3.98697)
    weak = sf.Ferromagnet(D=0.316228, l=2.0, p=0.5, lambda_J=0.25, lambda_phi=0.5)
    stack = (
        sf.Lead(sf.NormalMetal(D=0.5, l=1.0))
        | sf.NormalMetal(D=1.0, l=np.inf)(2.796061)
        | slow(2.0, m=(-0.246299, 0.943133, -0.22324), name="a")
        | sf.Interface(0.0, mixing=0.129796)
        | sf.NormalMetal(D=14.7434, l=1.0)(0.00146734)
        | sf.Interface(9.2156, gamma=0.9, mixing=0.745599 - 0.0745599j)
        | strong(0.16684, m=(1, 9e-6, 0), name="b")
        | sf.Interface(0.00861882, delta=2.0, mixing=0.390887 - 1.17266j)
        | sf.NormalMetal(D=0.5, l=1.945)(1.94524)
        | sf.Interface(0.0, gamma=-6e-8, mixing=0.0405716 - 0.00405716j)
        | weak(1.98959, m=(-0.93753, 0.3479, 0), name="c")
        | sf.Interface(2.0, gamma=0.233828, delta=delta)
        | sf.NormalMetal(D=0.82674, l=2.0)(4.0)
        | sf.Interface(1.0, delta=1.0)
        | sf.NormalMetal(D=0.0634612, l=2.0)(1.0)
        | sf.Interface(0.0, gamma=0.368204, mixing=12.5437 + 12.5437j)
        | sf.Lead(sf.Ferromagnet(D=1.0, l=2.0, p=-0.2, lambda_phi=0.3), m=(-0.866, 0, 0.5))
    )
    check(sf.solve(stack, method="saddle"), match(stack))


@pytest.mark.long
@settings(max_examples=6)
@given(drifting())
def test_two_polarizations_agree_with_matched_exponentials(stack):
    """On all paths: the charge of the reference follows a law of its own."""
    reference = match(stack)
    check(sf.solve(stack), reference)
    check(sf.analytic.solve(stack), reference)
    check(sf.solve(stack, method="saddle"), reference)


@pytest.mark.long
@settings(max_examples=150)
@given(drifting())
def test_many_with_two_polarizations_agree_with_matched_exponentials(stack):
    check(sf.solve(stack), match(stack))


def test_a_stiff_layer_beside_a_mixing_conductance():
    """Rings that leave a rod along which their layer is 1e5 times as stiff."""
    F, N = sf.Ferromagnet(D=1.0, l=np.inf, p=0.0), sf.NormalMetal(D=1.0, l=np.inf)
    stiff = sf.Ferromagnet(D=100.0, l=np.inf, p=0.0)(1e-3, m=sf.direction(45, 120), name="stiff")
    weak = sf.Ferromagnet(D=1.0, l=np.inf, p=0.5, lambda_phi=1.0)(1.0, m=(0, 0, 1), name="weak")
    stack = F(1.0, m=(0, 0, 1)) | N(1.0) | F(1.0, m=(0, 0, 1)) | N(2.0)
    stack = stack | sf.Interface(mixing=1.0) | stiff | weak
    found = errors(sf.solve(stack), match(stack))
    assert max(found.values()) < 1e-11


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


def valve(theta, interface=None, metal=None):
    normal, hard = sf.NormalMetal(D=6.0, l=2.0), sf.Ferromagnet(D=1.0, l=1.0, p=0.4)
    stack = sf.Lead(normal) | hard(1.0, m=sf.direction(0.0), name="a")
    stack = stack if interface is None else stack | interface
    stack = stack | normal(0.3) if interface is None else stack | normal(0.3) | interface
    soft = metal or sf.Ferromagnet(D=1.0, l=0.5, p=0.7)
    return stack | soft(0.6, m=sf.direction(theta), name="b") | sf.Lead(normal)


@pytest.mark.parametrize("solve", [sf.solve, lambda s: sf.solve(s, method="saddle")])
@pytest.mark.parametrize(
    "interface", [sf.Interface(0.5, gamma=0.3), sf.Interface(0.2, gamma=0.5, mixing=4.0 + 0.0j)]
)
def test_efficiencies_with_interfaces_make_the_torques(solve, interface):
    """Eq. (1); there is no torque at the outer faces, where mu_s is along m."""
    theta = np.array([20.0, 75.0, 160.0])
    solution = solve(valve(theta, interface))
    g_a, g_b = solution.efficiency("a", "b")
    m1, m2 = sf.direction(0.0), sf.direction(theta)
    first = -g_a[:, None] * np.cross(m1, np.cross(m2, m1))
    second = g_b[:, None] * np.cross(m2, np.cross(m1, m2))
    np.testing.assert_allclose(solution.absorbed_spin_current("a"), first, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(solution.absorbed_spin_current("b"), second, rtol=1e-9, atol=1e-12)
    assert solution.efficiency("b", "a")[0] == pytest.approx(g_b)


@pytest.mark.parametrize("end", [0.0, 180.0])
def test_efficiencies_are_continuous_where_magnetizations_are_collinear(end):
    weak = sf.Ferromagnet(D=1.0, l=0.5, p=0.7, lambda_J=0.2, lambda_phi=0.3)
    for options in ({"interface": sf.Interface(0.2, mixing=4.0 + 1.0j)}, {"metal": weak}):
        near = abs(end - np.array([0.0, 1e-4, 0.02, 0.04, 0.08]))
        g = np.array(sf.solve(valve(near, **options)).efficiency("a", "b"))
        assert np.isfinite(g).all()
        # g goes with the square of the angle there
        limit = g[:, 2] + (g[:, 2] - g[:, 4]) * 0.02**2 / (0.08**2 - 0.02**2)
        np.testing.assert_allclose(g[:, 0], limit, rtol=1e-6)
        np.testing.assert_allclose(g[:, 1], limit, rtol=1e-6)
        single = sf.solve(valve(end, **options)).efficiency("a", "b")
        np.testing.assert_allclose(single, g[:, 0], rtol=1e-9)
