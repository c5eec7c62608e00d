"""``spinfem new``, ``check`` and ``schema``."""

import json

import numpy as np
import pytest

import spinfem as sf
from spinfem import cli
from spinfem.io.template import template


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run the command line in a directory of its own; status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main([*map(str, arguments)])
        return ended.value.code, *capsys.readouterr()

    return call


def test_a_new_file_is_checked_and_solved(run, tmp_path):
    assert run("new", "a.toml")[::2] == (0, "")
    assert (tmp_path / "a.toml").read_bytes() == template().encode()
    assert run("check", "a.toml") == (
        0,
        "a.toml: Co/Cu/Py spin valve, 3 layers, 2 ferromagnets, 0 interfaces, 22 nm, "
        "j0 = 1e+11 A/m2, in SI\n",
        "",
    )
    assert run("solve", "a.toml")[0] == 0
    assert run("new")[1].startswith("stack.toml: ")


def test_what_the_library_says_of_metals_is_told(run, tmp_path):
    """Niobium as a lead is no superconductor; of a bound that is replaced nothing is said."""
    text = """
    left.lead = "lead"
    [materials]
    lead = { library = "Nb" }
    Cu = { library = "Cu" }
    long = { library = "Cu", l_nm = 450 }
    [[layers]]
    material = "Cu"
    thickness_nm = 10
    """
    (tmp_path / "a.toml").write_text(text)
    status, out, err = run("check", "a.toml")
    assert (status, err) == (0, "")
    _, niobium, copper = out.splitlines()
    assert niobium.startswith("materials.lead: Nb, normal: in its normal state; a superconducting")
    assert copper == "materials.Cu: Cu, 293 K: l >= 110 nm: that bound is taken"


def test_a_new_file_overwrites_nothing(run, tmp_path):
    (tmp_path / "a.toml").write_text("mine")
    status, out, err = run("new", "a.toml")
    assert (status, out) == (2, "")
    assert err == "error: a.toml: must not be there yet: it would be overwritten\n"
    assert (tmp_path / "a.toml").read_text() == "mine"
    assert "must end in .toml" in run("new", "a.txt")[2]
    assert "no directory b" in run("new", "b/a.toml")[2]


def test_all_errors_are_told_one_a_line(run, tmp_path):
    """Of tables by themselves, and of those that are right together with others."""
    text = """
    title = 3
    solver = 1
    [left]
    lead = "Ag"
    [materials.Cu]
    kind = "normal"
    l_nm = 450
    [materials.Co]
    kind = "ferromagnet"
    rho_star_ohm_m = -1
    beta = 2
    l_nm = 60
    [[layers]]
    material = "Co"
    thickness_nm = 3
    [[layers]]
    material = "Ag"
    thickness_nm = 3
    [[layers]]
    material = "Cu"
    [[cells.X.layers]]
    thicknes_nm = 1
    [[layers]]
    cell = "Y"
    """
    (tmp_path / "a.toml").write_text(text)
    status, out, err = run("check", "a.toml")
    assert (status, out) == (2, "")
    found = [line.removeprefix("error: a.toml: ") for line in err.splitlines()]
    starts = [
        "title: must be a string, got 3",
        "solver: unknown key",
        "materials.Co.rho_star_ohm_m: must be positive",
        "materials.Co.beta: must be between",
        "layers[2].thickness_nm: required key is missing",
        "cells.X.layers[0].thicknes_nm: unknown key",
        "layers[3].cell: must be one of the cells (X), got 'Y'",
    ]
    assert len(found) == len(err.splitlines())
    for start in starts:
        assert sum(line.startswith(start) for line in found) == 1, start
    (tmp_path / "a.toml").write_text(text.replace('cell = "Y"', 'cell = "X"'))
    found = run("check", "a.toml")[2]
    for more in ("materials.Cu: one of resistivity", "left.lead: must be one of the materials"):
        assert f"error: a.toml: {more}" in found
    assert "error: a.toml: layers[1].material: must be one of the materials" in found
    assert "layers[0].material" not in found  # Co is there, though it is not right


def test_mixed_units_are_told_of_every_key(run, tmp_path):
    text = template().replace("polar_deg = 60", "polar_deg = 60\nthickness = 3\n[mesh]\nscale = 3")
    (tmp_path / "a.toml").write_text(text)
    lines = run("check", "a.toml")[2].splitlines()
    places = {line.split(": ")[2] for line in lines}
    assert places == {"mesh.scale", "layers[2].thickness (layer 'free')"}


