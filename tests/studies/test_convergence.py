"""Convergence studies: rates on uniform and graded layers, tables, pictures, the command."""

import dataclasses
import itertools
import re
import tracemalloc

import matplotlib as mpl
import numpy as np
import pytest

import spinfem as sf
from spinfem import cli
from spinfem.solvers.elements import elements_of
from spinfem.studies import errors
from spinfem.studies.meshes import coarsest

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


@pytest.mark.some(10)
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


@pytest.mark.long
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


@pytest.mark.long
def test_no_rate_is_fitted_to_rounding_of_narrow_elements():
    """A derivative is rounded by 1e-15/h."""
    study = sf.converge(valve(), degree=4, refinements=28)
    for name in ("L2", "H1"):
        assert study.rates[name] == pytest.approx(EXPECTED[name](4), abs=0.05)


def test_torques_of_tiny_angles_have_a_rate():
    sample = F1(1.0, m=(0, 0, 1)) | N(0.5) | F2(0.8, m=sf.direction(1e-8))
    assert sf.converge(sample, degree=2, refinements=9).rates["torque"] == pytest.approx(4, abs=0.2)


@pytest.mark.long
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


@pytest.mark.long
def test_thick_layers_need_grading():
    thick = sf.Lead(N) | F1(2.0, m=sf.direction(0)) | N(60.0) | F1(1.8, m=sf.direction(130))
    graded, equal = (sf.converge(thick, degree=3, grading=grading) for grading in (True, False))
    for study in (graded, equal):
        assert study.rates["H1"] == pytest.approx(3, abs=0.1)
    # as accurate, with half of the elements
    np.testing.assert_array_equal(2 * graded.columns["elements"], equal.columns["elements"])
    assert (graded.columns["H1"] < equal.columns["H1"]).all()
    parts = equal.columns["elements"] / equal.columns["elements"][0]
    # those of the first magnet, one of 2 l in the coarsest mesh
    np.testing.assert_allclose(equal.columns["h"] * parts, 2.0)


def valve(first=1.0, spacer=0.5, free=1.0, metal=F2, between=N):
    fixed = F1(first, m=sf.direction(0), name="fixed")
    return fixed | between(spacer) | metal(free, m=sf.direction(50), name="free")


def weak(length):
    return sf.Ferromagnet(D=1.0, l=0.5, p=0.8, lambda_J=length, lambda_phi=1.3 * length)


@pytest.mark.some(8)
@pytest.mark.long
@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize(
    "sample",
    [
        *(valve(z, 0.5, z) for z in (3.0, 20.0, 300.0, 1e8)),
        valve(between=sf.NormalMetal(D=8.0, l=0.1)),
        *(valve(metal=weak(length)) for length in (0.5, 1e-3, 1e-10)),
        *(valve(free=d, metal=GRADED_F) for d in (1.0, 20.0, 1e4)),
        sf.load("examples/paper_valve.toml")[0],
    ],
    ids=lambda value: value if isinstance(value, int) else "",
)
def test_the_default_meshes_are_asymptotic(sample, degree):
    """However short l or the exchange lengths are: rates without asking for anything."""
    study = sf.converge(sample, degree=degree)
    assert study.columns["h"][0] <= 2
    for name, rate in EXPECTED.items():
        assert study.rates[name] == pytest.approx(rate(degree), abs=0.15), name


def test_equal_elements_are_asymptotic_too():
    study = sf.converge(valve(200.0), degree=1, grading=False)
    for name, rate in EXPECTED.items():
        assert study.rates[name] == pytest.approx(rate(1), abs=0.15), name
    assert study.meshes == "equally wide in every layer"


def on_mesh(stack, *nodes):
    """The stack with nodes for each of its layers, or None."""
    layers = iter(nodes)
    return sf.Stack(
        dataclasses.replace(piece, nodes=next(layers)) if isinstance(piece, sf.Layer) else piece
        for piece in stack.pieces
    )


COARSE = ([0, 0.3, 1], [0, 0.1, 0.5, 1], [0, 1])
UNEVEN = (np.linspace(0, 1, 9) ** 2, [0, 0.5, 1], [0, 0.01, 1])


