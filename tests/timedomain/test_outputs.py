"""What is made of transients: datasets, fields in leads, heat where the current jumps."""

import numpy as np
import pytest

import spinfem as sf
from spinfem.results.leads import lead_solution

N = sf.NormalMetal(D=8.0, l=1.0, tau=1.5)
F = sf.Ferromagnet(D=2.0, l=0.6, p=0.5, tau=0.4)
TWICE = sf.Ferromagnet(D=2.0, l=0.6, p=0.5, beta_D=-0.3, tau=0.4)
WEAK = sf.Ferromagnet(D=3.0, l=0.8, p=0.4, lambda_J=0.6, lambda_phi=0.5, tau=0.7)
TILTED = sf.direction(70.0, 20.0)
VALVE = (
    sf.Lead(N)
    | F(1.0, m=(0, 0, 1), name="fixed")
    | sf.Interface(0.1, gamma=0.2)
    | N(0.4, name="spacer")
    | WEAK(0.7, m=sf.direction(60.0), name="free")
    | sf.Lead(TWICE, m=TILTED)
)
TIMES = np.linspace(0.0, 0.5, 6)


def step(t):
    return np.full_like(t, 2.0)


def pulse(t):
    return np.where(t < TIMES[-1], 2.0, 0.0)


pulse.breaks = TIMES[-1:]


@pytest.fixture(scope="module")
def found():
    return sf.transient(VALVE, step, TIMES, rtol=1e-5)


def assert_near(found, expected, limit):
    assert np.abs(found - expected).max() <= limit * np.abs(expected).max()


# --- fields --------------------------------------------------------------------------------------


@pytest.mark.some(3)
@pytest.mark.long
@pytest.mark.parametrize("metal", [N, F, TWICE, WEAK])
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_lead_has_the_fields_of_a_layer_in_its_place(side, metal):
    lead = sf.Lead(metal, m=None if metal is N else TILTED)
    inside = metal(0.8, m=lead.m, name="inside")
    core = [F(0.5, m=(0, 0, 1)), N(0.3), F(0.4, m=sf.direction(50.0, 50.0)), N(0.2)]
    if side == "left":
        pieces, longer = [lead, N(0.1), *core], [lead, inside, N(0.1), *core]
    else:
        pieces, longer = [*core, lead], [*core, inside, lead]
    one, other = (
        sf.transient(sf.Stack(own), step, [0.0, 0.1, 0.5], rtol=1e-7) for own in (pieces, longer)
    )
    for i in range(3):
        layer = other[i].layer("inside")
        depth = np.abs(layer.x - layer.x[-1 if side == "left" else 0])
        beside = lead_solution(one[i], side, np.sort(depth))
        shift = 0.8 if side == "left" else 0.0
        np.testing.assert_allclose(beside.x + shift, layer.x, atol=1e-14)
        largest = np.abs(one[i].spin_potential(one.stack.x)).max()
        assert np.abs(beside.spin_potential - layer.spin_potential).max() <= 1e-6 * largest
        assert np.abs(beside.spin_current - layer.spin_current).max() < 1e-6
        rises = [values - values[0] for values in (beside.potential, layer.potential)]
        assert np.abs(rises[0] - rises[1]).max() < 1e-6


def test_at_a_jump_spins_are_as_before_and_charge_as_behind_it():
    """So are mu_0 and heat, which are made of both; also in a layer that is thin."""
    stack = VALVE.replace("free", thickness=1e-9)
    on, off = (sf.transient(stack, j0, TIMES, rtol=1e-4) for j0 in (step, pulse))
    assert on.steps == off.steps
    x = np.linspace(0.0, float(stack.x[-1]), 7)
    assert off.j0[-1] == 0.0
    assert_near(off.spin_potential(x)[-1], on.spin_potential(x)[-1], 1e-11)
    # at the beginning mu_s = 0: all that there is is ohmic
    potential = on.potential(x)
    assert_near(off.potential(x)[-1], potential[-1] - potential[0], 1e-10)
    for layer, ended in zip(on.layers, off.layers, strict=True):
        metal = stack.layers[layer.index].material
        joule = 4 / getattr(metal, "total_conductivity", metal.D)
        np.testing.assert_allclose(layer.dissipation[0], joule, rtol=1e-12)
        assert_near(ended.dissipation[-1], layer.dissipation[-1] - joule, 1e-10)


# --- datasets ------------------------------------------------------------------------------------

xarray = pytest.importorskip("xarray")


