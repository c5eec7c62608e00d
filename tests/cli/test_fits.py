"""``spinfem fit``: what it prints and writes, units of columns, the device, errors."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import spinfem as sf
from spinfem import cli
from spinfem.io.columns import unit_at_end
from spinfem.io.stackfile import read
from spinfem.io.vary import FileBuilder, find_key

pytest.importorskip("lmfit")
EXAMPLES = Path(__file__).parents[2] / "examples"
VALVE = EXAMPLES / "fit_exchange_biased_valve.toml"
DATA = EXAMPLES / "fit_exchange_biased_valve.csv"
FREE = ("--free", "Py.beta=0.5:0:1", "--free", "Py.l_nm=10:0:")
COLUMNS = ("--data", "AdR_fOhm_m2", "--uncertainty", "error_fOhm_m2")
TURN = ("--turn", "free=180")
LIKELY = ("--confidence", 0.95)
AP = {"free": sf.direction(180)}
T = np.array([2.0, 5.0, 12.0, 30.0])


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run ``spinfem fit`` in a directory of its own; status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, file=VALVE, data=DATA, free=FREE):
        with pytest.raises(SystemExit) as ended:
            cli.main(["fit", str(file), str(data), *map(str, (*free, *arguments))])
        return ended.value.code, *capsys.readouterr()

    return call


def stacks(**changes):
    """Stacks of the file with other numbers, by their keys."""
    file = read(VALVE)
    return FileBuilder(file.tables, {name: find_key(name, file) for name in changes})(**changes)


def table(path, columns):
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(columns)
        rows.writerows(zip(*columns.values()))
    return path


def values(out):
    return {one["name"]: one["value"] for one in json.loads(out)["parameters"]}


@pytest.mark.parametrize("level", [None, pytest.param(0.95, marks=pytest.mark.long)])
def test_it_finds_what_python_finds(run, level):
    more = () if level is None else ("--confidence", level)
    status, out, err = run(*COLUMNS, *TURN, "--json", *more)
    assert (status, err) == (0, "")
    found = json.loads(out)
    names = ("free.thickness_nm", "Py.beta", "Py.l_nm")
    file = read(VALVE)
    places = dict(zip(("t", "beta", "l"), (find_key(name, file) for name in names)))
    builder = FileBuilder(file.tables, places)
    same = sf.fit(
        builder,
        DATA,
        {"beta": (0.5, 0, 1), "l": (10, 0, None)},
        coordinates={"t": np.loadtxt(DATA, delimiter=",", skiprows=1)[:, 0]},
        column="AdR_fOhm_m2",
        uncertainty="error_fOhm_m2",
        output=sf.Output("resistance").change(AP),
    )
    intervals = {"beta": None, "l": None} if level is None else same.confidence(level)
    for own, (name, likely) in zip(found["parameters"], intervals.items()):
        assert own["value"] == pytest.approx(same.values[name], rel=1e-9)
        assert own["uncertainty"] == pytest.approx(same.uncertainties[name], rel=1e-6)
        assert own["interval"] == (likely and pytest.approx(likely, rel=1e-6))
        assert (own["fitted"], own["determined"]) == (True, True)
    assert found["chi_square"] == pytest.approx(same.result.chisqr)
    assert found["degrees_of_freedom"] == 9
    assert found["best_fit"] == pytest.approx(1e15 * same.best_fit)
    (pair,) = found["correlations"]
    assert pair["names"] == ["Py.beta", "Py.l_nm"]
    assert pair["value"] == pytest.approx(same.correlation["beta", "l"])


@pytest.mark.long
def test_table_picture_and_points(run, tmp_path):
    status, out, err = run(*COLUMNS, *TURN, "-o", "out.csv", "--plot", "fit.png", "--dpi", 40)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[2].endswith("11 points of AdR_fOhm_m2, change of the resistance")
    assert lines[4].split() == ["value", "uncertainty", "start"]
    assert lines[5].split()[0] == "Py.beta"
    assert lines[6].split()[-2:] == ["nm", "10"]
    assert "chi-square 6.632 for 9 degrees of freedom" in out
    assert "correlation of Py.beta and Py.l_nm: -0.98" in out
    assert (tmp_path / "fit.png").stat().st_size > 1000
    rows, given = (
        list(csv.DictReader(path.read_text().splitlines())) for path in (tmp_path / "out.csv", DATA)
    )
    for own, one in zip(rows, given, strict=True):
        assert {name: float(own[name]) for name in one} == {n: float(x) for n, x in one.items()}
        residual = (float(own["AdR_fit_fOhm_m2"]) - float(one["AdR_fOhm_m2"])) / 0.03
        assert float(own["AdR_residual"]) == pytest.approx(residual)


@pytest.mark.long
@pytest.mark.parametrize(
    ("column", "output", "options"),
    [
        (
            "RA_Ohm_um2",
            lambda s: sf.solve(s.replace("free", m=AP["free"])).resistance * 1e12,
            ("--set", "free.polar_deg=180"),
        ),
        ("MR_percent", lambda s: 100 * sf.magnetoresistance(s, AP).ratio, ("relative", 180)),
        ("x", lambda s: 1 + sf.magnetoresistance(s, AP).ratio, ("ratio", 180)),
        (
            "dr",
            lambda s: sf.solve(s.replace("free", m=AP["free"])).spin_resistance,
            ("--of", "spin_resistance", "--set", "free.polar_deg=180"),
        ),
    ],
)
def test_resistances_in_any_unit(run, tmp_path, column, output, options):
    """Both ferromagnets with one thickness, and without an uncertainty."""
    keys = ("pinned.thickness_nm", "free.thickness_nm")
    truth = {"Py.beta": 0.8, "Py.l_nm": 6.0}
    data = output(stacks(**dict.fromkeys(keys, T), **truth))
    path = table(tmp_path / "a.csv", {"=".join(keys): T, column: data})
    if not options[0].startswith("--"):
        options = ("--compare", options[0], "--turn", f"free={options[1]}")
    status, out, err = run("--json", *options, data=path)
    assert (status, err) == (0, "")
    found = values(out)
    assert {name: found[name] for name in truth} == pytest.approx(truth, rel=1e-5)
    assert json.loads(out)["chi_square"] is None


@pytest.mark.long
def test_torques_over_currents_of_either_sign(run, tmp_path):
    """That of the file where the table has none."""
    torque = sf.solve(stacks(**{"free.polar_deg": 60.0, "Py.beta": 0.7}), 1.0).torque("free")[2]
    current = np.array([-2e11, 1e11, 3e11])
    options = ("--of", "torque", "--on", "free", "--component", "z", "--json")
    more = ("--set", "free.polar_deg=60")
    for column, sign in (("j0_A_m2", 1), ("current_density_A_m2", -1)):
        columns = {column: current, "T_uJ_m2": sign * 1e6 * torque * current}
        path = table(tmp_path / "a.csv", columns)
        status, out, err = run(*options, *more, data=path, free=FREE[:2])
        assert (status, err) == (0, "")
        assert values(out) == pytest.approx({"Py.beta": 0.7, "free.polar_deg": 60}, rel=1e-5)
    text = VALVE.read_text().replace("title", "j0_A_m2 = 3e11\ntitle", 1)
    (tmp_path / "b.toml").write_text(text)
    path = table(tmp_path / "a.csv", {"T_J_m2": [3e11 * torque] * 2})
    _, out, _ = run(*options, *more, file="b.toml", data=path, free=FREE[:2])
    assert values(out)["Py.beta"] == pytest.approx(0.7, rel=1e-5)


def test_a_pillar(run, tmp_path):
    """Areas in the table, contact and leads fitted, in the units of their keys."""
    area = np.array([0.01, 0.02, 0.05, 0.1])
    RA = sf.solve(stacks(**{"Py.beta": 0.7})).resistance * 1e12  # Ohm um2
    columns = {"pillar.area_um2": area, "R_Ohm": (RA + 3e-3) / area + 0.25}
    path = table(tmp_path / "a.csv", columns)
    device = ("--free", "pillar.series_mOhm=100:0:1000", "--free", "pillar.contact_fOhm_m2=1:0:")
    status, out, err = run("--json", "--set", "Py.beta=0.7", data=path, free=device)
    assert (status, err) == (0, "")
    found = json.loads(out)["parameters"]
    assert values(out) == pytest.approx(
        {"pillar.series_mOhm": 250, "pillar.contact_fOhm_m2": 3, "Py.beta": 0.7}, rel=1e-5
    )
    assert (found[0]["start"], found[0]["upper"], found[1]["upper"]) == (100, 1000, None)
    assert [one["fitted"] for one in found] == [True, True, False]


def test_what_is_not_determined_is_said(run, tmp_path):
    """By the names that were given, on stderr and in the table."""
    area = np.array([0.01] * 3)
    path = table(tmp_path / "a.csv", {"pillar.area_um2": area, "R_Ohm": [1.0, 1.1, 0.9]})
    device = ("--free", "pillar.series_Ohm=0.1:0:1", "--free", "pillar.contact_fOhm_m2=1:0:")
    status, out, err = run(data=path, free=device)
    assert status == 0
    assert err.startswith(f"warning: {VALVE}: data do not determine 'pillar.series_Ohm', 'pillar.c")
    assert err.count("\n") == 1
    assert out.count("undetermined") == 2


@pytest.mark.long
def test_bounds_are_those_of_the_key(run, tmp_path):
    """If none are given; a fit that wants to leave them ends just inside."""
    _, out, _ = run(
        *COLUMNS, *TURN, "--json", free=("--free", "Py.beta=0.5", "--free", "Py.l_nm=10")
    )
    found = json.loads(out)["parameters"]
    assert [(one["lower"], one["upper"]) for one in found] == [(-1, 1), (0, None)]
    path = table(tmp_path / "a.csv", {"free.thickness_nm": T, "AdR_fOhm_m2": 4 * [20.0]})
    status, out, err = run(*TURN, "--json", data=path, free=("--free", "Py.beta=0.5"))
    assert status == 0
    assert 1 - 1e-6 < abs(values(out)["Py.beta"]) < 1
    assert err.startswith(f"warning: {VALVE}: 'Py.beta' ended at a bound")
    assert json.loads(out)["parameters"][0]["at_bound"] is True


@pytest.mark.long
def test_as_many_points_as_parameters(run, tmp_path):
    """There is no scatter then, which the report says in its place, and nothing else to go by."""
    thin, *_, thick = np.loadtxt(DATA, delimiter=",", skiprows=1)[:, :2]
    points = np.transpose([thin, thick]).tolist()
    data = table(tmp_path / "two.csv", dict(zip(("free.thickness_nm", "AdR_fOhm_m2"), points)))
    status, out, err = run(*TURN, data=data)
    assert (status, err) == (0, "")
    assert "no scatter for 0 degrees of freedom" in out
    found = json.loads(run(*TURN, "--json", data=data)[1])
    assert found["scatter"] is None
    assert [one["uncertainty"] for one in found["parameters"]] == [None, None]
    assert "more points than parameters, got 2 points" in run(*TURN, *LIKELY, data=data)[2]


@pytest.mark.long
def test_columns_that_are_left_alone_are_named(run, tmp_path):
    """And that nothing varies from point to point, where none of the columns is a key."""
    columns = {"d_nm": T, "AdR_fOhm_m2": [1.3, 1.9, 2.2, 2.3], "note": ["a", "b", "c", "d"]}
    path = table(tmp_path / "a.csv", columns)
    options = (*TURN, "--data", "AdR_fOhm_m2")
    _, out, err = run(*options, data=path, free=FREE[:2])
    assert "columns left alone: d_nm, note" in out.splitlines()
    assert err == f"warning: {path}: all points are of one sample: no column is a key of it\n"
    columns["free.thickness_nm"] = columns.pop("d_nm")
    _, out, err = run(*options, data=table(path, columns), free=FREE[:2])
    assert "columns left alone: note" in out.splitlines()
    assert err == ""


def test_priors(run):
    _, out, _ = run(*COLUMNS, *TURN, "--json", "--prior", "Py.l_nm=5.5:0.001")
    assert values(out)["Py.l_nm"] == pytest.approx(5.5, abs=0.003)


def test_priors_are_in_the_unit_of_their_key(run, tmp_path):
    """A series of 300 +- 1 mOhm, and data that tell its sum with the contact alone."""
    path = table(
        tmp_path / "a.csv", {"pillar.area_um2": [0.01] * 3, "R_Ohm": [1.0] * 3, "e": [1e-3] * 3}
    )
    device = (
        "--free",
        "pillar.series_mOhm=200:0:1000",
        "--free",
        "pillar.contact_fOhm_m2=1:-90:90",
    )
    options = ("--data", "R_Ohm", "--uncertainty", "e", "--json")
    prior = ("--prior", "pillar.series_mOhm=300:1")
    _, out, _ = run(*options, *prior, data=path, free=device)
    own = {one["name"]: one["uncertainty"] for one in json.loads(out)["parameters"]}
    assert values(out)["pillar.series_mOhm"] == pytest.approx(300, abs=1e-3)
    assert own["pillar.series_mOhm"] == pytest.approx(1, rel=1e-3)
    contact = 10 * (1 - 0.3) - sf.solve(stacks()).resistance * 1e15
    assert values(out)["pillar.contact_fOhm_m2"] == pytest.approx(contact, abs=1e-3)


def test_a_current_against_j0_is_fitted_within_its_bounds(run, tmp_path):
    """J = -j0: its lower bound is the upper one of j0."""
    angles = np.array([40.0, 80.0, 120.0])
    torque = sf.solve(stacks(**{"free.polar_deg": angles}), -2e11).torque("free")[:, 2]
    path = table(tmp_path / "a.csv", {"free.polar_deg": angles, "T_mJ_m2": 1e3 * torque})
    options = ("--of", "torque", "--on", "free", "--component", "z", "--json")
    _, out, err = run(*options, data=path, free=("--free", "current_density_A_m2=1e11:5e10:9e11"))
    assert err == ""
    (one,) = json.loads(out)["parameters"]
    assert one["value"] == pytest.approx(2e11, rel=1e-6)
    assert (one["lower"], one["upper"]) == (5e10, 9e11)


@pytest.mark.long
def test_azimuths_of_what_turns(run, tmp_path):
    """The polar angle stands first: the pinned layer is along z."""
    after = {"free": sf.direction(120.0, 30.0)}
    data = sf.magnetoresistance(stacks(**{"free.thickness_nm": T, "Py.beta": 0.8}), after)
    path = table(tmp_path / "a.csv", {"free.thickness_nm": T, "AdR_fOhm_m2": data.change * 1e15})
    _, out, _ = run("--turn", "free=120:30", "--json", data=path, free=FREE[:2])
    assert values(out)["Py.beta"] == pytest.approx(0.8, rel=1e-6)


SIZES = {
    "Ohm": ("Ohm", 1.0),
    "mOhm": ("Ohm", 1e-3),
    "kOhm": ("Ohm", 1e3),
    "m2": ("m2", 1.0),
    "um2": ("m2", 1e-12),
    "nm2": ("m2", 1e-18),
    "J_m2": ("J/m2", 1.0),
    "mJ_m2": ("J/m2", 1e-3),
    "uJ_m2": ("J/m2", 1e-6),
    "J_A": ("J/A", 1.0),
    "percent": ("", 1e-2),
    "Ohm_m2": ("Ohm m2", 1.0),
    "Ohm_um2": ("Ohm m2", 1e-12),
    "mOhm_um2": ("Ohm m2", 1e-15),
    "fOhm_m2": ("Ohm m2", 1e-15),
    "nm": ("m", 1e-9),
    "A_m2": ("A/m2", 1.0),
    "deg": ("degrees", 1.0),
}
"""By what prefixes mean: milli of an area's unit is before, micro of it is squared."""


