"""Every system of the paper, section by section, against closed forms that are written out here.

Units of the paper: plain numbers for D, l and thicknesses, j0 = 1 unless stated. G = D/(2 l) is the
stiffness of a half-infinite layer, ``G~ = G coth(d/l)`` and ``B = G/sinh(d/l)`` belong to a finite
one. What is promised is 1e-9 of the largest value; what is found is below 1e-12, but where a limit
is compared with something near it.
"""

import itertools

import mpmath as mp
import numpy as np
import pytest
from kernels import solve_with_numpy
from reference import solve as match

import spinfem as sf

TOLERANCE = 1e-9
HBAR_OVER_2E = 1.0545718176461565e-34 / (2 * 1.602176634e-19)  # SI, exact to all digits shown
X, Y, Z = np.eye(3)

SOLVERS = {
    "condensed": sf.solve,
    "numpy": solve_with_numpy,
    "exact stack": sf.analytic.solve,
    "saddle": lambda stack, j0=1.0: sf.solve(stack, j0, method="saddle"),
}
every_solver = pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
# the direct solver of the saddle point loses digits with B/G, 1e14 in the singular limit
stiff_solver = pytest.mark.parametrize("solve", list(SOLVERS.values())[:3], ids=list(SOLVERS)[:3])


def close(found, expected, scale=None):
    """Within 1e-9 of the largest expected value, or of a given scale."""
    expected = np.asarray(expected, dtype=float)
    scale = np.abs(expected).max() if scale is None else scale
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE * scale)


def fields(solution, faces):
    """Points between given faces, with mu_s and j_s there, along z; and that both are along z."""
    x = np.concatenate([np.linspace(a, b, 42)[1:-1] for a, b in itertools.pairwise(faces)])
    mu, j = solution.spin_potential(x), solution.spin_current(x)
    assert np.abs(mu[:, :2]).max() <= 1e-15
    assert np.abs(j[:, :2]).max() <= 1e-15
    return x, mu[:, 2], j[:, 2]


# --- III A: contacts ------------------------------------------------------------------------------

F = sf.Ferromagnet(D=2.0, l=0.5, p=0.6)
N = sf.NormalMetal(D=3.0, l=1.5)
G_F, G_N = 2.0, 1.0


@every_solver
@pytest.mark.parametrize("p", [0.6, -0.3])
@pytest.mark.parametrize("j0", [1.0, -2.5])
def test_F_N_contact(solve, p, j0):
    """(7): p j0 = (G_F + G_N) mu(0), and exponentials on both sides."""
    metal = sf.Ferromagnet(D=2.0, l=0.5, p=p)
    s = solve(sf.Lead(metal, m=Z) | metal(1.0, m=Z) | N(4.0) | sf.Lead(N), j0)
    x, mu, j = fields(s, s.stack.x)
    t, left = x - 1.0, x < 1.0
    mu0 = p * j0 / (G_F + G_N)
    close(mu, mu0 * np.exp(-np.abs(t) / np.where(left, 0.5, 1.5)))
    rise, fall = np.exp(-np.abs(t) / 0.5), np.exp(-np.abs(t) / 1.5)
    close(j, np.where(left, p * j0 - G_F * mu0 * rise, G_N * mu0 * fall))
    # mu_0' = -j0/D_tot - p mu'/2 with D_tot = D/(1 - p^2), and mu_0 is continuous
    resistivity = (1 - p**2) / 2.0
    drop = j0 * 4.0 / 3.0 + j0 * resistivity * -t + p / 2 * (mu0 - mu)
    close(s.potential(x), np.where(left, drop, j0 * (4.0 - t) / 3.0))
    assert s.spin_resistance == pytest.approx(p**2 / (2 * (G_F + G_N)), rel=TOLERANCE)


@every_solver
@pytest.mark.parametrize("p", [0.6, -0.3])
def test_N_F_contact(solve, p):
    """(8): -p j0 = (G_F + G_N) mu(0)."""
    metal = sf.Ferromagnet(D=2.0, l=0.5, p=p)
    s = solve(sf.Lead(N) | N(4.0) | metal(1.0, m=Z) | sf.Lead(metal, m=Z))
    x, mu, j = fields(s, s.stack.x)
    t, left = x - 4.0, x < 4.0
    mu0 = -p / (G_F + G_N)
    close(mu, mu0 * np.exp(-np.abs(t) / np.where(left, 1.5, 0.5)))
    fall, rise = np.exp(-np.abs(t) / 0.5), np.exp(-np.abs(t) / 1.5)
    close(j, np.where(left, -G_N * mu0 * rise, p + G_F * mu0 * fall))
    assert s.spin_resistance == pytest.approx(p**2 / (2 * (G_F + G_N)), rel=TOLERANCE)


def two_rings(a, b, coupling, force1, force2):
    """Solve ``a mu1 - coupling mu2 = force1``, ``b mu2 - coupling mu1 = force2`` by Cramer."""
    determinant = a * b - coupling**2
    return (b * force1 + coupling * force2) / determinant, (
        a * force2 + coupling * force1
    ) / determinant