def test_every_array_is_that_of_the_transient(found):
    data = found.to_dataset()
    assert data.spin_potential.dims == ("time", "x", "component")
    assert data.potential.dims == data.dissipation.dims == ("time", "x")
    assert data.face_spin_current.dims == ("time", "face", "side", "component")
    assert data.torque.dims == ("time", "ferromagnet", "component")
    assert np.array_equal(data.time, found.times)
    assert np.array_equal(data.j0, found.j0)
    for layer in found.layers:
        part = data.isel(x=np.flatnonzero(data.layer == layer.name))
        assert np.array_equal(part.x, layer.x)
        for field in ("spin_potential", "spin_current", "potential", "dissipation"):
            assert np.array_equal(part[field], getattr(layer, field)), field
    for i, face in enumerate(found.interfaces):
        for side in ("left", "right"):
            at = data.isel(face=i).sel(side=side)
            for field in ("spin_potential", "spin_current", "potential"):
                assert np.array_equal(at[f"face_{field}"], getattr(face, f"{field}_{side}")), field
    assert list(data.ferromagnet.values) == ["fixed", "free"]
    for name in found.ferromagnets:
        at = data.sel(ferromagnet=name)
        assert np.array_equal(at.torque, found.torque(name))
        assert np.array_equal(at.absorbed_spin_current, found.absorbed_spin_current(name))
    assert np.array_equal(data.voltage, found.voltage)
    assert np.array_equal(data.spin_voltage, found.spin_voltage)
    early, some = data.isel(time=3), found[3].to_dataset()
    assert set(early.variables) == set(some.variables)
    for name, values in early.variables.items():  # sums of other lengths: roundings
        assert values.dims == some[name].dims, name
        if values.dtype.kind == "f":
            np.testing.assert_allclose(some[name], values, rtol=1e-12, atol=1e-13)


def test_names_and_attributes_are_those_of_a_solution(found):
    data, still = found.to_dataset(), sf.solve(VALVE).to_dataset()
    ratios = {"efficiency", "spacer", "spin_resistance", "resistance"}
    assert set(data.variables) - {"time", "spin_voltage"} == set(still.variables) - ratios
    for name in set(data.variables) & set(still.variables):
        assert data[name].attrs == still[name].attrs, name
    assert data.attrs == still.attrs
    assert "units" not in data.time.attrs


def test_units_of_the_si():
    """In the end it is the stationary state, in all that both have."""
    Cu = sf.NormalMetal.from_resistivity(17e-9, l=380e-9, tau=7e-12)
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, tau=1e-12)
    stack = sf.Stack([Co(8e-9, m=(0, 0, 1), name="a"), Cu(5e-9), Co(4e-9, m=(1, 0, 0), name="b")])
    current = 1e11
    found = sf.transient(stack, lambda t: current + 0 * t, [0.0, 1e-10, 2e-10], rtol=1e-6)
    data, still = found.to_dataset(), sf.solve(stack, current).to_dataset()
    assert data.time.attrs == {"long_name": "time", "units": "s"}
    assert data.spin_voltage.attrs["units"] == data.voltage.attrs["units"] == "V"
    last = data.isel(time=-1)
    for name in ("torque", "absorbed_spin_current", "voltage", "face_spin_current"):
        assert_near(last[name].values, still[name].values, 1e-6)
    assert_near(last.spin_voltage.values, current * still.spin_resistance.values, 1e-6)
    for name in ("spin_potential", "spin_current", "potential", "dissipation"):
        # meshes are finer in time
        for layer in ("a", "b"):
            there, here = (one.isel(x=np.flatnonzero(one.layer == layer)) for one in (still, last))
            inner = [np.interp(there.x, here.x, y) for y in np.atleast_2d(here[name].values.T)]
            expected = np.atleast_2d(there[name].values.T)
            assert_near(np.array(inner), expected, 1e-3)  # chords of curves


@pytest.mark.long
def test_datasets_come_back_from_files(found, tmp_path):
    pytest.importorskip("h5netcdf")
    pytest.importorskip("zarr")
    data = found.to_dataset()
    data.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as back:
        assert back.load().identical(data)
    data.to_zarr(tmp_path / "x.zarr", zarr_format=2, consolidated=False)
    with xarray.open_zarr(tmp_path / "x.zarr", consolidated=False) as back:
        assert back.load().identical(data)


@pytest.mark.long
def test_magnetizations_that_move_have_datasets_and_profiles_but_no_rods():
    Cu = sf.NormalMetal.from_resistivity(17e-9, l=380e-9, tau=7e-12)
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, tau=1e-12)
    stack = sf.Lead(Cu) | Co(8e-9, m=(0, 0, 1), name="a") | Cu(5e-9) | sf.Lead(Cu)
    times = np.linspace(0.0, 1e-12, 5)
    angle = 1e11 * times
    m = np.column_stack([np.sin(angle), 0 * angle, np.cos(angle)])
    found = sf.transient(stack, 1e11 + 0 * times, times, m={"a": m}, rtol=1e-2)
    data = found.to_dataset()
    assert data.spin_potential.dims == ("time", "x", "component")
    assert np.array_equal(data.torque.sel(ferromagnet="a"), found.torque("a"))
    found[2].plot.profile()
    for make in (
        lambda: sf.Analogy(found[2]),
        lambda: found.animate(what="analogy"),
        lambda: found[2].plot.hodograph(fold=True),
    ):
        with pytest.raises(ValueError, match="magnetizations must stand still for"):
            make()
