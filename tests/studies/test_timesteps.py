"""Errors of transients as steps get shorter: rates, tables, files, pictures, bad input."""

import numpy as np
import pytest
from timed import SAMPLE, VALVE, F, N, one

import spinfem as sf
from spinfem.timedomain.transient import Course

TIMES = np.linspace(0, 2, 9)


def pulse(t):
    return np.sin(2 * t) ** 6


@pytest.mark.long
def test_rates_of_a_smooth_current():
    """The table in docs/theory/frequency.md; leads cost nearly an order of mu_s."""
    study = sf.converge_in_time(SAMPLE, pulse, TIMES)
    assert study.rates["torque"] == pytest.approx(5, abs=0.2)
    assert study.rates["spin voltage"] == pytest.approx(4.2, abs=0.2)
    assert study.rates["mu_s"] == pytest.approx(4.2, abs=0.2)


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("stack", [VALVE, SAMPLE])
def test_rates_of_a_step(stack):
    """Spins have diffused for a while at the times that are looked at."""
    study = sf.converge_in_time(stack, one, TIMES[2:] - TIMES[2])
    assert study.rates["torque"] == pytest.approx(5, abs=0.7)


def spin_voltage_of_a_film(t, d, modes=400):
    """After a step to j0 = 1 of a film F between a reservoir and an end that blocks spins.

    ``(p/2) mu(d)`` of the paper's equation before (4): ``sinh(x/l)`` less what decays of it,
    ``sin(k x)`` with ``k = (n + 1/2) pi/d`` at the rates ``(1 + l^2 k^2)/tau``.
    """
    k = (np.arange(modes) + 0.5) * np.pi / d
    slope = 2 * F.p / F.D  # at the end, where p j0 = (D/2) mu'
    decays = np.exp(-np.multiply.outer(t, (1 + (F.l * k) ** 2) / F.tau))
    # (2/d) int mu sin(k x) dx of the final mu, times sin(k d), which is squared to 1
    share = 2 / d * slope / (k**2 + 1 / F.l**2)
    return F.p / 2 * (F.l * slope * np.tanh(d / F.l) - decays @ share)


def test_errors_are_those_against_the_closed_form():
    """Not only as large as the steps make them seem."""
    d, times = 0.7, np.linspace(0, 1, 5)
    film = sf.Reservoir() | F(d, m=(0, 0, 1)) | sf.SpinBlocking()
    study = sf.converge_in_time(film, one, times, refinements=3)
    exact = spin_voltage_of_a_film(times[1:], d)
    course = Course("a test", film, one, times, 0.0, None, None)
    for step, error in zip(study.columns["step"], study.columns["spin voltage"], strict=True):
        found = course.followed(step, 0.0).spin_voltage[1:]
        assert error == pytest.approx(np.abs(found - exact).max() / np.abs(exact).max(), rel=0.02)
    assert study.columns["spin voltage"][-1] < 1e-4


@pytest.mark.long
def test_rates_of_a_magnetization_that_moves():
    def m(t):
        angle = 1 + 0.3 * np.sin(t) ** 6
        return np.stack([np.sin(angle), 0 * t, np.cos(angle)], axis=-1)

    apart = N(0.5) | VALVE | N(0.5)  # between reservoirs
    study = sf.converge_in_time(apart, one, TIMES, before=1.0, m={"b": m}, refinements=4)
    assert all(rate > 3 for rate in study.rates.values())
    assert study.columns["torque"][-1] < 1e-6


def test_table_file_and_picture(tmp_path):
    study = sf.converge_in_time(VALVE, one, TIMES[:3], refinements=3)
    np.testing.assert_array_equal(study.columns["steps"], [8, 16, 32])
    np.testing.assert_allclose(study.columns["step"], 0.5 / study.columns["steps"])
    heads, *rows = study.table.splitlines()
    assert heads.split() == ["steps", "step", "time", "torque", "spin", "voltage", "mu_s"]
    assert [row.split()[0] for row in rows] == ["8", "16", "32", "rate"]
    assert "against: 4 times the most steps" in str(study)
    study.save(tmp_path / "steps.csv")
    written = np.genfromtxt(tmp_path / "steps.csv", delimiter=",", names=True)
    np.testing.assert_array_equal(written["torque"], study.columns["torque"])
    axes = study.plot()
    assert axes.get_xlabel() == "length of a step"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0.062", "0.031", "0.016"]
    lines = [line for line in axes.lines if line.get_label().startswith("torque")]
    np.testing.assert_array_equal(lines[0].get_ydata(), study.columns["torque"])


def test_breaks_are_ends_of_steps():
    def kinked(t):
        return np.where(t < 0.6, t, 0.6)

    kinked.breaks = [0.6]
    study = sf.converge_in_time(VALVE, kinked, [0.0, 1.0], refinements=2)
    assert study.columns["step"][0] == pytest.approx(0.1)


def test_what_is_nothing_has_no_rate():
    one_layer = sf.Reservoir() | F(1.0, m=(0, 0, 1)) | sf.Reservoir()
    study = sf.converge_in_time(one_layer, one, [0.0, 1.0], refinements=2)
    assert np.isnan(study.columns["torque"]).all()
    assert np.isnan(study.rates["torque"])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"refinements": 1}, ValueError, "refinements must be a whole number at least 2, got 1"),
        ({"refinements": 2.5}, TypeError, "refinements must be a whole number"),
        (
            {"refinements": 9},
            ValueError,
            "must be at most 8 for these times, got 9: .* 2,048",
        ),
        ({"times": [0.0]}, ValueError, "times must be two or more in increasing order"),
        (
            {"stack": VALVE.replace("b", thickness=[0.1, 0.2])},
            ValueError,
            "single one for a study of steps",
        ),
    ],
)
def test_bad_input(change, error, message):
    given = {"stack": VALVE, "j0": one, "times": [0.0, 1.0], **change}
    with pytest.raises(error, match=message):
        sf.converge_in_time(**given)
