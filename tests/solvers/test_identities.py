"""What holds for every stack, whatever the mesh: the identities of linear spin transport."""

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import contact_amplification, has_sink, stacks

import spinfem as sf


def rebuilt(stack, metal=lambda material: material, length=1.0, turn=None):
    """The stack with every metal, length and direction passed through a function."""

    def piece(e):
        if isinstance(e, sf.Reservoir | sf.SpinBlocking):
            return e
        m = e.m if e.m is None or turn is None else turn(e.m)
        if isinstance(e, sf.Lead):
            return sf.Lead(metal(e.material), m=m, name=e.name)
        return sf.Layer(metal(e.material), e.thickness * length, m=m, name=e.name)

    return sf.Stack([piece(e) for e in stack.elements])


def with_numbers(material, D=1.0, l=1.0):
    """The metal with D and l multiplied."""
    if isinstance(material, sf.Ferromagnet):
        return sf.Ferromagnet(D=material.D * D, l=material.l * l, p=material.p)
    return sf.NormalMetal(D=material.D * D, l=material.l * l)


def everything(s):
    """mu_s and j_s at all faces, torques, dr."""
    names = ("spin_potential", "spin_current_left", "spin_current_right", "absorbed")
    mu, left, right, absorbed = (np.array([getattr(f, n) for f in s.interfaces]) for n in names)
    return mu, left, right, absorbed, s.spin_resistance


def scales(s):
    mu, left, right, absorbed, _ = everything(s)
    driven = np.abs(s.transport.elements.p).max()
    current = max(np.abs(left).max(), np.abs(right).max(), np.abs(absorbed).max(), driven)
    return np.abs(mu).max() or 1.0, current or 1.0


def assert_same(a, b, mu=1.0, current=1.0, dr=1.0, tolerance=1e-10):
    """Fields of b are those of a, multiplied."""
    potential_scale, current_scale = scales(a)
    first, second = everything(a), everything(b)
    close = np.testing.assert_allclose
    close(second[0], mu * first[0], rtol=0, atol=tolerance * abs(mu) * potential_scale)
    amplified = contact_amplification(a.stack)
    for x, y, factor in zip(first[1:4], second[1:4], (1, 1, amplified)):
        close(y, current * x, rtol=0, atol=tolerance * abs(current) * current_scale * factor)
    close(second[4], dr * first[4], rtol=tolerance, atol=1e-12 * dr * potential_scale)


many = settings(max_examples=100)


@many
@given(stacks().filter(has_sink))
def test_linear_in_the_current(stack):
    a = sf.solve(stack)
    assert_same(a, sf.solve(stack, -3.5), mu=-3.5, current=-3.5)
    assert_same(a, sf.solve(stack, current_density=3.5), mu=-3.5, current=-3.5)


@many
@given(stacks().filter(has_sink))
def test_rotating_everything_rotates_everything(stack):
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    rotation *= np.linalg.det(rotation)
    a = sf.solve(stack)
    b = sf.solve(rebuilt(stack, turn=lambda m: rotation @ m))
    first, second = everything(a), everything(b)
    potential, current = scales(a)
    amplified = current * contact_amplification(stack)
    for x, y, scale in zip(first[:4], second[:4], (potential, current, current, amplified)):
        # a direction read through a matrix is a rounding off, which 1/sin(angle) of two
        # ferromagnets in contact multiplies; the torque there is in the scale
        np.testing.assert_allclose(y, x @ rotation.T, rtol=0, atol=1e-8 * scale)
    assert second[4] == pytest.approx(first[4], rel=1e-8, abs=1e-12 * potential)


@many
@given(stacks().filter(has_sink))
def test_reversing_all_magnetizations(stack):
    a = sf.solve(stack)
    assert_same(a, sf.solve(rebuilt(stack, turn=lambda m: -m)), mu=-1, current=-1)