def test_units_of_columns():
    for end, (base, size) in SIZES.items():
        found = unit_at_end(f"x_{end}")
        assert (found.plain, found.base) == ("x", base)
        assert found.size == pytest.approx(size, rel=1e-15)


BAD = [
    (("--free", "Py.bta=0.5"), "--free Py.bta: key must be .* did you mean 'beta'"),
    (("--free", "spacr.beta=0.5"), "--free spacr.beta: name must be .* did you mean 'spacer'"),
    (("--free", "Py.beta"), "--free must be NAME=START or NAME=START:LOWER:UPPER, got 'Py.beta'"),
    (("--free", "Py.beta=1:2"), "--free must be NAME=START or"),
    (("--free", "Py.beta=2:0:1"), "--free Py.beta: START must lie between its bounds 0 and 1"),
    (("--free", "Cu.resistivity_ohm_m=-1"), "START must lie between its bounds 0 and inf, got -1"),
    (("--set", "Cu.resistivity_ohm_m=-1"), r"resistivity_ohm_m: .*\.toml: materials.Cu.resist"),
    (("--free", "pillar.aria_um2=1"), "key of pillar must be one of area in m2, contact"),
    (("--free", "pillar.area_nm=1"), "key of pillar must be .* got 'area_nm'"),
    (("--free", "pillar.series_Ohm=1"), "pillar.area must be given with pillar.series"),
    (("--set", "Py.beta=0.4"), "Py.beta: must be given once"),
    (("--set", "free.thickness_nm=4"), "free.thickness_nm: must be given once"),
    (("--prior", "Py.p=1:1"), "--prior must be of one of --free .Py.beta, Py.l_nm., got 'Py.p'"),
    (("--prior", "Py.beta=1:0"), "--prior must be NAME=MEAN:SIGMA, with a positive SIGMA"),
    (("--turn", "fre=180"), "'fre'; did you mean 'free'"),
    (("--turn", "Py=180"), r"must be a ferromagnet \(pinned, free\), got 'Py'"),
    (("--turn", "Cu/Py=180"), r"must be a ferromagnet \(pinned, free\), got 'Cu/Py'"),
    (("--turn", "free"), "--turn must be NAME=POLAR"),
    (("--compare", "ratio"), "--compare must come with --turn"),
    (("--data", "AdR"), r"\.csv: --data must be one of its columns"),
    (("--data", "error_fOhm_m2", "--uncertainty", "e"), "--uncertainty must be one of its columns"),
    (("--of", "torque", "--component", "x"), "on must be given for an output of torque"),
    (("--confidence", 2), "probability must be between 0 and 1, got 2"),
    (("-o", "a.txt"), "must end in .csv"),
    (("--dpi", 100), "--dpi must come with --plot"),
]


