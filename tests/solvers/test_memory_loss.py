"""Interfaces with delta: spins flip in them as in a layer of no thickness."""

import numpy as np
import pytest

import spinfem as sf
from spinfem.physics import interfaces

N = sf.NormalMetal(D=2.0, l=3.0)
F = sf.Ferromagnet(D=1.0, l=2.0, p=0.5)
WEAK = sf.Ferromagnet(D=1.0, l=2.0, p=0.5, lambda_J=0.4, lambda_phi=1.0)
Z, M = (0, 0, 1), sf.direction(50, 20)
AR, GAMMA = 0.7, 0.4
DELTAS = [1e-9, 1e-3, 0.19, 0.9, 5.0, 40.0]
SOLVERS = {
    "condensed": sf.solve,
    "saddle": lambda stack: sf.solve(stack, method="saddle"),
    "analytic": sf.analytic.solve,
}


def sample(interface, metal=F):
    """Interfaces on either side of magnets, between normal metals and at an end.

    `interface` makes one of the magnetization it belongs to, or of None.
    """
    return sf.Stack(
        [
            sf.Lead(N),
            F(1.0, m=Z, name="a"),
            interface(Z),
            N(0.5),
            interface(None),
            N(0.7),
            interface(M),
            metal(1.0, m=M, name="b"),
            N(0.2),
            interface(None),
            sf.Reservoir(),
        ]
    )


def with_delta(delta):
    return lambda m: sf.Interface(AR, gamma=0.0 if m is None else GAMMA, delta=delta)


def slab(delta, thickness):
    """Valet and Fert's layer of rho* = AR*/t, l = t/delta, t in units of this l."""
    t = thickness / delta

    def layer(m):
        if m is None:
            return sf.NormalMetal(D=t / AR, l=t / delta)(t)
        return sf.Ferromagnet(D=t / AR, l=t / delta, p=GAMMA)(t, m=m)

    return layer


@pytest.mark.parametrize("thickness", [1e-6, 1e-9])
@pytest.mark.parametrize("delta", [0.19, 0.9, 3.0])
@pytest.mark.parametrize("solver", SOLVERS)
def test_it_is_a_thin_layer(solver, delta, thickness):
    """Whatever its thickness: dr, and the torque, which the layer takes up in its place."""
    solve = SOLVERS[solver]
    ours = solve(sample(with_delta(delta)))
    slabs = solve(sample(slab(delta, thickness)))
    assert slabs.spin_resistance == pytest.approx(ours.spin_resistance, rel=1e-12)
    taken = [slabs.absorbed_spin_current(name) for name in ("F2", "F3")]
    expected = [ours.absorbed_spin_current(name) for name in ("a", "b")]
    np.testing.assert_allclose(taken, expected, rtol=0, atol=1e-12)
    assert slabs.efficiency("F2", "F3") == pytest.approx(ours.efficiency("a", "b"), rel=1e-11)


@pytest.mark.parametrize("metal", [F, WEAK])
@pytest.mark.parametrize("delta", DELTAS)
def test_all_solvers_agree(metal, delta):
    a, *others = (solve(sample(with_delta(delta), metal)) for solve in SOLVERS.values())
    names = [
        f"spin_{kind}_{side}" for kind in ("potential", "current") for side in ("left", "right")
    ]
    for b in others:
        assert b.spin_resistance == pytest.approx(a.spin_resistance, rel=1e-11)
        for face, other in zip(a.interfaces, b.interfaces, strict=True):
            for name in (*names, "absorbed"):
                np.testing.assert_allclose(
                    getattr(other, name), getattr(face, name), rtol=0, atol=1e-11
                )


def test_without_delta_nothing_changes():
    """To the last bit."""
    for resistance in (1e-40, 0.3, 0.7e-15, 1e12):
        B, S = interfaces.two_port(np.array(resistance), np.array(0.0))
        assert (1 / (2 * resistance), 0.0) == (B, S)


def test_nothing_passes_where_all_spins_flip():
    """Either side sees what is lost there, ``S = delta/(2 AR*)``, as behind a reservoir."""
    delta = 800.0
    left, right = sf.Lead(F, m=Z) | N(0.5), N(0.3) | F(1.0, m=M, name="b") | sf.Lead(N)
    both = sf.solve(left | sf.Interface(AR, delta=delta) | right)
    behind = sf.Interface(AR / delta)
    one = sf.solve(left | behind | sf.Reservoir())
    other = sf.solve(sf.Reservoir() | behind | right)
    assert both.spin_resistance == pytest.approx(one.spin_resistance + other.spin_resistance)
    np.testing.assert_allclose(
        both.interfaces[1].spin_potential_left, one.interfaces[1].spin_potential_left, rtol=1e-14
    )
    np.testing.assert_allclose(both.layer("b").spin_current, other.layer("b").spin_current)


@pytest.mark.parametrize("delta", [0.1, 0.9, 4.0])
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_fraction_of_what_passes_is_lost(solver, delta):
    """1 - exp(-delta), by all of the current, where all around has its stiffness: no reflection."""
    AR = delta / (2 * N.stiffness)
    left = sf.Lead(F, m=Z) | N(0.5)
    for joint in (sf.Interface(AR, delta=delta), sf.Interface(AR / 4, delta=delta)):
        face = SOLVERS[solver](left | joint | N(0.7) | sf.Lead(N)).interfaces[1]
        passed = face.spin_current_right[2] / face.spin_current_left[2]
        # tanh's two-port between that of the lead: of a fourth of AR* its stiffness is four times
        G, own = N.stiffness, delta / (2 * joint.resistance)
        expected = G / (G * np.cosh(delta) + own * np.sinh(delta))
        assert passed == pytest.approx(expected, rel=1e-12)
        if joint.resistance == AR:
            assert passed == pytest.approx(np.exp(-delta), rel=1e-12)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_part_reaches_the_reservoir_behind(side):
    """1/cosh(delta) of what comes, where mu_s = 0 behind."""
    pieces = [sf.Lead(F, m=Z), N(0.5), sf.Interface(AR, delta=1.2), sf.Reservoir()]
    solution = sf.solve(sf.Stack(pieces if side == "right" else pieces[::-1]))
    face = solution.interfaces[-1 if side == "right" else 0]
    inside = getattr(face, f"spin_current_{'left' if side == 'right' else 'right'}")
    np.testing.assert_allclose(
        getattr(face, f"spin_current_{side}"), inside / np.cosh(1.2), rtol=1e-14
    )


