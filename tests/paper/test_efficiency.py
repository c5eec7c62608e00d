"""Signs of g: effective driving forces and stiffnesses, (B1), roots, Slonczewski's form."""

import itertools

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from strategies import has_sink, stacks

import spinfem as sf
from spinfem import analytic
from spinfem.paper.spacer import Spacer
from spinfem.physics.directions import angle
from spinfem.solvers.condensed import Condensed
from spinfem.solvers.elements import elements_of
from spinfem.solvers.exact import Exact

N = sf.NormalMetal(D=8.0, l=1.0)  # G_N = 4


def valve(theta, p1=0.1, p2=0.9, d_N=0.2, D=1.0):
    F1, F2 = sf.Ferromagnet(D=D, l=1.0, p=p1), sf.Ferromagnet(D=D, l=1.0, p=p2)
    return (
        F1(8.0, m=sf.direction(0.0), name="1") | N(d_N) | F2(8.0, m=sf.direction(theta), name="2")
    )


def exact_loads(stack):
    """P and S on both sides of every spacer, from exact two-ports."""
    e = elements_of(stack)
    t = Condensed(e, Exact(e))
    for i, (a, b) in enumerate(itertools.pairwise(t.magnets.tolist())):
        if b > a + 1:
            left, right, *_ = t.behind(i)
            yield left.P, left.S, right.P, right.S


@pytest.mark.long
@settings(max_examples=400)
@given(stacks().filter(has_sink))
def test_what_lies_behind_a_spacer(stack):
    """P_i and S_i from finite elements and from exact two-ports; g from them."""
    solution = sf.solve(stack)
    spacers = sf.Analogy(solution).spacers
    expected = list(exact_loads(stack))
    assert len(spacers) == len(expected)
    for spacer, (P1, S1, P2, S2) in zip(spacers, expected):
        force = max(abs(P1), abs(P2), 1e-3)
        np.testing.assert_allclose(spacer.P, (P1, P2), rtol=1e-11, atol=1e-11 * force)
        np.testing.assert_allclose(spacer.S, (S1, S2), rtol=1e-11)
    for names in solution.spacers:
        spacer = sf.Analogy(solution).spacer(*names)
        (A1, A2), B, c = spacer.A, spacer.coupling, spacer.cosine
        # written as in the paper the determinant cancels where d_N/l_N is small
        lost = A1 * A2 / (A1 * A2 - (B * c) ** 2)
        if lost < 1e4:
            scale = B * max(np.abs(spacer.potentials()).max(), max(map(abs, spacer.P)) / A1)
            g = solution.efficiency(*names)
            # where nothing drives, g is the rounding of p = 0 from forces that cancel
            tolerance = 1e-11 * lost * scale + 1e-15
            np.testing.assert_allclose(spacer.efficiencies(), g, rtol=0, atol=tolerance)
            for form, value in zip(spacer.slonczewski, spacer.efficiencies()):
                found = form(np.degrees(np.arccos(np.clip(c, -1, 1))))
                assert found == pytest.approx(value, rel=1e-6, abs=1e-9 * lost * scale)
            # (B1), for any sign of P1 and P2
            (P1, P2), (g1, g2) = spacer.P, g
            sign1, sign2 = np.sign(spacer.P)  # products of what is tiny would be zero
            if abs(A2 * P1 - B * c * P2) > 1e-9 * (abs(A2 * P1) + abs(B * c * P2)):
                assert (sign1 * g2 < 0) == (sign1 * P2 * B * c > A2 * abs(P1))
            if abs(A1 * P2 - B * c * P1) > 1e-9 * (abs(A1 * P2) + abs(B * c * P1)):
                assert (sign2 * g1 < 0) == (sign2 * P1 * B * c > A1 * abs(P2))
            assert not (sign1 * g2 < 0 and sign2 * g1 < 0)