@pytest.mark.parametrize(("options", "message"), BAD)
def test_options_that_are_refused(run, options, message):
    columns = () if "--data" in options else COLUMNS
    turn = () if {"--turn", "--compare"} & {*options} else TURN
    status, out, err = run(*columns, *turn, *options)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert len(list(Path.cwd().iterdir())) == 0
    with pytest.raises(ValueError, match=message):
        raise ValueError(err)


TABLES = [
    ({"free.thicknes_nm": T, "x": T}, "column 'free.thicknes_nm': key must be .* did you mean"),
    ({"free.thickness_um": T, "x": T}, r"column 'free.thickness_um': .*\(1 um = 1000 nm\)"),
    ({"free.thickness_nm": -T, "x": T}, r"column 'free.thickness_nm': .*\.toml: layers"),
    ({"free.thickness_nm": ["a"] * 4, "x": T}, "line 2, column 'free.thickness_nm': must be a fin"),
    ({"free.thickness_nm": T, "x": T, "y": T}, r"--data must say which column .* \(x, y\)"),
    ({"free.thickness_nm": T, "AdR_nm": T}, "must be in Ohm m2, as the change .* is, got m"),
    ({"j0_A_m2": T, "x": T}, "j0_A_m2 must be left out for an output of resistance"),
    ({"free.thickness_nm": T}, "--data must say which column was measured"),
]


