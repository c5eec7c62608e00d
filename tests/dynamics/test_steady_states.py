"""Steady states: those that are known, all of them, classified."""

import numpy as np
import pytest
from moving import DEMAG, dual, single, valve

import spinfem as sf
from spinfem.constants import MU_0
from spinfem.dynamics.stability import moved
from spinfem.dynamics.system import frame_across

x, y, z = np.eye(3)


def kinds(states):
    """How many states there are of each kind."""
    names = [state.kind for state in states]
    return {name: names.count(name) for name in {*names}}


@pytest.mark.long
@pytest.mark.parametrize("field", [0.0, 5e3, -1e4, 5e4])
def test_ellipsoid_in_a_field(field):
    """Along z: the poles, and ``cos = -H/(Ms (N - Nz))`` towards the axes of x and y, if that is.

    The energy is ``mu_0 Ms t (-H cos + (Ms/2) (N sin^2 + Nz cos^2))``.
    """
    states = single(field=(0, 0, field)).steady_states()
    expected = [(0.0, 0.0, 1.0), (0.0, 0.0, -1.0)]
    for k in (0, 1):
        cosine = -field / (8e5 * (DEMAG[k] - DEMAG[2]))
        if abs(cosine) < 1:
            for sign in (1, -1):
                m = np.array([0.0, 0.0, cosine])
                m[k] = sign * np.sqrt(1 - cosine**2)
                expected.append(tuple(m))
    assert len(states) == len(expected)
    for m in expected:
        (state,) = (s for s in states if np.abs(s.m["free"] - m).max() < 1e-12)
        own = np.array(m)
        energy = MU_0 * 8e5 * 4e-9 * (-field * m[2] + 4e5 * (DEMAG * own**2).sum())
        assert state.energy == pytest.approx(energy, rel=1e-12)
    assert states == sorted(states, key=lambda s: s.growth[0].real)
    stable = 2 if abs(field) < 8e5 * 0.02 else 1
    assert kinds(states)["stable"] == stable
    if stable == 2:
        assert kinds(states) == {"stable": 2, "saddle": 2, "oscillation": 2}


def test_kinds_of_heavily_damped_states():
    """With alpha = 5 nothing precesses: minima, saddles and maxima."""
    states = single(alpha=5.0, demag=(0.6, 0.3, 0.1)).steady_states()
    assert kinds(states) == {"stable": 2, "saddle": 2, "unstable": 2}


@pytest.mark.long
def test_stable_states_without_a_current_are_minima_of_energy():
    couplings = [
        sf.Coupling("a", "b", exchange=-2e-4, biquadratic=-1e-4),
        sf.Coupling("b", "c", exchange=1e-4, dipolar=(0.03, 0.01, -0.04)),
    ]
    system = dual(couplings=couplings, field=(1e4, 2e4, 3e4))
    states = system.steady_states(starts=30)
    assert {state.stable for state in states} == {True, False}
    steps = 1e-3 * np.eye(6)
    for state in states:
        m, frames = state.directions, frame_across(state.directions)
        ways = [
            moved(m, frames, x)
            for one in steps
            for other in steps
            for x in (one + other, -one - other, one - other, other - one)
        ]
        energies = system.fields.energy(np.array(ways)).reshape(6, 6, 4)
        hessian = energies[..., :2].sum(axis=-1) - energies[..., 2:].sum(axis=-1)
        assert (np.linalg.eigvalsh(hessian).min() > 0) == state.stable
    assert np.argmin([s.energy for s in states]) in np.flatnonzero([s.stable for s in states])


@pytest.mark.long
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_all_states_of_three_uncoupled_magnets(seed):
    """Without a current 6 each: 216, of which those with every one along z, 8, are stable."""
    states = dual().steady_states(starts=400 if seed else 60, seed=seed)
    stable = [s for s in states if s.stable]
    assert len(stable) == 8
    assert all(np.abs(s.directions[:, 2]).min() == pytest.approx(1, abs=1e-15) for s in stable)
    assert len(states) == 216 if seed else len(states) > 100


@pytest.mark.long
def test_currents_hold_magnets_at_maxima_of_energy():
    """A perpendicular polarizer and a large current hold it along x, both ways: torques are wavy.

    Overdamped runs never end there; those with damping of the other sign do.
    """
    system = single(stack=valve(fixed=x), pumping=False)
    states = [s for s in system.steady_states(-1e13) if s.stable]
    assert sorted(s.m["free"] @ x for s in states) == pytest.approx([-1, 1], abs=1e-12)
    for state in states:
        assert state.energy == pytest.approx(0.94 * MU_0 * 8e5**2 * 4e-9 / 2, rel=1e-12)


def test_a_line_of_steady_states_is_given_once():
    """A film without anisotropy in it, or one of an easy normal; and the poles of these."""
    states = single(demag=(1, 0, 0)).steady_states()
    assert kinds(states) == {"marginal": 1, "oscillation": 2}
    assert abs(states[0].m["free"] @ x) < 1e-12
    states = single(demag=(0, 0, 0), K=1e5, axis=x).steady_states()
    assert kinds(states) == {"stable": 2, "unstable": 1}
    assert abs(states[2].m["free"] @ x) < 1e-12


def test_undamped_states_are_not_of_a_line():
    """They neither grow nor decay either, in frequencies that are the same for both."""
    states = single(alpha=0.0, pumping=False).steady_states()
    assert kinds(states) == {"marginal": 4, "saddle": 2}


@pytest.mark.long
def test_states_at_a_current_are_steady():
    system = single(field=(0, 1e4, 2e4))
    for state in system.steady_states(2e10):
        assert state.j0 == 2e10
        speed = np.abs(system.velocity(state.m, 2e10)).max()
        assert speed <= 1e-12 * np.abs(state.growth).max()
        assert (
            np.abs(state.growth - system.growth(state.m, 2e10)).max()
            <= 1e-10 * np.abs(state.growth).max()
        )


def test_the_same_seed_finds_the_same():
    found = [
        [s.directions.tolist() for s in single().steady_states(1e10, starts=10, seed=3)]
        for _ in range(2)
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda d: d.steady_states(j0=[0.0, 1.0]), r"steady states must be asked of one sample"),
        (lambda d: d.steady_states(j0=np.inf), "j0 .* must be finite"),
        (lambda d: d.steady_states(starts=0), "starts must be a whole number at least 1, got 0"),
        (lambda d: d.critical_currents([[[0, 0, 1.0]]]), r"one state, shape \(1, 3\), got"),
        (lambda d: d.critical_currents(within=(1.0, 1.0)), "two different currents"),
        (lambda d: d.critical_currents({"free": y + z}), r"within=\(first, last\)"),
        (lambda d: d.critical_currents({"free": y + z}, within=(0, 1)), "a steady state, or near"),
        (lambda d: d.impedance([[1.0]]), "frequencies must be on one axis"),
        (lambda d: d.impedance([1.0], m={"free": y + z}), "within 30 degrees"),
        (lambda d: d.resonances({"fixed": z}), "m must be of"),
        (lambda d: d.field_linewidth(), "field must be applied"),
    ],
)
def test_bad_questions(ask, message):
    with pytest.raises(ValueError, match=message):
        ask(single(demag=(0.9, 0.1, 0.0)))


def test_batches_have_no_list_of_states():
    system = single(field=[(0, 0, 1.0), (0, 0, 2.0)])
    for ask in (system.steady_states, system.critical_currents):
        with pytest.raises(ValueError, match=r"one sample at one j0, got shape \(2,\)"):
            ask()
