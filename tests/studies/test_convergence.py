"""Convergence studies: rates on uniform and graded layers, tables, pictures, the command."""

import matplotlib as mpl
import numpy as np
import pytest

import spinfem as sf
from spinfem import cli

mpl.use("Agg")
import matplotlib.pyplot as plt

F1 = sf.Ferromagnet(D=2.0, l=1.0, p=0.3)
F2 = sf.Ferromagnet(D=1.0, l=0.5, p=0.8)
N = sf.NormalMetal(D=8.0, l=0.7)
GRADED = sf.NormalMetal(D=lambda xi: 8 + 2 * xi, l=lambda xi: 0.7 - 0.1 * xi)
GRADED_F = sf.Ferromagnet(D=1.0, l=lambda xi: 0.5 + 0.2 * xi, p=lambda xi: 0.8 - 0.3 * xi**2)


def stack(spacer=N, middle=F2, interface=None):
    left = sf.Lead(N) | F1(2.0, m=sf.direction(0), name="a") | spacer(1.4)
    left = left if interface is None else left | interface
    return (
        left
        | middle(1.0, m=sf.direction(70, 20), name="b")
        | N(1.2)
        | F1(1.8, m=sf.direction(130, 100), name="c")
        | sf.SpinBlocking()
    )


SAMPLES = [stack(), stack(spacer=GRADED), stack(middle=GRADED_F)]
MESHES = {1: 11, 2: 11, 3: 10, 4: 9}
EXPECTED = {
    "torque": lambda k: 2 * k,
    "dr": lambda k: 2 * k,
    "L2": lambda k: k + 1,
    "H1": lambda k: k,
}


@pytest.mark.parametrize("grading", [False, True], ids=["equal", "graded"])
@pytest.mark.parametrize(
    "degree",
    [1, *(pytest.param(degree, marks=pytest.mark.long) for degree in (2, 3, 4))],
)
@pytest.mark.parametrize("sample", SAMPLES, ids=["uniform", "graded N", "graded F"])
def test_rates(sample, degree, grading):
    study = sf.converge(sample, degree=degree, refinements=MESHES[degree], grading=grading)
    for name, rate in EXPECTED.items():
        assert study.used[name].sum() >= 2
        assert study.rates[name] == pytest.approx(rate(degree), abs=0.15), name
    h = study.columns["h"]
    assert (h[study.used["torque"]] <= 0.5).all()
    assert study.reference == ("exact stack" if sample is SAMPLES[0] else "over-resolved solve")
    if sample is SAMPLES[0]:
        # degree k, one order more where k is odd; the multiplier has 2k
        expected = degree + degree % 2
        assert study.rates["differentiated torque"] == pytest.approx(expected, abs=0.15)


def test_degrees():
    study = sf.converge(stack(), degree=8, refinements=2, refine="p")
    assert study.columns["degree"].tolist() == list(range(1, 9))
    assert (study.columns["elements"] == 2).all()
    for name in ("L2", "H1"):
        assert (np.diff(study.columns[name]) < 0).all()
    assert study.columns["torque"][-1] < 1e-13
    assert np.isnan(study.rates["torque"])


def test_exchange_lengths_and_interfaces():
    weak = sf.Ferromagnet(D=1.0, l=0.5, p=0.8, lambda_J=0.4, lambda_phi=0.5)
    for sample in (
        stack(middle=weak),
        stack(interface=sf.Interface(0.3, gamma=0.4, mixing=5.0 + 1.0j)),
    ):
        study = sf.converge(sample, degree=2, refinements=10)
        assert study.rates["torque"] == pytest.approx(4, abs=0.15)
        assert study.rates["H1"] == pytest.approx(2, abs=0.15)
        assert np.isnan(study.columns["differentiated torque"]).all()


M = sf.direction(37.0, 21.0)
WEAK = sf.Ferromagnet(D=1.0, l=0.5, p=0.8, lambda_J=0.4, lambda_phi=0.5)


@pytest.mark.parametrize("refine", ["h", "p"])
@pytest.mark.parametrize(
    "sample",
    [
        F1(1.0, m=M) | N(0.5) | F2(0.8, m=-M) | sf.Lead(N),
        F1(1.0, m=M) | N(0.5),
        F1(1.0, m=M) | sf.Interface(0.3, gamma=0.4, mixing=5.0 + 1.0j) | N(0.5) | F2(0.8, m=M),
        F1(1.0, m=M) | GRADED(0.5) | GRADED_F(0.8, m=-M),
        F1(1.0, m=M) | N(0.5) | WEAK(0.8, m=M),
    ],
    ids=["collinear", "one magnet", "interface", "graded", "exchange lengths"],
)
def test_no_rate_is_fitted_to_rounding(sample, refine):
    """Where no magnetization has a torque there is no error of it, however it is rounded."""
    study = sf.converge(sample, 3e11, degree=2, refinements=9, refine=refine)
    for name in ("torque", "differentiated torque"):
        assert np.isnan(study.columns[name]).all()
        assert np.isnan(study.rates[name])
        assert not study.used[name].any()
    assert "nan" in study.table
    study.plot()
    plt.close("all")
    if refine == "h":
        assert study.rates["dr"] == pytest.approx(4, abs=0.2)