@pytest.mark.parametrize(("columns", "message"), TABLES)
def test_tables_that_are_refused(run, tmp_path, columns, message):
    path = table(tmp_path / "data.csv", columns)
    status, out, err = run(*TURN, data=path)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    with pytest.raises(ValueError, match=message):
        raise ValueError(err)


@pytest.mark.long
def test_the_papers_units(run, tmp_path):
    """Numbers as they stand; a unit would not be that of the file."""
    valve = EXAMPLES / "paper_valve.toml"
    name = read(valve).stack.layers[0].name
    data = {f"{name}.thickness": [0.5, 1.0, 2.0], "RA": [1.0, 1.2, 1.4]}
    metal = read(valve).stack.layers[0].material.name
    free = ("--free", f"{metal}.p=0.5:0:1")
    status, _, err = run(data=table(tmp_path / "a.csv", data), file=valve, free=free)
    assert status == 0
    assert "unit" not in err
    data["RA_Ohm_m2"] = data.pop("RA")
    _, _, err = run(data=table(tmp_path / "a.csv", data), file=valve, free=free)
    assert "column 'RA_Ohm_m2' must have no unit" in err


def test_names_are_in_messages(run, tmp_path):
    """Of parameters that change nothing."""
    path = table(tmp_path / "a.csv", {"free.thickness_nm": T, "AdR_fOhm_m2": T})
    _, _, err = run(*TURN, data=path, free=("--free", "pinned.azimuth_deg=10:-90:90"))
    assert err.startswith(f"error: {VALVE}: parameter 'pinned.azimuth_deg' must change the")


def test_lmfit_is_asked_for(run, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "lmfit", None)
    assert "a fit needs lmfit: pip install lmfit" in run(*COLUMNS, *TURN)[2]