@many
@given(stacks().filter(has_sink))
def test_mirror(stack):
    """Mirrored with -j0: mu_s(-x), -j_s(-x), the same torques and dr."""
    a = sf.solve(stack)
    b = sf.solve(sf.Stack(stack.elements[::-1]), -1.0)
    potential, current = scales(a)
    mu, left, right, absorbed, dr = everything(a)
    mu_b, left_b, right_b, absorbed_b, dr_b = everything(b)
    np.testing.assert_allclose(mu_b[::-1], mu, rtol=0, atol=1e-10 * potential)
    np.testing.assert_allclose(left_b[::-1], -right, rtol=0, atol=1e-10 * current)
    np.testing.assert_allclose(right_b[::-1], -left, rtol=0, atol=1e-10 * current)
    amplified = current * contact_amplification(stack)
    np.testing.assert_allclose(absorbed_b[::-1], absorbed, rtol=0, atol=1e-10 * amplified)
    assert dr_b == pytest.approx(dr, rel=1e-10, abs=1e-12 * potential)


@many
@given(stacks().filter(has_sink))
def test_scaling_conductivities(stack):
    a = sf.solve(stack)
    b = sf.solve(rebuilt(stack, metal=lambda x: with_numbers(x, D=7.0)))
    assert_same(a, b, mu=1 / 7, dr=1 / 7)


@many
@given(stacks().filter(has_sink))
def test_scaling_lengths_and_conductivities(stack):
    a = sf.solve(stack)
    b = sf.solve(rebuilt(stack, lambda x: with_numbers(x, D=1e-9, l=1e-9), length=1e-9))
    assert_same(a, b)
    np.testing.assert_allclose(b.stack.x, 1e-9 * a.stack.x, rtol=1e-12)


@many
@given(stacks().filter(has_sink))
def test_splitting_a_layer_changes_nothing(stack):
    a = sf.solve(stack)
    pieces = []
    for e in stack.elements:
        if isinstance(e, sf.Layer):
            for part in (0.3, 0.7):
                pieces.append(sf.Layer(e.material, part * e.thickness, m=e.m))
        else:
            pieces.append(e)
    b = sf.solve(sf.Stack(pieces))
    potential, current = scales(a)
    mu, left, right, absorbed, dr = everything(a)
    names = ("spin_potential", "spin_current_left", "spin_current_right", "absorbed")
    split = [np.array([getattr(f, n) for f in b.interfaces[::2]]) for n in names]
    amplified = current * contact_amplification(stack)
    for x, y, scale in zip(
        (mu, left, right, absorbed), split, (potential, current, current, amplified)
    ):
        np.testing.assert_allclose(y, x, rtol=0, atol=1e-10 * scale)
    assert b.spin_resistance == pytest.approx(dr, rel=1e-10, abs=1e-12 * potential)
    # inside a layer, nothing is absorbed
    inner = np.array([f.absorbed for f in b.interfaces[1::2]])
    assert np.abs(inner).max() <= 1e-12 * current


@many
@given(stacks(decades=(-3, 2)).filter(has_sink))
def test_energy_is_twice_the_spin_resistance(stack):
    """a(mu, mu) = f(mu) = 2 j0^2 dr: the dissipation integrated over layers and leads."""
    s = sf.solve(stack)
    weights, nodes = 0.0, np.polynomial.legendre.leggauss(16)
    y, w = nodes
    for i, layer in enumerate(stack.layers):
        field = s.transport.field(i)
        edges = field.nodes[:, 0]
        xi = (edges[:-1, None] + np.diff(edges)[:, None] * (y + 1) / 2).ravel()
        dx = (np.diff(edges)[:, None] * w / 2).ravel() * layer.thickness
        mu, j = (a[:, 0] for a in field.evaluate(xi[:, None]))
        p_m = layer.material.p * layer.m if layer.is_ferromagnet else np.zeros(3)
        # (D/2) mu'^2 = (2/D)(p j0 m - j)^2
        weights += np.sum(dx * 2 / layer.material.D * np.sum((p_m - j) ** 2, axis=1))
        weights += np.sum(dx * layer.material.relaxation * np.sum(mu**2, axis=1))
    for lead, face in ((stack.left, 0), (stack.right, -1)):
        if isinstance(lead, sf.Lead):
            mu = s.interfaces[face].spin_potential
            weights += lead.material.stiffness * mu @ mu
    potential, _ = scales(s)
    assert weights == pytest.approx(2 * s.spin_resistance, rel=1e-9, abs=1e-10 * potential)
    assert s.spin_resistance >= -1e-15 * potential


