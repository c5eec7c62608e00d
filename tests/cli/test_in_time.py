"""``spinfem solve --frequency``, ``sweep``, ``transient``: spins that follow a current in time."""

import csv
import dataclasses
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import spinfem as sf
from spinfem import cli
from spinfem.studies import blocks, sweeping
from spinfem.timedomain.transient import transient

EXAMPLES = Path(__file__).parents[2] / "examples"
PULSED = (EXAMPLES / "pulsed_valve.toml").read_text(encoding="utf-8")
PLAIN = (
    (EXAMPLES / "paper_valve.toml").read_text(encoding="utf-8").replace("\nl = ", "\ntau = 2\nl = ")
)
BARE = """
[materials.N]
kind = "normal"
D = 2
l = 1
tau = 1
[[layers]]
material = "N"
thickness = 3
"""
SEVEN = 5.1e-7
"""Half a unit of the seventh digit."""


@pytest.fixture
def run(capfd, monkeypatch, tmp_path):
    """Run the command line beside a.toml and plain.toml; status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text(PULSED, encoding="utf-8")
    (tmp_path / "plain.toml").write_text(PLAIN, encoding="utf-8")

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main([*map(str, arguments)])
        return ended.value.code, *capfd.readouterr()

    return call


def edit(tmp_path, old, new):
    assert old in PULSED
    (tmp_path / "a.toml").write_text(PULSED.replace(old, new), encoding="utf-8")


# --- solve --frequency ------------------------------------------------------------------------


def rows_of(out):
    """Modulus and phase by what stands before them, ``("free", "x")``."""
    found = {}
    for line in out.splitlines():
        words = line.split()
        first = next((i for i, word in enumerate(words) if "e" in word and _is_number(word)), None)
        if first and "=" not in words[:first]:
            found[tuple(words[:first])] = [float(x) for x in words[first : first + 2]]
    return found


def _is_number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("file", "frequency"), [("a.toml", 0.0), ("a.toml", 1e11), ("plain.toml", 0.1)]
)
def test_amplitudes_are_those_of_the_exact_solution(run, file, frequency):
    status, out, err = run("solve", file, "--frequency", frequency)
    assert (status, err) == (0, "")
    stack, j0 = sf.load(file)
    exact = sf.analytic.solve(stack, j0, frequency=frequency)
    si = file == "a.toml"
    result = exact.torque if si else exact.absorbed_spin_current
    expected = {
        (name, "xyz"[i]): x for name in exact.ferromagnets for i, x in enumerate(result(name)) if x
    }
    expected["spin", "resistance", "dr"] = exact.spin_resistance
    expected["resistance", "RA"] = exact.resistance
    expected["voltage",] = exact.voltage
    found = rows_of(out)
    for key, amplitude in expected.items():
        modulus, phase = found[key]
        assert modulus == pytest.approx(abs(amplitude), rel=SEVEN)
        assert phase == pytest.approx(np.degrees(np.angle(amplitude)), rel=1e-4, abs=1e-9)
    assert ("Torque, J/m2" in out) == ("Ohm m2" in out) == (f"at {frequency:g} Hz" in out) == si
    assert ("(paper's units), at 0.1 per unit of tau" in out) != si
    assert max(map(len, out.splitlines())) <= 83


def test_at_no_frequency_it_is_the_stationary_solution(run):
    found = rows_of(run("solve", "a.toml", "--frequency", 0)[1])
    stationary = sf.solve(sf.load("a.toml"))
    modulus, phase = found["resistance", "RA"]
    assert modulus == pytest.approx(stationary.resistance, rel=SEVEN)
    assert phase == 0


# fmt: off
NO_FREQUENCY = [
    (["--frequency", "-1"], "--frequency must be zero or positive, got -1"),
    (["--frequency", "nan"], "--frequency must be zero or positive, got nan"),
    (["--frequency", "fast"], "Invalid value for '--frequency': Input should be a valid number"),
    (["--frequency", "1e9", "-o", "a.vtu"],
     "-o must be left out with --frequency, whose results are complex amplitudes, got both"),
    (["--frequency", "1e9", "--plot", "a.png"],
     "--plot must be left out with --frequency, whose results are complex amplitudes, got both"),
    (["--frequency", "1e9", "--json"],
     "--json must be left out with --frequency, whose results are complex amplitudes, got both"),
]
# fmt: on


@pytest.mark.parametrize(
    ("options", "expected"), NO_FREQUENCY, ids=[" ".join(one) for one, _ in NO_FREQUENCY]
)
def test_bad_options_at_a_frequency(run, tmp_path, options, expected):
    before = {path.name for path in tmp_path.iterdir()}
    status, out, err = run("solve", "a.toml", *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: {expected}")
    assert {path.name for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "command", [["solve", "--frequency", "1e9"], ["transient", "--time-ps", "5"]]
)
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("tau_ps = 4\n", "", "every metal must have tau at a frequency (kappa tau is the paper's "),
        ("l_nm = 60\n", "l_nm = inf\n", "every metal must have a finite l at a frequency (kappa "),
        ("tau_ps = 4\n", "tau_ps = 0\n", "materials.Co.tau_ps: must be positive and finite, got 0"),
    ],
)
def test_bad_files(run, tmp_path, command, old, new, expected):
    edit(tmp_path, old, new)
    status, out, err = run(command[0], "a.toml", *command[1:])
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: a.toml: {expected}")


@pytest.mark.parametrize("command", [["solve", "--frequency", "0.1"], ["transient", "--time", "8"]])
def test_overflow_is_an_error(run, tmp_path, command):
    (tmp_path / "plain.toml").write_text(BARE.replace("D = 2", "D = 1e-308"), encoding="utf-8")
    status, out, err = run(command[0], "plain.toml", *command[1:])
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: plain.toml: results must be finite, got an overflow of double ")


def test_devices_have_no_frequency(run):
    device = EXAMPLES.parent / "meshes" / "crossing.toml"
    status, out, err = run("solve", device, "--frequency", 0)
    assert (status, out) == (2, "")
    assert err == f"error: --frequency must be left out for a device, got it with {device}\n"


# --- sweep over a frequency -------------------------------------------------------------------

ALL = ("absorbed_spin_current", "efficiency", "spin_resistance", "resistance", "voltage")


def swept(run, tmp_path, file, *vary):
    """The dataset of a sweep, with complex amplitudes under the names of results."""
    xarray = pytest.importorskip("xarray")
    options = [part for text in vary for part in ("--vary", text)]
    status, out, err = run("sweep", file, *options, "-o", "a.nc")
    assert (status, err) == (0, "")
    assert out.startswith("a.nc: ")
    with xarray.open_dataset(tmp_path / "a.nc") as data:
        data.load()
    assert not (tmp_path / ".a.nc.parts").exists()
    turned = {name: np.exp(1j * np.radians(data[f"{name}_phase"])) for name in ALL}
    return data.assign({name: data[f"{name}_modulus"] * turned[name] for name in ALL})


def assert_amplitudes(point, solution):
    """To the 1e-10 of elements that are chosen for a block."""
    magnets = solution.ferromagnets
    absorbed = [solution.absorbed_spin_current(name) for name in magnets]
    for name, expected in zip(
        ALL,
        (absorbed, [solution.efficiency(*magnets)], *(getattr(solution, x) for x in ALL[2:])),
        strict=True,
    ):
        difference = np.abs(np.asarray(point[name]) - expected).max()
        assert difference <= 1e-10 * np.abs(expected).max(), name


@pytest.mark.long
@pytest.mark.parametrize(
    ("file", "axis", "given", "unit"),
    [
        ("a.toml", "frequency_Hz", "frequency_Hz=1e9:1e12:4:log", "Hz"),
        ("plain.toml", "frequency", "frequency=0:1:3", None),
    ],
)
def test_a_sweep_over_a_frequency(run, tmp_path, file, axis, given, unit):
    data = swept(run, tmp_path, file, given)
    assert data["torque_phase" if unit else "voltage_phase"].dims[0] == axis
    spacing = "log" if unit else "linear"
    units = {"units": unit} if unit else {}
    assert data[axis].attrs == {"long_name": "frequency", "spacing": spacing, **units}
    stack, j0 = sf.load(file)
    for f in data[axis].values:
        assert_amplitudes(data.sel({axis: f}), sf.analytic.solve(stack, j0, frequency=f))
    assert data["voltage_phase"].attrs["units"] == "degree"
    assert ("units" in data["voltage_modulus"].attrs) == ("torque_modulus" in data) == bool(unit)


@pytest.mark.long
def test_a_frequency_is_swept_with_others(run, tmp_path):
    """Axes in their order; in phase with j0, and opposite where it is negative."""
    vary = "free.polar_deg=30:60:2", "frequency_Hz=1e10:1e11:2", "j0_A_m2=-1e11:1e11:3"
    data = swept(run, tmp_path, "a.toml", *vary, "Co.tau_ps=2:4:2")
    names = ("free.polar_deg", "frequency_Hz", "j0_A_m2", "Co.tau_ps")
    assert data["torque_phase"].dims[:4] == data["resistance_phase"].dims == names
    assert "j0" not in data.attrs
    stack = sf.load("a.toml")[0]
    Co = stack.layers[stack.position("fixed") - 1].material
    for polar in (30.0, 60.0):
        for tau in (2.0, 4.0):
            part = stack.replace("free", m=sf.direction(polar))
            part = part.replace("fixed", material=dataclasses.replace(Co, tau=tau * 1e-12))
            for f in (1e10, 1e11):
                place = {"free.polar_deg": polar, "Co.tau_ps": tau, "frequency_Hz": f}
                for j0 in (-1e11, 1e11):
                    point = data.sel(place | {"j0_A_m2": j0})
                    assert_amplitudes(point, sf.solve(part, j0, frequency=f))
    none = data.sel(j0_A_m2=0.0)
    for name in ("torque", "absorbed_spin_current", "voltage"):
        assert not none[f"{name}_modulus"].any()
        assert not none[f"{name}_phase"].any()
    for name in data:
        if str(name).endswith("_phase"):
            assert (abs(data[name]) <= 180).all()


@pytest.mark.long
def test_a_sweep_over_a_frequency_goes_on_where_it_was(run, tmp_path, monkeypatch):
    pytest.importorskip("xarray")
    monkeypatch.setattr(blocks, "NUMBERS", 20)
    real, left = sweeping.solve_grid, iter(range(2))

    def stopped(*arguments, **more):
        if next(left, None) is None:
            raise OSError("stopped")
        return real(*arguments, **more)

    vary = "frequency_Hz=1e9:1e12:12:log"
    monkeypatch.setattr(sweeping, "solve_grid", stopped)
    assert run("sweep", "a.toml", "--vary", vary, "-o", "a.nc")[0] == 2
    done = []
    monkeypatch.setattr(sweeping, "solve_grid", lambda *a, **k: done.append(1) or real(*a, **k))
    data = swept(run, tmp_path, "a.toml", vary)
    cut = len(done) + 2
    assert_amplitudes(data.isel(frequency_Hz=11), sf.solve(sf.load("a.toml"), frequency=1e12))
    done.clear()
    swept(run, tmp_path, "a.toml", vary)
    assert len(done) == cut > 2


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("vary", [["frequency_Hz=1e9:1e12:5:log"], ["frequency_Hz=0:1e11:3"]])
@pytest.mark.parametrize("more", [[], ["--vary", "free.polar_deg=30:90:3"]])
def test_the_picture_of_a_sweep_over_a_frequency(run, tmp_path, vary, more):
    pytest.importorskip("xarray")
    picture = ["-o", "a.nc", "--plot", "a.png", "--dpi", 40]
    assert run("sweep", "a.toml", "--vary", *vary, *more, *picture)[::2] == (0, "")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_sweep_over_a_frequency_needs_times(run, tmp_path):
    pytest.importorskip("xarray")
    edit(tmp_path, "tau_ps = 4\n", "")
    before = {path.name for path in tmp_path.iterdir()}
    status, out, err = run("sweep", "a.toml", "--vary", "frequency_Hz=0:1e9:3", "-o", "a.nc")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: every metal must have tau at a frequency (kappa tau is the ")
    assert "got none of 'Co'" in err
    assert {path.name for path in tmp_path.iterdir()} == before


# --- transient --------------------------------------------------------------------------------


def columns_of(path):
    """Columns of a CSV file by their names."""
    with path.open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    return dict(zip(head, np.array(rows, dtype=float).T, strict=True))


def tables_of(out):
    """Rows of numbers of every table, by its title."""
    found = {}
    for part in out.split("\n\n")[1:]:
        title, _, *rows = part.splitlines()
        found[title] = np.array([[float(x) for x in row.split()] for row in rows])
    return found


KINDS = [
    (["a.toml", "--time-ps", 8, "--points", 41], None, 41),
    (["a.toml", "--time-ps", 8, "--points", 41, "--step"], None, 41),
    (["a.toml", "--time-ps", 8, "--points", 41, "--pulse-ps", 3.333], 3.333, 41),
    (["a.toml", "--time-ps", 8, "--points", 3, "--pulse-ps", 0.5], 0.5, 3),
    (["plain.toml", "--time", 8, "--points", 41], None, 41),
    (["plain.toml", "--time", 8, "--points", 41, "--pulse", 2], 2.0, 41),
]


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "width", "count"), KINDS, ids=[" ".join(map(str, one)) for one, *_ in KINDS]
)
def test_what_follows_the_current(run, tmp_path, arguments, width, count):
    """A pulse is a step less a later one; a step ends in the stationary solution."""
    status, out, err = run("transient", *arguments, "-o", "out.csv")
    assert (status, err) == (0, "")
    si = arguments[0] == "a.toml"
    scale, stack = 1e-12 if si else 1.0, sf.load(arguments[0]).stack
    columns = columns_of(tmp_path / "out.csv")
    times = columns["time_ps" if si else "time"]
    np.testing.assert_allclose(times, np.linspace(0, 8, count), rtol=1e-14)
    on = times < (np.inf if width is None else width)
    assert np.array_equal(columns["j0_A_m2" if si else "j0"], np.where(on, stack.j0, 0))
    stationary = sf.solve(stack)
    name = stationary.ferromagnets[-1]
    key = "torque_{}_J_m2" if si else "absorbed_spin_current_{}"
    vectors = np.stack([columns[f"{name}.{key.format(x)}"] for x in "xyz"], axis=1)
    final = stationary.torque(name) if si else stationary.absorbed_spin_current(name)

    def step(times):
        found = transient(stack, lambda t: np.full(t.shape, stack.j0), times * scale, rtol=1e-5)
        return found.torque(name) if si else found.absorbed_spin_current(name)

    late = np.linspace(0, times[-1], 41)
    expected = step(late)
    if width is None:
        np.testing.assert_allclose(vectors, expected, atol=2e-4 * np.abs(expected).max())
    else:
        expected = expected[-1] - step(np.linspace(0, times[-1] - width, 41))[-1]
        np.testing.assert_allclose(vectors[-1], expected, atol=3e-4 * np.abs(final).max())
    ohmic = (
        columns["voltage_V" if si else "voltage"]
        - columns["spin_voltage_V" if si else "spin_voltage"]
    )
    rest = (stationary.resistance - stationary.spin_resistance) * stack.j0
    np.testing.assert_allclose(ohmic, np.where(on, rest, 0), atol=1e-12 * rest)
    assert ("from t = 0;" in out) == (width is None)
    tables = tables_of(out)
    title = f"Torque on {name}, J/m2" if si else f"Absorbed spin current of {name} (paper's units)"
    shown = tables[title]
    assert len(shown) == min(11, count)
    where = [np.abs(times - t).argmin() for t in shown[:, 0]]
    np.testing.assert_allclose(shown[:, 1:4], vectors[where], rtol=5.1e-5)
    assert len(tables) == len(stationary.ferromagnets) + 1


def test_fields_in_time_for_paraview(run, tmp_path):
    status, _, err = run("transient", "a.toml", "--time-ps", 2, "--points", 5, "-o", "out.pvd")
    assert (status, err) == (0, "")
    sets = ET.parse(tmp_path / "out.pvd").getroot().findall("Collection/DataSet")
    assert [float(one.get("timestep")) for one in sets] == pytest.approx(
        [0, 0.5e-12, 1e-12, 1.5e-12, 2e-12], rel=1e-12
    )
    assert all((tmp_path / one.get("file")).stat().st_size for one in sets)


@pytest.mark.long
@pytest.mark.parametrize(
    "arguments", [["a.toml", "--time-ps", 4], ["plain.toml", "--time", 4, "--pulse", 1]]
)
def test_the_picture_in_time(run, tmp_path, arguments):
    more = ["--points", 21, "--plot", "out.png", "--dpi", 60]
    status, _, err = run("transient", *arguments, *more)
    assert (status, err) == (0, "")
    content = (tmp_path / "out.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert int.from_bytes(content[16:20], "big") == pytest.approx(4.6 * 60, abs=1)


# fmt: off
BAD = [
    (["a.toml"], "--time-ps (how long to follow the current) must be given, got none"),
    (["plain.toml"], "--time (how long to follow the current) must be given, got none"),
    (["a.toml", "--time", "5"],
     "--time must be left out for a file in SI, which has --time-ps, got 5"),
    (["plain.toml", "--time-ps", "5"],
     "--time-ps must be left out for a file in the paper's units, which has --time, got 5"),
    (["a.toml", "--time-ps", "5", "--pulse", "1"],
     "--pulse must be left out for a file in SI, which has --pulse-ps, got 1"),
    (["plain.toml", "--time", "5", "--pulse-ps", "1"],
     "--pulse-ps must be left out for a file in the paper's units, which has --pulse, got 1"),
    (["a.toml", "--time-ps", "0"], "--time-ps must be positive and finite, got 0"),
    (["a.toml", "--time-ps", "inf"], "--time-ps must be positive and finite, got inf"),
    (["a.toml", "--time-ps", "5", "--pulse-ps", "-1"],
     "--pulse-ps must be positive and finite, got -1"),
    (["a.toml", "--time-ps", "5", "--pulse-ps", "5"],
     "--pulse-ps must be shorter than --time-ps (5), by a factor of at most 1000, got 5"),
    (["a.toml", "--time-ps", "5", "--pulse-ps", "1e-3"],
     "--pulse-ps must be shorter than --time-ps (5), by a factor of at most 1000, got 0.001"),
    (["plain.toml", "--time", "5", "--pulse", "6"],
     "--pulse must be shorter than --time (5), by a factor of at most 1000, got 6"),
    (["a.toml", "--time-ps", "5", "--pulse-ps", "1", "--step"],
     "one of --step and --pulse-ps must be given, got both"),
    (["a.toml", "--time-ps", "5", "--points", "1"],
     "Invalid value for '--points': Input should be greater than or equal to 2"),
    (["a.toml", "--time-ps", "5", "--rtol", "0"], "--rtol must be positive and finite, got 0"),
    (["a.toml", "--time-ps", "5", "--rtol", "1e-15"],
     "a.toml: rtol must be met by 4,096 steps, got 1e-15"),
    (["a.toml", "--time-ps", "5", "-o", "a.nc"],
     "a.nc: name of the file must end in .csv or .pvd, got 'a.nc'"),
    (["a.toml", "--time-ps", "5", "--dpi", "90"], "--dpi must come with --plot OUT.png"),
    ([EXAMPLES / "paper_valve.toml", "--time", "5"],
     f"{EXAMPLES / 'paper_valve.toml'}: every metal must have tau"),
    ([EXAMPLES.parent / "meshes" / "crossing.toml", "--time-ps", "5"],
     f"{EXAMPLES.parent / 'meshes' / 'crossing.toml'}: must be the file of a stack, got that of"),
]
# fmt: on


@pytest.mark.parametrize(
    ("arguments", "expected"), BAD, ids=[" ".join(map(str, one)) for one, _ in BAD]
)
def test_bad_arguments_of_a_transient(run, tmp_path, arguments, expected):
    before = {path.name for path in tmp_path.iterdir()}
    status, out, err = run("transient", *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: {expected}")
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_stack_without_magnets_has_a_voltage_alone(run, tmp_path):
    (tmp_path / "a.toml").write_text(BARE, encoding="utf-8")
    status, out, err = run("transient", "a.toml", "--time", 1, "--points", 3, "--plot", "a.png")
    assert (status, err) == (0, "")
    assert list(tables_of(out)) == ["Voltage (paper's units)"]
    assert out.splitlines()[-1].split() == ["1", "1.5000e+00", "0"]
