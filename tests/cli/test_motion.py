"""``spinfem critical``, ``run`` and ``phase``."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import spinfem as sf
from spinfem import cli
from spinfem.constants import GAMMA, GAMMA_0, TORQUE_PER_SPIN_CURRENT

EXAMPLES = Path(__file__).parents[2] / "examples"
OSCILLATOR = (EXAMPLES / "oscillator.toml").read_text(encoding="utf-8")
MS, THICKNESS, DEMAG = 8e5, 8e-9, (0.861, 0.105, 0.034)


@pytest.fixture
def run(capfd, monkeypatch, tmp_path):
    """Run the command line beside a.toml; status, stdout and stderr but for what compiles."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text(OSCILLATOR, encoding="utf-8")

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main([*map(str, arguments)])
        out, err = capfd.readouterr()
        told = [line for line in err.splitlines() if "numba compiles" not in line]
        return ended.value.code, out, "\n".join(told)

    return call


@pytest.fixture
def results(run):
    """Run a command with ``--json``, and return what it prints."""

    def results(*arguments):
        status, out, err = run(*arguments, "--json")
        assert (status, err) == (0, "")
        return json.loads(out)

    return results


def edit(tmp_path, old, new):
    assert old in OSCILLATOR
    (tmp_path / "a.toml").write_text(OSCILLATOR.replace(old, new))


def field(tmp_path, *vector):
    edit(tmp_path, "[dynamics]", f"[dynamics]\nfield_A_m = {[*vector]}")


# --- critical -------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize(("H", "parallel"), [(0.0, True), (0.0, False), (2e4, True)])
def test_critical_currents_are_those_of_the_closed_form(results, tmp_path, H, parallel):
    """``-alpha gamma_0 [2 H + M_s (N_x + N_y - 2 N_z)]/(2 c g)``, with the damping of pumping."""
    field(tmp_path, 0, 0, H)
    state = results("critical", "a.toml")["states"][0 if parallel else 1]
    assert state["state"] == ("parallel" if parallel else "antiparallel")
    assert state["m"] == {"free": pytest.approx([0, 0, 1 if parallel else -1], abs=1e-12)}
    system = sf.Dynamics.from_file("a.toml")
    near = 1e-3 if parallel else 180 - 1e-3
    stack = system.stack.replace("free", m=sf.direction(near))
    g = sf.solve(stack).efficiency("fixed", "free")[1]
    c = GAMMA * TORQUE_PER_SPIN_CURRENT / (MS * THICKNESS)
    sign = 1 if parallel else -1
    (alpha, _), _ = state["damping"]["free"]
    x, y, z = DEMAG
    expected = -sign * alpha * GAMMA_0 * (2 * sign * H + MS * (x + y - 2 * z)) / (2 * c * g)
    first = state["thresholds"][0]
    assert first["j0"] == pytest.approx(expected, rel=1e-6)
    assert first["current_density"] == -first["j0"]
    assert (first["kind"], first["unstable"]) == ("oscillation", "above")
    stiffness = (sign * H + MS * (y - z)) * (sign * H + MS * (x - z))
    assert first["frequency"] == pytest.approx(GAMMA_0 * stiffness**0.5 / (2 * np.pi), rel=1e-3)
    assert 0.0142 < alpha < 0.0144


