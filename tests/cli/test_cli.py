"""The command line: what it prints, what it writes, how it ends."""

import dataclasses
import json
import math
import os
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import meshio
import numpy as np
import pytest
import scipy.constants

import spinfem as sf
from spinfem import cli, figures
from spinfem.cli import solving
from spinfem.explorer import entry

EXAMPLES = Path(__file__).parents[2] / "examples"
SI, PAPER = EXAMPLES / "co_cu_py.toml", EXAMPLES / "paper_valve.toml"
TORQUE = scipy.constants.hbar / (2 * scipy.constants.e)
EXACT = 1e-10
"""What the solver promises for uniform layers."""


@pytest.fixture
def run(capfd):
    """Run a command in this process; return its exit status, stdout and stderr."""

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            cli.main([str(a) for a in arguments])
        return stop.value.code, *capfd.readouterr()

    return run


@pytest.fixture
def results(run):
    """Run ``solve --json`` and parse strictly what it prints."""

    def results(path):
        status, out, err = run("solve", path, "--json")
        assert (status, err) == (0, "")

        def refuse(constant):
            raise AssertionError(constant)

        return json.loads(out, parse_constant=refuse)

    return results


def valve():
    """examples/co_cu_py.toml, without reading it."""
    Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
    Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")
    return (
        sf.Lead(Cu)
        | Co(8e-9, m=sf.direction(0), name="fixed")
        | Cu(10e-9, name="spacer")
        | Py(4e-9, m=sf.direction(60), name="free")
        | sf.Lead(Cu)
    )


def close(a, b):
    """Vectors equal to what the solver promises, relative to their largest component."""
    return np.abs(np.subtract(a, b)).max() <= EXACT * np.abs(b).max()


def test_json_of_the_valve_is_the_exact_solution(results):
    found, exact = results(SI), sf.analytic.solve(valve(), 1e11)
    for row, name in zip(found["ferromagnets"], ("fixed", "free"), strict=True):
        assert row["name"] == name
        assert close(row["absorbed_spin_current"], exact.absorbed_spin_current(name))
    (spacer,) = found["spacers"]
    assert (spacer["left"], spacer["right"]) == ("fixed", "free")
    assert spacer["angle_deg"] == pytest.approx(60, rel=1e-14)
    g = (spacer["efficiency_left"], spacer["efficiency_right"])
    np.testing.assert_allclose(g, exact.efficiency("fixed", "free"), rtol=EXACT)
    for key in ("spin_resistance", "resistance", "voltage"):
        assert found[key] == pytest.approx(getattr(exact, key), rel=EXACT)
    assert found["voltage"] == pytest.approx(1e11 * found["resistance"], rel=1e-15)
    assert len(found["interfaces"]) == 4
    for row, face in zip(found["interfaces"], exact.interfaces, strict=True):
        assert row["x"] == pytest.approx(face.x, rel=1e-15)
        for key in ("spin_potential", "spin_current_left", "spin_current_right"):
            assert close(row[key], getattr(face, key))


def test_torque_is_the_absorbed_spin_current_in_si(results):
    for row in results(SI)["ferromagnets"]:
        absorbed = np.array(row["absorbed_spin_current"])
        np.testing.assert_allclose(row["torque"], TORQUE * absorbed, rtol=1e-14)


def test_json_has_the_full_digits_of_the_solution(results):
    found, solution = results(SI), sf.solve(valve(), 1e11)
    assert found["spin_resistance"] == solution.spin_resistance
    assert np.array_equal(found["ferromagnets"][1]["torque"], solution.torque("free"))


def test_json_describes_the_sample(results):
    found = results(SI)
    assert (found["title"], found["file"], found["units"], found["j0"]) == (
        "Co/Cu/Py spin valve",
        str(SI),
        "SI",
        1e11,
    )
    assert found["spinfem_version"] == sf.__version__
    fixed, spacer, free = found["layers"]
    assert fixed == {
        "name": "fixed",
        "kind": "ferromagnet",
        "material": "Co",
        "group": None,
        "x_left": 0.0,
        "x_right": 8e-9,
        "m": [0.0, 0.0, 1.0],
    }
    assert (spacer["kind"], spacer["m"]) == ("normal", None)
    assert free["x_left"] == spacer["x_right"] == pytest.approx(18e-9, rel=1e-15)
    assert free["x_right"] == pytest.approx(22e-9, rel=1e-15)
    assert free["m"] == pytest.approx([math.sqrt(3) / 2, 0, 0.5], rel=1e-15)


