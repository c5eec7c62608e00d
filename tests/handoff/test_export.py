"""``spinfem export``: what it writes, prints and refuses."""

import re
from pathlib import Path

import numpy as np
import pytest
from codes import field_of, read_oommf

import spinfem as sf
from spinfem import cli
from spinfem.constants import TORQUE_PER_SPIN_CURRENT

EXAMPLES = Path(__file__).parents[2] / "examples"
VALVE, DUAL, REAL, PAPER = (
    EXAMPLES / f"{name}.toml"
    for name in ("co_cu_py", "dual_valve", "exchange_biased_valve", "paper_valve")
)


WEAK = """
j0_A_m2 = 1e11
[left]
lead = "Cu"
[right]
lead = "Cu"
[materials.Cu]
kind = "normal"
resistivity_ohm_m = 6e-9
l_nm = 450
[materials.Co]
kind = "ferromagnet"
rho_star_ohm_m = 75e-9
beta = 0.46
l_nm = 60
[materials.Py]
kind = "ferromagnet"
rho_star_ohm_m = 291e-9
beta = 0.76
l_nm = 5.5
lambda_J_nm = 3
lambda_phi_nm = 5
[[layers]]
material = "Co"
name = "bottom"
thickness_nm = 8
m = [0, 0, 1]
[[layers]]
material = "Cu"
thickness_nm = 10
[[layers]]
material = "Py"
name = "free"
thickness_nm = 1.5
polar_deg = 60
azimuth_deg = 90
[[layers]]
material = "Cu"
thickness_nm = 2
[[layers]]
material = "Co"
name = "top"
thickness_nm = 8
m = [1, 0, 0]
"""


@pytest.fixture
def run(capfd):
    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            cli.main([str(a) for a in ("export", *arguments)])
        return stop.value.code, *capfd.readouterr()

    return run


@pytest.mark.parametrize("target", ["oommf", "mumax3", "mumax3-field", "ubermag", "csv"])
def test_export(run, tmp_path, target):
    """What the methods return, in a file of any name."""
    out = tmp_path / "torque"
    options = ["--allow-error"] if target in ("mumax3", "ubermag") else []
    status, printed, err = run(VALVE, "--to", target, "--free", "fixed", "-o", out, *options)
    assert status == 0
    line = f"{out}: torque on 'fixed' from 'free'. "
    inexact = "epsilon sin(theta) is off by up to 56 % of the torque's maximum."
    line += inexact if options else "Exact at all angles theta between the two."
    assert printed == f"{line}\n"
    assert err == (f"warning: {line}\n" if options else "")
    stack, j0 = sf.load(VALVE)
    torque = sf.slonczewski(sf.solve(stack, j0), "free", "fixed")
    given = {"allow_error": True} if options else {}
    assert out.read_text(encoding="utf-8") == getattr(torque, target.replace("-", "_"))(**given)
    assert [p.name for p in tmp_path.iterdir()] == ["torque"]


def test_export_chooses_the_pair(run, tmp_path):
    out = tmp_path / "torque.mif"
    for file, given, fixed in (
        (VALVE, (), "fixed"),
        (DUAL, ("--fixed", "top", "--free", "free"), "top"),
        (DUAL, ("--fixed", "bottom"), "bottom"),
    ):
        status, printed, _ = run(file, "--to", "oommf", *given, "-o", out)
        assert status == 0
        assert printed.startswith(f"{out}: torque on 'free' from {fixed!r}. ")


