"""Critical currents: closed forms, tables, and states that are followed."""

import numpy as np
import pytest
from moving import Co, Cu, Py, dual, mixed, real, single, valve

import spinfem as sf
from spinfem.constants import GAMMA, GAMMA_0, TORQUE_PER_SPIN_CURRENT
from spinfem.dynamics.thresholds import critical_on_branch

Ms, t, N = 8e5, 4e-9, (0.94, 0.04, 0.02)
PER_CURRENT = GAMMA * TORQUE_PER_SPIN_CURRENT / (Ms * t)


def expected(theta, alpha, field, stack):
    """``-/+ alpha gamma_0 [2H +/- Ms (Nx + Ny - 2Nz)]/(2 c g)`` of P, and of AP with -H."""
    sign = 1 if theta == 0 else -1
    _, g = sf.solve(stack).efficiency("fixed", "free")
    stiff = 2 * sign * field + Ms * (N[0] + N[1] - 2 * N[2])
    return -sign * alpha * GAMMA_0 * stiff / (2 * PER_CURRENT * g)


@pytest.mark.long
@pytest.mark.parametrize("theta", [0, 180])
@pytest.mark.parametrize("field", [0.0, 6e3])
@pytest.mark.parametrize("alpha", [0.01, 0.05])
@pytest.mark.parametrize("pumping", [False, True])
@pytest.mark.parametrize("interface", [None, mixed])
def test_closed_form(theta, field, alpha, pumping, interface):
    """Of one free layer, the normal along x, easy along z (J. Z. Sun,
    doi:10.1103/PhysRevB.62.570); pumped spins, the same in both directions, add to alpha."""
    stack = valve(theta, interface=interface)
    system = single(stack=stack, alpha=alpha, field=(0, 0, field), pumping=pumping)
    damping = system.damping("free")
    assert np.abs(damping - damping[0, 0] * np.eye(2)).max() <= 1e-12 * damping[0, 0]
    (found,) = (one for one in system.critical_currents() if one.kind == "oscillation")
    assert found.j0 == pytest.approx(expected(theta, damping[0, 0], field, stack), rel=1e-12)
    assert (found.below, found.above) == (0, 2)
    assert found.unstable == "above"
    assert found.changes_stability
    assert found.state.kind == "marginal"
    assert found.frequency == pytest.approx(found.state.frequency)


@pytest.mark.parametrize(
    ("pumping", "alpha", "P", "AP"),
    [(False, 0.01, 1.06e10, 6.0e9), (True, 0.1116, 1.18e11, 6.7e10)],
)
def test_pumping_counts(pumping, alpha, P, AP):
    """Eleven times as much with the damping of pumped spins, where interfaces are transparent.

    To the digits of the table, of another implementation.
    """
    for theta, j0 in ((0, P), (180, AP)):
        system = single(stack=valve(theta), pumping=pumping)
        assert system.damping("free")[0, 0] == pytest.approx(alpha, abs=5e-5)
        assert system.critical_currents()[0].j0 == pytest.approx(j0, rel=0.01)


@pytest.mark.long
def test_every_threshold_of_three_magnets_is_one():
    """Something neither grows nor decays there, and more or less grows on either side."""
    system = dual()
    thresholds = system.critical_currents()
    assert len(thresholds) >= 2
    assert sorted(thresholds, key=lambda one: abs(one.j0)) == thresholds
    for one in thresholds:
        growth = one.state.growth
        # rounding of a sum of sizes |A| and j0 |C|, which cancel more at larger currents
        slowest = growth[np.abs(growth.real).argmin()]
        assert abs(slowest.real) <= 1e-11 * np.abs(growth).max()
        sides = system.growth(j0=one.j0 + 1e-6 * abs(one.j0) * np.array([-1.0, 1.0]))
        assert (sides.real > 0).sum(axis=-1).tolist() == [one.below, one.above]
        turning = 2 * np.pi * one.frequency
        assert turning == pytest.approx(abs(slowest.imag), rel=1e-9)
        assert (one.kind == "oscillation") == (turning > 0) == (abs(one.below - one.above) == 2)
    inside = system.critical_currents(within=(-1e12, 2e11))
    assert [one.j0 for one in inside] == [one.j0 for one in thresholds if -1e12 <= one.j0 <= 2e11]
    assert 0 < len(inside) < len(thresholds)


def test_one_more_magnet_that_moves_changes_little_if_it_is_hard():
    """The fixed layer free too, but held by a large anisotropy: as if it were fixed."""
    magnets = {"free": sf.Magnet(Ms, alpha=0.01, demag=N)}
    hard = {**magnets, "fixed": sf.Magnet(1.4e6, alpha=0.01, K=1e12)}
    (alone,) = sf.Dynamics(valve(), magnets).critical_currents()
    first = sf.Dynamics(valve(), hard).critical_currents()[0]
    assert first.j0 == pytest.approx(alone.j0, rel=1e-6)


def test_no_torque_no_threshold():
    single_magnet = sf.Lead(Cu) | Py(t, m=(0, 0, 1), name="free") | sf.Lead(Cu)
    assert single(stack=single_magnet).critical_currents() == []