@pytest.mark.long
def test_what_critical_prints(run):
    status, out, err = run("critical", "a.toml")
    assert (status, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert ["parallel", "free", "0.01", "0.0142981"] in lines
    currents = [line for line in lines if line[3:5] == ["above", "oscillation"]]
    assert [line[0] for line in currents] == ["parallel", "antiparallel"]
    assert all(float(line[1]) == -float(line[2]) > 0 for line in currents)


@pytest.mark.long
def test_without_pumping_currents_are_lower(results, tmp_path):
    pumped = results("critical", "a.toml")
    edit(tmp_path, "[dynamics]", "[dynamics]\npumping = false")
    bare = results("critical", "a.toml")
    for one, other in zip(pumped["states"], bare["states"], strict=True):
        ratio = one["thresholds"][0]["j0"] / other["thresholds"][0]["j0"]
        assert ratio == pytest.approx(one["damping"]["free"][0][0] / 0.01, rel=1e-2)
        assert other["damping"]["free"] == [[0.01, 0], [0, 0.01]]


@pytest.mark.long
def test_states_that_turn_with_the_current_are_followed_on_demand(run, results, tmp_path):
    field(tmp_path, 0, 3e4, 0)
    status, out, err = run("critical", "a.toml")
    assert (status, err) == (0, "")
    assert out.count("turns with the current; --up-to J0 (A/m2) follows it") == 2
    assert [one["thresholds"] for one in results("critical", "a.toml")["states"]] == [None, None]
    followed = results("critical", "a.toml", "--up-to", "4e11")["states"]
    system = sf.Dynamics.from_file("a.toml")
    for state in followed:
        for threshold in state["thresholds"]:
            just = threshold["j0"] * np.array([0.99, 1.01])
            near = system.steady_near(state["m"], just)
            assert system.is_stable(near, just).tolist() == [True, False]
    assert sum(len(state["thresholds"]) for state in followed) >= 1


# --- run ------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_run_that_oscillates(run, results, tmp_path):
    pytest.importorskip("h5netcdf")
    xarray = pytest.importorskip("xarray")
    found = results("run", "a.toml", "-o", "run.nc", "--time", "10")
    threshold = results("critical", "a.toml")["states"][0]["thresholds"][0]
    assert found["j0"] > threshold["j0"]
    assert 0.85 * threshold["frequency"] < found["frequency"] < threshold["frequency"]  # red shift
    assert not found["settled"]
    assert [(m["name"], m["switched"]) for m in found["magnets"]] == [("free", False)]
    assert found["time"] == 10e-9
    with xarray.open_dataset(tmp_path / "run.nc") as dataset:
        assert dataset["time"].size == 2001
        assert dataset["m"].isel(time=-1, magnet=0).values.tolist() == found["magnets"][0]["end"]
        late = dataset["resistance"].sel(time=slice(5e-9, None))
        assert float(late.mean()) == pytest.approx(found["resistance"], rel=1e-12)
        assert dataset["resistance"].attrs["units"] == "Ohm m2"
    assert {path.name for path in tmp_path.iterdir()} == {"a.toml", "run.nc"}


@pytest.mark.long
@pytest.mark.parametrize(
    ("old", "new", "time", "expected"),
    [
        ("j0_A_m2 = 3e11", "j0_A_m2 = -3e11", 20, "settled"),
        ("j0_A_m2 = 3e11", "j0_A_m2 = 3e11", 20, "oscillates at 6.2"),
        ("j0_A_m2 = 3e11", "j0_A_m2 = 4e11", 1.5, "still changes; largest line at "),
        ("polar_deg = 5", "polar_deg = 0", 1, "none: it began in a steady state; turn m by some"),
        (
            "time_ns = 20",
            "temperature_K = 300\npumping = false\narea_nm2 = 6000",
            0.5,
            "thermal; largest line at",
        ),
    ],
)
def test_what_a_run_has_come_to(run, tmp_path, old, new, time, expected):
    edit(tmp_path, old, new)
    status, out, err = run("run", "a.toml", "--time", time)
    assert (status, err) == (0, "")
    (told,) = [line for line in out.splitlines() if line.startswith("motion")]
    assert told.removeprefix("motion").strip().startswith(expected)


@pytest.mark.long
def test_a_magnet_that_switches(results, tmp_path):
    field(tmp_path, 0, 0, 1e5)
    text = (tmp_path / "a.toml").read_text().replace("j0_A_m2 = 3e11", "j0_A_m2 = 1e3")
    (tmp_path / "a.toml").write_text(text.replace("polar_deg = 5", "polar_deg = 150"))
    found = results("run", "a.toml")
    (magnet,) = found["magnets"]
    assert magnet["switched"]
    assert found["settled"]
    assert found["frequency"] == 0
    assert magnet["end"][2] > 0.999


@pytest.mark.long
def test_the_picture_of_a_run(run, tmp_path):
    pytest.importorskip("matplotlib")
    status, _, err = run("run", "a.toml", "--time", "1", "--plot", "run.png", "--dpi", "50")
    assert (status, err) == (0, "")
    content = (tmp_path / "run.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert int.from_bytes(content[16:20], "big") == pytest.approx(7.2 * 50, abs=1)


# --- phase ----------------------------------------------------------------------------------------

AXES = ["--vary", "j0_A_m2=-4e11:4e11:41", "--vary", "field_z_A_m=-8e4:8e4:21"]


@pytest.mark.long
def test_boundaries_are_the_critical_currents(run, results, tmp_path):
    pytest.importorskip("h5netcdf")
    xarray = pytest.importorskip("xarray")
    status, out, err = run("phase", "a.toml", *AXES, "-o", "phase.nc", "--plot", "phase.png")
    assert (status, err) == (0, "")
    assert "861 points" in out
    assert (tmp_path / "phase.png").read_bytes().startswith(b"\x89PNG")
    with xarray.open_dataset(tmp_path / "phase.nc") as dataset:
        assert dataset["stable"].dims == ("j0_A_m2", "field_z_A_m", "state")
        assert dataset["state"].values.tolist()[:2] == ["parallel", "antiparallel"]
        assert dataset["field_z_A_m"].attrs["units"] == "A/m"
        assert np.array_equal(dataset["stable"], dataset["growth_rate"] < 0)
        for H in (-2.4e4, 0.0, 4e4):
            field(tmp_path, 0, 0, H)
            for state in results("critical", "a.toml")["states"]:
                own = dataset.sel(state=state["state"]).sel(field_z_A_m=H, method="nearest")
                above = own["j0_A_m2"].values > state["thresholds"][0]["j0"]
                assert np.array_equal(own["stable"].values, ~above)


@pytest.mark.long
@pytest.mark.parametrize(
    ("key", "low", "high", "old", "new"),
    [
        ("free.alpha", 0.005, 0.05, "alpha = 0.01", "alpha = {}"),
        (
            "flux_density_z_mT",
            -20.0,
            20.0,
            "[dynamics]",
            "[dynamics]\nflux_density_mT = [0, 0, {}]",
        ),
        (
            "free.thickness_nm",
            4.0,
            12.0,
            "thickness_nm = 8\npolar_deg = 5",
            "thickness_nm = {}\nm = [0, 0, 1]",
        ),
        ("Py.beta", 0.5, 0.9, "beta = 0.76", "beta = {}"),
    ],
)
def test_anything_may_vary(run, tmp_path, key, low, high, old, new):
    """Growth rates at the ends are those of files with these values."""
    pytest.importorskip("h5netcdf")
    xarray = pytest.importorskip("xarray")
    status, _, err = run("phase", "a.toml", "--vary", f"{key}={low}:{high}:3", "-o", "phase.nc")
    assert (status, err) == (0, "")
    with xarray.open_dataset(tmp_path / "phase.nc") as dataset:
        for i, value in ((0, low), (2, high)):
            edit(tmp_path, old, new.format(value))
            system = sf.Dynamics.from_file("a.toml")
            for name, z in (("parallel", 1.0), ("antiparallel", -1.0)):
                expected = system.growth({"free": (0, 0, z)}, system.stack.j0)[0]
                one = dataset.sel(state=name).isel({key: i})
                assert float(one["growth_rate"]) == pytest.approx(expected.real, rel=1e-9)
                precession = abs(expected.imag) / (2 * np.pi)
                assert float(one["frequency"]) == pytest.approx(precession, rel=1e-9)


@pytest.mark.long
def test_other_states_are_found_where_none_is_stable(run, tmp_path):
    """In a field along x, where both states have turned by more than 30 degrees."""
    vary = ["--vary", "field_x_A_m=0:1e6:5"]
    status, out, err = run("phase", "a.toml", *vary, "--vary", "j0_A_m2=-1e10:1e10:3")
    assert (status, err) == (0, "")
    assert "free 90/" in out
    (rest,) = [line for line in out.splitlines() if line.startswith("none of these")]
    assert rest.split()[-2] == "0"


# --- bad input ------------------------------------------------------------------------------------

# fmt: off
BAD = [
    (["critical", "none.toml"], "none.toml: cannot be read: No such file or directory"),
    (["critical", "a.toml", "--up-to", "-1"], "--up-to (largest current) must be positive and fin"),
    (["run", "a.toml", "-o", "run.csv"],
     "run.csv: name of the file must end in .nc or .pvd, got 'run.csv'"),
    (["run", "a.toml", "-o", "no/run.nc"], "no/run.nc: cannot be written: no directory no"),
    (["run", "a.toml", "--plot", "a.bmp"], "a.bmp: name of the file must end in .png or .svg or"),
    (["run", "a.toml", "--dpi", "50"], "--dpi must come with --plot OUT.png, whose dots it counts"),
    (["run", "a.toml", "--time", "0"], "--time (of the run, ns) must be positive and finite"),
    (["run", "a.toml", "--time", "x"], "Invalid value for '--time'"),
    (["run", "a.toml", "--plot", "a.png", "-o", "no/run.nc"], "no/run.nc: cannot be written"),
    (["phase", "a.toml"], "Missing option '--vary'; try 'spinfem phase --help'"),
    (["phase", "a.toml", "--vary", "j0=1:2:3"],
     "--vary must be LAYER.KEY=START:STOP:N, j0_A_m2=... or field_z_A_m=..., got 'j0=1:2:3'; "
     "j0_A_m2 is the particle current"),
    (["phase", "a.toml", "--vary", "field_z_Oe=1:2:3"],
     "--vary must be LAYER.KEY=START:STOP:N, j0_A_m2=... or field_z_A_m=..., got "
     "'field_z_Oe=1:2:3'; field_z_A_m is in A/m (1 Oe = 79.5775 A/m)"),
    (["phase", "a.toml", "--vary", "field_z_A_m=1:2"],
     "--vary field_z_A_m: range must be START:STOP:N or START:STOP:N:log, got '1:2'"),
    (["phase", "a.toml", "--vary", "free.alfa=1:2:3"],
     "--vary free.alfa: key must be a numeric one of 'free' (polar_deg, azimuth_deg, Ms_A_m, "),
    (["phase", "a.toml", "--vary", "free.alpha=-1:2:3"],
     "--vary free.alpha: a.toml: layers[5].alpha (layer 'free'): must be zero or positive"),
    (["phase", "a.toml", "--vary", "free.polar_deg=1:2:3"],
     "--vary free.polar_deg: must be of a magnet that is held, got one that moves"),
    (["phase", "a.toml", "--vary", "fixed.Ms_A_m=1e5:1e6:3"],
     "a.toml: --vary must be of magnets that move in the file, free, got M_s of one that does not"),
    (["phase", "a.toml", "--vary", "spacer.Ms_A_m=1e5:1e6:3"],
     "--vary spacer.Ms_A_m: a.toml: layers[3].Ms_A_m (layer 'spacer'): must be left out in a "),
    (["phase", "a.toml", "--vary", "field_z_A_m=1:2:3", "--vary", "flux_density_z_mT=1:2:3"],
     "--vary must name each key once, got field_z_A_m, flux_density_z_mT"),
    (["phase", "a.toml", "--vary", "j0_A_m2=1:2:3", "--vary", "current_density_A_m2=1:2:3"],
     "--vary must name each key once, got j0_A_m2, current_density_A_m2"),
    (["phase", "a.toml", "--vary", "j0_A_m2=1:2:3000", "--vary", "field_z_A_m=1:2:3000"],
     "--vary must make at most 4194304 points, got 9000000"),
    (["phase", "a.toml", "--vary", "j0_A_m2=1:2:3", "-o", "a.csv"],
     "a.csv: name of the file must end in .nc, got 'a.csv'"),
    (["phase", "a.toml", *AXES, "--vary", "field_x_A_m=1:2:3", "--plot", "a.png"],
     "--plot must come with one or two --vary, got 3: j0_A_m2, field_z_A_m, field_x_A_m"),
    (["sweep", "a.toml", "--vary", "free.alpha=1:2:3", "-o", "a.nc"],
     "--vary free.alpha: key must be a numeric one of 'free' (polar_deg, azimuth_deg, thick"),
    (["sweep", "a.toml", "--vary", "field_z_A_m=1:2:3", "-o", "a.nc"],
     "--vary must be LAYER.KEY=START:STOP:N, j0_A_m2=... or frequency_Hz=..., got 'field_z_A_m="),
    (["phase", "a.toml", "--vary", "j0_A_m2=1:2:3", "--vary", "frequency_Hz=1:2:3", "-o", "a.nc"],
     "--vary must be LAYER.KEY=START:STOP:N, j0_A_m2=... or field_z_A_m=..., got 'frequency_Hz="),
]
# fmt: on


@pytest.mark.parametrize(("arguments", "expected"), BAD, ids=[" ".join(one) for one, _ in BAD])
def test_bad_arguments(run, tmp_path, arguments, expected):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {expected}")
    assert len(err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.toml"]


@pytest.mark.parametrize("command", [["critical"], ["run"], ["phase", "--vary", "j0_A_m2=1:2:3"]])
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("alpha = 0.01", "alpha = nan", "layers[5].alpha (layer 'free'): must be zero or positive"),
        ("Ms_A_m = 8e5\nalpha = 0.01\ndemag = [0.861, 0.105, 0.034]", "", "layers: at least one"),
        ("time_ns = 20", "time = 20", "dynamics.time: unknown key; time_ns is in ns"),
    ],
)
def test_bad_files(run, tmp_path, command, old, new, expected):
    edit(tmp_path, old, new)
    status, out, err = run(command[0], "a.toml", *command[1:])
    assert (status, out) == (2, "")
    assert err.startswith(f"error: a.toml: {expected}")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("old", "new"), [("Ms_A_m = 8e5", "Ms_A_m = 1e-300"), ("j0_A_m2 = 3e11", "j0_A_m2 = 1e300")]
)
def test_motion_that_is_too_fast_is_refused(run, tmp_path, old, new):
    edit(tmp_path, old, new)
    status, out, err = run("run", "a.toml")
    assert (status, out) == (2, "")
    assert "error: a.toml: magnets must move by at most 1e+08 radians, got " in err


