"""What prints of solutions, gradients, studies and fits: their numbers, and nothing else."""

import re

import numpy as np
import pytest

import spinfem as sf

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, tau=7e-12, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, tau=1e-12, name="Co")
N, F = sf.NormalMetal(D=8.0, l=2.0), sf.Ferromagnet(D=1.0, l=1.0, p=0.4)


def valve(theta=60.0):
    return (
        sf.Lead(Cu)
        | Co(8e-9, m=sf.direction(0), name="fixed")
        | sf.Interface(0.5e-15, gamma=0.7, mixing=5e14 + 1e13j, name="Co/Cu")
        | Cu(10e-9, name="spacer")
        | Co(4e-9, m=sf.direction(theta), name="free")
        | sf.Lead(Cu)
    )


def plain(theta=60.0):
    return F(1.0, m=(0, 0, 1)) | N(0.1) | F(0.5, m=sf.direction(theta))


def rows_of(text):
    """Rows by their first cell; cells are apart by two spaces."""
    cells = [re.split(r"\s{2,}", line) for line in text.splitlines() if line]
    return {first: rest for first, *rest in cells}


def test_solution_prints_torques_efficiencies_and_resistances():
    solution = sf.solve(valve(), 1e11)
    lines, rows = str(solution).splitlines(), rows_of(str(solution))
    assert lines[0] == "j0 = 1e+11 A/m2; positive: electrons flow towards +x"
    assert lines[2] == "Torque, J/m2"
    for name in ("fixed", "free"):
        torque = solution.torque(name)
        cells = next(line.split() for line in lines if line.startswith(name))
        expected = [*torque, np.linalg.norm(torque)]
        np.testing.assert_allclose([float(x) for x in cells[1:]], expected, rtol=5e-7)
    spacer = next(line.split() for line in lines if line.startswith("fixed  free"))
    expected = [60, *solution.efficiency("fixed", "free")]
    np.testing.assert_allclose([float(x) for x in spacer[2:]], expected, rtol=5e-7)
    for name, value in (
        ("spin resistance dr", solution.spin_resistance),
        ("resistance RA", solution.resistance),
    ):
        assert rows[name] == [f"{value:.6e}", "Ohm m2", f"= {value * 1e15:.7g} fOhm m2"]
    assert rows["voltage"] == [f"{solution.voltage:.6e}", "V"]


def test_solution_in_the_papers_units():
    text = str(sf.solve(plain()))
    assert "j0 = 1 (paper's units)" in text
    assert "Absorbed spin current (paper's units)" in text
    assert not re.search(r"A/m2|J/m2|Ohm|nm| V\b", text)


def test_solution_of_a_batch_prints_spans():
    theta = np.linspace(0, 180, 19)
    batch = sf.solve(valve(theta), [[1e11], [2e11]])
    text, rows = str(batch), rows_of(str(batch))
    assert text.startswith("batch of shape (2, 19): from the lowest to the highest\n")
    assert "j0 = 1e+11 to 2e+11 A/m2" in text
    size = np.linalg.norm(batch.torque("free"), axis=-1)
    row = re.search(r"^free .*", text, flags=re.MULTILINE)[0]
    assert row.endswith(f"  0 to {size.max():.6e}")
    low, high = (f(batch.spin_resistance) for f in (np.min, np.max))
    assert rows["spin resistance dr"][0] == f"{low:.6e} to {high:.6e}"
    assert "0 to 180" in text


def test_unnamed_leads_and_stacks_without_ferromagnets():
    magnetic = sf.Lead(Co, m=(0, 0, 1)) | Cu(1e-9) | Co(1e-9, m=(1, 0, 0), name="free")
    text = str(sf.solve(magnetic))
    assert "free" in text
    assert "Efficiencies" not in text  # that of a lead without a name is not asked for
    assert rows_of(str(sf.solve(Cu(1e-9) | Cu(2e-9)))).keys() == {
        "j0 = 1 A/m2; positive: electrons flow towards +x",
        "spin resistance dr",
        "resistance RA",
        "voltage",
    }


def test_the_middle_of_many_ferromagnets_is_left_out():
    stack = sf.Stack([p for i in range(60) for p in (Co(2e-9, m=sf.direction(i)), Cu(3e-9))])
    solution = sf.solve(stack)
    text, html = str(solution), solution._repr_html_()
    for shown in (text, html):
        assert "... 20 more ..." in shown  # torques
        assert "... 19 more ..." in shown  # efficiencies
        assert "Co20" in shown
        assert "F30" not in shown


def test_names_are_escaped():
    stack = valve().replace("free", name="<script>\x1b[2J &")
    solution = sf.solve(stack)
    gradient = solution.gradient("torque", "<script>\x1b[2J &")
    for thing in (solution, gradient):
        text, html = str(thing), thing._repr_html_()
        assert r"<script>\x1b[2J &" in text
        assert r"&lt;script&gt;\x1b[2J &amp;" in html
        assert "<script>" not in html
        assert "\x1b" not in text + html


def test_reprs_stay_short():
    solution = sf.solve(valve())
    assert repr(solution).startswith("<Solution of Stack(Lead(Cu) | fixed")
    assert repr(solution.gradient("resistance")) == (
        "<Gradient of resistance with respect to 23 numbers>"
    )