def test_json_in_the_papers_units_is_the_closed_form(results):
    found = results(PAPER)
    m1, m2 = sf.direction(0), sf.direction(30)
    exact = sf.analytic.valve((1, 4, 1), (20, 0.5, 20), (0.1, 0.9), m1, m2)
    assert found["units"] == "paper"
    (spacer,) = found["spacers"]
    assert spacer["angle_deg"] == pytest.approx(30, rel=1e-14)
    assert spacer["efficiency_left"] == pytest.approx(exact.g1, rel=EXACT)
    assert spacer["efficiency_right"] == pytest.approx(exact.g2, rel=EXACT)
    # eq. (1) without hbar/2|e|, for j0 = 1
    T1 = -exact.g1 * np.cross(m1, np.cross(m2, m1))
    T2 = exact.g2 * np.cross(m2, np.cross(m1, m2))
    for row, T in zip(found["ferromagnets"], (T1, T2), strict=True):
        assert row["torque"] is None
        assert close(row["absorbed_spin_current"], T)
    F1, N1 = found["interfaces"][1]["spin_current_left"], found["interfaces"][1]
    assert close(F1, exact.face_currents[0])
    assert close(N1["spin_current_right"], exact.face_currents[1])
    assert found["spin_resistance"] == pytest.approx(exact.spin_resistance, rel=EXACT)
    # layers alone: d (1 - p^2)/D
    ohmic = 20 * (1 - 0.1**2) / 2 + 0.5 / 8 + 20 * (1 - 0.9**2) / 2
    assert found["resistance"] == pytest.approx(ohmic + exact.spin_resistance, rel=EXACT)


KEYS = {
    "": [
        "title",
        "file",
        "units",
        "j0",
        "layers",
        "ferromagnets",
        "spacers",
        "interfaces",
        "spin_resistance",
        "resistance",
        "voltage",
        "spinfem_version",
    ],
    "layers": ["name", "kind", "material", "group", "x_left", "x_right", "m"],
    "ferromagnets": ["name", "m", "absorbed_spin_current", "torque"],
    "spacers": ["left", "right", "angle_deg", "efficiency_left", "efficiency_right"],
    "interfaces": [
        *("x", "spin_potential", "spin_potential_left", "spin_potential_right"),
        *("spin_current_left", "spin_current_right"),
    ],
}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda p: p.stem)
def test_json_keys_are_stable(results, path):
    found = results(path)
    assert list(found) == KEYS[""]
    for table in ("layers", "ferromagnets", "spacers", "interfaces"):
        assert found[table]
        for row in found[table]:
            assert list(row) == KEYS[table]


def test_interfaces_where_mu_s_jumps(results):
    """A resistive interface has two values of mu_s, all other faces one."""
    path = EXAMPLES / "exchange_biased_valve.toml"
    stack, j0 = sf.load(path)
    solution = sf.solve(stack, j0)
    for row, face, joint in zip(
        results(path)["interfaces"], solution.interfaces, stack.joints, strict=True
    ):
        assert row["spin_potential_left"] == face.spin_potential_left.tolist()
        assert row["spin_potential_right"] == face.spin_potential_right.tolist()
        jumps = row["spin_potential_left"] != row["spin_potential_right"]
        assert jumps == (joint is not None) == (row["spin_potential"] is None)


@pytest.mark.long
def test_solve_writes_samples_with_interfaces(run, tmp_path):
    path = EXAMPLES / "exchange_biased_valve.toml"
    vtu, picture = tmp_path / "valve.vtu", tmp_path / "valve.png"
    status, out, err = run("solve", path, "-o", vtu, "--plot", picture)
    assert (status, err) == (0, "")
    assert "pinned" in out
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert len(meshio.read(vtu).points) > 5


def test_help_documents_every_key(run):
    status, out, err = run("solve", "--help")
    assert (status, err) == (0, "")
    for keys in KEYS.values():
        for key in keys:
            assert key in out.replace(",", " ").split()


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


BARE = """
[materials.N]
kind = "normal"
D = 2
l = 1
[[layers]]
material = "N"
thickness = 3
"""