@every_solver
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("d", [0.01, 0.9, 7.0])
def test_collinear_F_N_F(solve, sign, d):
    """Driving forces p1 j0 and -p2 j0 on two rings that a cord connects; parallel and anti-."""
    F2 = sf.Ferromagnet(D=1.0, l=2.0, p=0.35)
    G2, z = 0.25, d / 1.5
    first, second = F(1.0, m=Z, name="F1"), F2(3.0, m=sign * Z, name="F2")
    s = solve(sf.Lead(F, m=Z) | first | N(d) | second | sf.Lead(F2, m=sign * Z))
    tension, coupling = G_N / np.tanh(z), G_N / np.sinh(z)
    # both potentials along z; the driving force of F2 is along its own magnetization
    mu1, mu2 = two_rings(G_F + tension, G2 + tension, coupling, 0.6, -sign * 0.35)
    x, mu, j = fields(s, s.stack.x)
    u, v = x - 1.0, 1.0 + d - x
    inside = (u > 0) & (v > 0)
    outside = np.where(u < 0, mu1 * np.exp(-np.abs(u) / 0.5), mu2 * np.exp(-np.abs(v) / 2.0))
    uN, vN = np.where(inside, u, 0.0) / 1.5, np.where(inside, v, 0.0) / 1.5
    spacer = (mu1 * np.sinh(vN) + mu2 * np.sinh(uN)) / np.sinh(z)
    flow = G_N * (mu1 * np.cosh(vN) - mu2 * np.cosh(uN)) / np.sinh(z)
    close(mu, np.where(inside, spacer, outside))
    leads = np.where(u < 0, 0.6 - G_F * outside, sign * 0.35 + G2 * outside)
    close(j, np.where(inside, flow, leads))
    dr = (0.6 * mu1 - sign * 0.35 * mu2) / 2
    assert s.spin_resistance == pytest.approx(dr, rel=TOLERANCE)
    for name in ("F1", "F2"):
        np.testing.assert_allclose(s.torque(name), 0.0, atol=1e-15)


@every_solver
@pytest.mark.parametrize("d", [0.01, 0.4, 6.0])
def test_collinear_N_F_N(solve, d):
    """The forces of (8) on the left face and of (7) on the right one; they pull apart."""
    other = sf.NormalMetal(D=5.0, l=1.0)
    G_right, z = 2.5, d / 0.5
    s = solve(sf.Lead(N) | N(2.0) | F(d, m=Z, name="F") | other(2.0) | sf.Lead(other))
    tension, coupling = G_F / np.tanh(z), G_F / np.sinh(z)
    mu1, mu2 = two_rings(G_N + tension, G_right + tension, coupling, -0.6, 0.6)
    assert mu1 < 0 < mu2
    x, mu, j = fields(s, s.stack.x)
    u, v = x - 2.0, 2.0 + d - x
    inside = (u > 0) & (v > 0)
    outside = np.where(u < 0, mu1 * np.exp(-np.abs(u) / 1.5), mu2 * np.exp(-np.abs(v) / 1.0))
    uF, vF = np.where(inside, u, 0.0) / 0.5, np.where(inside, v, 0.0) / 0.5
    magnet = (mu1 * np.sinh(vF) + mu2 * np.sinh(uF)) / np.sinh(z)
    flow = 0.6 + G_F * (mu1 * np.cosh(vF) - mu2 * np.cosh(uF)) / np.sinh(z)
    close(mu, np.where(inside, magnet, outside))
    close(j, np.where(inside, flow, np.where(u < 0, -G_N * outside, G_right * outside)))
    assert s.spin_resistance == pytest.approx(0.6 * (mu2 - mu1) / 2, rel=TOLERANCE)
    np.testing.assert_allclose(s.torque("F"), 0.0, atol=1e-15)


# --- III B, C: N/F1/N/F2/N, Appendices A and B ----------------------------------------------------


