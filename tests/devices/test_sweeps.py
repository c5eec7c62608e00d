"""Sweeps of devices."""

import dataclasses
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from wires import LEAD, TILTED, UP, Co, Cu, Joint, Py, Weak, twisted, wire

import spinfem as sf
from spinfem.devices.grid import Grid
from spinfem.studies import blocks, sweeping
from spinfem.studies.fingerprints import fingerprint

xarray = pytest.importorskip("xarray")

GRID = {"theta": [30.0, 60.0, 90.0], "radius": [2e-8, 3e-8]}


def pillar(theta, radius):
    layers = Co(8e-9, m=UP, name="fixed") | Cu(10e-9) | Py(4e-9, m=sf.direction(theta), name="free")
    slab = sf.Slab(Cu, 20e-9, 2 * radius, end=LEAD)
    return sf.Device.pillar(LEAD | layers | LEAD, radius=radius, current=1e-4, leads=(slab, None))


def turned(theta):
    return wire("tri", 2, free=(Py, sf.direction(theta)))


def swept(builder=pillar, grid=GRID, **given):
    return sf.sweep(builder, grid, **{"pointwise": True, "degree": 1, **given})


@pytest.mark.long
def test_every_point_is_its_own_solution():
    data = swept()
    assert data["torque"].dims == ("theta", "radius", "ferromagnet", "component")
    assert data["potential"].dims == ("theta", "radius", "electrode")
    assert [*data["ferromagnet"].values] == ["fixed", "free"]
    assert [*data["electrode"].values] == ["left", "right"]
    for theta in GRID["theta"]:
        for radius in GRID["radius"]:
            one = data.sel(theta=theta, radius=radius)
            solution = sf.solve(pillar(theta, radius), degree=1)
            for name in solution.magnets:
                np.testing.assert_array_equal(
                    one["torque"].sel(ferromagnet=name), solution.torque(name)
                )
            for name in ("left", "right"):
                assert one["potential"].sel(electrode=name) == solution.potential(name)
                assert one["current"].sel(electrode=name) == solution.current(name)
            assert one["power"] == solution.power
    assert "j0" not in data.attrs


@pytest.mark.long
@pytest.mark.parametrize(
    ("builder", "per"), [(lambda theta: pillar(theta, 2e-8), ""), (turned, "/m")]
)
def test_units_are_those_of_the_device(builder, per):
    data = swept(builder, {"theta": [30.0, 60.0]})
    units = {name: values.attrs["units"] for name, values in data.data_vars.items()}
    assert units == {
        "torque": f"J{per}",
        "potential": "V",
        "current": f"A{per}",
        "power": f"W{per}",
    }
    assert "gamma T/(M_s V)" in data["torque"].attrs["comment"]


@pytest.mark.long
def test_stores_and_executors_change_nothing(tmp_path, monkeypatch):
    store = tmp_path / "device.zarr"
    expected = swept()
    with ThreadPoolExecutor(2) as executor:
        found = swept(executor=executor, store=store)
        assert found.identical(expected)
    with ProcessPoolExecutor(2) as executor:
        assert swept(executor=executor).identical(expected)
    monkeypatch.setattr(blocks, "solve_grid", None)  # nothing is computed again
    assert swept(store=store).identical(expected)
    with pytest.raises(ValueError, match=r"got that of another \(different accuracy\)"):
        swept(store=store, degree=2)


@pytest.mark.long
def test_a_builder_may_turn_a_device_that_it_refers_to(tmp_path):
    device = wire("tri", 1)

    def build(theta):
        return device.replace(free=sf.direction(theta))

    grid, store = {"theta": [30.0, 60.0]}, tmp_path / "a.zarr"
    expected = swept(build, grid)
    assert swept(build, grid, store=store).identical(expected)
    device = device.replace(fixed=(1, 0, 0))
    with pytest.raises(ValueError, match="store must be empty or that of this sweep"):
        swept(build, grid, store=store)


def test_points_are_handed_out_one_by_one():
    plan = sweeping.plan_sweep(turned, {"theta": np.arange(1.0, 9.0)}, pointwise=True, degree=1)
    assert plan.block == (1,)


@pytest.mark.long
def test_an_effect_may_show_late():
    """Where a resistance is, its asymmetry counts: at one of thirty points that are solved."""
    resistances = np.zeros(30)
    resistances[20] = 1e-15

    def build(place, gamma):
        joint = Joint(resistances[int(place)], gamma=gamma)
        return wire("line", 1, joints={("spacer", "free"): joint})

    data = swept(build, {"place": np.arange(30.0), "gamma": [0.2, 0.4]})
    differ = data["power"].sel(gamma=0.2) != data["power"].sel(gamma=0.4)
    assert [*np.flatnonzero(differ)] == [20]


@pytest.mark.long
def test_textures_are_looked_at_where_they_are():
    """In their regions alone, midway between corners too."""

    def build(amplitude):
        def m(points):
            x, y = points.T * 1e9
            return np.stack([np.sqrt(9 - x), amplitude * np.sin(np.pi * y / 15), 1 + 0 * x], axis=1)

        return wire("tri", 1, fixed=(Co, m))

    data = swept(build, {"amplitude": [0.1, 0.9]}, degree=2)
    first, last = data["torque"].sel(ferromagnet="fixed").values
    assert np.abs(first - last).max() > 1e-3 * np.abs(first).max()