@pytest.mark.long
def test_magnets_that_turn_freely_have_no_stable_states(run, tmp_path):
    edit(tmp_path, "demag = [0.861, 0.105, 0.034]", "")
    for command in (["critical", "a.toml"], ["phase", "a.toml", *AXES]):
        status, out, err = run(*command)
        assert (status, out) == (2, "")
        assert err.startswith("error: a.toml: a state must be stable without current, got none")


def test_check_counts_magnets_that_move(run, tmp_path):
    assert "4 interfaces, 1 moving magnet, 26 nm" in run("check", "a.toml")[1]
    edit(tmp_path, "alpha = 0.01", "held = true")
    status, out, err = run("check", "a.toml")
    assert (status, err) == (0, "")
    assert "moving" not in out
    coupling = '[[couplings]]\nbetween = ["fixd", "free"]\nexchange_J_m2 = 1\n'
    (tmp_path / "a.toml").write_text(OSCILLATOR + coupling)
    assert run("check", "a.toml")[2].startswith("error: a.toml: couplings[0].between: name must be")


def test_a_package_that_is_missing_is_named_before_anything_moves(run, monkeypatch):
    """Not after a run that took minutes."""
    monkeypatch.setitem(sys.modules, "h5netcdf", None)
    monkeypatch.setattr(sf.Dynamics, "run", lambda *_, **__: pytest.fail("it moved"))
    status, out, err = run("run", "a.toml", "-o", "a.nc")
    assert (status, out) == (2, "")
    assert "a .nc file needs h5netcdf: pip install xarray dask h5netcdf h5py" in err
