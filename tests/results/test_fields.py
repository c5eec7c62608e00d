"""Fields anywhere in the stack, both sides of an interface, charge."""

import tracemalloc

import numpy as np
import pytest

import spinfem as sf

F = sf.Ferromagnet(D=2.0, l=0.8, p=0.6)
N = sf.NormalMetal(D=5.0, l=1.5)
STACK = (
    sf.Lead(F, m=(1, 0, 0), name="lead")
    | N(0.4, name="n1")
    | F(0.7, m=(0, 0, 1), name="f")
    | N(30.0, name="n2")
    | sf.Ferromagnet(D=1.0, l=0.05, p=-0.3)(0.2, m=sf.direction(50, 50), name="g")
    | sf.Lead(N)
)


@pytest.fixture(params=["condensed", "saddle", "analytic"])
def solution(request):
    if request.param == "analytic":
        return sf.analytic.solve(STACK, 2.0)
    return sf.solve(STACK, 2.0, method=request.param)


def derivative(f, x, h):
    """Fourth-order central difference."""
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)


@pytest.mark.parametrize("name", ["n1", "f", "n2", "g"])
def test_transport_equations_hold_inside_layers(solution, name):
    """(2), (3) and (4), and mu_0, by differentiating the fields that are handed out."""
    i = solution.layer(name).index
    layer = STACK.layers[i]
    start, stop = STACK.x[i], STACK.x[i + 1]
    x = np.linspace(start, stop, 9)[1:-1]
    x = np.concatenate([x, start + np.array([0.02, 0.05]), stop - np.array([0.02, 0.05])])
    h = 1e-3 * min(layer.material.l, layer.thickness)
    mu_slope = derivative(solution.spin_potential, x, h)
    j = solution.spin_current(x)
    p_m = layer.material.p * layer.m if layer.is_ferromagnet else np.zeros(3)
    D = layer.material.D
    # differences of step h: rounding 1e-15/h and the rest of the mesh, times the largest slope
    atol = 1e-8 * np.abs(solution.layer(name).spin_current).max() + 1e-8
    np.testing.assert_allclose(j, 2.0 * p_m - D / 2 * mu_slope, rtol=0, atol=atol)
    balance = derivative(solution.spin_current, x, h)
    kappa = layer.material.relaxation
    np.testing.assert_allclose(
        balance, -kappa * solution.spin_potential(x), rtol=0, atol=atol / min(layer.material.l, 1)
    )
    charge = derivative(solution.potential, x, h)
    expected = -2.0 / layer.material.total_conductivity - mu_slope @ p_m / 2
    np.testing.assert_allclose(charge, expected, rtol=1e-6, atol=1e-7)


def test_layers_meet_their_interfaces(solution):
    for i, layer in enumerate(solution.layers):
        left, right = solution.interfaces[i], solution.interfaces[i + 1]
        assert layer.x[0] == left.x
        assert layer.x[-1] == right.x
        assert (np.diff(layer.x) > 0).all()
        np.testing.assert_allclose(layer.spin_potential[0], left.spin_potential, atol=1e-13)
        np.testing.assert_allclose(layer.spin_potential[-1], right.spin_potential, atol=1e-13)
        np.testing.assert_allclose(layer.spin_current[0], left.spin_current_right, atol=1e-12)
        np.testing.assert_allclose(layer.spin_current[-1], right.spin_current_left, atol=1e-12)
    for face in solution.interfaces:
        np.testing.assert_array_equal(face.spin_potential_left, face.spin_potential_right)


def test_both_sides_of_an_interface(solution):
    for i, face in enumerate(solution.interfaces):
        x = solution.stack.x[i]
        for nearby in (x, np.nextafter(x, 1e9) if i == 2 else x):
            left, right = (solution.spin_current(nearby, side=s) for s in ("left", "right"))
            np.testing.assert_allclose(left, face.spin_current_left, atol=1e-12)
            np.testing.assert_allclose(right, face.spin_current_right, atol=1e-12)
    # without a side: from the right, but inside the stack at its right end
    last = solution.layers[-1]
    np.testing.assert_allclose(solution.spin_current(last.x[-1]), last.spin_current[-1])
    np.testing.assert_allclose(
        solution.spin_current(last.x[0]), solution.interfaces[-2].spin_current_right, atol=1e-12
    )


def test_leads_take_up_the_current(solution):
    """j_s = p j0 m - G mu_s in a lead on the left, p j0 m + G mu_s on the right."""
    left, right = solution.interfaces[0], solution.interfaces[-1]
    m = np.array([1.0, 0, 0])
    expected = (0.6 * 2.0 - F.stiffness * left.spin_potential @ m) * m
    np.testing.assert_allclose(left.spin_current_left, expected, atol=1e-12)
    np.testing.assert_allclose(
        right.spin_current_right, N.stiffness * right.spin_potential, atol=1e-12
    )
    absorbed = left.spin_current_left - left.spin_current_right
    np.testing.assert_allclose(solution.absorbed_spin_current("lead"), absorbed, atol=1e-12)
    assert solution.absorbed_spin_current("lead") @ m == pytest.approx(0, abs=1e-12)


