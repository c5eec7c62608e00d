"""Impedance and lines of magnets that move: limits, closed forms, a run in time."""

import numpy as np
import pytest
from moving import dual, single, valve
from scipy.integrate import solve_ivp

import spinfem as sf
from spinfem.constants import GAMMA_0


def tilted(**others):
    return single(180.0, field=(0, 2e4, -1e4), **others)


def three():
    return dual([(0, 1, 1), (0, 1, 0), (0, -1, 1)], field=(0, 1e4, 2e4))


def unit(m):
    return m / np.linalg.norm(m, axis=-1, keepdims=True)


@pytest.mark.long
@pytest.mark.parametrize("make", [tilted, three])
def test_slow_currents_see_the_steady_states(make):
    """``Z(0) = d(j0 R(m(j0)))/d j0``, by central differences: 1e-8; fast ones see R alone."""
    system, j0 = make(), 1e11
    m = system.steady_states(j0, starts=5)[0].m
    step = 1e-3 * j0
    currents = j0 + step * np.array([-1.0, 1.0])
    states = system.steady_near(m, currents)
    minus, plus = currents * system.resistance(states)
    own = system.steady_near(m, j0)
    R = system.resistance(own)
    slow, fast = system.impedance([0.0, 1e18], j0, m)
    assert abs(slow - R) > 1e-5 * R  # else there is nothing to see
    # steps of 1e-3, squared, of what moving m adds
    assert slow.real == pytest.approx((plus - minus) / (2 * step), abs=2e-6 * abs(slow - R))
    assert slow.imag == 0
    assert fast == pytest.approx(R, rel=1e-9)
    assert system.impedance(0.0, j0, m) == slow


@pytest.mark.parametrize("make", [tilted, dual])
def test_resistance_has_its_slope(make):
    rng = np.random.default_rng(2)
    system = make()
    m = unit(rng.normal(size=(len(system.names), 3)))
    slope, step = system.resistance_slope(m), 1e-5
    for _ in range(3):
        way = np.cross(m, rng.normal(size=m.shape))
        ends = [m + sign * step * way for sign in (1, -1)]
        plus, minus = (
            system.resistance(e / np.linalg.norm(e, axis=-1, keepdims=True)) for e in ends
        )
        # steps of 1e-5; R, of which dr is a part, is rounded to 1e-16
        assert (plus - minus) / (2 * step) == pytest.approx((slope * way).sum(), rel=1e-7)


@pytest.mark.long
@pytest.mark.parametrize("frequency", [2e9, 5e9])
def test_impedance_in_time(frequency):
    """A run driven by ``j0 + dj cos(w t)``, after what rings has decayed, over 4 periods.

    1e-6 of what moving magnetizations add: m moves by 1e-5, whose square enters at w.
    """
    system = tilted(alpha=0.1, pumping=False)
    j0, w = 1e11, 2 * np.pi * frequency
    m = system.steady_states(j0, starts=5)[0].directions
    dj = 1e-3 * j0

    def motion(ns, y):
        velocity = system.velocity(unit(y.reshape(1, 3)), j0 + dj * np.cos(w * ns * 1e-9))
        return 1e-9 * velocity.ravel()

    decay = 1e9 / -system.growth(m, j0)[0].real
    period = 1e9 / frequency
    begin = period * np.ceil(18 * decay / period)
    times = begin + 4 * period * np.arange(64) / 64
    run = solve_ivp(motion, (0, times[-1]), m.ravel(), "DOP853", times, rtol=1e-12, atol=1e-14)
    currents = j0 + dj * np.cos(w * times * 1e-9)
    voltage = currents * system.resistance(unit(run.y.T.reshape(-1, 1, 3)))
    found = 2 * np.mean(voltage * np.exp(-1j * w * times * 1e-9)) / dj
    Z, R = system.impedance(frequency, j0, m), system.resistance(m)
    assert abs(found - Z) <= 1e-6 * abs(Z - R)


def test_impedance_of_a_batch():
    j0 = np.array([1e10, 2e10])
    fields = np.array([(0, 2e4, 1e4), (0, 2e4, 2e4), (0, 1e4, 1e4)])[:, None]
    m = {"free": sf.direction(35, 90)}
    frequencies = [1e9, 3e9, 5e9, 9e9]
    found = single(field=fields).impedance(frequencies, j0, m)
    assert found.shape == (3, 2, 4)
    for i, k in np.ndindex(3, 2):
        one = single(field=fields[i, 0]).impedance(frequencies, j0[k], m)
        assert np.abs(found[i, k] - one).max() <= 1e-13 * np.abs(one).max()


@pytest.mark.parametrize("field", [5e4, 1e6])
@pytest.mark.parametrize("pumping", [False, True])
def test_lines_of_a_film(field, pumping):
    """In its plane: ``alpha gamma_0 (2H + Ms)/(2 pi)`` over f, ``2 alpha w/gamma_0`` over H.

    To second order in the damping, which is 1e-3 or 0.1.
    """
    system = single(alpha=1e-3, demag=(1, 0, 0), field=(0, 0, field), pumping=pumping)
    alpha = system.damping("free")[0, 0]
    w = GAMMA_0 * np.sqrt(field * (field + 8e5))
    lines = system.resonances()
    width = alpha * GAMMA_0 * (2 * field + 8e5) / (2 * np.pi)
    assert lines.frequency.shape == lines.linewidth.shape == (1,)
    damped = np.sqrt((1 + alpha**2) * w**2 - (np.pi * width) ** 2) / (1 + alpha**2)
    assert lines.frequency[0] == pytest.approx(damped / (2 * np.pi), rel=1e-12)
    assert lines.linewidth[0] == pytest.approx(width / (1 + alpha**2), rel=1e-12)
    rel = 2 * alpha**2 * (2 * field + 8e5) ** 2 / (field * (field + 8e5))
    assert system.field_linewidth()[0] == pytest.approx(2 * alpha * w / GAMMA_0, rel=rel)


@pytest.mark.long
def test_lines_are_in_order_and_what_does_not_precess_is_last():
    lines = dual().resonances()
    assert (np.diff(lines.frequency) > 0).all()
    assert (lines.linewidth > 0).all()
    heavy = single(alpha=5.0, pumping=False).resonances()
    assert np.isnan([heavy.frequency, heavy.linewidth]).all()


def test_currents_narrow_the_line_up_to_the_threshold():
    """It vanishes there, and is negative beyond."""
    system = single(stack=valve())
    j0 = system.critical_currents()[0].j0
    width = system.resonances(j0=j0 * np.array([0, 0.5, 1, 1.5])).linewidth[:, 0]
    assert width / width[0] == pytest.approx([1, 0.5, 0, -0.5], abs=1e-12)