@pytest.mark.long
@pytest.mark.parametrize("normal", ["x", "y", "z"])
@pytest.mark.parametrize("target", ["oommf", "mumax3", "mumax3-field", "ubermag"])
def test_normal(run, tmp_path, target, normal):
    out = tmp_path / "torque"
    given = ("--to", target, "--normal", normal, "--allow-error")
    status, printed, err = run(REAL, *given, "-o", out)
    assert status == 0
    stack, j0 = sf.load(REAL)
    torque = sf.slonczewski(sf.solve(stack, j0), "pinned", "free")
    write = getattr(torque, target.replace("-", "_"))
    text = out.read_text(encoding="utf-8")
    assert text == write(normal=normal, allow_error=True)
    # what is printed is what the text says
    said = printed.partition("'pinned'. ")[2].strip()
    assert "The field-like part, up to 4.3 % of the torque's maximum, is" in said
    assert said in " ".join(re.sub(r"^(#|//) ", "", text, flags=re.M).split())
    assert err == ("" if target == "mumax3-field" else f"warning: {printed}")


# --- two spacers ------------------------------------------------------------------------------


@pytest.fixture
def collinear(tmp_path):
    """The dual valve with its top layer against the bottom one."""
    path = tmp_path / "dual.toml"
    path.write_text(DUAL.read_text().replace("m = [1, 0, 0]", "m = [0, 0, -1]"))
    return path


@pytest.fixture
def weak(tmp_path):
    """A free layer that lets pass what is across its m, between two at right angles."""
    path = tmp_path / "weak.toml"
    path.write_text(WEAK)
    return path


def both(path):
    stack, j0 = sf.load(path)
    solution = sf.solve(stack, j0)
    names = ("bottom", "top", ("bottom", "top"))
    return [sf.slonczewski(solution, name, "free") for name in names]


@pytest.mark.long
def test_two_spacers_and_their_sum(run, tmp_path, collinear):
    """Blocks by name for OOMMF; the order of the fixed layers is that given."""
    out = tmp_path / "torque.mif"
    given = (collinear, "--to", "oommf", "--free", "free", "--allow-error", "-o", out)
    status, printed, err = run(*given)
    assert status == 0
    text = out.read_text()
    for torque, name in zip(both(collinear), ("from_bottom", "from_top", "evolve"), strict=True):
        expected = read_oommf(torque.oommf(allow_error=True))
        for key, value in read_oommf(text, name).items():
            np.testing.assert_array_equal(value, expected.pop(key))
        assert not expected
        assert f"{out}: torque on 'free' from {torque.source}. " in printed
    assert "from 'bottom' and 'top'. " in err
    run(*given[:-2], "--fixed", "top", "--fixed", "bottom", "-o", out)
    assert "torque on 'free' from 'top' and 'bottom', for OOMMF" in out.read_text()
    run(collinear, "--to", "csv", "--free", "free", "--allow-error", "-o", out)
    rows = np.genfromtxt(out, delimiter=",", names=True, dtype=None, encoding="utf-8")
    for torque, name in zip(both(collinear), ("bottom", "top", "bottom_top"), strict=True):
        np.testing.assert_array_equal(rows[rows["from"] == name]["g"], torque.table.g)


@pytest.mark.long
@pytest.mark.parametrize(
    "target", ["csv", *(pytest.param(x, marks=pytest.mark.long) for x in ("oommf", "mumax3-field"))]
)
def test_any_target_is_refused_above_five_percent(run, tmp_path, weak, target):
    """An error of a law, or a table, of one angle is that of both parts together."""
    out = tmp_path / "torque"
    given = (weak, "--to", target, "--fixed", "bottom", "--free", "free", "-o", out)
    status, printed, err = run(*given)
    assert (status, printed, out.exists()) == (2, "", False)
    assert re.search(r"must be within 5 % .* got an error of \S+ %( of its \S+ part)?\. ", err)
    assert ("-like part" in err) is (target == "oommf")
    assert "torque_table" in err
    status, printed, err = run(*given, "--allow-error")
    assert status == 0
    assert f"warning: {printed}" in err
    assert ("Both parts together" in printed) is (target != "oommf")