def test_torques_of_tiny_angles_have_a_rate():
    sample = F1(1.0, m=(0, 0, 1)) | N(0.5) | F2(0.8, m=sf.direction(1e-8))
    assert sf.converge(sample, degree=2, refinements=9).rates["torque"] == pytest.approx(4, abs=0.2)


def test_table_file_and_picture(tmp_path):
    study = sf.converge(stack(), degree=2, refinements=6)
    lines = study.table.splitlines()
    assert len(lines) == 8
    assert lines[0].split()[:3] == ["elements", "degree", "unknowns"]
    assert lines[-1].split()[0] == "rate"
    # what is marked is what was fitted
    assert lines[1].count("*") == sum(used[0] for used in study.used.values())
    study.save(tmp_path / "study.csv")
    found = np.genfromtxt(tmp_path / "study.csv", delimiter=",", names=True)
    np.testing.assert_array_equal(found["torque"], study.columns["torque"])
    with pytest.raises(ValueError, match=r"must end in \.csv"):
        study.save(tmp_path / "study.txt")
    ax = study.plot()
    drawn = {line.get_label().split(":")[0]: line for line in ax.get_lines()}
    np.testing.assert_array_equal(drawn["torque"].get_ydata(), study.columns["torque"])
    assert len(ax.patches) == 3
    assert study.plot(ax) is ax
    assert sf.converge(stack(), degree=3, refinements=2, refine="p").plot() is not ax
    with pytest.raises(ValueError, match="ax must be plane Axes"):
        study.plot("here")
    plt.close("all")


def test_unknowns_and_sizes():
    study = sf.converge(stack(), degree=3, refinements=3)
    assert study.columns["elements"].tolist() == [1, 2, 3]
    # three amplitudes and two normal layers of three components
    assert study.columns["unknowns"].tolist() == [(3 + 2 * 3) * (3 * n + 1) for n in (1, 2, 3)]
    np.testing.assert_allclose(study.columns["h"], [2.0, 1.0, 2 / 3], rtol=2e-2)


def test_thick_layers_need_grading():
    thick = sf.Lead(N) | F1(2.0, m=sf.direction(0)) | N(60.0) | F1(1.8, m=sf.direction(130))
    graded, equal = (
        sf.converge(thick, degree=3, refinements=6, grading=grading) for grading in (True, False)
    )
    np.testing.assert_array_equal(graded.columns["unknowns"], equal.columns["unknowns"])
    assert graded.columns["H1"][-1] < equal.columns["H1"][-1] / 2
    np.testing.assert_allclose(equal.columns["h"] * equal.columns["elements"], 60 / 0.7)


def test_command(tmp_path, capsys):
    file = tmp_path / "valve.toml"
    file.write_text(
        """
j0 = 1.0
[materials.F]
kind = "ferromagnet"
D = 1.0
l = 1.0
p = 0.4
[materials.N]
kind = "normal"
D = 8.0
l = 1.0
[[layers]]
material = "F"
thickness = 1.0
polar_deg = 0
[[layers]]
material = "N"
thickness = 0.3
[[layers]]
material = "F"
thickness = 0.5
polar_deg = 50
"""
    )
    out, picture = tmp_path / "study.csv", tmp_path / "study.png"
    with pytest.raises(SystemExit) as stop:
        cli.main(["converge", str(file), "--degree", "1", "-o", str(out), "--plot", str(picture)])
    assert stop.value.code == 0
    assert "against: exact stack" in capsys.readouterr().out
    assert out.stat().st_size > 0
    assert picture.stat().st_size > 0
    with pytest.raises(SystemExit) as stop:
        cli.main(["converge", str(file), "--uniform", "-o", str(out)])
    assert stop.value.code == 0
    h = np.genfromtxt(out, delimiter=",", names=True)["h"]
    np.testing.assert_allclose(h, 1 / np.array([1, 2, 3, 4, 6, 8, 12, 16]))
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        cli.main(["converge", str(file), "--refinements", "1"])
    assert stop.value.code == 2
    assert "refinements must be at least 2, got 1" in capsys.readouterr().err


def test_errors():
    with pytest.raises(ValueError, match=r"single stack, got a batch of shape \(2,\)"):
        sf.converge(stack().replace("b", m=sf.direction([0, 10])))
    with pytest.raises(ValueError, match="refine must be 'h' or 'p', got 'hp'"):
        sf.converge(stack(), refine="hp")
