"""Datasets of solutions: every array is the solution's own, with its units, both sides kept."""

import subprocess
import sys

import numpy as np
import pytest

import spinfem as sf

xarray = pytest.importorskip("xarray")

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
THETA = np.array([0.0, 40.0, 180.0])


def valve(theta=60.0, d=10e-9):
    return (
        sf.Lead(Cu)
        | sf.Interface(0.2e-15)
        | Co(8e-9, m=sf.direction(0), name="fixed")
        | sf.Interface(0.5e-15, gamma=0.7, mixing=5e14 + 1e13j)
        | Cu(d, name="spacer")
        | Co(4e-9, m=sf.direction(theta), name="free")
        | sf.Lead(Cu)
    )


BATCHES = {
    "single": (valve(), 1e11),
    "angles": (valve(THETA), 1e11),
    "thicknesses": (valve(d=[[2e-9], [5e-9]]), 1e11),
    "both": (valve(THETA, [[2e-9], [5e-9]]), 1e11),
    "currents": (valve(THETA), [[1e11], [-2e11]]),
    "currents of one stack": (valve(), [1e11, -2e11]),
    "graded": (
        sf.NormalMetal(D=lambda xi: 1 + xi, l=1.0)(1.0)
        | sf.Ferromagnet(D=1.0, l=1.0, p=0.3)(0.5, m=(1, 0, 0), name="free"),
        1.0,
    ),
    "no magnets": (sf.Lead(Cu) | Cu(1e-9), 1e11),
}
FIELDS = ("spin_potential", "spin_current", "potential", "dissipation")


@pytest.mark.parametrize("name", BATCHES)
def test_every_array_is_that_of_the_solution(name):
    solution = sf.solve(*BATCHES[name])
    data, n = solution.to_dataset(), len(solution.shape)
    batch = tuple(f"batch_{i}" for i in range(n))
    along = data.layer.dims[0]
    assert data.spin_potential.dims == (*batch, along, "component")
    assert data.potential.dims == (*batch, along)
    for layer in solution.layers:
        part = data.isel({along: np.flatnonzero(data.layer == layer.name)})
        x = np.broadcast_to(layer.x, part.x.shape)
        assert np.array_equal(part.x, x)
        for field in FIELDS:
            assert np.array_equal(part[field], getattr(layer, field)), field
    assert data.face_spin_current.dims == (*batch, "face", "side", "component")
    for i, face in enumerate(solution.interfaces):
        at = data.isel(face=i)
        assert np.array_equal(at.face_x, np.broadcast_to(face.x, at.face_x.shape))
        for side in ("left", "right"):
            for field in ("spin_potential", "spin_current", "potential"):
                own = getattr(face, f"{field}_{side}")
                assert np.array_equal(at[f"face_{field}"].sel(side=side), own)
    for magnet in solution.ferromagnets:
        at = data.sel(ferromagnet=magnet)
        assert np.array_equal(at.torque, solution.torque(magnet))
        assert np.array_equal(at.absorbed_spin_current, solution.absorbed_spin_current(magnet))
    for left, right in solution.spacers:
        found = data.efficiency.sel(spacer=f"{left}|{right}")
        for side, g in zip(("left", "right"), solution.efficiency(left, right)):
            assert np.array_equal(found.sel(side=side), g)
    assert np.array_equal(data.spin_resistance, solution.spin_resistance)
    assert np.array_equal(data.resistance, solution.resistance)
    assert np.array_equal(data.j0, np.broadcast_to(solution.j0, data.j0.shape))


def test_both_sides_are_kept_where_fields_jump():
    solution = sf.solve(valve(), 1e11)
    data = solution.to_dataset()
    first, second = data.spin_potential.sel(x=8e-9)  # fixed|spacer
    assert list(data.layer.sel(x=8e-9)) == ["fixed", "spacer"]
    for found, side in ((first, "left"), (second, "right")):
        # x is turned into a place in the layer: roundings
        np.testing.assert_allclose(found, solution.spin_potential(8e-9, side=side), rtol=1e-13)
    assert np.linalg.norm(first - second) > 0.1 * np.linalg.norm(first)
    # outside of an end, where no point of a layer lies
    outside, inside = data.face_spin_potential.sel(face="left lead|fixed")
    np.testing.assert_allclose(inside, data.spin_potential[0], rtol=1e-13)
    jump = -2 * 0.2e-15 * data.face_spin_current.sel(face="left lead|fixed", side="right")
    np.testing.assert_allclose(inside - outside, jump, rtol=1e-12)


def test_units_and_names_are_in_the_attributes():
    data = sf.solve(valve(), 1e11).to_dataset()
    assert {name: data[name].attrs["units"] for name in ("x", "face_x", "j0")} == {
        "x": "m",
        "face_x": "m",
        "j0": "A/m2",
    }
    units = {name: array.attrs["units"] for name, array in data.data_vars.items()}
    assert units == {
        **dict.fromkeys(("spin_potential", "face_spin_potential", "potential"), "V"),
        **dict.fromkeys(("face_potential", "potential_up", "potential_down"), "V"),
        **dict.fromkeys(("spin_current", "face_spin_current", "absorbed_spin_current"), "A/m2"),
        **dict.fromkeys(("spin_resistance", "resistance"), "Ohm m2"),
        "voltage": "V",
        "dissipation": "W/m3",
        "torque": "J/m2",
        "efficiency": "1",
    }
    assert all(array.attrs["long_name"] for array in data.data_vars.values())
    assert "gamma" in data.torque.attrs["comment"]
    assert data.attrs == {"spinfem_version": sf.__version__}


def test_units_that_nobody_stated_are_left_out():
    data = sf.solve(*BATCHES["graded"]).to_dataset()
    assert not any("units" in array.attrs for array in data.variables.values())
    assert sf.solve(valve()).to_dataset().x.attrs["units"] == "m"  # tables are left as they are


@pytest.mark.long
@pytest.mark.parametrize("name", ["single", "both"])
def test_dataset_comes_back_from_a_file(name, tmp_path):
    pytest.importorskip("h5netcdf")
    data = sf.solve(*BATCHES[name]).to_dataset()
    data.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as back:
        assert back.load().equals(data)


def test_xarray_is_loaded_when_it_is_needed_and_asked_for(monkeypatch):
    solution = sf.solve(valve())
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match="a dataset needs xarray: pip install xarray"):
        solution.to_dataset()


@pytest.mark.long
def test_printing_loads_nothing_heavy():
    code = (
        "import sys, spinfem as sf; N = sf.NormalMetal(D=1.0, l=1.0);"
        "s = sf.solve(sf.Lead(N) | N(1.0)); str(s), s._repr_html_(), str(s.stack);"
        "print(*{'xarray', 'matplotlib', 'meshio', 'rich.console', 'pydantic'} & {*sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_fields_that_overflow_are_an_error():
    """The square of the current is part of the heat."""
    N = sf.NormalMetal(D=1.0, l=1.0)
    stack = N(1.0) | sf.Ferromagnet(D=1.0, l=1.0, p=0.5)(1.0, m=(0, 0, 1))
    solution = sf.solve(stack, 1e200)
    assert np.isfinite(solution.voltage)
    with (
        np.errstate(over="ignore"),
        pytest.raises(ValueError, match=r"must be finite, got an overflow"),
    ):
        solution.to_dataset()