@pytest.mark.parametrize(("p1", "p2"), [(0.1, 0.9), (-0.1, -0.9), (0.1, -0.9), (-0.1, 0.9)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_signs_of_the_valve(p1, p2, mirrored):
    """(B1) at every angle, for all signs of p, whichever of the two is the weaker."""
    theta = np.linspace(0.5, 179.5, 359)
    if mirrored:
        p1, p2 = p2, p1
    solution = sf.solve(valve(theta, p1, p2))
    g1, g2 = solution.efficiency("1", "2")
    c = np.cos(np.radians(theta))
    A, B = 0.5 / np.tanh(8.0) + 4 / np.tanh(0.2), 4 / np.sinh(0.2)
    np.testing.assert_array_equal(p1 * g2 < 0, p2 / p1 * B * c > A)
    np.testing.assert_array_equal(p2 * g1 < 0, p1 / p2 * B * c > A)
    assert not ((p1 * g2 < 0) & (p2 * g1 < 0)).any()
    # each needs p1 p2 cos > 0
    assert (p1 * p2 * c > 0)[(p1 * g2 < 0) | (p2 * g1 < 0)].all()
    assert ((p1 * g2 < 0) | (p2 * g1 < 0)).any()


@pytest.mark.parametrize("which", [0, 1])
def test_angles_at_which_g_changes_sign(which):
    p = (0.1, 0.9)[:: 1 if which else -1]
    A, B = 0.5 / np.tanh(8.0) + 4 / np.tanh(0.2), 4 / np.sinh(0.2)
    expected = np.degrees(np.arccos(A * 0.1 / (B * 0.9)))
    found = sf.sign_changes(lambda theta: valve(theta, *p), 0, 180, "1", "2")
    assert found[which] == pytest.approx([expected], abs=1e-10)
    assert found[1 - which].size == 0
    closed = sf.Analogy(sf.solve(valve(30.0, *p))).spacer("1", "2").sign_changes
    assert closed[which] == pytest.approx(expected, abs=1e-10)
    assert np.isnan(closed[1 - which])
    # as asked, in either order
    swapped = sf.sign_changes(lambda theta: valve(theta, *p), 0, 180, "2", "1")
    assert swapped[1 - which] == pytest.approx([expected], abs=1e-10)


def test_sign_changes_in_a_full_turn_and_where_g_is_zero_at_a_sample():
    first, second = sf.sign_changes(lambda theta: valve(theta), -180, 180, "1", "2")
    assert first.size == 0
    assert second.size == 2
    assert second[0] == pytest.approx(-second[1], abs=1e-10)
    # the root is one of the angles that are looked at
    root = second[1]
    assert sf.sign_changes(valve, root - 1, root + 1, "1", "2", points=3)[1] == pytest.approx(
        [root], abs=1e-10
    )


def test_errors():
    with pytest.raises(ValueError, match="start must be less than stop, got 90 and 0"):
        sf.sign_changes(valve, 90, 0, "1", "2")
    with pytest.raises(ValueError, match="points must be at least 2, got 1"):
        sf.sign_changes(valve, 0, 90, "1", "2", points=1)
    with pytest.raises(ValueError, match="name must be that of a layer or lead"):
        sf.sign_changes(valve, 0, 90, "1", "3")
    with pytest.raises(ValueError, match=r"a batch of shape \(721,\), got shape \(\)"):
        sf.sign_changes(lambda theta: valve(30.0), 0, 90, "1", "2")


ANGLES = (0.0, 1e-6, 1e-3, 0.4, 60.0, 89.0, 90.0, 120.0, 179.0, 180 - 1e-6, 180.0)
FORCES = (
    (0.4, 0.4),
    (0.4, -0.4),
    (0.4, 0.4 + 1e-9),
    (1e-9, 0.9),
    (0.9, 1e-9),
    (-0.3, 0.7),
    (0, 0.5),
)


def digits(found, exact, terms):
    """Of a sum: the error relative to it, or to its largest term times what rounds these."""
    assert abs(found - float(exact)) <= 2e-15 * max(abs(float(exact)), 4 * float(terms)) + 1e-40


@pytest.mark.parametrize("d_N", [1e-15, 1e-12, 1e-8, 1e-4, 0.3, 5.0, 100.0])
@pytest.mark.parametrize("P", FORCES)
@pytest.mark.parametrize("S", [(0.5, 0.5), (0.5, 0.5 + 1e-10), (1e-6, 3e5)])
def test_closed_forms_keep_their_digits(d_N, P, S):
    """In 60 digits, of the same P, S, shunt and angle: what is conditioned by these remains.

    The terms that are added up are those of ``P1 - c P2`` with P1 -/+ P2, a difference of inputs,
    and ``1 - |c|`` apart: where P1 = P2 and the angle is 1e-6 degrees no digit is lost.
    """
    B, shunt = 4 / np.sinh(d_N), 4 * np.tanh(d_N / 2)
    with mpmath.workdps(60):
        (P1, P2), (o1, o2) = map(mpmath.mpf, P), (mpmath.mpf(x) + shunt for x in S)
        b = mpmath.mpf(B)
        A1, A2 = o1 + b, o2 + b
        for theta in ANGLES:
            m = np.array([sf.direction(0.0), sf.direction(theta)])
            sign, cosine, rest = (float(x) for x in angle(*m))
            spacer = Spacer(("a", "b"), P, S, (shunt, shunt), B, sign * cosine, rest)
            c, r = mpmath.mpf(sign) * (1 - mpmath.mpf(rest)), mpmath.mpf(rest)
            det = A1 * A2 - (b * c) ** 2
            mu = (A2 * P1 - b * c * P2) / det, (b * c * P1 - A1 * P2) / det
            apart = abs(P1 - mpmath.sign(c or 1) * P2)
            terms = (
                (o2 * abs(P1) + b * (apart + r * abs(P2))) / det,
                (o1 * abs(P2) + b * (apart + r * abs(P1))) / det,
            )
            for i in range(2):
                digits(spacer.potentials()[i], mu[i], terms[i])
                digits(spacer.efficiencies()[1 - i], (b, -b)[i] * mu[i], b * terms[i])
            slope = -b * mu[0] * mu[1] * mpmath.sqrt(r * (1 + abs(c)))
            size = b * mpmath.sqrt(r * (1 + abs(c)))
            digits(
                spacer.resistance_slope,
                slope,
                size * (abs(mu[0]) * terms[1] + abs(mu[1]) * terms[0]),
            )
            exact_theta = mpmath.mpf(theta) * mpmath.pi / 180
            x = mpmath.cos(exact_theta)
            root = mpmath.sqrt(A1 * A2)
            for form, (A, P_own, P_other) in zip(spacer.slonczewski, ((A1, P2, P1), (A2, P1, P2))):
                q = [b / 2 * (A * P_own / root + way * P_other) for way in (1, -1)]
                g = q[0] / (root + b * x) + q[1] / (root - b * x)
                more = abs(A / root - 1) * abs(P_own)
                sizes = [b / 2 * (abs(P_own + way * P_other) + more) for way in (1, -1)]
                for k in range(2):
                    digits(form[k], q[k], sizes[k])
                sum_ = abs(sizes[0] / (root + b * x)) + abs(sizes[1] / (root - b * x))
                digits(form(theta), g, sum_)
            digits(spacer.Lambda, mpmath.sqrt((root + b) / (root - b)), 0)
        for found, (A, o, P_own, P_other) in zip(
            spacer.sign_changes, ((A1, o1, P2, P1), (A2, o2, P1, P2))
        ):
            cosine = A * P_own / (b * P_other) if P_other else mpmath.inf
            if abs(cosine) < 1:
                turning = mpmath.degrees(mpmath.acos(cosine))
                # of 1 - |cos|, whose half is the square of half the angle
                rest = (b * (abs(P_other) - abs(P_own)) - o * abs(P_own)) / (b * abs(P_other))
                noise = 1e-15 * (abs(abs(P_other) - abs(P_own)) + o * abs(P_own) / b) / abs(P_other)
                assert found == pytest.approx(
                    float(turning), rel=4e-15 + float(noise / rest), abs=1e-300
                )
            else:
                assert np.isnan(found)


@pytest.mark.parametrize("d_N", [1e-15, 1e-12, 1e-8, 1e-4, 0.3, 5.0, 100.0])
@pytest.mark.parametrize("p", FORCES)
def test_the_closed_form_of_the_valve_keeps_its_digits(d_N, p):
    """(A1), (A2), g and dr in 60 digits, of the same p, d/l and m."""
    G, z = (0.5, 4.0, 0.3), (1.5, d_N, 0.8)
    m1 = sf.direction(0.0)
    for theta in ANGLES:
        m2 = sf.direction(theta)
        found = analytic.valve(G, z, p, m1, m2)
        with mpmath.workdps(60):
            n1, n2 = (mpmath.matrix(m.tolist()) for m in (m1, m2))
            n2 /= mpmath.norm(n2)
            p1, p2 = (mpmath.mpf(x) for x in p)
            G1, GN, G2 = (mpmath.mpf(x) for x in G)
            z1, zN, z2 = (mpmath.mpf(x) for x in z)
            Gt1, GtN, Gt2 = (g * mpmath.coth(x) for g, x in ((G1, z1), (GN, zN), (G2, z2)))
            A1, A2, B = Gt1 + GtN, Gt2 + GtN, GN / mpmath.sinh(zN)
            c = (n1.T * n2)[0]
            rest = 1 - abs(c)
            det = A1 * A2 - (B * c) ** 2
            mu1, mu2 = (A2 * p1 - B * c * p2) / det, (B * c * p1 - A1 * p2) / det
            apart = abs(p1 - mpmath.sign(c or 1) * p2)
            o1, o2 = A1 - B, A2 - B
            sizes = (
                (o2 * abs(p1) + B * (apart + rest * abs(p2))) / det,
                (o1 * abs(p2) + B * (apart + rest * abs(p1))) / det,
            )
            digits(found.mu1, mu1, sizes[0])
            digits(found.mu2, mu2, sizes[1])
            digits(found.g1, -B * mu2, B * sizes[1])
            digits(found.g2, B * mu1, B * sizes[0])
            digits(found.spin_resistance, (p1 * mu1 - p2 * mu2) / 2, 0)
            currents = [
                (p1 - Gt1 * mu1) * n1,
                GtN * mu1 * n1 - B * mu2 * n2,
                B * mu1 * n1 - GtN * mu2 * n2,
                (p2 + Gt2 * mu2) * n2,
            ]
            size = max(max(abs(x) for x in row) for row in currents)
            size = max(size, abs(p1), abs(p2))
            for row, exact in zip(found.face_currents, currents):
                for a, b in zip(row, exact):
                    assert abs(a - float(b)) < 1e-14 * float(size)


def test_slope_of_the_resistance_of_a_spacer():
    """d(dr)/d(theta) = g1 g2 sin(theta)/B: dr is least where one torque changes sign."""
    root = sf.Analogy(sf.solve(valve(30.0))).spacer("1", "2").sign_changes[1]
    for theta in (10.0, root, 120.0):
        h = 1e-3
        turned = theta + np.degrees([-2 * h, -h, h, 2 * h])
        dr = sf.solve(valve(turned)).spin_resistance
        numeric = (dr[0] - 8 * dr[1] + 8 * dr[2] - dr[3]) / (12 * h)
        analogy = sf.Analogy(sf.solve(valve(theta)))
        slope = analogy.spacer("1", "2").resistance_slope
        assert slope == pytest.approx(numeric, rel=1e-7, abs=1e-10)
        # the work of the free layer's own torque; it turns about +y
        assert analogy.resistance_slope("2", (0, 1, 0)) == pytest.approx(slope, rel=1e-9, abs=1e-13)
        assert analogy.resistance_slope("1", (0, -1, 0)) == pytest.approx(slope, abs=1e-13)
    assert sf.Analogy(sf.solve(valve(root))).spacer("1", "2").resistance_slope == pytest.approx(
        0, abs=1e-15
    )


def three(theta):
    """F0 | F1 | F2, all p > 0: the strong F0, antiparallel to the thin F1, pulls its ring down."""
    F0, F1, F2 = (sf.Ferromagnet(D=1.0, l=1.0, p=p) for p in (0.5, 0.3, 0.1))
    return (
        F0(5.0, m=sf.direction(180.0), name="0")
        | N(0.05)
        | F1(0.05, m=sf.direction(0.0), name="1")
        | N(0.1)
        | F2(5.0, m=sf.direction(theta), name="2")
    )


def test_with_three_ferromagnets_both_efficiencies_can_be_negative():
    """P_1 < 0 though all p > 0: what (B1) then forbids is not g1, g2 < 0."""
    theta = np.linspace(0.0, 180.0, 181)
    solution = sf.solve(three(theta))
    g1, g2 = solution.efficiency("1", "2")
    both = (g1 < 0) & (g2 < 0)
    assert both[90:-1].any()  # where the torques themselves do not vanish
    i = int(np.flatnonzero(both)[0])
    spacer = sf.Analogy(solution[i]).spacer("1", "2")
    assert spacer.P[0] < 0 < spacer.P[1]
    # what remains: never both P1 g2 < 0 and P2 g1 < 0
    assert not (spacer.P[0] * g2[i] < 0 and spacer.P[1] * g1[i] < 0)


@settings(max_examples=50)
@given(stacks(max_ferromagnets=3, contacts=False, decades=(-2, 1)).filter(has_sink))
def test_torques_in_a_spacer_follow_from_its_loads_at_other_angles_too(stack):
    """All behind a face turns along with it: P_i, S_i stay, and g follows Slonczewski's form."""
    solution = sf.solve(stack)
    assume(solution.spacers)
    a, b = solution.spacers[-1]
    position = stack.position(b)
    axis, angle = np.array([0.6, -0.3, 0.74]), 0.7
    axis /= np.linalg.norm(axis)

    def turn(m):
        cross, along = np.cross(axis, m), (axis @ m) * axis
        return along + np.cos(angle) * (m - along) + np.sin(angle) * cross

    pieces = []
    for k, piece in enumerate(stack.elements):
        m = getattr(piece, "m", None)
        if k >= position and m is not None:
            extra = {"thickness": piece.thickness} if isinstance(piece, sf.Layer) else {}
            piece = type(piece)(piece.material, **extra, m=turn(m), name=piece.name)
        pieces.append(piece)
    turned = sf.solve(sf.Stack(pieces))
    before, after = (sf.Analogy(s).spacer(a, b) for s in (solution, turned))
    np.testing.assert_allclose(after.P, before.P, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(after.S, before.S, rtol=1e-11)
    found = np.array(before.efficiencies(after.cosine))
    (A1, A2), B = before.A, before.coupling
    lost = A1 * A2 / (A1 * A2 - B**2)
    assume(lost < 1e6)
    scale = B * max(np.abs(before.potentials(after.cosine)).max(), 1e-3 / A1)
    expected = turned.efficiency(a, b)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * lost * scale)
