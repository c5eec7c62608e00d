"""Pictures of sweeps over a frequency: modulus and phase of what swings."""

import numpy as np
import pytest
from legibility import check_legible

import spinfem as sf
from spinfem.plot.bode import phases_of, sizes_of, with_amplitudes
from spinfem.plot.style import COLORS
from spinfem.plot.sweeps import sweep_overview

xarray = pytest.importorskip("xarray")

N = sf.NormalMetal(D=8.0, l=1.0, tau=1.5)
F = sf.Ferromagnet(D=2.0, l=0.6, p=0.5, tau=0.4)
FREQUENCY = np.geomspace(1e-4, 10.0, 41)


def valve(theta=60.0):
    fixed, free = F(1.0, m=(0, 0, 1), name="fixed"), F(0.7, m=sf.direction(theta), name="free")
    return sf.Lead(N) | fixed | N(0.4) | free | sf.Lead(N)


def over_frequency(values, name="component"):
    """An array over frequencies and one more axis."""
    axes = {"frequency": ("frequency", np.arange(len(values)), {"long_name": "frequency"})}
    return xarray.DataArray(values, dims=("frequency", name)[: values.ndim], coords=axes)


def test_of_what_goes_round_an_ellipse():
    """``(a + ib) exp(i phi)`` with b across a, shorter: the largest at phi, in any frame."""
    dice = np.random.default_rng(5)
    phi = np.linspace(0.3, -9.0, 60)
    a = dice.normal(size=3)
    b = np.cross(a, dice.normal(size=3))
    b *= 0.6 * np.linalg.norm(a) / np.linalg.norm(b)
    sizes = sizes_of(over_frequency((a + 1j * b) * np.exp(1j * phi[:, None])))
    assert np.allclose(abs(sizes), np.hypot(np.linalg.norm(a), np.linalg.norm(b)), rtol=1e-14)
    assert np.allclose(phases_of(sizes), np.degrees(phi), atol=1e-11)
    swinging = a * np.exp(1j * (phi[:, None] + np.pi))  # the same line, whatever sign a has
    assert np.allclose(phases_of(sizes_of(over_frequency(swinging))), np.degrees(phi), atol=1e-11)


def test_phases_do_not_jump():
    """They begin beside 0 or 180, on whichever side of these, and go on from there."""
    lag = np.linspace(0, -700, 101)
    for start, first in ((0.1, 0.1), (179.9, 179.9), (-179.9, 180.1), (-80.0, -80.0)):
        found = phases_of(over_frequency(np.exp(1j * np.radians(start + lag))))
        assert np.allclose(found, first + lag, atol=1e-9)


def test_amplitudes_come_back():
    data = with_amplitudes(sf.sweep(valve, {"theta": [30.0, 60.0]}, frequency=FREQUENCY))
    expected = sf.solve(valve(np.array([[30.0], [60.0]])), frequency=FREQUENCY)
    assert np.allclose(data["torque"], expected.torques, rtol=1e-13, atol=1e-45)
    assert np.allclose(data["spin_resistance"], expected.spin_resistance, rtol=1e-13)
    assert data["spin_resistance"].attrs["units"] == "Ohm m2"


@pytest.mark.long
def test_curves_are_a_bode_plot():
    data = sf.sweep(lambda: valve(60.0), {}, frequency=FREQUENCY, progress=False)
    data["frequency"].attrs["spacing"] = "log"
    figure = sweep_overview(data)
    curves = {
        ax.get_ylabel().partition(" (")[0]: [line for line in ax.lines if len(line.get_xdata()) > 2]
        for ax in figure.axes
    }
    names = ["RA", r"$\delta r$", "$T$", "$g$"]
    assert list(curves) == [f"|{x}|" for x in names] + [f"phase of {x}" for x in names]
    assert {ax.get_xscale() for ax in figure.axes} == {"log"}
    found = sf.solve(valve(60.0), frequency=FREQUENCY)
    dr, g = found.spin_resistance, found.efficiency("fixed", "free")
    (line,) = curves[r"phase of $\delta r$"]
    np.testing.assert_allclose(line.get_ydata(), np.degrees(np.angle(dr)), atol=1e-9)
    (line,) = curves[r"|$\delta r$|"]
    shown = line.get_ydata() / line.get_ydata()[0]
    np.testing.assert_allclose(shown, np.abs(dr / dr[0]), rtol=1e-12)
    for i, line in enumerate(curves["|$T$|"]):
        shown = line.get_ydata() / line.get_ydata()[0]
        sizes = np.linalg.norm(found.torques[:, i], axis=-1)
        np.testing.assert_allclose(shown, sizes / sizes[0], rtol=1e-12)
        assert line.get_color() == COLORS[i]
    for line, expected in zip(curves["phase of $g$"], g, strict=True):
        steps = np.diff(line.get_ydata())
        assert abs(steps).max() < 90
        turned = np.exp(1j * np.radians(line.get_ydata()))
        np.testing.assert_allclose(turned, expected / abs(expected), atol=1e-12)
    # of one line the phase of its torque is that of g, up to half a turn
    for line, expected in zip(curves["phase of $T$"], g, strict=True):
        turned = np.exp(2j * np.radians(line.get_ydata()))
        np.testing.assert_allclose(turned, (expected / abs(expected)) ** 2, atol=1e-9)
        assert abs(line.get_ydata()[0]) < 1
    moduli = figure.axes[:4]
    assert {ax.get_yscale() for ax in moduli if (ax.get_ylim()[1] < 5 * ax.get_ylim()[0])} == {
        "linear"
    }
    check_legible(figure)


@pytest.mark.long
def test_maps_show_both():
    data = sf.sweep(valve, {"theta": [30.0, 60.0, 150.0]}, frequency=FREQUENCY, progress=False)
    data["theta"].attrs = {"long_name": "polar angle of free", "units": "degree"}
    data["frequency"].attrs["spacing"] = "log"
    figure = sweep_overview(data)
    maps = {ax.get_title(): ax for ax in figure.axes if ax.get_title()}
    assert len(maps) == 12
    assert not any("MR" in title for title in maps)
    (mesh,) = maps[r"phase of $\delta r$ (°)"].collections
    dr = sf.solve(valve(np.array([[30.0], [60.0], [150.0]])), frequency=FREQUENCY).spin_resistance
    np.testing.assert_allclose(np.asarray(mesh.get_array()), np.degrees(np.angle(dr)), atol=1e-9)
    check_legible(figure)


def test_a_dataset_of_devices_is_refused():
    with pytest.raises(ValueError, match="must be that of a sweep of stacks, got one without dr"):
        sweep_overview(xarray.Dataset({"power": ("x", [1.0])}))