@pytest.mark.long
@pytest.mark.parametrize("target", ["oommf", "mumax3-field", "csv"])
@pytest.mark.parametrize("fixed", ["bottom", "top"])
def test_a_spacer_that_is_left_out_is_said(run, tmp_path, target, fixed):
    """What is exported differs from what is solved by the other one's torque."""
    given = ("--to", target, "--free", "free", "--allow-error", "-o", tmp_path / "torque")
    *_, err = run(DUAL, "--fixed", fixed, *given)
    other = {"bottom": "top", "top": "bottom"}[fixed]
    assert f"warning: {tmp_path / 'torque'}: left out is the torque on 'free' from {other!r}" in err
    assert f": --fixed {fixed} --fixed {other} has both\n" in err
    assert "left out" not in run(VALVE, *given)[-1]
    status, _, err = run(DUAL, "--fixed", fixed, "--fixed", other, *given)
    assert status == 0
    assert "left out" not in err


@pytest.mark.long
def test_table_at_its_ends(weak):
    """Where both are collinear the torque need not vanish, if there is a third one."""
    stack, j0 = sf.load(weak)
    torque = sf.slonczewski(sf.solve(stack, j0), "bottom", "free")
    table = torque.table
    size = np.hypot(table.strength, table.field_strength)
    assert (size[[0, -1]] > 0.1 * size.max()).all()
    for end, inner in ((0, (1, 2, 3)), (-1, (-2, -3, -4))):
        for part in (table.strength, table.field_strength):  # from their neighbours, to third order
            three = 3 * part[inner[0]] - 3 * part[inner[1]] + part[inner[2]]
            assert part[end] == pytest.approx(three, abs=1e-4 * size.max())
    rows = np.genfromtxt(torque.csv(allow_error=True).splitlines(), delimiter=",", names=True)
    across = np.cross(torque.polarizer, sf.direction(60, 90))
    across /= np.linalg.norm(across)
    for end, sign in ((0, 1), (-1, -1)):
        turned = sf.solve(stack.replace("free", m=sign * torque.polarizer), j0)
        face = turned.interfaces[2]
        entering = TORQUE_PER_SPIN_CURRENT * face.spin_current_left / j0
        assert rows["field_like_per_j0_J_A"][end] == pytest.approx(entering @ across, rel=1e-9)


@pytest.mark.long
def test_sum_where_the_blocks_are_refused(run, tmp_path, collinear):
    """mumax3's field takes the sum alone, which is exact; ubermag's blocks say why they are out."""
    out = tmp_path / "torque"
    status, printed, err = run(collinear, "--to", "mumax3-field", "--free", "free", "-o", out)
    assert (status, err.replace("warning: ", "")) == (0, "" if not err else printed)
    assert printed.count("\n") == 1
    assert out.read_text() == both(collinear)[2].mumax3_field()


@pytest.mark.long
def test_two_spacers_without_a_sum(run, tmp_path):
    """Custom fields add up to the torque; OOMMF's blocks do not, and mumax3 takes one polarizer."""
    out = tmp_path / "torque"
    given = ("--free", "free", "-o", out)
    status, printed, _ = run(DUAL, "--to", "mumax3-field", *given)
    assert status == 0
    assert printed.count("\n") == 2
    stack, j0 = sf.load(DUAL)
    m = np.roll(stack.layers[stack.position("free") - 1].m, -1)[None]
    field = field_of(out.read_text(), m)
    found = -8e5 * 4e-9 * np.roll(np.cross(m, field)[0], 1)
    expected = sf.solve(stack, j0).torque("free")
    np.testing.assert_allclose(found, expected, atol=1e-12 * np.abs(expected).max())
    status, _, err = run(DUAL, "--to", "oommf", *given)
    assert status == 0
    assert "there is no sum: magnetizations of 'bottom' and 'top' must be collinear" in err
    assert set(re.findall(r"Evolve:(\w+)", out.read_text())) == {"from_bottom", "from_top"}
    status, _, err = run(DUAL, "--to", "mumax3", *given)
    assert status == 2
    assert "must be collinear for a sum with one polarizer, got 90 degrees" in err


