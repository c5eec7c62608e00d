"""What the command line says of units: lines on stderr, once, and no more than that."""

from pathlib import Path

import pytest

from spinfem import cli

VALVE = Path(__file__).parents[2] / "examples" / "co_cu_py.toml"


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        cli.main(list(map(str, arguments)))
    out, err = capsys.readouterr()
    assert stop.value.code == 0
    return out, err.splitlines()


@pytest.fixture
def slipped(tmp_path):
    path = tmp_path / "valve.toml"
    path.write_text(VALVE.read_text().replace("thickness_nm = 4\n", "thickness_nm = 4e-9\n"))
    return path


def line(path, given, meant):
    return (
        f"warning: {path}: layers[2].thickness_nm (layer 'free') should be from 0.001 to 1e6 nm, "
        f"got {given} nm: {meant} is meant?"
    )


@pytest.mark.parametrize("more", [("solve",), ("solve", "--json"), ("sensitivity",), ("converge",)])
def test_a_slip_in_a_file_is_one_line(capsys, slipped, more):
    command, *options = more
    out, err = run(capsys, command, slipped, *options)
    assert err == [line(slipped, "4e-9", "4 nm (4e-9 m)")]
    assert "warning" not in out
    assert run(capsys, command, slipped, *options)[1] == err  # also the next time


@pytest.mark.long
def test_a_slip_in_what_varies_is_one_line(capsys, tmp_path):
    output = tmp_path / "sweep.nc"
    _, err = run(capsys, "sweep", VALVE, "--vary", "free.thickness_nm=2e-9:4e-9:5", "-o", output)
    assert err == [line(VALVE, "2e-9", "2 nm (2e-9 m)")]


def test_nothing_is_said_of_what_is_right(capsys):
    assert run(capsys, "solve", VALVE)[1] == []
