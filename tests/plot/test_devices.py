"""Pictures of devices."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from wires import SAMPLES, Cu, stack, wire

import spinfem as sf


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def pillar():
    valve = stack(ends=(sf.Reservoir(), sf.Reservoir()))
    discs = (sf.Slab(Cu, 20e-9, 80e-9),) * 2
    device = sf.Device.pillar(valve, radius=40e-9, current=1e-3, leads=discs, elements=3)
    return sf.solve(device, degree=2)


def colour_bar(ax):
    (bar,) = (other for other in ax.figure.axes if other is not ax)
    return bar.get_ylabel()


@pytest.mark.long
@pytest.mark.parametrize(
    ("options", "label"),
    [
        ({}, r"$\mu_{0}$ (µV)"),
        ({"quantity": "spin_potential"}, r"$|\mu_{s}|$ (µV)"),
        ({"quantity": "spin_potential", "component": "z"}, r"$\mu_{s,z}$ (µV)"),
    ],
)
def test_a_section_in_nanometres(options, label):
    solution = pillar()
    ax = solution.plot.field(**options)
    assert ax.get_aspect() == 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$r$ (nm)", "$x$ (nm)")
    assert ax.get_xlim() == pytest.approx((0, 80))
    assert ax.get_ylim() == pytest.approx((-20, 42))
    assert colour_bar(ax).split(" (")[0] == label.split(" (")[0]
    (lines,) = (one for one in ax.collections if isinstance(one, LineCollection))
    grid = solution.device.grid
    inner = sum(len(own) for own in grid.interfaces.values())
    assert len(lines.get_segments()) == inner + len(grid.mesh.boundary_facets())
    ax.figure.canvas.draw()


def test_arrows_point_where_electrons_flow():
    ax = sf.solve(wire("quad", 3), degree=2).plot.field()
    (arrows,) = (one for one in ax.collections if hasattr(one, "U"))
    assert (np.asarray(arrows.U) > 0).all()
    np.testing.assert_allclose(arrows.V, 0, atol=1e-9)
    inside = np.asarray(arrows.XY)
    assert (inside > 0).all()
    assert (inside < [22, 30]).all()


@pytest.mark.long
def test_colours_are_those_of_a_window():
    solution = pillar()
    ax = solution.plot.field(window=[(0, 40e-9), (0, 22e-9)])
    shown = ax.collections[0]
    r, x = np.meshgrid(np.linspace(0, 40e-9, 41), np.linspace(0, 22e-9, 41))
    wanted = solution.potential(np.stack([r, x], axis=-1))
    factor = {"µ": 1e6, "m": 1e3}[colour_bar(ax).split("(")[1][0]]
    assert shown.norm.vmax == pytest.approx(wanted.max() * factor, rel=0.02)
    assert shown.norm.vmin == pytest.approx(wanted.min() * factor, rel=0.02)
    assert ax.get_xlim() == pytest.approx((0, 40))


@pytest.mark.long
@pytest.mark.parametrize("kind", ["tet", "hex"])
def test_torques_over_a_face(kind):
    solution = sf.solve(wire(kind, 3, **SAMPLES["mixing"]), degree=2)
    ax = solution.plot.torque("free", "spacer")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$y$ (nm)", "$z$ (nm)")
    values = np.asarray(ax.collections[0].get_array())
    exact = np.linalg.norm(sf.solve(stack(**SAMPLES["mixing"]), 1e11).torque("free"))
    np.testing.assert_allclose(values, exact * 1e6, rtol=0.01)
    assert "µJ/m" in colour_bar(ax)
    ax.figure.canvas.draw()


@pytest.mark.long
@pytest.mark.parametrize("degree", [2, 3])
def test_torques_along_a_line(degree):
    solution = sf.solve(wire("quad", 4), degree=degree)
    ax = solution.plot.torque("free", "spacer")
    exact = sf.solve(stack(), 1e11).torque("free") * 1e6
    for line, wanted in zip(ax.lines, exact, strict=True):
        np.testing.assert_allclose(line.get_ydata(), wanted, atol=2e-3 * np.abs(exact).max())
    assert ax.get_xlabel() == "$y$ (nm)"
    (own,) = sf.solve(wire("tri", 2)).plot.torque("free", "spacer", component="x").lines
    assert own.get_label() == "$x$"


@pytest.mark.parametrize(
    ("kind", "work", "message"),
    [
        ("tet", lambda plot: plot.field(), "needs a device of two dimensions, got 3"),
        (
            "line",
            lambda plot: plot.torque("free", "spacer"),
            "needs two or three dimensions, got 1",
        ),
        ("tri", lambda plot: plot.torque("free", "fixed"), "face must be of a region that 'free'"),
        ("tri", lambda plot: plot.field(quantity="m"), "quantity must be 'potential' or 'spin_po"),
        ("tri", lambda plot: plot.field(component="x"), "component must be left out for potential"),
        (
            "tri",
            lambda plot: plot.torque("free", "spacer", component="r"),
            "one of x, y, z, got 'r'",
        ),
        (
            "tri",
            lambda plot: plot.field(window=[0, 1]),
            "window must be the lowest and the largest",
        ),
        ("tri", lambda plot: plot.field(window=[(1, 0), (0, 1)]), "window must be the lowest and"),
    ],
)
def test_bad_input(kind, work, message):
    with pytest.raises(ValueError, match=message):
        work(sf.solve(wire(kind, 2), degree=1).plot)