@pytest.mark.parametrize("metal", [F2, WEAK, GRADED_F], ids=["strong", "weak", "graded"])
@pytest.mark.parametrize("nodes", [COARSE, UNEVEN], ids=["coarse", "uneven"])
def test_the_mesh_that_layers_come_with_is_refined(nodes, metal):
    sample = valve(metal=metal)
    exact = sf.solve(sample, degree=12, elements=8)
    study = sf.converge(on_mesh(sample, *nodes), degree=2, refinements=6)
    assert study.meshes == "those that layers come with, divided"
    assert study.columns["elements"][0] == max(map(len, nodes)) - 1
    for i, n in enumerate((1, 2, 3)):  # what solve finds on the same nodes
        finer = [np.interp(np.arange(n * (len(x) - 1) + 1) / n, range(len(x)), x) for x in nodes]
        found = sf.solve(on_mesh(sample, *finer), degree=2)
        error = np.abs(found.torques - exact.torques).max() / np.abs(exact.torques).max()
        assert study.columns["torque"][i] == pytest.approx(error, rel=1e-6)
        dr = abs(found.spin_resistance / exact.spin_resistance - 1)
        assert study.columns["dr"][i] == pytest.approx(dr, rel=1e-6)
    for name, rate in EXPECTED.items():
        assert study.rates[name] == pytest.approx(rate(2), abs=0.15), name


def test_some_layers_come_with_nodes():
    """The others lie on the meshes of solve."""
    sample = on_mesh(valve(8.0), None, COARSE[1], None)
    study = sf.converge(sample, degree=1)
    assert study.columns["elements"].tolist() == [4, 8, 12, 16, 24]
    assert study.rates["torque"] == pytest.approx(2, abs=0.1)


def test_degrees_on_the_mesh_that_layers_come_with():
    study = sf.converge(on_mesh(valve(), *COARSE), degree=6, refinements=1, refine="p")
    assert (study.columns["elements"] == 3).all()
    assert (np.diff(study.columns["torque"][:4]) < 0).all()


@pytest.mark.long
@pytest.mark.parametrize("degree", [1, 2])
def test_a_mesh_that_is_too_coarse_is_refined_as_it_is_said(degree):
    sample = on_mesh(valve(30.0), *COARSE)
    (remark,) = sf.converge(sample, degree=degree).remarks
    found = re.fullmatch(
        r"no rate of torque, differentiated torque, dr, L2, H1, spin current: two meshes must have "
        r"h of at most 0\.5, got [0-9.]+ of the finest: take refinements=(\d+) or more",
        remark,
    )
    study = sf.converge(sample, degree=degree, refinements=int(found[1]))
    assert not any(remark.startswith("no rate") for remark in study.remarks)
    for name, rate in EXPECTED.items():
        assert study.rates[name] == pytest.approx(rate(degree), abs=0.15), name


def test_errors_of_a_coarse_mesh_are_integrated_finely():
    """A layer of 200 l is one element, in which mu_s falls to 1/e in a two-hundredth."""
    sample = on_mesh(valve(200.0), [0, 1], [0, 1], [0, 1])
    study = sf.converge(sample, degree=1, refinements=2)
    x = (np.arange(20_150) + 0.5) / 100
    found, exact = (
        one.spin_potential(x) for one in (sf.solve(sample, degree=1), sf.analytic.solve(sample))
    )
    error = np.sqrt(np.sum((found - exact) ** 2) / np.sum(exact**2))
    assert study.columns["L2"][0] == pytest.approx(error, rel=1e-4)


@pytest.mark.parametrize(
    ("sample", "options", "remarks"),
    [
        (valve(), {}, []),
        (valve(), {"refine": "p"}, []),
        (
            valve(),
            {"refinements": 4},
            [
                "no rate of torque, differentiated torque, dr, L2, H1, spin current: two meshes "
                "must have h of at most 0.5, got 0.5 of the finest: take refinements=5 or more"
            ],
        ),
        (
            valve(),
            {"degree": 12},
            [
                "no rate of torque, differentiated torque, dr, L2, H1, spin current: errors are "
                "rounding where h is at most 0.5: take a lower degree"
            ],
        ),
        (
            valve(metal=WEAK),
            {},
            [
                "no rate of differentiated torque: only in stacks of uniform metals and strong "
                "ferromagnets, without interfaces"
            ],
        ),
        (
            F1(1.0, m=M) | N(0.5),
            {"degree": 1},
            [
                "no rate of torque, differentiated torque: no magnetization has one, but for "
                "rounding"
            ],
        ),
    ],
)
def test_what_is_said_where_there_is_no_rate(sample, options, remarks):
    assert list(sf.converge(sample, **options).remarks) == remarks


