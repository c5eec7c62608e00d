"""Profiles as comma-separated values: all digits, units in the header, refused for a batch."""

import csv

import numpy as np
import pytest

import spinfem as sf
from spinfem import cli

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
HEADER = (
    "layer,x_nm,spin_potential_x_V,spin_potential_y_V,spin_potential_z_V,spin_current_x_A_m2,"
    "spin_current_y_A_m2,spin_current_z_A_m2,potential_V,potential_up_V,potential_down_V,"
    "dissipation_W_m3"
)
FILE = """
j0_A_m2 = 1e11
[materials.Cu]
kind = "normal"
resistivity_ohm_m = 6e-9
l_nm = 450
[materials.Co]
kind = "ferromagnet"
rho_star_ohm_m = 75e-9
beta = 0.46
l_nm = 60
[[layers]]
material = "Co"
name = "fixed, \\"pinned\\""
thickness_nm = 8
polar_deg = 0
[[layers]]
material = "Cu"
thickness_nm = 10
[[layers]]
material = "Co"
name = "free"
thickness_nm = 4
polar_deg = 60
"""


def valve(theta=60.0):
    return (
        Co(8e-9, m=sf.direction(0), name='fixed, "pinned"')
        | Cu(10e-9)
        | Co(4e-9, m=sf.direction(theta), name="free")
    )


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_numbers_come_back_to_the_last_bit(tmp_path):
    solution = sf.solve(valve(), 1e11)
    solution.to_csv(tmp_path / "profiles.csv")
    assert (tmp_path / "profiles.csv").read_text(encoding="utf-8").splitlines()[0] == HEADER
    rows = read(tmp_path / "profiles.csv")
    for layer in solution.layers:
        own = [row for row in rows if row["layer"] == layer.name]
        found = np.array([[float(row[key]) for key in HEADER.split(",")[1:]] for row in own])
        np.testing.assert_allclose(found[:, 0], layer.x * 1e9, rtol=1e-15)
        assert np.array_equal(found[:, 1:4], layer.spin_potential)
        assert np.array_equal(found[:, 4:7], layer.spin_current)
        assert np.array_equal(found[:, 7], layer.potential)
        assert np.array_equal(found[:, 10], layer.dissipation)
    assert len(rows) == sum(layer.x.size for layer in solution.layers)
    at = [row["layer"] for row in rows if float(row["x_nm"]) == pytest.approx(8, rel=1e-12)]
    assert at == ['fixed, "pinned"', "Cu1"]  # both sides of the face


def test_units_that_nobody_stated_are_left_out(tmp_path):
    N, F = sf.NormalMetal(D=8.0, l=2.0), sf.Ferromagnet(D=1.0, l=1.0, p=0.4)
    sf.solve(F(1.0, m=(0, 0, 1), name="a\x1b[2J\nb") | N(0.5)).to_csv(tmp_path / "plain.csv")
    rows = read(tmp_path / "plain.csv")
    assert list(rows[0])[:3] == ["layer", "x", "spin_potential_x"]
    assert rows[0]["layer"] == r"a\x1b[2J\nb"
    assert float(rows[-1]["x"]) == 1.5


@pytest.mark.parametrize(
    ("theta", "name", "message"),
    [
        (
            [0.0, 60.0],
            "x.csv",
            r"a .csv file needs a single solution, got a batch of shape \(2,\): take a point of "
            r"it, solution\[...\], or solution.to_dataset\(\)",
        ),
        (60.0, "x.txt", r"name of the file must end in .csv, got 'x.txt'"),
    ],
)
def test_what_is_refused(tmp_path, theta, name, message):
    with pytest.raises(ValueError, match=message):
        sf.solve(valve(theta)).to_csv(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_on_the_command_line(tmp_path, capfd):
    (tmp_path / "valve.toml").write_text(FILE)
    with pytest.raises(SystemExit) as stop:
        cli.main(["solve", str(tmp_path / "valve.toml"), "-o", str(tmp_path / "out.CSV")])
    out, err = capfd.readouterr()
    assert (stop.value.code, err) == (0, "")
    stack, j0 = sf.load(tmp_path / "valve.toml")
    solution = sf.solve(stack, j0)
    solution.to_csv(tmp_path / "same.csv")
    assert (tmp_path / "out.CSV").read_bytes() == (tmp_path / "same.csv").read_bytes()
    # the command prints what `print` does, under the name of the file
    assert out == f"{tmp_path / 'valve.toml'}\n{solution}\n"