def test_stack_without_magnets(results, run, tmp_path):
    path = write(tmp_path / "bare.toml", BARE)
    found = results(path)
    assert (found["title"], found["ferromagnets"], found["spacers"]) == (None, [], [])
    assert found["spin_resistance"] == 0
    assert found["resistance"] == 1.5  # d/D
    status, out, _ = run("solve", path)
    assert status == 0
    assert "nan" not in out
    assert out.splitlines()[0] == str(path)  # no title


def test_named_lead_and_contact(results, tmp_path):
    """A named lead is listed with its torque; F/F contact has no efficiency."""
    text = (
        BARE
        + """
[materials.F]
kind = "ferromagnet"
D = 1
l = 1
p = 0.5
[left]
lead = "F"
name = "polarizer"
m = [0, 1, 0]
[[layers]]
material = "F"
name = "a"
thickness = 1
m = [0, 0, 1]
[[layers]]
material = "F"
name = "b"
thickness = 1
m = [1, 0, 0]
"""
    )
    found = results(write(tmp_path / "contact.toml", text))
    assert [row["name"] for row in found["ferromagnets"]] == ["polarizer", "a", "b"]
    assert [(row["left"], row["right"]) for row in found["spacers"]] == [("polarizer", "a")]
    assert found["spacers"][0]["angle_deg"] == 90
    for row in found["ferromagnets"]:
        torque, m = row["absorbed_spin_current"], row["m"]
        assert np.abs(torque).max() > 1e-3
        assert abs(np.dot(torque, m)) < 1e-15


def test_layers_of_a_group_are_one_ferromagnet(run, results, tmp_path):
    """As the one layer that they are together."""
    layer = SI.read_text().partition('name = "free"')[2].partition("thickness_nm = 4")[2]
    assert layer
    pieces = 'group = "free"\nthickness_nm = 1' + layer
    more = '\n[[layers]]\nmaterial = "Py"\ngroup = "free"\nthickness_nm = 3' + layer
    text = SI.read_text().partition('name = "free"')[0] + pieces + more
    path = write(tmp_path / "group.toml", text)
    found, expected = results(path), results(SI)
    assert [row["group"] for row in found["layers"]] == [None, None, "free", "free"]
    assert [row["name"] for row in found["ferromagnets"]] == ["fixed", "free"]
    for one, other in zip(found["ferromagnets"], expected["ferromagnets"], strict=True):
        assert one["m"] == other["m"]
        assert close(one["torque"], other["torque"])
    for key in ("efficiency_left", "efficiency_right", "angle_deg"):
        assert found["spacers"][0][key] == pytest.approx(expected["spacers"][0][key], rel=EXACT)
    status, out, err = run("sensitivity", path)
    assert (status, err) == (0, "")
    assert "free.polar" in out
    assert "F2.polar" not in out


@pytest.mark.parametrize(("angle", "shown"), [("1e-9", 1e-9), ("180", 180.0), ("0", 0.0)])
def test_angles_keep_their_digits(results, tmp_path, angle, shown):
    text = SI.read_text().replace("polar_deg = 60", f"polar_deg = {angle}")
    found = results(write(tmp_path / "angle.toml", text))
    assert found["spacers"][0]["angle_deg"] == pytest.approx(shown, rel=1e-14)


def test_report_in_si(run):
    status, out, err = run("solve", SI)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Co/Cu/Py spin valve"
    assert lines[1] == str(SI)
    assert lines[2] == "j0 = 1e+11 A/m2; positive: electrons flow towards +x"
    assert max(map(len, lines[2:])) <= 80
    assert "\x1b" not in out
    assert all(line == line.rstrip() for line in lines)

    exact = sf.analytic.solve(valve(), 1e11)
    rows = {line.split("  ")[0]: line.split() for line in lines if line}
    assert "Torque, J/m2" in rows
    torque = exact.torque("free")
    found = [float(x) for x in rows["free"][1:]]
    # half a unit of the seventh digit
    np.testing.assert_allclose(found, [*torque, np.linalg.norm(torque)], rtol=5e-7)
    spacer = next(line.split() for line in lines if line.startswith("fixed  free"))
    g = exact.efficiency("fixed", "free")
    np.testing.assert_allclose([float(x) for x in spacer[2:]], [60, *g], rtol=5e-7)
    for name, value in (
        ("spin resistance dr", exact.spin_resistance),
        ("resistance RA", exact.resistance),
    ):
        line = next(line for line in lines if line.startswith(name)).removeprefix(name).split()
        assert float(line[0]) == pytest.approx(value, rel=5e-7)
        assert line[1:4] == ["Ohm", "m2", "="]
        assert float(line[4]) == pytest.approx(value * 1e15, rel=5e-7)
        assert line[5:] == ["fOhm", "m2"]
    assert float(rows["voltage"][1]) == pytest.approx(exact.voltage, rel=5e-7)
    assert rows["voltage"][2] == "V"


