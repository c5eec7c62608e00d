"""The picture of a transient: what is drawn, and that it can be read."""

from pathlib import Path

import numpy as np
import pytest
from legibility import check_legible

import spinfem as sf
from spinfem.plot.transients import transient_overview
from spinfem.timedomain.transient import transient

FILE = Path(__file__).parents[2] / "examples" / "pulsed_valve.toml"


def constant(times):
    return np.full(times.shape, 1e11)


@pytest.mark.long
@pytest.mark.parametrize("si", [True, False])
def test_torques_and_spin_voltage_over_time(si):
    stack = sf.load(FILE).stack
    found = transient(stack, constant, np.linspace(0, 5e-12, 21), rtol=1e-4)
    figure = transient_overview(found, si=si)
    check_legible(figure)
    *magnets, voltage = figure.axes
    assert [ax.get_title(loc="left") for ax in magnets] == ["fixed", "free"]
    assert [len(ax.lines) for ax in figure.axes] == [3, 3, 1]
    assert voltage.get_xlabel() == ("time (ps)" if si else "time")
    times, values = voltage.lines[0].get_data()
    np.testing.assert_allclose(times, found.times * (1e12 if si else 1), rtol=1e-14)
    np.testing.assert_allclose(values / values[-1], found.spin_voltage / found.spin_voltage[-1])
    if si:
        assert [ax.get_ylabel() for ax in magnets] == ["torque (µJ/m$^2$)"] * 2
        assert voltage.get_ylabel() == "spin voltage (µV)"
        x = magnets[1].lines[0].get_ydata()
        np.testing.assert_allclose(x, found.torque("free")[:, 0] * 1e6, rtol=1e-14)
    else:
        assert all(ax.get_ylabel().startswith("absorbed $j_s$") for ax in magnets)


@pytest.mark.long
def test_long_names_and_no_magnets():
    stack = sf.load(FILE).stack
    long = stack.replace("free", name="a magnet with quite a long name " * 3)
    alone = sf.Stack([stack.left, stack.layers[1], stack.right])
    for one, panels in ((long, 3), (alone, 1)):
        figure = transient_overview(transient(one, constant, [0, 1e-12], rtol=1e-3), si=True)
        assert len(figure.axes) == panels
        check_legible(figure)