@pytest.mark.parametrize(
    ("file", "arguments", "message"),
    [
        (
            EXAMPLES / "multilayer.toml",
            (),
            r"'down3' and 'up4', ... 47 more ..., 'down27' and 'up28'",
        ),
        (DUAL, (), r"must name ferromagnets .*'bottom' and 'free', 'free' and 'top'"),
        (DUAL, ("--fixed", "free"), r"got --fixed free, --free None"),
        (DUAL, ("--fixed", "top", "--fixed", "fixde"), r"got --fixed top and fixde, --free None"),
        (DUAL, ("--fixed", "top", "--fixed", "top"), r"got --fixed top and top, --free None"),
        (VALVE, ("--to", "mumax3", "--free", "fixed"), r"got an error of 56 % of its damping-like"),
        (VALVE, ("--normal", "w"), r"'w' is not one of 'x', 'y', 'z'"),
        (DUAL, ("--fixed", "bottom", "--free", "top"), "another ferromagnet between them"),
        (VALVE, ("--fixed", "fixde"), r"must name ferromagnets .*got --fixed fixde"),
        (VALVE, ("--to", "mumax3"), "must keep its sign for a single Lambda, got a zero near 74"),
        (VALVE, ("--to", "ubermag"), "must keep its sign for a single Lambda"),
        (VALVE, ("--to", "mumax"), "'mumax' is not one of 'oommf', 'mumax3'"),
        (PAPER, (), "units must be SI for a hand-off, got the paper's"),
        (EXAMPLES / "none.toml", (), "cannot be read"),
    ],
)
def test_bad_input(run, tmp_path, file, arguments, message):
    """One line, status 2, and what stood there stays."""
    out = tmp_path / "torque.mif"
    out.write_text("before")
    status, printed, err = run(file, "--to", "oommf", *arguments, "-o", out)
    assert (status, printed) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert re.search(message, err)
    assert {"--to", "--normal"} & set(arguments) or str(file) in err
    assert [p.name for p in tmp_path.iterdir()] == ["torque.mif"]
    assert out.read_text() == "before"


def test_overflow_is_an_error_and_not_a_nan(run, tmp_path):
    path = tmp_path / "big.toml"
    path.write_text(VALVE.read_text().replace("= 6e-9", "= 1e-308"))
    status, _, err = run(path, "--to", "oommf", "-o", tmp_path / "torque.mif")
    assert status == 2
    assert "results must be finite, got an overflow of double precision" in err
    assert [p.name for p in tmp_path.iterdir()] == ["big.toml"]


@pytest.mark.long
def test_sweep_is_the_table_of_the_command_line(tmp_path):
    """What the help of export names: directions of two layers to a netCDF file."""
    import xarray

    path, out = tmp_path / "valve.toml", tmp_path / "directions.nc"
    path.write_text(VALVE.read_text() + "azimuth_deg = 0\n")
    vary = ("free.polar_deg=0:90:2", "free.azimuth_deg=0:90:2", "fixed.polar_deg=0:90:2")
    with pytest.raises(SystemExit) as stop:
        cli.main(["sweep", str(path), *(x for v in vary for x in ("--vary", v)), "-o", str(out)])
    assert stop.value.code == 0
    stack, j0 = sf.load(VALVE)
    angles = {"polar": [0.0, 90.0], "azimuth": [0.0, 90.0]}
    table = sf.torque_table(sf.solve(stack, j0), "free", "fixed", **angles)
    table = table.isel({"fixed.azimuth_deg": 0})
    with xarray.open_dataset(out, engine="h5netcdf") as read:
        assert read.torque.dims == table.torque.dims
        largest = float(np.abs(table.torque).max())
        np.testing.assert_allclose(read.torque, table.torque, rtol=0, atol=1e-12 * largest)
