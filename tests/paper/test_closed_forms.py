"""The paper's closed forms: (1), (7) to (10), Appendices A and B."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spinfem as sf

HBAR_OVER_2E = 1.0545718176461565e-34 / (2 * 1.602176634e-19)


def paper_valve(theta, z=(1.5, 0.4, 0.8), p=(0.3, 0.7), D=(2.0, 8.0, 1.0), l=(1.0, 0.5, 2.0)):
    """F1/N/F2 between reservoirs, z = d/l, with the matching closed form."""
    m1, m2 = sf.direction(0.0), sf.direction(theta)
    F1, F2 = (sf.Ferromagnet(D=D[i], l=l[i], p=p[i // 2]) for i in (0, 2))
    N = sf.NormalMetal(D=D[1], l=l[1])
    stack = F1(z[0] * l[0], m=m1, name="1") | N(z[1] * l[1]) | F2(z[2] * l[2], m=m2, name="2")
    return stack, sf.analytic.valve([d / (2 * k) for d, k in zip(D, l)], z, p, m1, m2)


methods = pytest.mark.parametrize(
    "solve",
    [sf.solve, lambda s, j0=None: sf.solve(s, j0, method="saddle"), sf.analytic.solve],
    ids=["condensed", "saddle", "analytic"],
)


@methods
@pytest.mark.parametrize("theta", [0.0, 17.0, 60.0, 90.0, 135.0, 180.0])
def test_appendix_A(solve, theta):
    """(A1) currents at the faces, (A2) potentials, (10) jumps, and dr."""
    stack, exact = paper_valve(theta)
    j0 = -2.5
    s = solve(stack, j0)
    m1, m2 = sf.direction(0.0), sf.direction(theta)
    at1, at2 = s.interfaces[1:3]
    np.testing.assert_allclose(at1.spin_potential, j0 * exact.mu1 * m1, atol=1e-13)
    np.testing.assert_allclose(at2.spin_potential, j0 * exact.mu2 * m2, atol=1e-13)
    currents = [
        at1.spin_current_left,
        at1.spin_current_right,
        at2.spin_current_left,
        at2.spin_current_right,
    ]
    np.testing.assert_allclose(currents, j0 * exact.face_currents, atol=1e-13)
    jump1 = j0 * (exact.face_currents[0] - exact.face_currents[1])
    jump2 = j0 * (exact.face_currents[2] - exact.face_currents[3])
    np.testing.assert_allclose(s.absorbed_spin_current("1"), jump1, atol=1e-13)
    np.testing.assert_allclose(s.absorbed_spin_current("2"), jump2, atol=1e-13)
    assert s.spin_resistance == pytest.approx(exact.spin_resistance, rel=1e-12)


@methods
@pytest.mark.parametrize("theta", [0.0, 17.0, 90.0, 135.0, 180.0])
def test_efficiencies_of_equation_1(solve, theta):
    """Torques in J/m2 with the signs of (1), and their limits at 0 and 180 degrees."""
    stack, exact = paper_valve(theta)
    j0 = 3.0
    s = solve(stack, j0)
    m1, m2 = sf.direction(0.0), sf.direction(theta)
    g1, g2 = s.efficiency("1", "2")
    np.testing.assert_allclose([g1, g2], [exact.g1, exact.g2], rtol=1e-11)
    np.testing.assert_allclose(s.efficiency("2", "1"), (g2, g1), rtol=1e-15)
    T1 = -HBAR_OVER_2E * j0 * g1 * np.cross(m1, np.cross(m2, m1))
    T2 = HBAR_OVER_2E * j0 * g2 * np.cross(m2, np.cross(m1, m2))
    np.testing.assert_allclose(s.torque("1"), T1, atol=1e-12 * HBAR_OVER_2E)
    np.testing.assert_allclose(s.torque("2"), T2, atol=1e-12 * HBAR_OVER_2E)


@methods
@pytest.mark.parametrize("theta", [30.0, 150.0])
def test_balance_of_forces(solve, theta):
    """(9): along m, nothing is absorbed; the multiplier's parallel part is continuous."""
    stack, _ = paper_valve(theta)
    s = solve(stack)
    for face, m in ((1, sf.direction(0.0)), (2, sf.direction(theta))):
        left, right = s.interfaces[face].spin_current_left, s.interfaces[face].spin_current_right
        assert (left - right) @ m == pytest.approx(0, abs=1e-13)
        assert s.interfaces[face].absorbed @ m == pytest.approx(0, abs=1e-13)
        np.testing.assert_allclose(s.interfaces[face].absorbed, left - right, atol=1e-13)