def test_report_in_the_papers_units(run):
    _, out, _ = run("solve", PAPER)
    assert "j0 = 1 (paper's units); positive: electrons flow towards +x" in out
    assert "Absorbed spin current (paper's units)" in out
    assert "Torque" not in out
    for unit in ("A/m2", "J/m2", "Ohm", " V"):
        assert unit not in out


def test_narrow_terminal_shortens_no_numbers(run, monkeypatch):
    _, wide, _ = run("solve", SI)
    monkeypatch.setenv("COLUMNS", "20")
    assert run("solve", SI)[1] == wide


def test_names_are_printed_as_they_are(run, tmp_path):
    """Neither as styles nor as emoji of rich; long ones whole."""
    name = "[red]:smile: " + 80 * "x"
    text = SI.read_text().replace('"fixed"', f'"{name}"').replace("Co/Cu/Py", "[bold]:eyes:")
    _, out, _ = run("solve", write(tmp_path / "names.toml", text))
    assert out.splitlines()[0] == "[bold]:eyes: spin valve"
    assert name in out


def test_version(run):
    assert run("--version") == (0, f"spinfem {sf.__version__}\n", "")
    assert version("spinfem") == sf.__version__


@pytest.mark.parametrize("name", [None, *(name for name, _, _ in cli.COMMANDS)])
def test_help(run, name):
    before = [] if name is None else [name]
    for option in ("--help", "-h"):
        status, out, err = run(*before, option)
        assert (status, err) == (0, "")
        assert out.startswith(" ".join(["Usage: spinfem", *before]))
        assert max(map(len, out.splitlines())) <= 80
        commands = out.partition("Commands:")[2]
        assert "..." not in commands  # nothing is cut


def test_spinfem_alone_prints_help(run):
    assert run() == run("--help")


def test_help_lists_commands_with_the_whole_of_what_they_do(run):
    _, out, _ = run("--help")
    words = " ".join(out.split())
    for name, function, _ in cli.COMMANDS:
        assert f"{name} {function.__doc__.partition(chr(10))[0]}" in words


