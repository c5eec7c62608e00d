"""A batch gives, at every point, what the stack of that point gives."""

import numpy as np
import pytest

import spinfem as sf

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)


def sample(theta, d_N, p, j0=None):
    Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=p, l=5.5e-9)
    return (
        sf.Lead(Cu)
        | Co(8e-9, m=sf.direction(0.0), name="fixed")
        | Cu(d_N, name="spacer")
        | Cu(2e-9, name="more")
        | Py(4e-9, m=sf.direction(theta), name="free")
        | sf.SpinBlocking()
    )


THETA = np.array([0.0, 1e-5, 40.0, 90.0, 180.0])
D_N = np.array([[1e-9], [1e-7], [5e-4]])  # up to d/l = 1000
P = np.array([[[0.3]], [[0.76]]])


@pytest.mark.parametrize("solve", [sf.solve, sf.analytic.solve])
def test_every_point_of_a_batch(solve):
    s = solve(sample(THETA, D_N, P), j0=1e11)
    assert s.shape == (2, 3, 5)
    assert s.torque("free").shape == (2, 3, 5, 3)
    assert s.spin_resistance.shape == s.resistance.shape == s.voltage.shape == s.shape
    g = s.efficiency("fixed", "free")
    x = np.array([0.0, 5e-9, 8e-9, 8.5e-9])
    for index in np.ndindex(*s.shape):
        i, k, n = index
        one = sf.solve(sample(THETA[n], D_N[k, 0], P[i, 0, 0]), j0=1e11)
        for name in ("fixed", "free"):
            scale = np.abs(s.torque(name)).max()
            np.testing.assert_allclose(
                s.torque(name)[index], one.torque(name), rtol=0, atol=1e-10 * scale
            )
        g_one = one.efficiency("fixed", "free")
        np.testing.assert_allclose(np.array(g)[:, *index], g_one, rtol=1e-10, atol=1e-20)
        assert s.spin_resistance[index] == pytest.approx(one.spin_resistance, rel=1e-11)
        assert s.resistance[index] == pytest.approx(one.resistance, rel=1e-11)
        potential = max(np.abs(f.spin_potential).max() for f in one.interfaces)
        np.testing.assert_allclose(
            s.spin_potential(x)[index], one.spin_potential(x), rtol=0, atol=1e-10 * potential
        )
        for a, b in zip(s.interfaces, one.interfaces):
            np.testing.assert_allclose(
                a.spin_current_left[index], b.spin_current_left, rtol=0, atol=1e-10 * 1e11
            )


def test_layers_of_a_batch():
    s = sf.solve(sample(THETA, D_N, 0.76), j0=1e11)
    layer = s.layer("free")
    assert layer.x.shape[:2] == (3, 5)
    assert layer.spin_potential.shape == (*layer.x.shape, 3)
    assert layer.potential.shape == layer.x.shape
    one = sf.solve(sample(THETA[2], D_N[1, 0], 0.76), j0=1e11)
    x = layer.x[1, 2]
    np.testing.assert_allclose(
        layer.spin_current[1, 2], one.spin_current(x, side="right"), rtol=0, atol=1e-9 * 1e11
    )
    # positions that vary over the batch; behind 0.5 mm they are rounded by 1e-11 of the layer
    found, scale = s.spin_potential(layer.x), np.abs(layer.spin_potential).max()
    np.testing.assert_allclose(found, layer.spin_potential, rtol=0, atol=1e-10 * scale)
    angles = sf.solve(sample(THETA, 1e-9, 0.76)).layer("spacer")
    assert angles.x.ndim == 1
    assert angles.spin_potential.shape == (5, angles.x.size, 3)


def test_saddle_point_batch():
    stack = sample(THETA, 1e-8, 0.5)
    a, b = sf.solve(stack), sf.solve(stack, method="saddle")
    np.testing.assert_allclose(b.torque("free"), a.torque("free"), rtol=0, atol=1e-25)
    np.testing.assert_allclose(b.spin_resistance, a.spin_resistance, rtol=1e-9)
    x = np.linspace(0, float(stack.x[-1]), 7)
    scale = np.abs(a.spin_potential(x)).max()
    np.testing.assert_allclose(b.spin_potential(x), a.spin_potential(x), atol=1e-9 * scale)


def test_currents_may_be_a_batch():
    stack = sample(THETA, 1e-8, 0.5)
    j0 = np.array([[1e10], [-2e10]])
    s = sf.solve(stack, j0)
    assert s.shape == (2, 5)
    np.testing.assert_allclose(s.torque("free")[1], -2 * s.torque("free")[0], rtol=1e-14)
    assert s.spin_resistance.shape == (2, 5)
    np.testing.assert_allclose(s.voltage, s.resistance * j0)
    assert s.spin_potential([1e-9, 2e-9]).shape == (2, 5, 2, 3)
    single = sf.solve(sample(30.0, 1e-8, 0.5), j0=j0)
    assert single.torque("free").shape == (2, 1, 3)


def test_two_ferromagnets_in_contact_through_special_angles():
    """Only at 0 and 180 degrees mu_s need not vanish at a contact; each point is its own case."""
    F, G = sf.Ferromagnet(D=1.0, l=1.0, p=0.3), sf.Ferromagnet(D=2.0, l=1.0, p=0.8)
    theta = np.array([0.0, 1e-3, 90.0, 179.0, 180.0])
    stack = F(1.0, m=sf.direction(0.0), name="a") | G(1.0, m=sf.direction(theta), name="b")
    s = sf.solve(stack)
    mu = s.interfaces[1].spin_potential
    assert (np.abs(mu[1:4]) == 0).all()
    # one rod, two springs: (p_a -/+ p_b) j0 = (G_a coth + G_b coth) mu
    Gt = (0.5 + 1.0) / np.tanh(1.0)
    np.testing.assert_allclose(mu[[0, 4], 2], [(0.3 - 0.8) / Gt, (0.3 + 0.8) / Gt], rtol=1e-13)
    assert (s.absorbed_spin_current("a")[[0, 4]] == 0).all()
    for n in (1, 2, 3):
        one = sf.solve(stack.replace("b", m=sf.direction(theta[n])))
        for name in "ab":
            np.testing.assert_allclose(
                s.absorbed_spin_current(name)[n], one.absorbed_spin_current(name), rtol=1e-12
            )


def test_contact_is_the_limit_of_a_vanishing_spacer():
    """Who absorbs what in a contact, against d_N -> 0."""
    F, G = sf.Ferromagnet(D=1.0, l=1.0, p=0.3), sf.Ferromagnet(D=2.0, l=1.0, p=0.8)
    a, b = F(1.0, m=sf.direction(0.0), name="a"), G(1.0, m=sf.direction(70.0, 20.0), name="b")
    contact = sf.solve(a | b)
    errors = []
    for d_N in (1e-3, 1e-4, 1e-5):
        spaced = sf.solve(a | sf.NormalMetal(D=1.0, l=1.0)(d_N) | b)
        errors.append(
            max(
                np.abs(spaced.absorbed_spin_current(n) - contact.absorbed_spin_current(n)).max()
                for n in "ab"
            )
        )
    assert errors[2] < 1e-4
    # first order in the thickness
    np.testing.assert_allclose(np.diff(np.log10(errors)), -1, atol=0.05)
    total = sum(contact.absorbed_spin_current(n) for n in "ab")
    np.testing.assert_allclose(contact.interfaces[1].absorbed, total, atol=1e-14)
    jump = contact.interfaces[1].spin_current_left - contact.interfaces[1].spin_current_right
    np.testing.assert_allclose(total, jump, atol=1e-14)