@many
@given(stacks().filter(has_sink))
def test_spin_balance_of_every_layer(stack):
    """j_s(left) - j_s(right) = kappa times the integral of mu_s."""
    s = sf.solve(stack)
    _, current = scales(s)
    y, w = np.polynomial.legendre.leggauss(16)
    for i, layer in enumerate(stack.layers):
        field = s.transport.field(i)
        edges = field.nodes[:, 0]
        xi = (edges[:-1, None] + np.diff(edges)[:, None] * (y + 1) / 2).ravel()
        dx = (np.diff(edges)[:, None] * w / 2).ravel() * layer.thickness
        mu = field.evaluate(xi[:, None])[0][:, 0]
        lost = layer.material.relaxation * (dx @ mu)
        difference = s.interfaces[i].spin_current_right - s.interfaces[i + 1].spin_current_left
        np.testing.assert_allclose(difference, lost, rtol=0, atol=1e-10 * current)


def valve(**change):
    """A stack of three non-coplanar ferromagnets, with named numbers."""
    q = {"D": 2.0, "l": 0.7, "p": 0.35, "d": 0.4, "lead": 1.3, "dN": 0.25} | change
    F1 = sf.Ferromagnet(D=q["D"], l=q["l"], p=q["p"])
    F2, F3 = sf.Ferromagnet(D=1.0, l=1.2, p=0.6), sf.Ferromagnet(D=3.0, l=0.5, p=-0.4)
    N = sf.NormalMetal(D=5.0, l=1.5)
    turned = sf.direction(70.0 + q.get("polar", 0.0), 30.0 + q.get("azimuth", 0.0))
    return (
        sf.Lead(sf.NormalMetal(D=q["lead"], l=1.0))
        | F1(q["d"], m=sf.direction(10.0), name="a")
        | N(q["dN"])
        | F2(0.8, m=turned, name="b")
        | N(0.6)
        | F3(0.3, m=sf.direction(120.0, 200.0), name="c")
        | sf.SpinBlocking()
    )


@pytest.mark.parametrize("quantity", ["D", "l", "p", "d", "lead", "dN"])
def test_spin_resistance_is_stationary(quantity):
    """2 j0^2 d(dr)/dq = 2 (df/dq)(mu) - (da/dq)(mu, mu), from the one solution, for any q.

    mu is frozen: f and a are evaluated with its fields on the changed stack, by finite differences
    in q, and compared with the derivative of dr itself.
    """
    base = valve()
    s = sf.solve(base)
    value = {"D": 2.0, "l": 0.7, "p": 0.35, "d": 0.4, "lead": 1.3, "dN": 0.25}[quantity]
    step = 1e-4 * value

    def functional(stack):
        """2 f(mu) - a(mu, mu) with the frozen fields, as functions of xi in every layer."""
        total = 0.0
        y, w = np.polynomial.legendre.leggauss(20)
        xi, w = (y + 1) / 2, w / 2
        for i, (old, layer) in enumerate(zip(base.layers, stack.layers)):
            mu, j = (a[:, 0] for a in s.transport.field(i).evaluate(xi[:, None]))
            pm = old.material.p * old.m if old.is_ferromagnet else np.zeros(3)
            slope = (pm - j) * 2 / old.material.D * old.thickness  # dmu/dxi
            d, metal = layer.thickness, layer.material
            new_pm = metal.p * layer.m if layer.is_ferromagnet else np.zeros(3)
            total += 2 * w @ (slope @ new_pm)
            total -= w @ (metal.D / (2 * d) * np.sum(slope**2, axis=1))
            total -= w @ (metal.relaxation * d * np.sum(mu**2, axis=1))
        mu = s.interfaces[0].spin_potential
        return total - stack.left.material.stiffness * mu @ mu

    frozen = functional(valve(**{quantity: value + step})) - functional(
        valve(**{quantity: value - step})
    )
    true = 2 * (
        sf.solve(valve(**{quantity: value + step})).spin_resistance
        - sf.solve(valve(**{quantity: value - step})).spin_resistance
    )
    # central differences: relative error step^2 = 1e-8, times a few
    assert frozen == pytest.approx(true, rel=1e-6)


