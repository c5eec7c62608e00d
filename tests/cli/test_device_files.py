"""``spinfem solve`` with the file of a device, and what other commands say of one."""

import re
import sys
from pathlib import Path

import devicefiles
import meshio
import numpy as np
import pytest

import spinfem as sf
from spinfem import cli

MESHES = Path(__file__).parents[2] / "meshes"


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run the command line where the small files of devices are; status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, text=devicefiles.DEVICE):
        devicefiles.write(tmp_path, text)
        with pytest.raises(SystemExit) as ended:
            cli.main([*map(str, arguments)])
        return ended.value.code, *capsys.readouterr()

    return call


@pytest.mark.long
@pytest.mark.parametrize("text", [devicefiles.DEVICE, devicefiles.PILLAR])
def test_what_is_printed_is_the_solution(run, text):
    status, out, err = run("solve", "device.toml", "--degree", 2, text=text)
    assert (status, err) == (0, "")
    title, path, rest = out.split("\n", 2)
    assert (title, path) == (re.search(r'title = "(.*)"', text)[1], "device.toml")
    assert rest == f"{sf.solve(sf.load('device.toml'), degree=2)}\n"


@pytest.mark.long
@pytest.mark.parametrize("name", ["lateral_valve", "crossing"])
def test_devices_beside_the_meshes(run, monkeypatch, name):
    """Without multigrid, which is an extra."""
    monkeypatch.setitem(sys.modules, "pyamg", None)
    status, out, err = run("solve", MESHES / f"{name}.toml")
    assert (status, err) == (0, "")
    unknowns = int(re.search(r"([\d,]+) unknowns by factors", out)[1].replace(",", ""))
    assert unknowns < (31_000 if name == "lateral_valve" else 30_000)


@pytest.mark.long
def test_fields_are_written(run, tmp_path):
    assert run("solve", "device.toml", "-o", "out.vtu")[0] == 0
    solution = sf.solve(sf.load("device.toml"))
    solution.save(tmp_path / "own.vtu")
    for name in ("", "_interfaces"):
        one, other = (meshio.read(tmp_path / f"{x}{name}.vtu") for x in ("out", "own"))
        assert one.point_data.keys() == other.point_data.keys()
        for key, values in one.point_data.items():
            assert np.array_equal(values, other.point_data[key])


OPTIONS = [
    (("--json",), "--json must be left out for a device, got it with device.toml"),
    (("-o", "a.vtu", "--wire", 3), "--wire must be left out for a device, got it with device.toml"),
    (("--plot", "a.png"), "--plot must be left out for a device, got it with device.toml"),
    (("-o", "a.csv"), "-o must end in .vtu for a device, got 'a.csv'"),
    (("--degree", 0), "device.toml: degree of elements must be 1 to 6 on a MeshQuad1, got 0"),
    (("--degree", 21), "device.toml: degree of elements must be 1 to 6 on a MeshQuad1, got 21"),
]


@pytest.mark.parametrize(("options", "message"), OPTIONS)
def test_options_that_devices_do_not_have(run, tmp_path, options, message):
    assert run("solve", "device.toml", *options) == (2, "", f"error: {message}\n")
    assert {path.name for path in tmp_path.iterdir()} == {"device.toml", "device.msh", "stack.toml"}


def test_the_degree_of_stacks(run):
    """By degree 1 with one element a layer errors are seen, by the default's 12 none."""
    text = devicefiles.STACK.replace("thickness_nm = 10", "thickness_nm = 500")
    outs = []
    for more in ((), ("--degree", 12), ("--degree", 1)):
        status, out, err = run("solve", "device.toml", *more, text=text)
        assert (status, err) == (0, "")
        outs.append(out)
    assert outs[0] == outs[1] != outs[2]
    status, _, err = run("solve", "device.toml", "--degree", 21, text=text)
    assert (status, err) == (
        2,
        "error: device.toml: degree must be a whole number from 1 to 20, got 21\n",
    )


OTHERS = [
    ("check",),
    ("sweep", "--vary", "free.polar_deg=0:1:2", "-o", "a.nc"),
    ("export", "--to", "oommf", "-o", "a.mif"),
    ("sensitivity",),
    ("critical",),
    ("run",),
    ("phase", "--vary", "j0_A_m2=0:1:2", "-o", "a.nc"),
    ("converge",),
    ("explore",),
]


@pytest.mark.parametrize("arguments", OTHERS, ids=lambda x: x[0])
def test_other_commands_take_stacks(run, arguments):
    if arguments[0] == "explore":
        pytest.importorskip("panel")
    status, out, err = run(arguments[0], "device.toml", *arguments[1:])
    assert (status, out) == (2, "")
    assert err == (
        "error: device.toml: must be the file of a stack, got that of a device, which spinfem "
        "solve and spinfem.load take\n"
    )


LARGE = devicefiles.DEVICE.replace("current_A = 1e3", "current_A = 1e30")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[mesh]", "[mesh", "must be valid TOML"),
        ('"device.msh"', '"none.msh"', "mesh.file: none.msh: cannot be read"),
        ("material = ", "materiel = ", "3 errors: (1) regions.free.materiel: unknown key; did"),
        ("beta = 0.46", "beta = 0.46\nbeta_D = 0.4\nsigma_S_m = 1e7", "materials.Co: one of"),
        ("rho_star_ohm_m = 75e-9\nbeta = 0.46", "sigma_S_m = 1e7\nbeta = 0.46\nbeta_D = 0.4", ""),
        ("potential_V = 0", "potential_V = 0\nspin_potential_V = [1e-5, 0, 0]",
         "spin_potential of a reservoir must be along m of a strong ferromagnet at it"),
        ("rho_star_ohm_m = 75e-9", "rho_star_ohm_m = 75e290", "results must be finite, got an"),
        ("l_nm = 450", "l_nm = 1e-300", "conductances of a device must be finite, got an overflow"),
        ("l_nm = 450", "l_nm = 1e300", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(run, old, new, message):
    status, out, err = run("solve", "device.toml", text=LARGE.replace(old, new))
    lines = [line for line in err.splitlines() if not line.startswith("warning: ")]
    if not message:
        assert (status, lines) == (0, [])
        return
    assert (status, out, len(lines)) == (2, "", 1)
    assert lines[0].startswith(f"error: device.toml: {message}")


def test_cells_that_are_too_long_are_warned_of(run):
    text = devicefiles.DEVICE.replace("l_nm = 60", "l_nm = 3")
    status, out, err = run("solve", "device.toml", text=text)
    assert status == 0
    assert out
    assert err == (
        "warning: device.toml: cells at interfaces should be shorter than the spin diffusion "
        "length, got longer ones in fixed: torques may be far off\n"
    )