class Valve:
    """F1/N/F2 between reservoirs, and its closed form."""

    D = (2.0, 8.0, 1.0)  # F1, N, F2
    l = (1.0, 0.5, 2.0)
    d = (1.5, 0.2, 1.6)

    def __init__(self, p1, p2, theta, D=D):
        self.p = p1, p2
        self.D = D
        self.theta = theta
        self.c, self.sine = np.cos(np.radians(theta)), np.sin(np.radians(theta))
        self.m1, self.m2 = Z, np.multiply.outer(self.sine, X) + np.multiply.outer(self.c, Z)
        self.G = tuple(D / (2 * l) for D, l in zip(self.D, self.l))
        self.z = tuple(d / l for d, l in zip(self.d, self.l))
        self.Gt = tuple(G / np.tanh(z) for G, z in zip(self.G, self.z))
        self.B = self.G[1] / np.sinh(self.z[1])
        self.A1, self.A2 = self.Gt[0] + self.Gt[1], self.Gt[2] + self.Gt[1]
        determinant = self.A1 * self.A2 - self.B**2 * self.c**2
        self.mu1 = (self.A2 * p1 - self.B * self.c * p2) / determinant
        self.mu2 = (self.B * self.c * p1 - self.A1 * p2) / determinant
        self.g1, self.g2 = -self.B * self.mu2, self.B * self.mu1
        self.dr = (p1 * self.mu1 - p2 * self.mu2) / 2

    def stack(self, theta=None):
        m2 = sf.direction(self.theta if theta is None else theta)
        F1, F2 = (sf.Ferromagnet(D=self.D[i], l=self.l[i], p=self.p[i // 2]) for i in (0, 2))
        spacer = sf.NormalMetal(D=self.D[1], l=self.l[1])(self.d[1])
        return F1(self.d[0], m=Z, name="F1") | spacer | F2(self.d[2], m=m2, name="F2")


# (p1, p2) without a sign change, with g2 < 0, with g1 < 0 in the mirrored one, of mixed signs
POLARIZATIONS = {
    "equal": (0.6, 0.6),
    "strong F2": (0.1, 0.9),
    "strong F1": (0.9, 0.1),
    "opposite": (0.1, -0.9),
}
every_valve = pytest.mark.parametrize("p", POLARIZATIONS.values(), ids=POLARIZATIONS)
every_angle = pytest.mark.parametrize("theta", [0.0, 20.0, 65.0, 90.0, 135.0, 180.0])


@every_solver
@every_valve
@every_angle
def test_valve_of_appendix_A(solve, p, theta):
    """(A1), (A2): mu_s and j_s over x, both sides of every face, dr and the voltage."""
    v, j0 = Valve(*p, theta), -1.5
    s = solve(v.stack(), j0)
    x1, x2 = v.d[0], v.d[0] + v.d[1]
    m1, m2 = v.m1, v.m2
    (z1, zN, z2), (G1, GN, G2) = v.z, v.G
    y = np.linspace(0.01, 0.99, 33)[:, None]
    sinh, cosh = np.sinh, np.cosh
    first = (
        v.mu1 * sinh(y * z1) / sinh(z1) * m1,
        (p[0] - G1 * v.mu1 * cosh(y * z1) / sinh(z1)) * m1,
    )
    u1, u2 = v.mu1 * m1, v.mu2 * m2
    spacer = (
        (u1 * sinh((1 - y) * zN) + u2 * sinh(y * zN)) / sinh(zN),
        GN * (u1 * cosh((1 - y) * zN) - u2 * cosh(y * zN)) / sinh(zN),
    )
    second = (
        v.mu2 * sinh((1 - y) * z2) / sinh(z2) * m2,
        (p[1] + G2 * v.mu2 * cosh((1 - y) * z2) / sinh(z2)) * m2,
    )
    starts, lengths = (0.0, x1, x2), v.d
    mu = np.concatenate([layer[0] for layer in (first, spacer, second)])
    j = np.concatenate([layer[1] for layer in (first, spacer, second)])
    x = np.concatenate([start + y[:, 0] * d for start, d in zip(starts, lengths)])
    close(s.spin_potential(x), j0 * mu)
    close(s.spin_current(x), j0 * j)

    faces = s.interfaces
    close([face.spin_potential for face in faces], [0 * Z, j0 * u1, j0 * u2, 0 * Z])
    at1, at2 = faces[1:3]
    close(at1.spin_current_left, j0 * (p[0] - v.Gt[0] * v.mu1) * m1, scale=1.0)
    close(at1.spin_current_right, j0 * (v.Gt[1] * u1 - v.B * u2), scale=1.0)
    close(at2.spin_current_left, j0 * (v.B * u1 - v.Gt[1] * u2), scale=1.0)
    close(at2.spin_current_right, j0 * (p[1] + v.Gt[2] * v.mu2) * m2, scale=1.0)
    assert s.spin_resistance == pytest.approx(v.dr, rel=TOLERANCE)
    ohmic = [d * (1 - p**2) / D for d, p, D in zip(v.d, (p[0], 0.0, p[1]), v.D)]
    assert s.resistance == pytest.approx(sum(ohmic) + v.dr, rel=TOLERANCE)
    assert s.potential(0.0) == pytest.approx(j0 * (sum(ohmic) + v.dr), rel=TOLERANCE)


@every_solver
@every_valve
@every_angle
def test_torques_of_the_valve(solve, p, theta):
    """(1), (10): T = (hbar/2) times the jump, with g1 = -B mu2/j0, g2 = B mu1/j0."""
    v, j0 = Valve(*p, theta), 2.0
    s = solve(v.stack(), j0)
    close(s.efficiency("F1", "F2"), (v.g1, v.g2))
    jump1 = -j0 * v.g1 * np.cross(v.m1, np.cross(v.m2, v.m1))
    jump2 = j0 * v.g2 * np.cross(v.m2, np.cross(v.m1, v.m2))
    close(s.absorbed_spin_current("F1"), jump1, scale=j0)
    close(s.absorbed_spin_current("F2"), jump2, scale=j0)
    close(s.torque("F1"), HBAR_OVER_2E * jump1, scale=HBAR_OVER_2E * j0)
    close(s.torque("F2"), HBAR_OVER_2E * jump2, scale=HBAR_OVER_2E * j0)
    for face, jump in zip(s.interfaces[1:3], (jump1, jump2)):
        close(face.spin_current_left - face.spin_current_right, jump, scale=j0)


@pytest.mark.parametrize(
    ("p", "negative"),
    list(zip(POLARIZATIONS.values(), [(0, 0), (0, 1), (1, 0), (0, 1)])),
    ids=POLARIZATIONS,
)
def test_signs_of_the_efficiencies(p, negative):
    """(B1): g2 < 0 iff p2/p1 > A2/(B cos), g1 < 0 iff p2/p1 < B cos/A1, only below 90 degrees."""
    theta = np.linspace(0.0, 180.0, 721)
    v = Valve(*p, theta)
    g1, g2 = sf.solve(v.stack()).efficiency("F1", "F2")
    close(g1, v.g1)
    close(g2, v.g2)
    acute, ratio = v.c > 1e-12, p[1] / p[0]
    if ratio < 0:  # then cos > 0 and cos < 0 change places, and g is measured by its own p
        g1, g2, ratio, acute = -g1, g2, -ratio, v.c < -1e-12
    Bc = np.where(acute, v.B * np.abs(v.c), 1.0)
    np.testing.assert_array_equal(g2 < 0, acute & (ratio > v.A2 / Bc))
    np.testing.assert_array_equal(g1 < 0, acute & (ratio < Bc / v.A1))
    assert not ((g1 < 0) & (g2 < 0)).any()
    assert ((g1 < 0).any(), (g2 < 0).any()) == negative


@pytest.mark.parametrize("which", [0, 1])
def test_the_ring_passes_the_crossing_where_the_torque_changes_sign(which):
    """cos = A2 p1/(B p2) for g2; there mu1 = 0, the tangent of the N cord is along m2, dr least."""
    p = (0.1, 0.9) if which else (0.9, 0.1)
    v = Valve(*p, 45.0)
    cosine = v.A2 * p[0] / (v.B * p[1]) if which else v.A1 * p[1] / (v.B * p[0])
    root = np.degrees(np.arccos(cosine))
    found = sf.sign_changes(lambda theta: v.stack(theta), 0.0, 180.0, "F1", "F2")
    assert found[which] == pytest.approx([root], abs=1e-9)
    assert found[1 - which].size == 0
    theta = root + np.array([-1.0, 0.0, 1.0])
    s = sf.solve(v.stack(theta))
    rods = np.broadcast_to(Z, (3, 3)), sf.direction(theta)
    other = 1 - which  # the ring that passes; it is driven by its own force above the root
    positions = np.einsum("ij,ij->i", s.interfaces[1 + other].spin_potential, rods[other])
    np.testing.assert_array_equal(np.sign(positions[[0, 2]]), [-1, 1] if which else [1, -1])
    assert abs(positions[1]) < 1e-15
    # the N cord leaves the ring of the torque along its rod, below and above it before and after
    faces = s.interfaces
    tangent = (faces[1].spin_current_right, faces[2].spin_current_left)[which]
    out = np.cross(tangent, rods[which])[:, 1]
    assert out[0] * out[2] < 0
    assert abs(out[1]) < 1e-14
    assert s.spin_resistance[1] < s.spin_resistance[[0, 2]].min()
    slope = sf.Analogy(s[1]).resistance_slope("F2", Y)
    assert slope == pytest.approx(0.0, abs=1e-15)


@every_valve
@every_angle
def test_slope_of_the_resistance(p, theta):
    """d(dr)/d(theta) = g1 g2 sin(theta)/B, by the derivative of (A2) in 40 digits."""
    v = Valve(*p, theta)
    with mp.workdps(40):

        def dr(angle):
            c = mp.cos(angle)
            p1, p2, A1, A2, B = map(mp.mpf, (*p, v.A1, v.A2, v.B))
            mu1, mu2 = A2 * p1 - B * c * p2, B * c * p1 - A1 * p2
            return (p1 * mu1 - p2 * mu2) / (A1 * A2 - B**2 * c**2) / 2

        slope = float(mp.diff(dr, mp.radians(theta)))
    scale = abs(v.g1 * v.g2 / v.B)
    assert v.g1 * v.g2 * v.sine / v.B == pytest.approx(slope, abs=TOLERANCE * scale)
    found = sf.Analogy(sf.solve(v.stack())).resistance_slope("F2", Y)
    assert found == pytest.approx(slope, abs=TOLERANCE * scale)


@every_valve
def test_slonczewski_form(p):
    """g2 = q+/(a + B c) + q-/(a - B c), a = sqrt(A1 A2), q+- = (B/2)(A2 p1/a +- p2); 1 <-> 2."""
    theta = np.linspace(0.0, 180.0, 181)
    v = Valve(*p, theta)
    g1, g2 = sf.solve(v.stack()).efficiency("F1", "F2")
    a = np.sqrt(v.A1 * v.A2)

    def form(driven, other):
        plus, minus = v.B / 2 * (driven + other), v.B / 2 * (driven - other)
        return plus / (a + v.B * v.c) + minus / (a - v.B * v.c)

    close(g1, form(v.A1 * p[1] / a, p[0]))
    close(g2, form(v.A2 * p[0] / a, p[1]))


@every_solver
def test_outer_normal_layers_of_vanishing_l(solve):
    """N/F1/N/F2/N: outer layers with l -> 0 have G -> inf, and are the reservoirs of (A2)."""
    v = Valve(0.3, 0.7, 50.0)
    outer = sf.NormalMetal(D=1.0, l=1e-11)
    s = solve(sf.Lead(outer) | v.stack() | sf.Lead(outer))
    close(s.interfaces[1].spin_potential, v.mu1 * v.m1)
    close(s.interfaces[2].spin_potential, v.mu2 * v.m2)
    close(s.efficiency("F1", "F2"), (v.g1, v.g2))
    # the outer faces take up j_s ~ p j0 at no potential, and add nothing to dr
    close(s.spin_resistance, v.dr)


@every_solver
def test_the_cord_without_relaxation(solve):
    """tau -> inf: mu_s is straight between mu1 and mu2, and j_s is a single point."""
    p1, p2, d, D = 0.3, 0.7, 0.5, 8.0
    F1, F2 = sf.Ferromagnet(D=2.0, l=1.0, p=p1), sf.Ferromagnet(D=1.0, l=2.0, p=p2)
    N = sf.NormalMetal(D=D, l=np.inf)
    s = solve(sf.Lead(F1, m=Z, name="1") | N(d) | sf.Lead(F2, m=sf.direction(70.0), name="2"))
    c, B = np.cos(np.radians(70.0)), D / (2 * d)
    A1, A2 = 1.0 + B, 0.25 + B
    determinant = A1 * A2 - B**2 * c**2
    u1 = (A2 * p1 - B * c * p2) / determinant * Z
    u2 = (B * c * p1 - A1 * p2) / determinant * sf.direction(70.0)
    xi = np.linspace(0.0, 1.0, 21)[:, None]
    close(s.spin_potential(d * xi[:, 0]), (1 - xi) * u1 + xi * u2)
    close(s.spin_current(d * xi[:, 0]), np.broadcast_to(B * (u1 - u2), (21, 3)))


# --- III D: thin N layers -------------------------------------------------------------------------


class Side:
    """Half-infinite ferromagnet, or a layer with what is behind it: ``j_s.m = P j0 -/+ S mu``.

    Seen from the spacer. `own` is what the side keeps of dr with its ring at the crossing (mu = 0).
    """

    def __init__(self, D, l, p, d=None, G_lead=None):
        self.metal, self.d, self.p = sf.Ferromagnet(D=D, l=l, p=p), d, p
        self.lead = None if G_lead is None else sf.Lead(sf.NormalMetal(D=2 * G_lead, l=1.0))
        G = D / (2 * l)
        if d is None:  # half-infinite
            self.P, self.S, self.own = p, G, 0.0
            return
        tension, coupling = G / np.tanh(d / l), G / np.sinh(d / l)
        if G_lead is None:  # a reservoir: (A1)
            self.P, self.S, self.own = p, tension, 0.0
            return
        # outer ring: 0 = -p + coupling mu - (tension + G_lead) mu_outer, on either side alike
        held = tension + G_lead
        self.P, self.S = p * (1 - coupling / held), tension - coupling**2 / held
        self.own = p**2 / (2 * held)

    def pieces(self, m, name):
        if self.d is None:
            return [sf.Lead(self.metal, m=m), self.metal(1.0, m=m, name=name)]
        return [self.lead or sf.Reservoir(), self.metal(self.d, m=m, name=name)]


SIDES = {
    "half-infinite": (Side(2.0, 1.0, 0.1), Side(2.0, 1.0, 0.9)),
    "reservoirs": (Side(2.0, 1.0, 0.4, 0.7), Side(1.0, 0.5, 0.8, 0.3)),
    "normal leads": (Side(2.0, 1.0, 0.4, 0.7, 1.3), Side(1.0, 0.5, -0.8, 0.3, 0.2)),
}
every_pair = pytest.mark.parametrize("sides", SIDES.values(), ids=SIDES)
D_SPACER, L_SPACER = 8.0, 1.0


def thin_valve(sides, theta, d_N=None):
    """F1/N/F2 with a spacer of thickness d_N, or the contact F1/F2."""
    left = sides[0].pieces(Z, "F1")
    right = sides[1].pieces(sf.direction(theta), "F2")[::-1]
    spacer = [] if d_N is None else [sf.NormalMetal(D=D_SPACER, l=L_SPACER)(d_N)]
    return sf.Stack([*left, *spacer, *right])


def exact_thin_valve(sides, theta, d_N):
    """(A2) with P_i, S_i for p_i, G~_i, in 60 digits: mu1, mu2, B and dr."""
    one, two = sides
    with mp.workdps(60):
        z, angle = mp.mpf(d_N) / L_SPACER, mp.radians(mp.mpf(theta))
        G, c = mp.mpf(D_SPACER) / (2 * L_SPACER), mp.cos(angle)
        B, tension = G / mp.sinh(z), G / mp.tanh(z)
        A1, A2 = one.S + tension, two.S + tension
        determinant = A1 * A2 - B**2 * c**2
        mu1 = (A2 * one.P - B * c * two.P) / determinant
        mu2 = (B * c * one.P - A1 * two.P) / determinant
        dr = (one.P * mu1 - two.P * mu2) / 2 + one.own + two.own
        return float(mu1), float(mu2), float(B), float(dr)


def collinear_contact(sides, sign):
    """P1 - S1 mu = sign P2 + S2 mu: mu along m1 and dr of the parallel or antiparallel contact."""
    one, two = sides
    mu = (one.P - sign * two.P) / (one.S + two.S)
    return mu, (one.P - sign * two.P) * mu / 2 + one.own + two.own


ANGLES = (0.0, 1e-12, 1e-6, 1e-3, 1.0, 30.0, 90.0, 150.0, 179.0, 179.999, 180.0)
THICKNESSES = (1e-14, 1e-10, 1e-6, 1e-3, 0.1, 3.0)


@stiff_solver
@every_pair
def test_thin_spacers(solve, sides):
    """(A2) at every angle and thickness: mu1 and mu2 relative to the larger, dr and g to itself."""
    for theta, d_N in itertools.product(ANGLES, THICKNESSES):
        mu1, mu2, B, dr = exact_thin_valve(sides, theta, d_N)
        s = solve(thin_valve(sides, theta, d_N))
        at1, at2 = s.interfaces[1:3]
        scale = max(abs(mu1), abs(mu2))
        close(at1.spin_potential, mu1 * Z, scale)
        close(at2.spin_potential, mu2 * sf.direction(theta), scale)
        assert s.spin_resistance == pytest.approx(dr, rel=TOLERANCE), (theta, d_N)
        close(s.efficiency("F1", "F2"), (-B * mu2, B * mu1))


@stiff_solver
@every_pair
@pytest.mark.parametrize("theta", [1.0, 30.0, 90.0, 150.0, 179.0])
def test_generic_angle_the_rings_meet_at_the_crossing(solve, sides, theta):
    """dr -> what either side has alone with mu = 0 there, 0 of half-infinite ferromagnets."""
    one, two = sides
    contact = solve(thin_valve(sides, theta))
    collinear = collinear_contact(sides, np.sign(np.cos(np.radians(theta))))[1]
    assert contact.spin_resistance == pytest.approx(one.own + two.own, abs=TOLERANCE * collinear)
    thin = solve(thin_valve(sides, theta, 1e-14))
    assert thin.spin_resistance == pytest.approx(one.own + two.own, abs=TOLERANCE * collinear)
    # what is left falls with d_N as (P1^2 - 2 c P1 P2 + P2^2) d_N/(D sin^2)
    c, sine2 = np.cos(np.radians(theta)), np.sin(np.radians(theta)) ** 2
    if one.own == two.own == 0.0:
        slope = (one.P**2 - 2 * c * one.P * two.P + two.P**2) / (D_SPACER * sine2)
        assert thin.spin_resistance / 1e-14 == pytest.approx(slope, rel=TOLERANCE)


@stiff_solver
@every_pair
@pytest.mark.parametrize("theta", [0.0, 180.0])
def test_collinear_the_rings_meet_anywhere(solve, sides, theta):
    """dr -> (P1 -/+ P2)^2/(2 (S1 + S2)) and what is behind, with mu_s the same on both sides."""
    sign = 1 if theta == 0.0 else -1
    mu, dr = collinear_contact(sides, sign)
    contact, thin = solve(thin_valve(sides, theta)), solve(thin_valve(sides, theta, 1e-14))
    for s in (contact, thin):
        assert s.spin_resistance == pytest.approx(dr, rel=TOLERANCE)
        close(s.interfaces[1].spin_potential, mu * Z)
        for name in ("F1", "F2"):
            np.testing.assert_allclose(s.absorbed_spin_current(name), 0.0, atol=1e-15)
    close(thin.interfaces[2].spin_potential, mu * Z)


@stiff_solver
@every_pair
@pytest.mark.parametrize("sign", [1, -1])
def test_both_orders_of_limits(solve, sides, sign):
    """theta -> 0 first leaves the collinear dr, d_N -> 0 first does not, at any angle.

    Which one is near is decided by q = B sin(theta)^2, a spring that holds the rings:
    ``dr -> (P1 - P2)^2/(2 (S1 + S2 + q))`` as theta, d_N -> 0 with q fixed.
    """
    one, two = sides
    _, collinear = collinear_contact(sides, sign)

    def dr(small, d_N=None):
        theta = small if sign > 0 else 180.0 - small
        return solve(thin_valve(sides, theta, d_N)).spin_resistance

    # theta -> 0 at given d_N, then d_N -> 0
    for d_N in (1e-3, 1e-6, 1e-14):
        at_zero = exact_thin_valve(sides, 0.0 if sign > 0 else 180.0, d_N)[3]
        assert dr(1e-12, d_N) == pytest.approx(at_zero, rel=TOLERANCE)
    assert dr(0.0, 1e-14) == pytest.approx(collinear, rel=TOLERANCE)
    # d_N -> 0 at given theta, the contact, then theta -> 0
    apart = one.own + two.own
    for theta in (1e-3, 1e-6, 1e-9):
        assert dr(theta) == pytest.approx(apart, abs=TOLERANCE * collinear)
    assert dr(0.0) == pytest.approx(collinear, rel=TOLERANCE)
    # both at once, along q = B sin^2; 180 - theta has to be the angle that the stack has
    for small in (2.0**-16, 2.0**-14, 2.0**-12, 2.0**-10):
        sine2 = np.sin(np.radians(small)) ** 2
        q = D_SPACER / (2 * 1e-12) * sine2
        expected = (one.P - sign * two.P) ** 2 / (2 * (one.S + two.S + q)) + apart
        assert dr(small, 1e-12) == pytest.approx(expected, rel=TOLERANCE)


@stiff_solver
@every_pair
@pytest.mark.parametrize("theta", [1e-3, 1.0, 30.0, 90.0, 150.0])
def test_who_absorbs_what_in_the_contact(solve, sides, theta):
    """j_N of the vanished spacer has j_N.m1 = P1 j0, j_N.m2 = P2 j0: F1 absorbs P1 m1 - j_N.

    So T1 ~ B mu2 [m1 x (m2 x m1)] stays finite: B mu2 -> (c P1 - P2)/sin^2, B mu1 -> (P1 - c P2)/
    sin^2, of (B1), though both mu vanish.
    """
    one, two = sides
    m1, m2 = Z, sf.direction(theta)
    c, sine = np.cos(np.radians(theta)), np.sin(np.radians(theta))
    B_mu1, B_mu2 = (one.P - c * two.P) / sine**2, (c * one.P - two.P) / sine**2
    taken = {
        "F1": B_mu2 * sine * X,  # B mu2 times m2 across m1
        "F2": B_mu1 * sine * np.array([-c, 0.0, sine]),  # B mu1 times m1 across m2
    }
    largest = max(np.abs(vector).max() for vector in taken.values())
    contact = solve(thin_valve(sides, theta))
    at = contact.interfaces[1]
    close(at.spin_potential, 0 * Z, 1.0)
    close(at.spin_current_left, one.P * m1, 1.0)
    close(at.spin_current_right, two.P * m2, 1.0)
    j_N = at.spin_current_left - contact.absorbed_spin_current("F1")
    close((j_N @ m1, j_N @ m2), (one.P, two.P), largest)
    # the same through a spacer, as far as q = B sin^2 exceeds the stiffnesses
    thin = solve(thin_valve(sides, theta, 1e-14))
    q = D_SPACER / (2 * 1e-14) * sine**2
    for name, vector in taken.items():
        close(contact.absorbed_spin_current(name), vector, largest)
        found = thin.absorbed_spin_current(name)
        np.testing.assert_allclose(found, vector, rtol=0, atol=max(TOLERANCE, 20 / q) * largest)


@pytest.mark.parametrize("theta", [0, 5, 15, 30, 50, 90, 120, 140, 160, 170, 180])
def test_figure_6(theta):
    """dr(d_N)/dr(inf): G1 = G2, G_N = 4 G1, p1 = 0.1, p2 = 0.9, thick ferromagnets."""
    d_N = np.array([1e-9, 1e-3, 0.1, 0.5, 1.0, 2.0, 3.0, 40.0])
    sides = SIDES["half-infinite"]
    dr = sf.solve(thin_valve(sides, float(theta), d_N)).spin_resistance
    exact = [exact_thin_valve(sides, float(theta), float(d))[3] for d in d_N]
    np.testing.assert_allclose(dr, exact, rtol=TOLERANCE)
    far = (0.1**2 + 0.9**2) / (2 * (1.0 + 4.0))
    assert dr[-1] == pytest.approx(far, rel=TOLERANCE)
    if theta in (0, 180):
        assert dr[0] == pytest.approx((0.1 - (1 if theta == 0 else -1) * 0.9) ** 2 / 4, rel=1e-8)
    else:
        assert dr[0] < 1e-6 * far


# --- IV: more than two ferromagnets, coplanar and not ---------------------------------------------

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")


def multilayer(directions, ends=(None, None), in_SI=False):
    """One ferromagnet per direction, alternating between two metals, with N between them."""
    if in_SI:
        metals, normal, lengths = (Co, Py), Cu, ((8e-9, 4e-9), 6e-9)
    else:
        metals = sf.Ferromagnet(D=2.0, l=1.0, p=0.3), sf.Ferromagnet(D=1.0, l=0.5, p=0.8)
        normal, lengths = sf.NormalMetal(D=8.0, l=3.0), ((1.1, 0.4), 0.7)
    pieces = [] if ends[0] is None else [ends[0]]
    for i, m in enumerate(directions):
        pieces += [normal(lengths[1])] * (i > 0)
        pieces.append(metals[i % 2](lengths[0][i % 2], m=m, name=f"F{i + 1}"))
    return sf.Stack([*pieces, *([] if ends[1] is None else [ends[1]])])


TILTED = sf.direction([0.0, 50.0, 110.0, 80.0, 20.0], [0.0, 0.0, 70.0, 200.0, 300.0])
MULTILAYERS = {
    "three, coplanar": multilayer(sf.direction([0.0, 60.0, 150.0])),
    "three, not coplanar": multilayer(TILTED[:3]),
    "three, perpendicular": multilayer(np.eye(3)),
    "four, not coplanar, leads": multilayer(TILTED[:4], (sf.Lead(Cu), sf.Lead(Cu)), in_SI=True),
    "five, not coplanar": multilayer(TILTED, (sf.Lead(Co, m=X), sf.Lead(Cu)), in_SI=True),
    "nine, blocking": multilayer([*TILTED, *TILTED[:4]], (sf.SpinBlocking(), None)),
    "collinear ones in between": multilayer([Z, Z, X, -X, Y]),
    "two in contact": sf.Stack(
        [Co(8e-9, m=Z, name="F1"), Cu(6e-9), Py(4e-9, m=X, name="F2"), Co(5e-9, m=Y, name="F3")]
    ),
}
every_multilayer = pytest.mark.parametrize("stack", MULTILAYERS.values(), ids=MULTILAYERS)


@every_solver
@every_multilayer
def test_multilayers(solve, stack):
    """Both sides of every face, who absorbs what and dr, by exponentials in many digits."""
    reference, s = match(stack), solve(stack)
    for kind in ("spin_potential", "spin_current"):
        for name in (f"{kind}_left", f"{kind}_right"):
            close([getattr(face, name) for face in s.interfaces], reference.array(name))
    for name, vector in reference.absorbed.items():
        close(s.absorbed_spin_current(name), [float(c) for c in vector], scale=1.0)
    assert s.spin_resistance == pytest.approx(float(reference.spin_resistance), rel=TOLERANCE)


@every_multilayer
def test_fields_of_multilayers(stack):
    """mu_s, j_s and mu_0 inside the layers, and g of every pair of neighbours: the exact stack."""
    s, exact = sf.solve(stack), sf.analytic.solve(stack)
    mesh = itertools.pairwise(stack.x)
    x = np.concatenate([np.linspace(a, b, 32)[1:-1] for a, b in mesh])
    for name in ("spin_potential", "spin_current", "potential"):
        close(getattr(s, name)(x), getattr(exact, name)(x))
    for pair in s.spacers:
        close(s.efficiency(*pair), exact.efficiency(*pair))


@every_multilayer
def test_every_ring_and_every_sheet(stack):
    """Rings on rods between cords: the balance of forces alone gives all positions.

    In every N layer mu_s and j_s lie in the plane of the neighbouring magnetizations, in F along m.
    """
    magnets = [k for k, layer in enumerate(stack.layers) if layer.is_ferromagnet]
    s = sf.solve(stack)
    for left, right in itertools.pairwise(magnets):
        normal = np.cross(stack.layers[left].m, stack.layers[right].m)
        for k in range(left + 1, right):
            layer = s.layers[k]
            for curve in (layer.spin_potential, layer.spin_current):
                np.testing.assert_allclose(
                    curve @ normal, 0.0, atol=1e-12 * np.abs(curve).max(), rtol=0
                )
    for k in magnets:
        for curve in (s.layers[k].spin_potential, s.layers[k].spin_current):
            across = np.cross(curve, stack.layers[k].m)
            np.testing.assert_allclose(across, 0.0, atol=1e-12 * np.abs(curve).max(), rtol=0)
    if any(b == a + 1 for a, b in itertools.pairwise(magnets)):
        return  # rings at a crossing are pinned
    if any(isinstance(end, sf.Lead) and end.is_ferromagnet for end in (stack.left, stack.right)):
        return  # or shared with the lead
    K = np.zeros((2 * len(magnets), 2 * len(magnets)))
    force = np.zeros(2 * len(magnets))

    def cord(layer):
        z = layer.thickness / layer.material.l
        return layer.material.stiffness / np.tanh(z), layer.material.stiffness / np.sinh(z)

    for i, k in enumerate(magnets):
        layer, at = stack.layers[k], slice(2 * i, 2 * i + 2)
        tension, coupling = cord(layer)
        K[at, at] += [[tension, -coupling], [-coupling, tension]]
        force[at] = -layer.material.p, layer.material.p
        if i > 0:
            tension, coupling = cord(stack.layers[k - 1])
            coupling *= layer.m @ stack.layers[magnets[i - 1]].m
            between = slice(2 * i - 1, 2 * i + 1)
            K[between, between] += [[tension, -coupling], [-coupling, tension]]
    kept = np.ones(force.size, dtype=bool)
    for end, ring in ((stack.left, 0), (stack.right, -1)):
        kept[ring] = not isinstance(end, sf.Reservoir)
        K[ring, ring] += end.material.stiffness if isinstance(end, sf.Lead) else 0.0
    positions = np.zeros(force.size)
    positions[kept] = np.linalg.solve(K[np.ix_(kept, kept)], force[kept])
    close([ring.position for ring in sf.Analogy(s).rings], positions)
    assert s.spin_resistance == pytest.approx(force @ positions / 2, rel=TOLERANCE)


@every_solver
def test_both_efficiencies_negative_with_three_ferromagnets(solve):
    """Two ferromagnets never have it; three can: the force P2 = p2 + ... comes from beyond.

    F1, F2 with a third one behind F2: P2, S2 of (A2) by eliminating F3, the spacer and F2.
    """
    theta = 160.0
    F1, F2, F3 = (sf.Ferromagnet(D=1.0, l=1.0, p=p) for p in (0.3, 0.1, 0.9))
    N = sf.NormalMetal(D=4.0, l=1.0)
    stack = (
        F1(1.0, m=Z, name="F1")
        | N(0.1)
        | F2(0.1, m=sf.direction(theta), name="F2")
        | N(0.1)
        | F3(1.0, m=sf.direction(theta + 180.0), name="F3")
    )
    c12, c23 = np.cos(np.radians(theta)), -1.0
    tension, B = 2.0 / np.tanh(0.1), 2.0 / np.sinh(0.1)
    outer, thin, b = 0.5 / np.tanh(1.0), 0.5 / np.tanh(0.1), 0.5 / np.sinh(0.1)
    # F3's ring: j = P + S mu along m3; then through the spacer to F2's right ring, then F2
    held = tension + outer
    P, S = B * c23 * 0.9 / held, tension - (B * c23) ** 2 / held
    held = thin + S
    P2, S2 = 0.1 + b * (P - 0.1) / held, thin - b**2 / held
    A1, A2, P1 = outer + tension, S2 + tension, 0.3
    determinant = A1 * A2 - (B * c12) ** 2
    mu1 = (A2 * P1 - B * c12 * P2) / determinant
    mu2 = (B * c12 * P1 - A1 * P2) / determinant
    g = solve(stack).efficiency("F1", "F2")
    close(g, (-B * mu2, B * mu1))
    assert P2 < 0
    assert g[0] < 0
    assert g[1] < 0