@pytest.mark.parametrize("order", ["F/N", "N/F"])
def test_contact_of_half_infinite_layers(order):
    """(7), (8): a contact whose layers are far thicker than l, or continued by leads."""
    F = sf.Ferromagnet(D=2.0, l=0.5, p=0.6)
    N = sf.NormalMetal(D=3.0, l=1.5)
    exact = sf.analytic.contact(0.6, F.stiffness, N.stiffness, order)
    thick = [F(40.0, m=(0, 0, 1)), N(120.0)]
    thin = [F(0.1, m=(0, 0, 1)), N(0.2)]
    leads = [sf.Lead(F, m=(0, 0, 1)), sf.Lead(N)]
    if order == "N/F":
        thick, thin, leads = thick[::-1], thin[::-1], leads[::-1]
    for stack in (sf.Stack(thick), leads[0] | thin[0] | thin[1] | leads[1]):
        for solution in (sf.solve(stack), sf.analytic.solve(stack)):
            mu = solution.interfaces[1].spin_potential
            np.testing.assert_allclose(mu, [0, 0, exact], atol=1e-13)
    assert np.sign(exact) == (1 if order == "F/N" else -1)


def test_decay_around_a_contact():
    """mu_s = mu(0) exp(x/l_F) on the left, mu(0) exp(-x/l_N) on the right of an F/N contact."""
    F, N = sf.Ferromagnet(D=2.0, l=0.5, p=0.6), sf.NormalMetal(D=3.0, l=1.5)
    s = sf.solve(F(40.0, m=(0, 0, 1)) | N(120.0))
    mu0 = sf.analytic.contact(0.6, F.stiffness, N.stiffness)
    x = np.linspace(-3, 3, 61)
    exact = mu0 * np.exp(-np.abs(x) / np.where(x < 0, 0.5, 1.5))
    np.testing.assert_allclose(s.spin_potential(40.0 + x)[:, 2], exact, atol=1e-12)


polarizations = st.floats(-0.95, 0.95, allow_subnormal=False).filter(lambda p: abs(p) > 0.01)


@given(
    st.tuples(polarizations, polarizations),
    st.tuples(st.floats(0.1, 3), st.floats(0.01, 2), st.floats(0.1, 3)),
    st.floats(0, 180),
    st.floats(-1, 1),
)
def test_signs_of_the_efficiencies(p, z, theta, log_D):
    """(B1): p1 g2 < 0 iff p2/p1 B c > A2; p2 g1 < 0 iff B c p1/p2 > A1; never both."""
    stack, v = paper_valve(theta, z, p, D=(1.0, 10.0**log_D, 2.0))
    g1, g2 = sf.solve(stack).efficiency("1", "2")
    c = np.cos(np.deg2rad(theta))
    margin2, margin1 = p[1] / p[0] * v.B * c - v.A2, v.B * c * p[0] / p[1] - v.A1
    if abs(margin2) > 1e-9 * v.A2:
        assert (p[0] * g2 < 0) == (margin2 > 0)
    if abs(margin1) > 1e-9 * v.A1:
        assert (p[1] * g1 < 0) == (margin1 > 0)
    assert not (p[0] * g2 < 0 and p[1] * g1 < 0)
    if p[0] * p[1] * c <= 0:
        assert p[0] * g2 >= 0
        assert p[1] * g1 >= 0


@pytest.mark.long
def test_both_efficiencies_negative_with_three_ferromagnets():
    """With forces from beyond, (B1) no longer forbids both; the exact stack finds it too."""
    rng = np.random.default_rng(11)
    found = 0
    for _ in range(400):
        F = [sf.Ferromagnet(D=1.0, l=1.0, p=p) for p in rng.uniform(0.05, 0.95, 3)]
        N = sf.NormalMetal(D=4.0, l=1.0)
        angles = rng.uniform(0, 180, 2)
        stack = (
            F[0](1.0, m=sf.direction(0.0), name="a")
            | N(0.1)
            | F[1](0.1, m=sf.direction(angles[0]), name="b")
            | N(0.1)
            | F[2](1.0, m=sf.direction(angles[1], 180.0), name="c")
        )
        g = sf.solve(stack).efficiency("b", "c")
        np.testing.assert_allclose(g, sf.analytic.solve(stack).efficiency("b", "c"), rtol=1e-9)
        found += g[0] < 0 and g[1] < 0
    assert found > 0


def test_valet_fert_resistor_model():
    """Without spin relaxation, collinear valves are two resistors in parallel per channel.

    Valet and Fert, doi:10.1103/PhysRevB.48.7099: each spin channel of a layer has resistance d over
    its conductivity, the channels are independent between reservoirs.
    """
    up, down = np.array([2.0, 3.0]), np.array([0.5, 1.0])
    d, DN, dN = np.array([1.2, 0.7]), 4.0, 0.9
    for sign in (1, -1):
        stack = (
            sf.Ferromagnet.from_channels(up[0], down[0], np.inf, 1.0)(d[0], m=(0, 0, 1))
            | sf.NormalMetal(D=DN, l=np.inf)(dN)
            | sf.Ferromagnet.from_channels(up[1], down[1], np.inf, 1.0)(d[1], m=(0, 0, sign))
        )
        second = (up[1], down[1]) if sign > 0 else (down[1], up[1])
        channels = [
            d[0] / up[0] + 2 * dN / DN + d[1] / second[0],
            d[0] / down[0] + 2 * dN / DN + d[1] / second[1],
        ]
        parallel = 1 / (1 / channels[0] + 1 / channels[1])
        for solution in (sf.solve(stack), sf.analytic.solve(stack)):
            assert solution.resistance == pytest.approx(parallel, rel=1e-12)