SLOW = ("critical", "run", "phase", "transient")
"""Commands of which other tests run examples that take less time."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.long] * (name in SLOW)) for name, _, _ in cli.COMMANDS],
)
def test_example_of_every_command_runs(run, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(EXAMPLES)
    few = [one._replace(pictures=(), draw=lambda _: None) for one in figures.FIGURES[:1]]
    monkeypatch.setattr(figures, "FIGURES", few)
    if name in ("sweep", "run", "phase"):
        pytest.importorskip("h5netcdf")
    if name == "explore":  # which would go on until it is interrupted
        monkeypatch.setattr(entry, "check", lambda: None)
        monkeypatch.setattr(entry, "serve", lambda base, *_: base.sliders)
    _, out, _ = run(name, "--help")
    example = out.partition("Example:\n")[2].replace("\\\n", " ").partition(" > ")[0]
    program, *arguments = shlex.split(example)
    assert (program, arguments[0]) == ("spinfem", name)
    status, _, err = run(*arguments)
    told = [line for line in err.splitlines() if "numba compiles" not in line]
    assert (status, told) == (0, [])
    written = [part for part in arguments if Path(part).suffix in (".png", ".nc", ".vtu", ".mif")]
    assert all((tmp_path / part).stat().st_size for part in written)


def test_output_for_paraview(run, tmp_path):
    path = tmp_path / "valve.vtu"
    status, out, err = run("solve", SI, "-o", path, "--json")
    assert (status, err) == (0, "")
    json.loads(out)
    mesh = meshio.read(path)
    solution = sf.solve(valve(), 1e11)
    assert np.array_equal(
        mesh.point_data["spin_current"],
        np.concatenate([layer.spin_current for layer in solution.layers]),
    )
    assert [p.name for p in tmp_path.iterdir()] == ["valve.vtu"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("suffix", "start"),
    [
        (".png", b"\x89PNG\r\n"),
        (".svg", b"<?xml"),
        pytest.param(".pdf", b"%PDF-", marks=pytest.mark.long),
    ],
)
def test_picture(run, tmp_path, suffix, start):
    path = tmp_path / f"valve{suffix}"
    status, out, err = run("solve", SI, "--plot", path, "-o", tmp_path / "valve.vtu")
    assert (status, err) == (0, "")
    assert out.startswith("Co/Cu/Py")
    assert path.read_bytes().startswith(start)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.long
@pytest.mark.parametrize(
    ("options", "dpi"), [pytest.param([], 200, marks=pytest.mark.long), (["--dpi", "60"], 60)]
)
def test_resolution_of_a_picture(run, tmp_path, options, dpi):
    for command, width in (("solve", 7.2), ("converge", 4.6)):
        path = tmp_path / f"{command}.png"
        status, _, err = run(command, SI, "--plot", path, *options)
        assert (status, err) == (0, "")
        assert int.from_bytes(path.read_bytes()[16:20], "big") == pytest.approx(width * dpi, abs=1)


def test_resolution_of_no_picture(run, tmp_path):
    for command in ("solve", "sensitivity", "converge"):
        status, out, err = run(command, SI, "--dpi", "300")
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert "--dpi must come with --plot" in err
    assert run("solve", SI, "--plot", tmp_path / "x.png", "--dpi", "5")[0] == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_picture_of_an_example_in_the_papers_units(run, tmp_path):
    status, _, err = run("solve", PAPER, "--plot", tmp_path / "valve.png")
    assert (status, err) == (0, "")


@pytest.mark.long
def test_failing_output_takes_the_picture_with_it(run, tmp_path, monkeypatch):
    def fail(self, path, units):
        raise OSError("valve.vtu: cannot be written: disk on fire")

    monkeypatch.setattr(sf.Solution, "save", fail)
    before = write(tmp_path / "valve.png", "before")
    status, out, err = run("solve", SI, "--plot", before, "-o", tmp_path / "valve.vtu")
    assert (status, out) == (2, "")
    assert err == "error: valve.vtu: cannot be written: disk on fire\n"
    assert [p.name for p in tmp_path.iterdir()] == ["valve.png"]
    assert before.read_text() == "before"


def test_overflow_is_an_error_and_not_a_nan(run, tmp_path):
    text = PAPER.read_text().replace("j0 = 1", "j0 = 1.7e308")
    path = write(tmp_path / "big.toml", text)
    for arguments in ([], ["--json"], ["-o", tmp_path / "big.vtu"]):
        status, out, err = run("solve", path, *arguments)
        assert (status, out) == (2, "")
        assert err.startswith(f"error: {path}: results must be finite, got an overflow")
        assert err.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["big.toml"]


# --- sensitivity ------------------------------------------------------------------------------


def columns_of(out):
    """The numbers of the tables of a sensitivity report by their rows: {name: floats}."""
    parts = out.split("\n\n")
    is_angle = len(parts) > 3 and parts[2].startswith("d ln(result)/d(angle)")
    tables = parts[1 : 4 if is_angle else 2 : 2]
    rows = [line.split() for table in tables for line in table.splitlines() if line[0] != " "]
    return {name: [float(x) if x != "-" else math.nan for x in cells] for name, *cells in rows}


def test_sensitivity_is_that_of_the_gradients(run):
    status, out, err = run("sensitivity", SI)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[:2] == ["Co/Cu/Py spin valve", str(SI)]
    assert max(map(len, lines[2:])) <= 80
    solution = sf.solve(valve(), 1e11)
    g = solution.gradient("efficiency", "fixed", "free").logarithmic
    single = [("spin_resistance",), ("resistance",), ("torque", "fixed"), ("torque", "free")]
    logarithms = [solution.gradient(*key).logarithmic for key in single]
    found = columns_of(out)
    assert sorted(found) == sorted(g)
    for name, cells in found.items():
        # four decimals
        np.testing.assert_allclose(cells, [*(x[name] for x in logarithms), *g[name]], atol=5.1e-5)


def test_sensitivity_of_copies_and_metals_is_that_of_all_together(run, tmp_path):
    """By how much a result changes if all of them do; of all bars copies have one."""
    text = (EXAMPLES / "multilayer.toml").read_text().replace("repeat = 30", "repeat = 3")
    path = write(tmp_path / "cells.toml", text)
    _, out, _ = run("sensitivity", path, "--of", "resistance")
    together = out.partition(", together, for 1 % of each\n")[2].partition("\n\nall")[0]
    rows = dict(line.split() for line in together.splitlines()[3:])
    stack, _ = sf.load(path)

    def rate(changed):
        step = 1e-5
        more, less = (sf.solve(changed(1 + x)).resistance for x in (step, -step))
        return (more - less) / (2 * step * sf.solve(stack).resistance)

    copies = rate(lambda f: stack.replace("down", thickness=6e-9 * f))
    assert float(rows["down.thickness"]) == pytest.approx(copies, abs=6e-5)
    metal = next(layer.material for layer in stack.layers if layer.name == "Cu1")
    of_metal = rate(
        lambda f: stack.replace("Cu", material=dataclasses.replace(metal, D=metal.D * f))
    )
    assert float(rows["Cu.D"]) == pytest.approx(of_metal, abs=6e-5)
    bars = out.partition("what matters most\n")[2].split()
    assert {"up.D", "down.D", "up.thickness"} < set(bars)
    assert not {"up1.D", "up2.D", "up3.D"} & set(bars)


def test_bars_are_of_the_numbers_that_matter_most(run):
    _, out, _ = run("sensitivity", SI, "--of", "spin_resistance")
    chart = out.partition("what matters most\n")[2].splitlines()
    rates = sf.solve(valve()).gradient("spin_resistance").logarithmic
    order = sorted(rates, key=lambda name: -abs(rates[name]))[:5]
    largest = abs(rates[order[0]])
    assert [line.split()[0] for line in chart] == order
    for line in chart:
        name, _, bar = line.split()
        assert set(bar) == {"+" if rates[name] > 0 else "-"}
        assert len(bar) == max(1, round(40 * abs(rates[name]) / largest))


def test_sensitivity_in_the_papers_units(run):
    _, out, _ = run("sensitivity", PAPER, "--of", "resistance", "--of", "torque")
    stack, _ = sf.load(PAPER)
    rates = sf.solve(stack).gradient("resistance").logarithmic
    found = columns_of(out)
    assert sorted(found) == sorted(rates)
    for name, (resistance, *torques) in found.items():
        assert resistance == pytest.approx(rates[name], abs=5.1e-5)
        assert len(torques) == 2


def test_sensitivity_of_nothing(run, tmp_path):
    """Torques of collinear magnetizations are zero, and a stack may have no ferromagnets."""
    text = SI.read_text().replace("polar_deg = 60", "polar_deg = 0")
    _, out, _ = run("sensitivity", write(tmp_path / "parallel.toml", text))
    assert "-: none, since the result is zero" in out
    found = np.array(list(columns_of(out).values()))
    assert np.isnan(found[:, 2:4]).all()
    assert np.isfinite(found[:, [0, 1, 4, 5]]).all()
    assert "T free: what" not in out
    bare = write(tmp_path / "bare.toml", BARE)
    assert run("sensitivity", bare)[0] == 0
    status, out, err = run("sensitivity", bare, "--of", "torque", "--plot", tmp_path / "x.png")
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {bare}: results asked for must be there, got a stack without")
    assert not (tmp_path / "x.png").exists()


@pytest.mark.long
def test_picture_of_sensitivities(run, tmp_path):
    status, _, err = run("sensitivity", SI, "--plot", tmp_path / "bars.png")
    assert (status, err) == (0, "")
    assert (tmp_path / "bars.png").read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.iterdir())) == 1
    status, out, err = run("sensitivity", SI, "--plot", tmp_path / "bars.txt")
    assert (status, out, err.count("\n")) == (2, "", 1)


def test_sensitivity_of_what_there_is_not(run):
    status, out, err = run("sensitivity", SI, "--of", "torqe")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "'spin_resistance', 'resistance', 'torque', 'efficiency'" in err


def test_interrupt(run, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(solving, "solve", interrupted)
    assert run("solve", SI)[:2] == (130, "")


def test_a_defect_of_spinfem_is_not_called_bad_input(monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(solving, "solve", broken)
    with pytest.raises(ZeroDivisionError):
        cli.main(["solve", str(SI)])


# --- as a process of its own ------------------------------------------------------------------


def process(*arguments, **options):
    command = [sys.executable, "-m", "spinfem", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **options)


@pytest.mark.long
def test_module_runs():
    done = process("solve", SI, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["units"] == "SI"


@pytest.mark.long
def test_console_script_runs():
    script = Path(sys.executable).with_name("spinfem")
    done = subprocess.run([script, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"spinfem {sf.__version__}\n")


@pytest.mark.long
def test_bad_input_of_a_process(tmp_path):
    done = process("solve", "missing.toml", "-o", "out.vtu", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: missing.toml: cannot be read: No such file or directory\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_usage_error_of_a_process():
    done = process("solve", SI, "--jsn")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: No such option: --jsn")
    assert done.stderr.count("\n") == 1


@pytest.mark.long
def test_nobody_reads(tmp_path):
    """Closing the pipe early (`| head`) is quiet."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "spinfem", "solve", str(SI), "--json"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="needs a shell and /dev/full")
