"""Pictures of transients, also those that move: what is drawn, and that it can be read."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from legibility import check_legible
from PIL import Image

import spinfem as sf
from spinfem.plot.transients import transient_overview
from spinfem.results.leads import lead_solution
from spinfem.timedomain.transient import transient

mpl.use("Agg")
import matplotlib.pyplot as plt

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


# --- pictures that move --------------------------------------------------------------------------

N = sf.NormalMetal(D=8.0, l=1.0, tau=1.5)
F = sf.Ferromagnet(D=2.0, l=0.6, p=0.5, tau=0.4)
TIMES = np.linspace(0.0, 1.0, 9)


def swing(times):
    """A current at which mu_s and j_s are of the order of 1, and drawn as they are."""
    return 10.0 * np.cos(times)


SHOWN = [0, 4, 8]


def valve(theta):
    first, second = F(0.6, m=(0, 0, 1), name="a"), F(0.3, m=sf.direction(theta), name="b")
    return sf.Lead(N) | first | N(0.4) | second | sf.Lead(N)


@pytest.fixture(autouse=True)
def no_figures_are_left():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def found():
    return transient(valve(60.0), swing, TIMES, rtol=1e-3)


def frames(found, what):
    """Draw the frames, one after the other, and give the figure at each."""
    animation = found.animate(what=what, frames=3)
    (figure,) = (plt.figure(i) for i in plt.get_fignums())
    animation._draw_was_started = True  # else matplotlib warns that nobody looked at it
    for number, i in enumerate(SHOWN):
        animation._func(number)
        assert figure.get_suptitle() == f"t = {found.times[i]:.4g}"
        yield found[i], figure


def labelled(ax, label):
    """All that a line with a label has, (n, 2), without what separates its pieces."""
    (line,) = (line for line in ax.lines if line.get_label() == label)
    data = np.column_stack(line.get_data())
    return data[~np.isnan(data).any(axis=1)]


def limits_of(figure):
    axes = figure.axes
    return tuple((ax.get_xlim(), ax.get_ylim(), ax.get_position().bounds) for ax in axes)


@pytest.mark.long
def test_profiles_are_those_of_their_times_on_one_scale(found):
    limits = set()
    for state, figure in frames(found, "profile"):
        for ax, field in zip(figure.axes, ("spin_potential", "spin_current"), strict=True):
            for i, component in ((0, "$x$"), (2, "$z$")):
                expected = [getattr(layer, field)[:, i] for layer in state.layers]
                x, y = labelled(ax, component).T
                np.testing.assert_array_equal(x, np.concatenate([lay.x for lay in state.layers]))
                np.testing.assert_array_equal(y, np.concatenate(expected))
            beside = [line for line in ax.lines if line.get_xdata()[0] < 0]
            depth = -beside[0].get_xdata()[::-1]
            lead = getattr(lead_solution(state, "left", depth), field)
            for line, values in zip(beside, lead.T, strict=True):
                np.testing.assert_allclose(line.get_ydata(), values, rtol=1e-12, atol=1e-15)
            low, high = ax.get_ylim()
            assert all(np.nanmin(line.get_ydata()) >= low for line in ax.lines)
            assert all(np.nanmax(line.get_ydata()) <= high for line in ax.lines)
        limits.add(limits_of(figure))
        check_legible(figure)
    assert len(limits) == 1


@pytest.mark.long
@pytest.mark.parametrize("theta", [60.0, 180.0])
def test_rods_and_rings_are_those_of_their_times_on_one_scale(theta):
    """In spin space; over x if all rods are along one line."""
    limits, ratios, labels = set(), [], set()
    for state, figure in frames(transient(valve(theta), swing, TIMES, rtol=1e-3), "analogy"):
        analogy, (ax,) = sf.Analogy(state), figure.axes
        places = labelled(ax, "ring")
        if theta == 180.0:
            x = [state.stack.x[ring.face] for ring in analogy.rings]
            expected = np.column_stack([x, [ring.point[2] for ring in analogy.rings]])
        else:  # the first rod is along z; the second one, clockwise from it, at 60 degrees
            expected = np.array([ring.point[[0, 2]] for ring in analogy.rings])
        np.testing.assert_allclose(places, expected, rtol=1e-12, atol=1e-15)
        curves = np.concatenate([c.curve for c in analogy.cords if c.kind == "F"])
        along = labelled(ax, "F cord")
        if theta == 180.0:
            np.testing.assert_allclose(along[:, 1], curves[:, 2], atol=1e-15)
        else:
            np.testing.assert_allclose(along, curves[:, [0, 2]], atol=1e-15)
        driving = [force.vector for ring in analogy.rings for force in ring.forces[:1]]
        arrows = [one for one in ax.collections if one.get_gid() == "driving force"]
        drawn = [np.hypot(one.U, one.V) for one in arrows]
        ratios += list(np.ravel(drawn) / np.linalg.norm(driving, axis=1)) if drawn else []
        limits.add(limits_of(figure))
        labels.add(tuple(text.get_text() for text in figure.legends[0].get_texts()))
        check_legible(figure)
    assert len(limits) == len(labels) == 1
    assert len(ratios) == 8  # at the beginning there is no force
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-12)


@pytest.mark.long
@pytest.mark.parametrize("what", ["profile", "analogy"])
def test_animations_are_files(found, what, tmp_path):
    found.animate(tmp_path / "step.gif", what=what, frames=2)
    with Image.open(tmp_path / "step.gif") as image:
        assert image.n_frames == 2
    assert [path.name for path in tmp_path.iterdir()] == ["step.gif"]
    assert plt.get_fignums() == []


@pytest.mark.long
def test_times_are_in_picoseconds_in_the_si():
    stack = sf.load(FILE).stack
    found = transient(stack, constant, [0.0, 0.25e-12], rtol=1e-2)
    for units, titles in ((None, ["t = 0 ps", "t = 0.25 ps"]), ("plain", ["t = 0", "t = 2.5e-13"])):
        animation = found.animate(units=units)
        animation._draw_was_started = True
        shown = []
        for i in range(2):
            animation._func(i)
            shown.append(plt.gcf().get_suptitle())
        assert shown == titles


@pytest.mark.parametrize("kind", ["profile", "hodograph", "analogy"])
def test_a_time_has_the_pictures_of_a_solution(found, kind):
    axes = np.atleast_1d(getattr(found[3].plot, kind)())
    assert len(axes[0].lines)
    with pytest.raises(ValueError, match=r"got a batch of shape \(9,\)"):
        getattr(found.plot, kind)()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda run: run[2].animate(), "a picture that moves needs several times, got one"),
        (lambda run: run.animate(what="arrows"), "what must be one of 'profile', 'analogy', got"),
        (lambda run: run.animate(frames=1), "frames must be a whole number at least 2, got 1"),
        (lambda run: run.animate("x.mp4"), "x.mp4: name of the file must end in .gif"),
        (lambda run: run.animate(units="nm"), "units must be 'SI' or 'plain', got 'nm'"),
    ],
)
def test_bad_input(found, call, message):
    with pytest.raises(ValueError, match=message):
        call(found)
    assert plt.get_fignums() == []


def test_stacks_without_an_analogy():
    weak = sf.Ferromagnet(D=2.0, l=0.6, p=0.5, lambda_J=1.0, tau=0.4)
    found = transient(valve(60.0).replace("b", material=weak), swing, TIMES[:3], rtol=1e-2)
    with pytest.raises(ValueError, match="the mechanical analogy"):
        found.animate(what="analogy")
    assert plt.get_fignums() == []
