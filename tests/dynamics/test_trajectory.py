"""What a trajectory says of itself, and the files it makes."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import xarray as xr
from moving import BOTH, FREE, pair, tilted

import spinfem as sf
from spinfem.dynamics.spectra import Spectrum
from spinfem.dynamics.trajectory import Trajectory


def moved(directions, times, j0=1e11):
    """A trajectory as given: (..., T, 3) of the free layer."""
    one = pair({"free": FREE})
    steps = np.zeros(directions.shape[:-2], dtype=int)
    return Trajectory(one, one.stack, times, directions[..., None, :], np.array([j0]), steps)


def orbit(f, angle, times, phase=0.3):
    """Around z, at angles to it."""
    phi = 2 * np.pi * f * times + phase
    z = np.full(times.shape, np.cos(angle))
    return np.stack([np.sin(angle) * np.cos(phi), np.sin(angle) * np.sin(phi), z], axis=-1)


T = np.linspace(0, 10e-9, 1001)


@pytest.mark.parametrize("f", [3.0e9, 3.03e9, 3.05e9, 7.123e9, 0.72e9])
def test_a_line_has_its_frequency_and_amplitude(f):
    """Also between the frequencies of the spectrum, and of what is not in the middle."""
    run = moved(orbit(f, 0.5, T), T)
    line = run.spectrum("free.x").line
    assert line.frequency == pytest.approx(f, rel=1e-4)
    assert line.amplitude == pytest.approx(np.sin(0.5), rel=1e-3)
    assert run.frequency == pytest.approx(f, rel=1e-3)  # of half the time
    assert run.spectrum("free.z").amplitudes.max() < 1e-15


def test_a_spectrum_has_the_amplitude_of_a_line_at_one_of_its_frequencies():
    f = 30 / (T[1] * len(T))
    spectrum = moved(orbit(f, 0.5, T), T).spectrum("free.y")
    assert spectrum.frequencies[30] == pytest.approx(f, rel=1e-12)
    assert spectrum.amplitudes[30] == pytest.approx(np.sin(0.5), rel=1e-3)
    assert spectrum.amplitudes.argmax() == 30
    np.testing.assert_allclose(np.delete(spectrum.amplitudes, [29, 30, 31]), 0, atol=1e-12)


def test_a_spectrum_may_leave_out_the_beginning():
    f = np.where(T < 4e-9, 8e9, 3e9)
    run = moved(orbit(f, 0.5, T), T)
    assert run.spectrum("free.x").line.frequency != pytest.approx(3e9, rel=1e-4)
    assert run.spectrum("free.x", 4.5e-9).line.frequency == pytest.approx(3e9, rel=1e-4)
    assert run.frequency == pytest.approx(3e9, rel=1e-4)


def test_lines_of_nothing_are_nothing():
    line = Spectrum(np.arange(5.0), np.zeros((2, 5))).line
    np.testing.assert_array_equal(line.amplitude, [0, 0])


def test_points_of_a_batch_have_frequencies_of_their_own():
    f = np.array([2e9, 4.4e9, 5e9])
    angle = np.array([0.5, 1.0, 1e-4])
    run = moved(np.stack([orbit(*one, T) for one in zip(f, angle)]), T)
    np.testing.assert_array_equal(run.settled, [False, False, True])
    np.testing.assert_allclose(run.frequency, [2e9, 4.4e9, 0], rtol=1e-3)
    np.testing.assert_array_equal(run[:2].settled, [False, False])
    assert run[1].frequency == run.frequency[1]


def test_it_has_settled_if_the_last_fifth_is_still():
    angle = np.where(T < 7.9e-9, 0.5, np.pi - 0.5)
    late = np.where(T < 8.1e-9, 0.5, np.pi - 0.5)
    runs = moved(np.stack([orbit(0.0, one, T) for one in (angle, late)]), T)
    np.testing.assert_array_equal(runs.settled, [True, False])
    np.testing.assert_array_equal(runs.switched("free"), [True, True])
    slow = moved(orbit(0.0, 0.5 + 1e-3 * T / 10e-9, T), T)
    assert slow.settled
    assert not slow.switched("free")


@pytest.mark.long
def test_a_run_in_a_reversed_field_switches_and_settles():
    damped = {"free": sf.Magnet(8e5, alpha=0.2, demag=(0.94, 0.04, 0.02))}
    fields = np.array([[0, 0, -1e5], [0, 0, 1e5]])
    run = sf.Dynamics(tilted(free=(0.1, 0.2, 0.9)), damped, field=fields).run(10e-9, rtol=1e-6)
    np.testing.assert_array_equal(run.switched("free"), [True, False])
    np.testing.assert_array_equal(run.settled, [True, True])
    np.testing.assert_allclose(run.m["free"][:, -1, 2], [-1, 1], atol=1e-6)
    np.testing.assert_array_equal(run.frequency, [0, 0])


@pytest.fixture(scope="module")
def run():
    return pair().run(times=np.linspace(0, 1e-10, 6), j0=3e11)


@pytest.fixture(scope="module")
def batch():
    j0 = np.array([[1e11], [2e11]])
    return pair().run(times=np.linspace(0, 1e-10, 6), j0=j0, m={"free": np.eye(3)})


def test_resistance_is_that_of_the_solved_stack(run):
    for i in (0, 5):
        stack = tilted(fixed=run.m["fixed"][i], free=run.m["free"][i])
        expected = sf.solve(stack, 3e11)
        assert run.resistance[i] == pytest.approx(expected.resistance, rel=1e-12)
        assert run.voltage[i] == pytest.approx(expected.voltage, rel=1e-12)
        np.testing.assert_allclose(run.solution[i].torque("free"), expected.torque("free"), 1e-9)


@pytest.mark.long
def test_resistance_is_found_part_by_part(batch, monkeypatch):
    whole = batch.resistance
    monkeypatch.setattr("spinfem.dynamics.moved.AT_ONCE", 13)
    again = Trajectory(
        batch.system, batch.sample, batch.times, batch.directions, batch.j0, batch.steps
    )
    np.testing.assert_array_equal(again.resistance, whole)


@pytest.mark.long
def test_a_point_of_a_batch(batch):
    point = batch[1, 2]
    assert point.shape == ()
    np.testing.assert_array_equal(point.directions, batch.directions[1, 2])
    np.testing.assert_allclose(point.resistance, batch.resistance[1, 2], rtol=1e-13)
    assert point.steps == batch.steps[1, 2]
    assert batch[..., 0].shape == (2,)
    with pytest.raises(IndexError):
        batch[2]
    with pytest.raises(IndexError):
        point[0]
    with pytest.raises(TypeError, match="not iterable"):
        iter(batch)


@pytest.mark.long
def test_a_point_of_a_batch_of_stacks():
    stack = tilted().replace("free", thickness=np.array([4e-9, 5e-9]))
    run = sf.Dynamics(stack, {"free": FREE}).run(times=[0, 1e-11], j0=3e11)
    alone = sf.Dynamics(stack[1], {"free": FREE}).run(times=[0, 1e-11], j0=3e11)
    np.testing.assert_array_equal(run[1].directions, alone.directions)
    np.testing.assert_allclose(run[1].resistance, alone.resistance, rtol=1e-13)


def test_dataset(batch):
    data = batch.to_dataset()
    assert data.m.dims == ("batch_0", "batch_1", "time", "magnet", "component")
    assert data.resistance.dims == data.voltage.dims == data.j0.dims == data.m.dims[:3]
    assert {name: data[name].attrs["units"] for name in ("time", "m", "resistance", "j0")} == {
        "time": "s",
        "m": "1",
        "resistance": "Ohm m2",
        "j0": "A/m2",
    }
    assert all("long_name" in data[name].attrs for name in (*data.data_vars, "time", "j0"))
    found = data.m.sel(magnet="free", component="z").values
    np.testing.assert_array_equal(found, batch.m["free"][..., 2])
    np.testing.assert_array_equal(data.j0.values[1], np.full((3, 6), 2e11))


@pytest.mark.long
@pytest.mark.parametrize("which", ["run", "batch"])
def test_netcdf(which, request, tmp_path):
    trajectory = request.getfixturevalue(which)
    trajectory.save(tmp_path / "run.nc")
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as data:
        assert data.load().identical(trajectory.to_dataset())
    assert [path.name for path in tmp_path.iterdir()] == ["run.nc"]


def test_a_series_for_paraview_has_the_times(run, tmp_path):
    run.save(tmp_path / "run.pvd")
    sets = ET.parse(tmp_path / "run.pvd").getroot().iter("DataSet")
    assert [float(one.attrib["timestep"]) for one in sets] == run.times.tolist()
    assert len(list((tmp_path / "run").iterdir())) == 6


# fmt: off
BAD = [
    (lambda run, batch: run.spectrum("free"), "what must be one of resistance, voltage, fixed.x,"),
    (lambda run, batch: run.spectrum("free.w"), "got 'free.w'"),
    (lambda run, batch: run.spectrum("free.x", 9e-11), "a spectrum must be of evenly spaced times, "
     "four at least, got 1"),
    (lambda run, batch: pair().run(times=[0, 1e-12, 3e-12, 4e-12]).spectrum("free.x"),
     "with spacings 1e-12 to 2e-12 s"),
    (lambda run, batch: run.switched("spacer"), "name must be one of fixed, free, got 'spacer'"),
    (lambda run, batch: run.settled, "three times at least in its last fifth, got 2"),
    (lambda run, batch: run.save("run.txt"), "run.txt: name of the file must end in .nc or .pvd"),
    (lambda run, batch: batch.save("run.pvd"), "a .pvd file needs a single trajectory, got a batch "
     "of shape (2, 3): give a point of it, run[0]"),
]
# fmt: on


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input(call, message, run, batch):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        call(run, batch)
    assert "\n" not in str(caught.value)


def test_names_are_in_the_order_of_the_stack(run):
    assert run.names == tuple(BOTH)
    assert list(run.m) == ["fixed", "free"]
    with pytest.raises(TypeError):
        run.m["free"] = 0