@pytest.mark.parametrize(("target", "status"), [("&-", 0), ("/dev/full", 2)])
def test_stdout_that_takes_nothing(target, status):
    command = ["sh", "-c", f'"$@" >{target}', "sh", sys.executable, "-m", "spinfem", "solve", SI]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert done.stderr.count("error:") == (status > 0)


COMPLETIONS = [
    ("spinfem so", "solve"),
    ("spinfem solve --pl", "--plot"),
    ("spinfem export x.toml --to mu", "mumax3 mumax3-field"),
    ("spinfem sensitivity x.toml --of spin", "spin_resistance"),
    ("spinfem fit x.toml x.csv --component field", "field-like"),
    ("spinfem materials Co9", "Co90Fe10"),
    ("spinfem solve exa", "examples.toml"),  # files are for the shell
]


@pytest.mark.long
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_shell_completes(tmp_path):
    """In bash, with the function that spinfem writes for it."""
    script = Path(sys.executable).with_name("spinfem")
    environment = {**os.environ, "PATH": f"{script.parent}:{os.environ['PATH']}"}
    (tmp_path / "examples.toml").touch()
    ask = """
        eval "$(_SPINFEM_COMPLETE=source_bash spinfem)"
        for line in "$@"; do
            read -ra COMP_WORDS <<< "$line"
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            COMPREPLY=()
            _spinfem_completion spinfem
            [ "${#COMPREPLY[@]}" = 0 ] && COMPREPLY=($(compgen -f "${COMP_WORDS[-1]}"))
            echo "${COMPREPLY[@]}"
        done
        complete -p spinfem
    """
    lines = [line for line, _ in COMPLETIONS]
    command = ["bash", "-c", ask, "bash", *lines]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.stderr == ""
    *found, registered = done.stdout.splitlines()
    assert found == [answer for _, answer in COMPLETIONS]
    assert registered == "complete -o default -F _spinfem_completion spinfem"  # or else files


@pytest.mark.long
def test_plain_stdout_takes_any_name(tmp_path):
    text = SI.read_text().replace('"free"', '"frei ↑"')
    path = write(tmp_path / "arrow.toml", text)
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = process("solve", path, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert r"frei \u2191" in done.stdout


@pytest.mark.long
def test_heavy_modules_wait_until_they_are_needed():
    code = """if True:
        import sys
        from spinfem import cli, figures
        try:
            cli.main(sys.argv[1:])
        except SystemExit:
            print(*sys.modules, file=sys.stderr)
    """
    for arguments, unused in (
        (["--version"], {"matplotlib", "meshio", "spinfem.io.stackfile", "rich.table"}),
        (["solve", SI], {"matplotlib", "meshio", "spinfem.sample.library"}),
        (["sensitivity", SI], {"matplotlib", "meshio", "spinfem.sample.library"}),
        (["materials"], {"matplotlib", "meshio", "spinfem.io.stackfile"}),
    ):
        command = [sys.executable, "-c", code, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert not unused & set(done.stderr.split())