def test_it_is_a_spin_sink():
    blocked = [sf.SpinBlocking(), sf.Ferromagnet(D=1.0, l=np.inf, p=0.5)(1.0, m=Z)]
    end = [sf.NormalMetal(D=1.0, l=np.inf)(1.0), sf.SpinBlocking()]
    with pytest.raises(ValueError, match="no spin sink"):
        sf.solve(sf.Stack([*blocked, sf.Interface(AR, gamma=0.2), *end]))
    # all that is driven, p - gamma of the interface, is lost in S at its left face
    solution = sf.solve(sf.Stack([*blocked, sf.Interface(AR, gamma=0.2, delta=0.5), *end]))
    _, S = interfaces.two_port(np.array(AR), np.array(0.5))
    lost = S * solution.interfaces[1].spin_potential_left
    np.testing.assert_allclose(
        lost + S * solution.interfaces[1].spin_potential_right, 0, atol=1e-14
    )
    assert abs(lost[2]) > 0.01


def test_batches_and_sweeps_have_it():
    deltas = np.array([0.0, 0.2, 1.0, 30.0])
    batch = sf.solve(sample(with_delta(deltas)))
    points = [sf.solve(sample(with_delta(delta))) for delta in deltas]
    np.testing.assert_allclose(
        batch.spin_resistance, [point.spin_resistance for point in points], rtol=1e-14
    )
    np.testing.assert_allclose(batch.torques, [point.torques for point in points], atol=1e-30)
    table = sf.sweep(lambda delta: sample(with_delta(delta)), {"delta": deltas})
    np.testing.assert_array_equal(table.spin_resistance, batch.spin_resistance)


@pytest.mark.parametrize("delta", [1e-6, 0.3, 0.999, 1.001, 4.0, 30.0])
@pytest.mark.parametrize("at", [3, 4, 6])  # a magnet's, between normal metals, the end's
def test_derivative_with_delta(delta, at):
    """Of dr against differences of sixth order."""

    def changed(by):
        pieces = list(sample(with_delta(delta)).pieces)
        places = [i for i, piece in enumerate(pieces) if isinstance(piece, sf.Interface)]
        pieces[places[at % 4]] = sf.Interface(
            AR, gamma=GAMMA if at == 4 else 0.0, delta=delta + by, name="I"
        )
        return sf.Stack(pieces)

    def dr(by):
        return sf.analytic.solve(changed(by)).spin_resistance

    h = 0.02 * delta
    weights = {1: 45 / 60, 2: -9 / 60, 3: 1 / 60}
    slope = sum(w * (dr(k * h) - dr(-k * h)) for k, w in weights.items()) / h
    found = sf.solve(changed(0.0)).gradient("spin_resistance")["I.delta"]
    assert found == pytest.approx(slope, rel=1e-6, abs=1e-9 * dr(0.0) / delta)


@pytest.mark.parametrize("delta", [0.5, 3.0, 10.0])
def test_derivatives_of_efficiencies_beside_a_spacer(delta):
    """The interfaces at its magnets are not in it, however little they let pass."""

    def valve(gamma):
        joints = [
            sf.Interface(AR, gamma=x, delta=delta, name=n) for x, n in ((gamma, "I"), (0.2, "J"))
        ]
        a, b = F(1.0, m=Z, name="a"), F(0.5, m=M, name="b")
        return sf.Lead(N) | a | joints[0] | N(0.4) | joints[1] | b | sf.Lead(N)

    h = 1e-3
    ahead, back = (sf.analytic.solve(valve(GAMMA + s)).efficiency("a", "b") for s in (h, -h))
    slope = (np.array(ahead) - np.array(back)) / (2 * h)  # g is linear in gamma
    found = sf.solve(valve(GAMMA)).gradient("efficiency", "a", "b")["I.gamma"]
    np.testing.assert_allclose(found, slope, rtol=1e-9)


def test_bounds_hold():
    exact = sf.analytic.solve(sample(with_delta(0.6)))
    coarse = sf.solve(sample(with_delta(0.6)), degree=1, elements=2, certify=True)
    low, high = coarse.bounds.spin_resistance
    assert low < exact.spin_resistance < high
    low, high = coarse.bounds.torques
    assert ((low <= exact.torques) & (exact.torques <= high)).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"resistance": 1.0, "delta": -0.1}, r"delta \(spin memory loss\) of an interface must be"),
        (
            {"resistance": 1.0, "delta": np.nan},
            r"delta \(spin memory loss\) of an interface must be",
        ),
        ({"resistance": 0.0, "delta": 0.1}, "must be 0 without a resistance, got 0.1"),
        ({"delta": [0.0, 0.1], "name": "Co/Pt"}, "of interface 'Co/Pt' must be 0 without a resist"),
    ],
)
def test_what_is_no_delta(arguments, message):
    with pytest.raises(ValueError, match=message):
        sf.Interface(**arguments)