PER_UNIT = {
    "fixed.thickness": (8, "nm", 1e-9),
    "Co/Cu.resistance": (0.5, "fOhm m2", 1e-15),
    "Co/Cu.gamma": (0.7, "", 1.0),
    "Co/Cu.G_r": (5e14, "S/m2", 1.0),
    "free.D": (1 / 75e-9, "S/m", 1.0),
    "free.l": (60, "nm", 1e-9),
    "free.polar": (60, "deg", 1.0),
}


@pytest.mark.parametrize(
    ("output", "names", "unit", "size"),
    [
        ("spin_resistance", [], "fOhm m2", 1e-15),
        ("torque", ["free"], "J/m2", 1.0),
        ("efficiency", ["free", "fixed"], "", 1.0),
    ],
)
def test_gradient_prints_its_numbers_in_units_that_people_use(output, names, unit, size):
    gradient = sf.solve(valve(), 1e11).gradient(output, *names)
    text = str(gradient)
    rows = rows_of(text)
    assert set(gradient) < set(rows)
    for name, (value, own, factor) in PER_UNIT.items():
        number, *cells = rows[name]
        assert number == f"{value:.6g} {own}".rstrip()
        slopes = np.ravel(gradient[name]) * factor / size
        found = [float(cells.pop(0)) for _ in slopes]
        np.testing.assert_allclose(found, slopes, rtol=5e-4)
        if unit or own:
            assert cells.pop(0) == (f"{unit} per {own}" if own else unit).strip()
        for rate in np.ravel(gradient.logarithmic[name]):
            assert float(cells.pop(0)) == pytest.approx(rate, rel=5e-4)
        assert cells == (["per deg"] if own == "deg" else [])
    assert "fixed.polar" in gradient._repr_html_()


def test_gradient_of_a_batch_and_in_the_papers_units():
    gradient = sf.solve(plain(np.array([30.0, 90.0]))).gradient("torque", "F2")
    text = str(gradient)
    assert "batch of shape (2,): from the lowest to the highest" in text
    low, high = np.sort(gradient["F1.l"][:, 0])
    assert rows_of(text)["F1.l"][:2] == ["1", f"{low:.4g} to {high:.4g}"]
    assert not re.search(r"J/m2|nm\b|S/m", text)


@pytest.mark.parametrize(
    ("output", "names"), [("torque", ["free"]), ("efficiency", ["free", "fixed"])]
)
def test_gradient_at_a_frequency_prints_moduli_and_phases(output, names):
    gradient = sf.solve(valve(), 1e11, frequency=2e10).gradient(output, *names)
    text = str(gradient)
    assert text.startswith(f"Gradient at a frequency of {output} of {' and '.join(names)}: (")
    rows = rows_of(text)
    for name, number, unit in (
        ("fixed.l", "60 nm", 1e-9),
        ("spacer.tau", "7 ps", 1e-12),
        ("frequency", "2e+10 Hz", 1.0),
    ):
        row = rows[name]
        assert row[0] == number
        slopes = gradient[name] * unit
        n = 2 * slopes.size
        found = np.array(row[1 : 1 + n], dtype=float)
        np.testing.assert_allclose(found[::2], np.abs(slopes), rtol=5e-4)
        np.testing.assert_allclose(found[1::2], np.degrees(np.angle(slopes)), rtol=5e-4)
        rates = np.ravel(gradient.logarithmic[name])
        shown = np.array(row[2 + n :], dtype=float)
        np.testing.assert_allclose(shown[::2], rates.real, rtol=5e-4)
        np.testing.assert_allclose(shown[1::2], np.degrees(rates.imag), rtol=5e-4)
    assert "frequency" in gradient._repr_html_()


def test_study_prints_its_table_and_what_it_is_against():
    study = sf.converge(plain(), degree=2, refinements=4)
    lines = str(study).splitlines()
    assert "\n".join(lines[: 4 + 2]) == study.table
    assert lines[6:8] == ["against: exact stack", "meshes: graded towards the faces"]
    assert len(lines) == 8 + len(study.remarks)
    html = study._repr_html_()
    assert html.count("<tr>") == 6
    assert all(f"{rate:.2f}" in html for rate in study.rates.values())


def test_fit_prints_what_lmfit_reports():
    pytest.importorskip("lmfit")

    def series(p, theta):
        return (
            F(1.0, m=(0, 0, 1))
            | N(0.1)
            | sf.Ferromagnet(D=1.0, l=1.0, p=p)(0.5, m=sf.direction(theta))
        )

    theta = np.array([0.0, 60.0, 120.0, 180.0])
    measured = sf.solve(series(0.3, theta)).resistance + 1e-4 * np.array([1, -1, -1, 1])
    found = sf.fit(series, measured, {"p": (0.5, 0, 0.9)}, coordinates={"theta": theta})
    assert str(found) == found.report()
    assert "+/-" in str(found)
    assert f"{found.values['p']:.6f}"[:7] in found._repr_html_()
    assert "<table" in found._repr_html_()