def test_field_holds_what_a_current_reverses():
    """Saddles of a magnet against a field beyond its own: it is held by a current alone.

    ``det J = 0`` where ``(c j0 g)^2 = gamma_0^2 H_1 |H_2|``.
    """
    field = 3e4
    system = single(180.0, field=(0, 0, field), pumping=False)
    _, g = sf.solve(valve(180.0)).efficiency("fixed", "free")
    H = np.array([Ms * (N[k] - N[2]) - field for k in (0, 1)])
    j0 = GAMMA_0 * np.sqrt(-H.prod()) / (PER_CURRENT * g)
    saddles = [one for one in system.critical_currents() if one.kind == "saddle"]
    assert sorted(one.j0 for one in saddles) == pytest.approx([-j0, j0], rel=1e-12)
    assert [one.unstable for one in sorted(saddles, key=lambda one: one.j0)] == ["above", "both"]
    assert all(one.frequency == 0 for one in saddles)


# --- states that turn with the current ----------------------------------------------------------


@pytest.mark.long
def test_following_a_state_that_does_not_turn():
    """The same thresholds as all at once: other equations, the same numbers to 1e-12."""
    system = dual()
    m = system.directions()
    for last in (6e11, -1e12):
        found = critical_on_branch(system, m, (0.0, last))
        whole = system.critical_currents(within=(0.0, last))
        assert [one.j0 for one in found] == pytest.approx([one.j0 for one in whole], rel=1e-10)
        for one, other in zip(found, whole, strict=True):
            assert (one.kind, one.below, one.above) == (other.kind, other.below, other.above)
            assert one.frequency == pytest.approx(other.frequency, rel=1e-9)


@pytest.mark.long
@pytest.mark.parametrize("way", [1, pytest.param(-1, marks=pytest.mark.long)])
def test_a_perpendicular_polarizer_turns_the_free_layer_to_45_degrees(way):
    """In the film ``c j0 g = gamma_0 Ms (Ny - Nz) sin cos``, which is largest there."""
    stack = valve(fixed=(1.0, 0.0, 0.0))
    _, g = sf.solve(stack).efficiency("fixed", "free")
    j0 = abs(GAMMA_0 * Ms * (N[1] - N[2]) / (2 * PER_CURRENT * g))
    thresholds = single(stack=stack).critical_currents(within=(0, way * 2 * j0))
    last = thresholds[-1]
    assert last.kind == "saddle"
    assert last.j0 == pytest.approx(way * j0, rel=1e-12)
    assert np.abs(last.state.m["free"]) == pytest.approx([0, 0.5**0.5, 0.5**0.5], abs=1e-6)
    assert (last.above if way > 0 else last.below) is None
    assert last.unstable in ("both", "above" if way > 0 else "below")
    ends = single(stack=stack).steady_near(last.state.m, last.j0 * np.array([0.99, 1.01]))
    assert np.isnan(ends).any(axis=(-2, -1)).tolist() == [False, True]


@pytest.mark.long
def test_thresholds_of_a_tilted_state():
    """At an onset of oscillation the state is steady and marginal; stable below, not above."""
    system = single(180.0, field=(0, 2e3, 1e4))
    (found,) = system.critical_currents({"free": sf.direction(180)}, within=(0, 3e11))
    assert (found.kind, found.unstable) == ("oscillation", "above")
    near = system.growth(found.state.m, found.j0 * np.array([1 - 1e-6, 1, 1 + 1e-6]))
    assert np.sign(near[[0, 2], 0].real).tolist() == [-1, 1]
    assert abs(near[1, 0].real) <= 1e-10 * abs(near[1, 0])
    assert near[1, 0].imag == pytest.approx(2 * np.pi * found.frequency, rel=1e-10)


@pytest.mark.long
def test_two_thresholds_close_to_each_other():
    """Oscillation, and the end of the state 0.02 % further on."""
    system = single(stack=valve(fixed=(0, 0.6, -0.8)), demag=(0.2, 0.1, 0.0))
    first, last = system.critical_currents(within=(0, 1e12))
    assert (first.kind, first.below, first.above) == ("oscillation", 0, 2)
    assert (last.kind, last.below, last.above) == ("saddle", 2, None)
    assert 1 < last.j0 / first.j0 < 1.001
    mirrored = system.critical_currents(within=(0, -1e12))[-1]  # x to -x, j0 to -j0
    assert mirrored.j0 == pytest.approx(-last.j0, rel=1e-10)


@pytest.mark.long
def test_a_valve_of_the_wavy_kind_is_stable_between_two_currents():
    """It oscillates at zero field on a current of one sign, from P and from AP."""
    thick = sf.Interface(0.5e-15, gamma=0.3, mixing=1.2e15)
    for theta in (0.0, 180.0):
        free = Py(8e-9, m=sf.direction(theta), name="free")
        inner = thick | Cu(10e-9) | sf.Interface(**real, mixing=1.2e15)
        stack = sf.Lead(Cu) | Co(8e-9, m=(0, 0, 1), name="fixed") | inner | free | sf.Lead(Cu)
        first = single(stack=stack).critical_currents()[0]
        assert first.j0 > 0
        assert first.kind == "oscillation"