def test_shapes_and_positions(solution):
    assert solution.spin_potential(1.0).shape == (3,)
    assert solution.spin_potential([1.0, 2.0]).shape == (2, 3)
    assert solution.potential([1.0, 2.0]).shape == (2,)
    assert solution.potential(1.0).shape == ()
    np.testing.assert_array_equal(
        solution.spin_current([3.0, 0.2, 9.0])[::-1], solution.spin_current([9.0, 0.2, 3.0])
    )


def test_charge(solution):
    """mu_0 falls by the resistance; what a magnetic lead adds beyond the stack is p mu_s/2."""
    end = STACK.x[-1]
    assert solution.potential(end) == pytest.approx(0, abs=1e-14)
    mu = solution.interfaces[0].spin_potential @ np.array([1.0, 0, 0])
    drop = solution.potential(0.0) + 0.6 / 2 * mu
    assert solution.voltage == pytest.approx(drop, rel=1e-12)
    assert solution.voltage == pytest.approx(2.0 * solution.resistance, rel=1e-15)
    ohmic = sum(e.thickness / e.material.total_conductivity for e in STACK.layers)
    assert solution.resistance - solution.spin_resistance == pytest.approx(ohmic, rel=1e-12)
    x = np.linspace(0, end, 200)
    both_sides = [solution.potential(STACK.x, side=s) for s in ("left", "right")]
    np.testing.assert_allclose(*both_sides, rtol=1e-12, atol=1e-14)
    assert (np.diff(solution.potential(x)) < 0).all()


def test_a_reservoir_takes_up_what_reaches_it_and_blocking_nothing():
    s = sf.solve(F(1.0, m=(0, 0, 1)) | N(1.0) | sf.SpinBlocking())
    first, last = s.interfaces[0], s.interfaces[-1]
    assert (first.spin_potential == 0).all()
    np.testing.assert_array_equal(first.spin_current_left, first.spin_current_right)
    assert (last.spin_current_right == 0).all()
    assert np.abs(last.spin_current_left).max() < 1e-15


def test_no_current_no_fields_but_resistances():
    s = sf.solve(STACK, 0.0)
    assert (s.spin_potential([0.1, 5.0]) == 0).all()
    assert s.voltage == 0
    assert s.spin_resistance == pytest.approx(sf.solve(STACK, 1.0).spin_resistance)
    np.testing.assert_allclose(s.efficiency("f", "g"), sf.solve(STACK).efficiency("f", "g"))


def test_normal_metals_alone_have_no_spin():
    s = sf.solve(N(1.0) | sf.NormalMetal(D=1.0, l=np.inf)(2.0))
    assert (s.spin_potential([0.5, 1.0, 2.5]) == 0).all()
    assert s.resistance == pytest.approx(1 / 5 + 2)
    assert s.ferromagnets == s.spacers == ()


def test_names_of_ferromagnets_and_spacers():
    s = sf.solve(STACK)
    assert s.ferromagnets == ("lead", "f", "g")
    assert s.spacers == (("lead", "f"), ("f", "g"))
    contact = F(1.0, m=(0, 0, 1), name="a") | F(1.0, m=(1, 0, 0), name="b") | N(1.0)
    assert sf.solve(contact).spacers == ()


def test_just_below_a_face_is_on_it():
    F, N = sf.Ferromagnet(D=1.0, l=1.0, p=0.3), sf.NormalMetal(D=3.0, l=1.0)
    s = sf.solve(F(1.0, m=(0, 0, 1)) | N(0.7) | F(1.0, m=(1, 0, 0)))
    x = s.interfaces[2].x
    np.testing.assert_array_equal(s.spin_current(np.nextafter(x, 0.0)), s.spin_current(x))


def test_samples_are_dense_enough_to_draw():
    F, N = sf.Ferromagnet(D=1.0, l=1.0, p=0.3), sf.NormalMetal(D=3.0, l=1.0)
    s = sf.solve(F(1.0, m=(0, 0, 1)) | N(8.0) | F(0.5, m=(1, 0, 0)))
    for layer in s.layers:
        middle = (layer.x[:-1] + layer.x[1:]) / 2
        straight = (layer.spin_potential[:-1] + layer.spin_potential[1:]) / 2
        scale = np.abs(layer.spin_potential).max()
        assert np.abs(s.spin_potential(middle) - straight).max() < 2e-3 * scale


@pytest.mark.long
def test_places_are_not_held_against_all_elements():
    """Memory grows with places and elements, not with their product, here 200 MB."""
    solution = sf.solve(N(1.0, name="n") | F(1.0, m=(0, 0, 1)), degree=1, elements=2000)
    x = np.linspace(0, 1, 100_000)
    solution.spin_potential(x[:2])
    tracemalloc.start()
    mu = solution.spin_potential(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6
    np.testing.assert_allclose(
        mu[::1000], sf.analytic.solve(solution.stack).spin_potential(x[::1000]), atol=1e-7
    )
