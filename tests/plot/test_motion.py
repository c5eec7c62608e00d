"""Pictures of trajectories: what is drawn is what moved, and it can be read."""

import re

import matplotlib as mpl
import numpy as np
import pytest
from legibility import check_legible
from moving import FREE, pair
from PIL import Image

from spinfem.dynamics.trajectory import Trajectory
from spinfem.paper.analogy import Mechanism
from spinfem.plot.analogy import common_view
from spinfem.plot.runs import run_overview

mpl.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def no_figures_are_left():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def run():
    return pair().run(times=np.linspace(0, 4e-10, 41), j0=3e11)


@pytest.fixture(scope="module")
def batch():
    return pair({"free": FREE}).run(times=[0, 1e-12, 2e-12, 3e-12], j0=np.array([1e11, 2e11]))


def lines(ax):
    return [line for line in ax.get_lines() if len(line.get_xdata())]


@pytest.mark.long
def test_components_over_time(run):
    axes = run.plot.m()
    assert len(axes) == 2
    for ax, name in zip(axes, run.names):
        assert ax.get_ylabel() == f"m({name})"
        for line, component in zip(lines(ax), run.m[name].T, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), component)
            np.testing.assert_allclose(line.get_xdata(), run.times * 1e9)
    assert axes[1].get_xlabel() == "time (ns)"
    check_legible(axes[0].figure)


def test_of_one_magnet(run):
    own = plt.figure().subplots()
    assert run.plot.m(own, name="free") is own
    assert own.get_ylabel() == "m(free)"
    assert len(lines(own)) == 3


@pytest.mark.parametrize(("what", "label"), [("resistance", "fΩ m$^2$"), ("voltage", "µV")])
def test_over_time(run, what, label):
    ax = getattr(run.plot, what)()
    (line,) = lines(ax)
    factor = {"resistance": 1e15, "voltage": 1e6}[what]
    np.testing.assert_allclose(line.get_ydata(), getattr(run, what) * factor)
    assert ax.get_ylabel() == f"{what} ({label})"
    check_legible(ax.figure)


@pytest.mark.long
@pytest.mark.parametrize("what", ["free.x", "resistance"])
def test_spectrum(run, what):
    ax = run.plot.spectrum(what, begin=1e-10)
    (line,) = lines(ax)
    spectrum = run.spectrum(what, 1e-10)
    np.testing.assert_allclose(line.get_xdata(), spectrum.frequencies[1:] / 1e9)
    shown = line.get_ydata() / spectrum.amplitudes[1:]
    np.testing.assert_allclose(shown, shown[0])
    assert ax.get_ylabel().startswith(f"amplitude of {what}")
    check_legible(ax.figure)


def test_orbits(run):
    ax = run.plot.orbit()
    drawn = {line.get_label(): np.array(line.get_data_3d()).T for line in ax.get_lines()}
    for name in run.names:
        np.testing.assert_array_equal(drawn[name], run.m[name])
    assert len(run.plot.orbit("free").get_legend_handles_labels()[1]) == 1
    check_legible(ax.figure)


# fmt: off
BAD = [
    (lambda run, batch: batch.plot.m(), "a picture needs a single trajectory, got a batch of shape "
     "(2,): give a point of it, run[0]"),
    (lambda run, batch: batch.plot.resistance(), "a picture needs a single trajectory"),
    (lambda run, batch: batch.plot.spectrum("free.x"), "a picture needs a single trajectory"),
    (lambda run, batch: batch.plot.orbit(), "a picture needs a single trajectory"),
    (lambda run, batch: batch.animate(), "a picture needs a single trajectory"),
    (lambda run, batch: run.plot.m(name="spacer"), "name must be one of fixed, free, got 'spacer'"),
    (lambda run, batch: run.plot.orbit("spacer"), "name must be one of fixed, free, got 'spacer'"),
    (lambda run, batch: run.plot.m(plt.figure().subplots()),
     "ax must be two Axes (or one, with a name) for fixed and free"),
    (lambda run, batch: run.plot.orbit(ax=plt.figure().subplots()), "ax must be 3D axes"),
    (lambda run, batch: run.plot.spectrum("spin"), "what must be one of resistance, voltage"),
    (lambda run, batch: run.plot.voltage("left"), "ax must be one Axes for voltage, got 'left'"),
    (lambda run, batch: run.animate(what="rods"), "what must be one of 'arrows', 'analogy', got"),
    (lambda run, batch: run.animate(frames=1), "frames must be a whole number at least 2, got 1"),
    (lambda run, batch: run.animate("run.mp4"), "run.mp4: name of the file must end in .gif"),
]
# fmt: on


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input(call, message, run, batch):
    with pytest.raises(ValueError, match=re.escape(message)):
        call(run, batch)


@pytest.mark.parametrize("what", ["arrows", pytest.param("analogy", marks=pytest.mark.long)])
def test_animations_are_files(run, what, tmp_path):
    before = plt.get_fignums()
    run.animate(tmp_path / "run.gif", what=what, frames=3)
    with Image.open(tmp_path / "run.gif") as image:
        assert image.n_frames == 3
        assert image.info["duration"] == 50
        shown = []
        for i in range(3):
            image.seek(i)
            shown.append(np.asarray(image.convert("RGB")))
    assert (shown[0] != shown[1]).any()
    assert (shown[1] != shown[2]).any()
    assert [path.name for path in tmp_path.iterdir()] == ["run.gif"]
    assert plt.get_fignums() == before


@pytest.mark.long
@pytest.mark.parametrize("what", ["arrows", "analogy"])
def test_animations_move(run, what, tmp_path):
    animation = run.animate(what=what, frames=3)
    (figure,) = (plt.figure(i) for i in plt.get_fignums())
    limits, titles = set(), []
    for i in range(3):
        animation._func(i)
        ax = figure.axes[0]
        limits.add((ax.get_xlim(), ax.get_ylim()))
        titles.append(figure.get_suptitle())
    check_legible(figure)
    assert titles == ["0.000 ns", "0.200 ns", "0.400 ns"]
    assert len(limits) == 1
    animation._draw_was_started = True  # else matplotlib warns that nobody looked at it


def test_frames_of_the_analogy_have_one_scale(run):
    """The longest arrow of all frames is as long as that of one picture is."""
    mechanisms = [Mechanism(run.solution[i]) for i in (0, 20, 40)]
    view = common_view(mechanisms, True)
    each = [common_view([one], True) for one in mechanisms]
    assert view.largest == max(one.largest for one in each)
    assert view.factor in {one.factor for one in each}
    for one in each:  # and all that is in it can be seen
        assert view.extent / view.factor >= one.extent / one.factor


def test_an_overview_of_what_goes_round_for_long():
    """Of directions the last ten periods, of the resistance all of the time."""
    system, rate = pair({"free": FREE}), 7e9
    times = np.linspace(0, 20e-9, 2001)
    angle = 2 * np.pi * rate * times
    ways = np.stack([0.3 * np.cos(angle), 0.3 * np.sin(angle), 0.91**0.5 + 0 * angle], axis=-1)
    run = Trajectory(system, system.stack, times, ways[:, None], np.array(3e11), 2000)
    figure = run_overview(run)
    directions, resistance, _ = figure.get_axes()
    assert directions.get_xlim() == pytest.approx((20 - 10e9 / rate, 20), rel=1e-3)
    assert resistance.get_xlim()[0] <= 0