def test_a_file_that_is_not_there_or_no_toml(run, tmp_path):
    assert run("check", "b.toml")[0] == 2
    (tmp_path / "a.toml").write_text("[")
    assert run("check", "a.toml")[2].startswith("error: a.toml: must be valid TOML")


def test_schema_is_printed(run):
    status, out, err = run("schema")
    assert (status, err) == (0, "")
    assert json.loads(out)["anyOf"]


# --- currents ---------------------------------------------------------------------------------


@pytest.fixture
def valve(tmp_path):
    path = tmp_path / "valve.toml"
    path.write_text(template(), encoding="utf-8")
    return path


@pytest.mark.long
@pytest.mark.parametrize(("key", "sign"), [("j0_A_m2", 1), ("current_density_A_m2", -1)])
def test_the_current_can_be_swept(run, valve, key, sign):
    """As if each current were solved: torques and voltage in proportion, all else the same."""
    xarray = pytest.importorskip("xarray")
    status, out, err = run("sweep", valve, "--vary", f"{key}=-1e11:1e11:5", "-o", "a.nc")
    assert (status, err, out) == (0, "", f"a.nc: 5 points, {key} (5)\n")
    with xarray.open_dataset(valve.with_name("a.nc")) as data:
        assert data["torque"].dims == (key, "ferromagnet", "component")
        assert data[key].attrs["units"] == "A/m2"
        for value in data[key].values:
            point, solution = data.sel({key: value}), sf.solve(sf.load(valve)[0], sign * value)
            for name in ("fixed", "free"):
                found = point["torque"].sel(ferromagnet=name)
                expected = solution.torque(name)
                # one rounding of each product
                np.testing.assert_allclose(found, expected, rtol=1e-15, atol=1e-13 * 1e-6)
            assert float(point["resistance"]) == solution.resistance
            assert float(point["voltage"]) == pytest.approx(solution.voltage, rel=1e-15)


@pytest.mark.long
def test_the_current_is_swept_with_others(run, valve):
    xarray = pytest.importorskip("xarray")
    given = ("free.polar_deg=10:90:3", "j0_A_m2=1:2:2", "spacer.thickness_nm=1:2:2")
    vary = [part for text in given for part in ("--vary", text)]
    assert run("sweep", valve, *vary, "-o", "a.nc")[0] == 0
    assert run("sweep", valve, *vary[:4], "-o", "c.nc", "--plot", "c.png")[0] == 0
    assert run("sweep", valve, *vary[:2], *vary[4:], "-o", "b.nc")[0] == 0
    with (
        xarray.open_dataset(valve.with_name("a.nc")) as data,
        xarray.open_dataset(valve.with_name("b.nc")) as plain,
    ):
        axes = [text.partition("=")[0] for text in given]
        assert data["torque"].dims[:3] == (*axes,)
        assert data["efficiency"].dims[:3] == (*axes,)
        twice = data["torque"].sel(j0_A_m2=2.0)
        np.testing.assert_allclose(twice * 0.5e11, plain["torque"], rtol=1e-13)


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        (["j0=0:1:2"], "j0_A_m2=... or frequency_Hz=..., got 'j0=0:1:2'"),
        (["j0_A_m2=0:1:2", "current_density_A_m2=0:1:2"], "--vary must name each key once"),
        (["j0_A_m2=0:inf:2"], "START and STOP must be finite"),
    ],
)
def test_bad_currents(run, valve, vary, message):
    arguments = [part for text in vary for part in ("--vary", text)]
    assert message in run("sweep", valve, *arguments, "-o", "a.nc")[2]


def test_what_else_drives_a_stack_is_not_in_proportion_to_the_current(run, valve):
    pytest.importorskip("xarray")
    battery = 'end = "reservoir"\nspin_potential_V = [0, 0, 1e-6]'
    text = valve.read_text(encoding="utf-8")
    valve.write_text(text.replace('lead = "Cu"', battery, 1), encoding="utf-8")
    status, _, err = run("sweep", valve, "--vary", "j0_A_m2=0:1e11:3", "-o", "a.nc")
    assert status == 2
    assert "a sweep over the current must be of what j0 drives alone, got a spin_potential" in err