@pytest.mark.parametrize("refinements", [40, 10**9])
@pytest.mark.parametrize("refine", ["h", "p"])
def test_a_study_that_takes_too_much_is_refused(refinements, refine):
    message = (
        rf"^refinements must be at most 30 for this stack, got {refinements}: its finest mesh, "
        r"graded towards the faces, would have [0-9.e+]+ elements, of which 100,000 are allowed, "
        r"and take up to [0-9.e+]+ GB$"
    )
    with pytest.raises(ValueError, match=message):
        sf.converge(valve(), degree=3, refinements=refinements, refine=refine)


@pytest.mark.parametrize(
    ("l", "degree", "refinements", "away"),
    [
        (60e-9, 2, 5, {}),
        (1e-9, 1, 5, {}),
        (1e-9, 2, 5, {"differentiated torque": 2}),
        (1e-9, 3, 5, {"differentiated torque": 3}),
        (1e-12, 2, 5, {"differentiated torque": 2, "L2": 3}),
        (1e-12, 2, 9, {}),
    ],
)
def test_rates_that_are_not_those_of_theory_are_said(l, degree, refinements, away):
    """Where errors of short decays, which fall faster, hide those of the other metal."""
    Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
    F = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=l)
    free = F(4e-9, m=sf.direction(60))
    stack = sf.Lead(Cu) | F(8e-9, m=(0, 0, 1)) | Cu(10e-9) | free | sf.Lead(Cu)
    study = sf.converge(stack, degree=degree, refinements=refinements)
    said = {
        re.match(r"rate of (.*) is [0-9.]+, where (\d) is that of degree", text).groups()
        for text in study.remarks
    }
    assert said == {(name, str(rate)) for name, rate in away.items()}
    for name, rate in away.items():
        assert abs(study.rates[name] - rate) > 0.3


def test_an_own_mesh_that_is_too_fine_is_to_be_coarser():
    fine = np.linspace(0, 1, 60_001)
    with pytest.raises(ValueError, match=r"^a study needs a coarser mesh: .* layers come with"):
        sf.converge(on_mesh(valve(), fine, fine, fine))


def test_equal_elements_that_take_too_much_are_refused():
    message = (
        "^a study needs fewer or thinner layers: its finest mesh, equally wide in every layer, "
        r"would have 4.03e\+08 elements, of which 100,000 are allowed, and take up to 2.4e\+02 GB$"
    )
    with pytest.raises(ValueError, match=message):
        sf.converge(valve(1e8), grading=False)


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize(
    ("metal", "degree"),
    [(F2, 1), (F2, 12), (WEAK, 1), (WEAK, 12), (GRADED_F, 12)],
    ids=["strong 1", "strong 12", "weak 1", "weak 12", "graded 12"],
)
def test_memory_is_estimated(metal, degree, monkeypatch):
    monkeypatch.setattr(errors, "BLOCK", 8)
    sizes, peaks = [], []
    for refinements in (2, 10, 14):  # the first for what is compiled and kept
        tracemalloc.start()
        study = sf.converge(valve(metal=metal), degree=degree, refinements=refinements)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        sizes.append(study.columns["elements"][-1])
    meshes = coarsest(elements_of(valve(metal=metal)), True)
    estimate = meshes.memory(1, degree)
    found = np.diff(peaks)[1] / (np.diff(sizes)[1] / max(meshes.counts))
    assert estimate / 5 < found < estimate


def timed(metal, tau):
    return dataclasses.replace(metal, tau=tau)


AT_A_FREQUENCY = {
    "uniform": stack(timed(N, 0.3), timed(F2, 1.4)),
    "interface": stack(timed(N, 0.3), timed(F2, 1.4), sf.Interface(0.1, gamma=0.3, mixing=2 + 1j)),
    "graded": stack(timed(GRADED, 0.3), timed(GRADED_F, 1.4)),
    "exchange": stack(timed(N, 0.3), timed(dataclasses.replace(F2, lambda_J=0.4), 1.4)),
}


