"""Sweeps over a frequency: amplitudes as of `sf.solve`, by modulus and phase, kept and taken up."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr
from wires import wire

import spinfem as sf
from spinfem.results.amplitudes import polar
from spinfem.studies import blocks, resultkinds, sweeping

N = sf.NormalMetal(D=8.0, l=1.0, tau=1.5)
F = sf.Ferromagnet(D=2.0, l=0.6, p=0.5, tau=0.4)
WEAK = sf.Ferromagnet(D=3.0, l=0.8, p=0.4, lambda_J=0.3, lambda_phi=0.5, tau=0.7)
THETA, D_N, FREQUENCY = [20.0, 60.0, 150.0], [0.1, 0.5], np.geomspace(1e-3, 10.0, 7)


def valve(theta, d_N=0.4):
    free = WEAK(0.7, m=sf.direction(theta, 30.0), name="free")
    joint = sf.Interface(0.1, gamma=0.3, mixing=2 + 1j)
    return sf.Lead(N) | F(1.0, m=(0, 0, 1), name="fixed") | N(d_N) | joint | free | sf.Lead(N)


def branching(theta, d_N=0.4):
    """Cannot take arrays."""
    return valve(theta if theta < 90 else float(theta), d_N)


def amplitude(data, name):
    """The complex number that a modulus and a phase stand for."""
    modulus, phase = data[f"{name}_modulus"], data[f"{name}_phase"]
    return np.asarray(modulus * np.exp(1j * np.radians(phase)))


@pytest.fixture
def small(monkeypatch):
    """Blocks of a few points, so that frequencies are cut, too."""
    monkeypatch.setattr(blocks, "NUMBERS", 20)


@pytest.mark.long
@pytest.mark.parametrize(("builder", "pointwise"), [(valve, False), (branching, True)])
def test_every_point_is_its_own_solution(small, builder, pointwise):
    arguments = {"theta": THETA[1:], "d_N": D_N}
    data = sf.sweep(builder, arguments, 2.0, frequency=FREQUENCY, pointwise=pointwise)
    grid = ("theta", "d_N", "frequency")
    assert data["torque_phase"].dims == (*grid, "ferromagnet", "component")
    assert data["efficiency_modulus"].dims == (*grid, "spacer", "side")
    for theta, d_N, f in np.stack(np.meshgrid(*(data[x] for x in grid)), -1).reshape(-1, 3):
        one = sf.solve(valve(theta, d_N), 2.0, frequency=f)
        here = data.sel(theta=theta, d_N=d_N, frequency=f)
        for name, expected in {
            "torque": one.torques,
            "absorbed_spin_current": [one.absorbed_spin_current(x) for x in one.ferromagnets],
            "efficiency": one.efficiency("fixed", "free"),
            "spin_resistance": one.spin_resistance,
            "resistance": one.resistance,
            "voltage": one.voltage,
        }.items():
            # elements are chosen for the thickest layer of a block: both are right to 1e-10
            difference = np.abs(amplitude(here, name) - expected).max()
            assert difference <= 1e-10 * np.abs(expected).max(), name


def test_the_closed_form():
    """(A1), (A2) of the paper with ``l/sqrt(1 + i omega tau)`` for l, of a valve between blocks."""
    d, theta, f = (1.0, 0.4, 0.7), 65.0, 0.3
    data = sf.sweep(
        lambda d_N: F(d[0], m=(0, 0, 1)) | N(d_N) | F(d[2], m=sf.direction(theta)),
        {"d_N": [0.1, d[1]]},
        frequency=[0.1, f],
    )
    roots = [np.sqrt(1 + 2j * np.pi * f * metal.tau) for metal in (F, N, F)]
    g = [metal.D / (2 * metal.l) * root for metal, root in zip((F, N, F), roots, strict=True)]
    z = [x / metal.l * root for x, metal, root in zip(d, (F, N, F), roots, strict=True)]
    a1, a2 = (g[i] / np.tanh(z[i]) + g[1] / np.tanh(z[1]) for i in (0, 2))
    b, c = g[1] / np.sinh(z[1]), np.cos(np.radians(theta))
    mu1, mu2 = F.p * np.array([a2 - b * c, b * c - a1]) / (a1 * a2 - (b * c) ** 2)
    here = data.isel(d_N=1, frequency=1)
    expected = np.array([[-b * mu2, b * mu1]])
    assert np.abs(amplitude(here, "efficiency") - expected).max() < 1e-12 * np.abs(expected).max()
    dr = F.p * (mu1 - mu2) / 2
    assert abs(amplitude(here, "spin_resistance") - dr) < 1e-12 * abs(dr)


@pytest.mark.long
def test_frequencies_are_solved_as_a_batch(monkeypatch):
    """As many solutions, and calls of a builder, for hundreds of frequencies as for a few."""
    solved, calls = [], []
    real = resultkinds.solve
    monkeypatch.setattr(resultkinds, "solve", lambda *a, **k: solved.append(1) or real(*a, **k))

    def noting(theta):
        calls.append(theta)
        return branching(theta)

    counts = set()
    for f in (FREQUENCY[:2], np.geomspace(1e-3, 10.0, 300)):
        solved.clear()
        calls.clear()
        sf.sweep(valve, {"theta": THETA}, frequency=f)
        sf.sweep(noting, {"theta": THETA}, frequency=f, pointwise=True)
        counts.add((len(solved), len(calls)))
    assert len(counts) == 1


def test_a_stack_at_frequencies_alone():
    data = sf.sweep(lambda: valve(60.0), {}, frequency=FREQUENCY)
    found = sf.solve(valve(60.0), frequency=FREQUENCY)
    assert data["spin_resistance_modulus"].dims == ("frequency",)
    difference = np.abs(amplitude(data, "torque") - found.torques)
    assert difference.max() < 1e-14 * np.abs(found.torques).max()


def test_attributes_say_what_is_what():
    data = sf.sweep(lambda: valve(60.0), {}, 2.0, frequency=FREQUENCY)
    assert data.attrs == {
        "j0": 2.0,
        "spinfem_version": sf.__version__,
        "amplitudes": "amplitudes A of what is Re A exp(2 pi i f t), as j0 cos(2 pi f t)",
    }
    assert data["frequency"].attrs == {"long_name": "frequency", "units": "Hz"}
    units = {name: values.attrs["units"] for name, values in data.items()}
    assert {x for name, x in units.items() if name.endswith("_phase")} == {"degree"}
    assert units["torque_modulus"] == "J/m2"
    assert units["spin_resistance_modulus"] == "Ohm m2"
    assert "dm/dt" in data["torque_modulus"].attrs["comment"]
    assert data["voltage_phase"].attrs["long_name"].startswith("phase of mu_0")


def test_phases():
    """Of what is real and negative 180, whatever sign its nothing has; of nothing 0."""
    z = np.array([1.0, 1j, -1.0, complex(-1.0, -0.0), 0.0, complex(-0.0, -0.0), -1j])
    modulus, phase = polar(z)
    assert modulus.tolist() == [1, 1, 1, 1, 0, 0, 1]
    assert phase.tolist() == [0, 90, 180, 180, 0, 0, -90]
    drawn = np.random.default_rng(2).normal(size=(2, 50))
    modulus, phase = polar(drawn[0] + 1j * drawn[1])
    assert np.allclose(modulus * np.exp(1j * np.radians(phase)), drawn[0] + 1j * drawn[1], 1e-14)


@pytest.mark.long
def test_at_no_frequency_all_is_stationary():
    data = sf.sweep(valve, {"theta": THETA}, frequency=[0.0, 1.0]).isel(frequency=0)
    still = sf.sweep(valve, {"theta": THETA})
    for name in still:
        assert {*np.unique(data[f"{name}_phase"])} <= {0.0, 180.0}
        difference = np.abs(amplitude(data, name) - still[name])
        assert difference.max() < 1e-13 * np.abs(still[name]).max()


def metals(tau, theta=60.0):
    metal = sf.NormalMetal(D=8.0, l=1.0, tau=tau)
    return valve(theta).replace("right", material=metal)


@pytest.mark.long
@pytest.mark.parametrize("pointwise", [False, True])
def test_times_have_an_effect_at_frequencies_alone(pointwise):
    times = {"tau": [1.0, 2.0]}
    data = sf.sweep(metals, times, frequency=[0.0, 0.1], pointwise=pointwise)
    phases = data["spin_resistance_phase"]
    assert phases[0, 0] == phases[1, 0] == 0
    assert phases[0, 1] != phases[1, 1]
    for more in ({}, {"frequency": [0.0]}):
        with pytest.raises(ValueError, match=r"^argument 'tau' must change a result, got the same"):
            sf.sweep(metals, times, pointwise=pointwise, **more)


# --- files, stores, executors -----------------------------------------------------------------


@pytest.mark.long
def test_netcdf_and_tables_come_back(tmp_path):
    data = sf.sweep(valve, {"theta": THETA}, frequency=FREQUENCY)
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "a.nc") as found:
        assert found.identical(data)
    table = data["spin_resistance_phase"].to_series()
    assert table.loc[60.0, FREQUENCY[2]] == data["spin_resistance_phase"][1, 2]


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize(("builder", "pointwise"), [(valve, False), (branching, True)])
def test_a_store_is_taken_up(small, monkeypatch, tmp_path, builder, pointwise):
    """After a stop in the middle of the frequencies, to the bit, and as zarr opens it."""
    real, left = sweeping.solve_grid, iter(range(4))

    def stopped(plan, told):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return real(plan, told)

    def swept(**more):
        arguments = {"theta": THETA}
        return sf.sweep(builder, arguments, frequency=FREQUENCY, pointwise=pointwise, **more)

    monkeypatch.setattr(blocks, "CHUNK_SECONDS", 1e-9)
    whole, store = swept(), tmp_path / "a.zarr"
    monkeypatch.setattr(sweeping, "solve_grid", stopped)
    with pytest.raises(KeyboardInterrupt):
        swept(store=store)
    done = []
    monkeypatch.setattr(sweeping, "solve_grid", lambda *a, **k: done.append(1) or real(*a, **k))
    found = swept(store=store)
    assert len(done) == 3 * 3 - 4  # the frequencies of each angle are cut in three
    assert found.identical(whole)
    assert all(found[name].values.tobytes() == whole[name].values.tobytes() for name in whole)
    with xr.open_zarr(store) as opened:
        assert np.array_equal(opened["torque_phase"], whole["torque_phase"])
    with ThreadPoolExecutor(2) as executor:
        assert swept(executor=executor).identical(whole)
    monkeypatch.setattr(sweeping, "solve_grid", None)  # nothing is computed again
    assert swept(store=store).identical(whole)


@pytest.mark.long
@pytest.mark.parametrize("frequency", [FREQUENCY * (1 + 1e-15), FREQUENCY[1:], None])
def test_a_store_of_other_frequencies_is_refused(tmp_path, frequency):
    arguments, store = {"theta": THETA}, tmp_path / "a.zarr"
    sf.sweep(valve, arguments, frequency=FREQUENCY, store=store)
    with pytest.raises(ValueError, match=r"got that of another \(different .*values"):
        sf.sweep(valve, arguments, frequency=frequency, store=store)


@pytest.mark.long
def test_chunks_of_other_times_are_computed_again(tmp_path):
    """Beside the points at which the whole sweep is compared, the first, middle and last one."""
    changed = [1.0]

    def build(theta):
        tau = np.where(np.isclose(theta, 30.0), changed[0], 1.0)
        return metals(tau, theta)

    arguments, store = {"theta": np.linspace(10.0, 90.0, 9)}, tmp_path / "a.zarr"
    first = sf.sweep(build, arguments, frequency=FREQUENCY, store=store).load()
    changed[0] = 2.0
    found = sf.sweep(build, arguments, frequency=FREQUENCY, store=store)
    differ = (found["spin_resistance_phase"] != first["spin_resistance_phase"]).any("frequency")
    assert differ.values.tolist() == [x == 30.0 for x in arguments["theta"]]


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frequency", "error", "message"),
    [
        (1.0, ValueError, r"frequency of a sweep must be a one-dimensional array, got shape \(\)"),
        ([[1.0]], ValueError, "frequency of a sweep must be a one-dimensional array, got shape"),
        ([1.0, -2.0], ValueError, "frequency must be zero or positive, got -2 at index 1"),
        ([np.inf], ValueError, "frequency must be zero or positive, got inf"),
        ([], ValueError, "frequency must not be empty"),
        (["1"], TypeError, "frequency must be a real number"),
    ],
)
def test_bad_frequencies(frequency, error, message):
    with pytest.raises(error, match=message):
        sf.sweep(valve, {"theta": THETA}, frequency=frequency)


def test_metals_without_a_time_are_named():
    still = sf.NormalMetal(D=8.0, l=1.0, name="Cu")
    for pointwise in (False, True):
        with pytest.raises(ValueError, match=r"every metal must have tau at a frequency.*'Cu'"):
            sf.sweep(
                lambda theta: valve(theta).replace("right", material=still),
                {"theta": THETA},
                frequency=FREQUENCY,
                pointwise=pointwise,
            )


def test_what_belongs_to_something_else():
    with pytest.raises(ValueError, match="must not be called like a result, got 'frequency'"):
        sf.sweep(lambda frequency: valve(frequency), {"frequency": THETA}, frequency=FREQUENCY)
    with pytest.raises(TypeError, match="arguments must map at least one name to values"):
        sf.sweep(lambda: valve(60.0), {})
    with pytest.raises(ValueError, match="frequency must be left out for devices"):
        sf.sweep(lambda: wire("line", 1), {}, frequency=FREQUENCY, pointwise=True)