@pytest.mark.parametrize("angle", ["polar", "azimuth"])
def test_turning_a_magnetization(angle):
    """j0^2 delta(dr) = sum over faces of mu_face T_face . delta m."""
    step = 1e-3
    s, plus, minus = (sf.solve(valve(**{angle: a})) for a in (0.0, step, -step))
    delta = plus.stack.layers[2].m - minus.stack.layers[2].m
    m = s.stack.layers[2].m
    work = sum((f.spin_potential @ m) * (f.absorbed @ delta) for f in s.interfaces[2:4])
    change = plus.spin_resistance - minus.spin_resistance
    assert work == pytest.approx(change, rel=1e-7)


@pytest.mark.parametrize("theta", [20.0, 75.0, 140.0])
def test_slope_of_the_resistance_of_a_valve(theta):
    """d(dr)/d(theta) = g1 g2 sin(theta)/B."""

    def stack(angle):
        F1, F2 = sf.Ferromagnet(D=1.0, l=1.0, p=0.2), sf.Ferromagnet(D=2.0, l=0.5, p=0.8)
        return (
            sf.SpinBlocking()
            | F1(0.5, m=sf.direction(0.0), name="a")
            | sf.NormalMetal(D=4.0, l=1.0)(0.3)
            | F2(0.7, m=sf.direction(angle), name="b")
        )

    step = np.rad2deg(1e-5)
    g1, g2 = sf.solve(stack(theta)).efficiency("a", "b")
    B = 4.0 / 2 / np.sinh(0.3)
    slope = (
        sf.solve(stack(theta + step)).spin_resistance
        - sf.solve(stack(theta - step)).spin_resistance
    ) / 2e-5
    assert slope == pytest.approx(g1 * g2 * np.sin(np.deg2rad(theta)) / B, rel=1e-6)


@pytest.mark.parametrize("method", ["condensed", "saddle"])
def test_named_magnetic_leads_in_contact(method):
    def F(p):
        return sf.Ferromagnet(D=1.0, l=1.0, p=p)

    s = sf.solve(
        sf.Lead(F(0.3), m=(0, 0, 1), name="L")
        | F(0.8)(1.0, m=sf.direction(70.0), name="a")
        | sf.Lead(F(0.5), m=sf.direction(20.0), name="R"),
        method=method,
    )
    assert abs(s.absorbed_spin_current("L") @ (0, 0, 1)) < 1e-13
    total = sum(s.absorbed_spin_current(name) for name in ("L", "a", "R"))
    np.testing.assert_allclose(total, sum(f.absorbed for f in s.interfaces), atol=1e-13)


@pytest.mark.parametrize(("sine", "free"), [(1.6e-15, True), (2e-15, False)])
def test_touching_magnetizations_are_collinear_up_to_eight_eps(sine, free):
    def F(p):
        return sf.Ferromagnet(D=1.0, l=1.0, p=p)

    s = sf.solve(F(0.3)(1.0, m=(0, 0, 1)) | F(0.8)(1.0, m=(sine, 0, 1.0)))
    assert np.any(s.interfaces[1].spin_potential != 0) == free