@pytest.mark.some(2)
@pytest.mark.long
@pytest.mark.parametrize("frequency", [0.0, 0.3, 3.0])
@pytest.mark.parametrize("name", AT_A_FREQUENCY)
def test_at_a_frequency(name, frequency):
    """Amplitudes converge as the stationary solution does; omega tau up to 26."""
    pieces = AT_A_FREQUENCY[name].pieces
    known = [
        dataclasses.replace(x, material=timed(x.material, 0.5))
        if getattr(getattr(x, "material", None), "tau", 0.0) is None
        else x
        for x in pieces
    ]
    study = sf.converge(sf.Stack(known), frequency=frequency, refinements=11)
    for what, rate in EXPECTED.items():
        assert study.used[what].sum() >= 2
        assert study.rates[what] == pytest.approx(rate(2), abs=0.15), what
    if frequency == 0:
        still = sf.converge(sf.Stack(known), refinements=11)
        for what in EXPECTED:
            used = still.used[what]
            np.testing.assert_allclose(study.columns[what][used], still.columns[what][used], 1e-3)


def test_errors_at_a_frequency_are_those_of_amplitudes():
    """Of real and imaginary parts, integrated anew; elements of `solve` are nearly equal."""
    F, M = timed(sf.Ferromagnet(D=2.0, l=1.0, p=0.5), 0.8), timed(N, 0.3)
    sample = F(0.6, m=(0, 0, 1), name="a") | M(0.5) | F(0.7, m=sf.direction(70, 20), name="b")
    study = sf.converge(sample, frequency=0.6, refinements=3, grading=False)
    exact = sf.analytic.solve(sample, frequency=0.6)
    x, weights = np.polynomial.legendre.leggauss(40)
    for i, count in enumerate(study.columns["elements"].astype(int)):
        found = sf.solve(sample, frequency=0.6, degree=2, elements=int(count))
        missed, whole = np.zeros(2), np.zeros(2)
        for left, right in itertools.pairwise(sample.x):
            places, weight = left + (right - left) * (1 + x) / 2, weights * (right - left) / 2
            for q, name in enumerate(("spin_potential", "spin_current")):
                one, other = (getattr(s, name)(places) for s in (found, exact))
                missed[q] += weight @ (np.abs(one - other) ** 2).sum(axis=1)
                whole[q] += weight @ (np.abs(other) ** 2).sum(axis=1)
        for name, error in zip(("L2", "spin current"), np.sqrt(missed / whole), strict=True):
            assert study.columns[name][i] == pytest.approx(error, rel=1e-3), name
        for name, results in (("torque", "torques"), ("dr", "spin_resistance")):
            one, other = (np.asarray(getattr(s, results)) for s in (found, exact))
            error = np.abs(one - other).max() / np.abs(other).max()
            assert study.columns[name][i] == pytest.approx(error, rel=1e-3), name


def test_a_frequency_needs_times():
    with pytest.raises(ValueError, match="every metal must have tau at a frequency"):
        sf.converge(stack(), frequency=1.0)
    with pytest.raises(ValueError, match="frequency must be zero or positive"):
        sf.converge(stack(), frequency=-1.0)


@pytest.mark.long
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
        cli.main(["converge", str(file), "--frequency", "1"])
    assert stop.value.code == 2
    assert f"error: {file}: every metal must have tau" in capsys.readouterr().err
    file.write_text(file.read_text().replace("l = 1.0\n", "l = 1.0\ntau = 0.5\n"))
    with pytest.raises(SystemExit) as stop:
        cli.main(["converge", str(file), "--frequency", "1", "--refinements", "11"])
    assert stop.value.code == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    (rates,) = (line[1:5] for line in lines if line[:1] == ["rate"])
    np.testing.assert_allclose([float(rate) for rate in rates], [4, 2, 4, 3], atol=0.1)
    with pytest.raises(SystemExit) as stop:
        cli.main(["converge", str(file), "--refinements", "1"])
    assert stop.value.code == 2
    assert "refinements must be a whole number at least 2, got 1" in capsys.readouterr().err


def test_errors():
    with pytest.raises(ValueError, match=r"single stack, got a batch of shape \(2,\)"):
        sf.converge(stack().replace("b", m=sf.direction([0, 10])))
    with pytest.raises(ValueError, match="refine must be 'h' or 'p', got 'hp'"):
        sf.converge(stack(), refine="hp")