@pytest.mark.long
@pytest.mark.filterwarnings("default")
def test_coarse_cells_are_said_once():
    def build(theta):
        short = sf.Ferromagnet(D=1e7, l=1e-9, p=0.3)
        return wire("tri", 1, free=(short, sf.direction(theta)))

    with pytest.warns(RuntimeWarning, match="shorter than the spin diffusion") as caught:
        sf.sweep(build, {"theta": [30.0, 60.0]}, pointwise=True, degree=1)
    assert [warning.filename for warning in caught] == [__file__]


def changed(device, **changes):
    given = {
        name: getattr(device, name) for name in ("grid", "regions", "electrodes", "interfaces")
    }
    return sf.Device(**given | changes)


def test_fingerprints_tell_all_numbers_of_devices_apart():
    device = wire("tri", 1)
    accuracy = {"degree": 1, "elements": None}
    mesh, regions = device.grid.mesh, device.regions
    moved = mesh.p.copy()
    moved[1, 4] += 1e-3
    left, beside = device.electrodes["left"], mesh.translated((1.0, 0.0))
    others = [
        device.replace(free=UP),
        device.replace(free=twisted),
        changed(device, regions={**regions, "spacer": sf.NormalMetal(D=1e8, l=1e-7)}),
        changed(device, regions={**regions, "free": (Co, TILTED)}),
        changed(device, interfaces={("fixed", "spacer"): Joint(1e-16)}),
        changed(device, interfaces={("free", "spacer"): Joint(1e-16)}),
        changed(device, electrodes={**device.electrodes, "left": sf.Electrode(current=2.0)}),
        changed(
            device,
            electrodes={**device.electrodes, "left": dataclasses.replace(left, end=sf.Reservoir())},
        ),
        changed(device, grid=dataclasses.replace(device.grid, unit=2e-9)),
        changed(device, grid=Grid(dataclasses.replace(mesh, doflocs=moved))),
        *(changed(device, grid=Grid(beside, is_axisymmetric=x)) for x in (False, True)),
        changed(device, interfaces={("fixed", "spacer"): Joint(1e-16, mixing=4e14)}),
        changed(device, interfaces={("fixed", "spacer"): Joint(1e-16, mixing=4e14 + 1e14j)}),
        wire("tri", 1, free=(Weak, TILTED)),
        wire("tri", 1, ends=(sf.Lead(Co, m=UP), LEAD)),
        wire("tri", 1, ends=(sf.Lead(Co, m=-UP), LEAD)),
        *(
            changed(device, electrodes={**device.electrodes, "left": sf.Electrode(**{key: 2.5})})
            for key in ("current", "potential", "j0")
        ),
        wire("tri", 2),
    ]
    prints = [fingerprint(one, accuracy) for one in (device, *others)]
    assert len({*prints}) == len(prints)
    assert fingerprint(wire("tri", 1), accuracy) == prints[0]


@pytest.mark.parametrize("name", ["unit", "grid.unit", "p", "m of 'free'"])
def test_names_of_regions_hide_no_numbers(name):
    device = wire("tri", 1)
    mesh = device.grid.mesh
    regions = {k: v for k, v in mesh.subdomains.items() if k != "spacer"}
    named = dataclasses.replace(mesh, _subdomains={**regions, name: mesh.subdomains["spacer"]})
    metals = {"fixed": (Co, UP), "free": (Py, TILTED), name: Cu}
    one, other = (
        sf.Device(Grid(named, unit), metals, device.electrodes, {}) for unit in (1e-9, 2e-9)
    )
    accuracy = {"degree": 1, "elements": None}
    assert fingerprint(one, accuracy) != fingerprint(other, accuracy)


def either(theta):
    """Another electrode from 45 degrees on."""
    device = turned(theta)
    if theta < 45:
        return device
    kept = {**device.electrodes, "left": sf.Electrode(potential=1.0, end=LEAD)}
    return sf.Device(device.grid, device.regions, kept)


def scaled(size):
    """Of one size, in other units."""
    device = wire("tri", 1)
    mesh = device.grid.mesh
    grid = Grid(dataclasses.replace(mesh, doflocs=mesh.p / size), device.grid.unit * size)
    return changed(device, grid=grid)


BAD = {
    "arrays": ({"pointwise": False}, "pointwise must be True for a builder of devices, got False"),
    "j0": ({"j0": 1e11}, "j0 must be left out for devices, got 1"),
    "current density": (
        {"current_density": 1e11},
        "current_density must be left out for devices, got 1",
    ),
    "elements": ({"elements": 3}, "elements must be left out for a device, got 3"),
    "kinds": (
        {"builder": either, "grid": {"theta": [30.0, 60.0]}},
        "samples of a sweep must have the same regions and electrodes, of the same kinds, at all "
        "points, got Electrode Lead left current and, at theta = 60, Electrode Lead left potential",
    ),
    "no effect": (
        {"builder": lambda theta, x: turned(theta), "grid": {"theta": [30.0, 60.0], "x": [1, 2]}},
        "argument 'x' must change the stack, got the same one for all of its values",
    ),
    "no result": (
        {"builder": scaled, "grid": {"size": [1.0, 2.0]}},
        "argument 'size' must change a result, got the same torques, potentials and currents",
    ),
    "reserved": (
        {"builder": lambda power: turned(power), "grid": {"power": [30.0, 60.0]}},
        "an argument must not be called like a result, got 'power'",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_refused(kind):
    given, message = BAD[kind]
    with pytest.raises(ValueError, match=message):
        swept(**given)


def test_fits_take_stacks_alone():
    data = {"theta": [0.0, 90.0], "resistance": [1e-15, 2e-15]}
    with pytest.raises(TypeError, match="builder must return a Stack, got Device"):
        sf.fit(lambda theta, radius: pillar(theta, radius), data, {"radius": 2e-8})
