"""``spinfem figures``: all numbers against closed forms; figures that can be read."""

import csv
import itertools
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import mpmath
import numpy as np
import pytest
from legibility import check_legible
from PIL import Image

import spinfem as sf
from spinfem import cli, figures
from spinfem.figures import data, ours, systems
from spinfem.figures.files import write_picture

EXACT = 1e-10
"""What the solver promises for uniform layers, relative to the largest value."""
NAMES = [entry.name for entry in figures.FIGURES]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    directory = tmp_path_factory.mktemp("figures") / "new" / "figures"
    return directory, figures.make(directory)


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """All that is computed, without the pictures, which take longer."""
    directory = tmp_path_factory.mktemp("figures")
    with pytest.MonkeyPatch.context() as patch:
        plain = [entry._replace(pictures=(), draw=lambda _: None) for entry in figures.FIGURES]
        patch.setattr(figures, "FIGURES", plain)
        figures.make(directory)
    return directory


@pytest.fixture(scope="module")
def table(computed):
    """Read a CSV file as its reader would: named columns."""

    def read(name):
        with open(computed / f"{name}.csv", encoding="utf-8", newline="") as file:
            names, *rows = csv.reader(file)
        assert len(set(names)) == len(names)
        return dict(zip(names, np.array(rows, dtype=float).T, strict=True))

    return read


def close(found, expected, tolerance=EXACT, scale=None):
    """Equal relative to the largest expected value, or to a scale."""
    assert np.shape(found) == np.shape(expected)
    scale = np.abs(expected).max() if scale is None else scale
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)


def rows(table, **where):
    """Rows of a table in which columns, by the beginning of their names, have given values."""
    keep = np.ones(len(next(iter(table.values()))), dtype=bool)
    for start, value in where.items():
        (column,) = (values for name, values in table.items() if name.startswith(start))
        keep &= column == value
    return {name: values[keep] for name, values in table.items()}


# --- files ------------------------------------------------------------------------------------


@pytest.mark.long
def test_every_file_is_there(made):
    directory, written = made
    assert {file.path for file in written} == set(directory.iterdir())
    assert all(file.path.stat().st_size > 50 for file in written)
    assert all(file.description for file in written)
    for entry in figures.FIGURES:
        for suffix in (*entry.pictures, ".csv"):
            assert (directory / f"{entry.name}{suffix}").is_file()


def test_figures_of_the_paper_are_complete():
    assert NAMES[:6] == ["fig2", "fig3", "fig4", "fig5", "fig6", "fig7"]
    assert NAMES[6:] == ["efficiencies", "folded", "turning"]


@pytest.mark.long
def test_pictures_are_pictures(made):
    for path in made[0].glob("*.png"):
        with Image.open(path) as image:
            assert min(image.size) > 700  # dots: sharp in print
            assert np.ptp(np.asarray(image.convert("L"))) == 255
    for path in made[0].glob("*.svg"):
        assert ET.parse(path).getroot().tag.endswith("svg")


@pytest.mark.long
def test_animation_is_small_and_turns_once(made, table):
    path = made[0] / "turning.gif"
    assert path.stat().st_size < 3e6
    with Image.open(path) as image:
        assert image.n_frames == len(table("turning")["theta (deg)"])
        assert 37 <= image.n_frames <= 61
        assert image.info["loop"] == 0


def test_numbers_have_all_their_digits(table):
    solved = data.fig4().tables[""]
    for name, values in table("fig4").items():
        assert np.array_equal(values, solved[name])


def test_nothing_comes_from_a_closed_form():
    for path in Path(figures.__file__).parent.glob("*.py"):
        assert "analytic" not in path.read_text(encoding="utf-8")


@pytest.mark.long
def test_same_figure_is_the_same_file(tmp_path):
    entry = figures.FIGURES[0]
    with mpl.rc_context({"svg.hashsalt": "spinfem"}):
        for name in ("a.svg", "b.svg"):
            write_picture(tmp_path / name, entry.draw(entry.compute()))
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.long
def test_matplotlib_is_left_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "FIGURES", figures.FIGURES[:1])
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black"}):
        before = mpl.rcParams.copy()
        figures.make(tmp_path)
        assert mpl.rcParams == before
    with Image.open(tmp_path / "fig2.png") as image:
        assert np.asarray(image.convert("L")).mean() > 200  # not in black


# --- they can be read -------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in NAMES if name != "turning"])
def test_labels_do_not_overlap(name):
    entry = figures.FIGURES[NAMES.index(name)]
    figure = entry.draw(entry.compute())
    assert len(check_legible(figure)) > 10
    title = figure.get_suptitle()
    assert title.startswith(name.replace("fig", "Fig. ") + ":") or not name.startswith("fig")
    assert title


@pytest.mark.long
def test_labels_of_the_animation_do_not_overlap_and_its_axes_are_fixed():
    animation = ours.turning(data.turning())
    seen = set()
    for i in range(0, animation.frames, 4):
        animation.show(i)
        check_legible(animation.figure)
        left, right = animation.figure.axes
        seen.add((left.get_xlim(), left.get_ylim(), left.get_position().bounds))
        seen.add((right.get_xlim(), right.get_ylim(), right.get_position().bounds))
        low, high = np.array([left.get_xlim(), left.get_ylim()]).T
        for quiver in left.collections:  # all arrows are inside
            ends = quiver.get_offsets() + np.stack([quiver.U, quiver.V], axis=1)
            assert (ends > low).all()
            assert (ends < high).all()
    assert len(seen) == 2


# --- Figs. 2 and 3 ----------------------------------------------------------------------------

P, L_F, G_F, G_N = 0.6, 0.6, 1.0, 0.8  # l_N = 1


def test_fig2_is_equation_7_and_exponentials(table):
    t, (x0, mu0) = table("fig2"), (3 * L_F, sf.analytic.contact(P, G_F, G_N))
    in_f, x = t["layer"] == 1, t["x/l_N"] - x0
    decay = np.where(in_f, np.exp(np.minimum(x, 0) / L_F), np.exp(-np.maximum(x, 0)))
    close(t["mu_s G_F/j0"], mu0 * decay)
    close(t["j_s/j0"], np.where(in_f, P - G_F * mu0 * decay, G_N * mu0 * decay))
    assert {*np.sign(x)} == {-1, 0, 1}
    ring = table("fig2_rings")
    close(ring["mu G_F/j0"], [mu0])
    close(ring["driving/j0"], [P])
    close(ring["F cord/j0"], [-G_F * mu0])
    close(ring["N cord/j0"], [-G_N * mu0])
    assert abs(ring["reaction/j0"][0]) < EXACT


def collinear_fnf(x):
    """mu_s and j_s of F/N/F from its two balances: (A2) with half-infinite F and c = 1."""
    d_N = 1.5
    m = sf.direction(0.0)
    exact = sf.analytic.valve((G_F, G_N, G_F), (np.inf, d_N, np.inf), (P, P), m, m)
    (mu1, mu2), s = (exact.mu1, exact.mu2), x - 2.0
    left, right = mu1 * np.exp(s / L_F), mu2 * np.exp((d_N - s) / L_F)
    sinh, cosh = np.sinh, np.cosh
    return (
        [left, (mu1 * sinh(d_N - s) + mu2 * sinh(s)) / sinh(d_N), right],
        [
            P - G_F * left,
            G_N * (mu1 * cosh(d_N - s) - mu2 * cosh(s)) / sinh(d_N),
            P + G_F * right,
        ],
    )


def collinear_nfn(x):
    """mu_s and j_s of N/F/N from (8) on the left and (7) on the right of F, joined by its cord."""
    d_F, s = 1.1, x - 2.2
    z = d_F / L_F
    stiffness, coupling = G_F / np.tanh(z), G_F / np.sinh(z)
    mu = P / (G_N + stiffness + coupling)  # -p j0 = (G_N + G~_F) mu1 - B_F mu2, mu2 = -mu1
    left, right = -mu * np.exp(s), mu * np.exp(d_F - s)
    inside = mu * (np.sinh(s / L_F) - np.sinh((d_F - s) / L_F)) / np.sinh(z)
    slope = coupling * mu * (np.cosh(s / L_F) + np.cosh((d_F - s) / L_F))  # (D/2) mu_s'
    return [left, inside, right], [-G_N * left, P - slope, G_N * right]


@pytest.mark.parametrize(("structure", "exact"), [(1, collinear_fnf), (2, collinear_nfn)])
def test_fig3_is_exponentials_matched_at_two_faces(table, structure, exact):
    t = rows(table("fig3"), structure=structure)
    layer = t["layer"].astype(int) - 1
    mu, j = (np.choose(layer, values) for values in exact(t["x/l_N"]))
    assert set(layer) == {0, 1, 2}
    close(t["mu_s G_F/j0"], mu)
    close(t["j_s/j0"], j)
    rings = rows(table("fig3_rings"), structure=structure)
    # driven upwards at F/N, (7), and downwards at N/F, (8)
    assert rings["driving/j0"].tolist() == ([P, -P] if structure == 1 else [-P, P])
    close(rings["F cord/j0"] + rings["N cord/j0"], -rings["driving/j0"])
    faces = np.flatnonzero(np.diff(layer))
    close(rings["mu G_F/j0"], mu[faces])


# --- Figs. 4, 5 and 7 -------------------------------------------------------------------------

M1_M2 = {theta: (sf.direction(theta / 2), sf.direction(-theta / 2)) for theta in (70.0, 45.0)} | {
    theta: (sf.direction(0.0), sf.direction(theta)) for theta in (0.0, 180.0)
}


def closed_form(theta, p, d_N, G, d_F=1.5):
    return sf.analytic.valve(G, (d_F, d_N, d_F), p, *M1_M2[theta])


def vectors(table, name, unit):
    return np.stack([table[f"{name}_x{unit}"], table[f"{name}_z{unit}"]], axis=-1)


def check_valve(fields, rings, theta, p, d_N, G, tolerance, d_F=1.5):
    """Fields, rings and forces against (A1), (A2) and the functions of Appendix A."""
    exact = closed_form(theta, p, d_N, G)
    m1, m2 = (m[[0, 2]] for m in M1_M2[theta])
    mu1, mu2 = exact.mu1, exact.mu2
    close(rings["mu G_1/j0"], [mu1, mu2], tolerance)
    close(vectors(rings, "m", ""), [m1, m2], tolerance)
    at_f1, at_n1, at_n2, at_f2 = exact.face_currents[:, [0, 2]]
    close(vectors(rings, "driving", "/j0"), [p[0] * m1, -p[1] * m2], tolerance)
    close(vectors(rings, "N cord", "/j0"), [-at_n1, at_n2], tolerance)
    pulls = vectors(rings, "driving", "/j0") + vectors(rings, "F cord", "/j0")
    close(pulls, [at_f1, -at_f2], tolerance)
    # a reaction that vanishes does so relative to the forces
    reactions = [at_n1 - at_f1, at_f2 - at_n2]
    close(vectors(rings, "reaction", "/j0"), reactions, tolerance, scale=max(p))

    layer, x = fields["layer"], fields["x/l_N"]
    first, spacer, last = x, x - d_F, 2 * d_F + d_N - x
    (G1, GN, G2), sinh, cosh = G, np.sinh, np.cosh

    def along(z, d, amplitude):  # shape (n,)
        return amplitude * sinh(np.clip(z, 0, d)) / sinh(d)

    def slope(z, d, amplitude):
        return amplitude * cosh(np.clip(z, 0, d)) / sinh(d)

    there, back = spacer, d_N - spacer
    mu = np.select(
        [layer[:, None] == k for k in (1, 2, 3)],
        [
            np.outer(along(first, d_F, mu1), m1),
            np.outer(along(back, d_N, mu1), m1) + np.outer(along(there, d_N, mu2), m2),
            np.outer(along(last, d_F, mu2), m2),
        ],
    )
    j = np.select(
        [layer[:, None] == k for k in (1, 2, 3)],
        [
            np.outer(p[0] - G1 * slope(first, d_F, mu1), m1),
            GN * (np.outer(slope(back, d_N, mu1), m1) - np.outer(slope(there, d_N, mu2), m2)),
            np.outer(p[1] + G2 * slope(last, d_F, mu2), m2),
        ],
    )
    close(vectors(fields, "mu_s", " G_1/j0"), mu, tolerance)
    close(vectors(fields, "j_s", "/j0"), j, tolerance)
    return exact


def test_fig4_is_appendix_a_and_both_efficiencies_are_positive(table):
    fields, rings = table("fig4"), table("fig4_rings")
    exact = check_valve(fields, rings, 70.0, (0.7, 0.7), 2.0, (1.0, 1.5, 1.0), EXACT)
    assert exact.g1 > 0
    assert exact.g2 > 0
    g1, g2 = data.fig4().solutions["valve"].efficiency("F1", "F2")
    close([g1, g2], [exact.g1, exact.g2])


def test_fig5_is_appendix_a_and_g2_alone_is_negative(table):
    fields, rings = table("fig5"), table("fig5_rings")
    exact = check_valve(fields, rings, 45.0, (0.1, 0.9), 1.0, (1.0, 12.0, 1.5), EXACT)
    g1, g2 = data.fig5().solutions["valve"].efficiency("F1", "F2")
    close([g1, g2], [exact.g1, exact.g2])
    assert g2 < 0 < g1
    mu1, mu2 = rings["mu G_1/j0"]
    assert mu1 < -0.25 * abs(mu2)  # well beyond the crossing
    # the tangent at mu2, along j_s(N2), passes the crossing on the other side than in Fig. 4
    sides = []
    for rods in (table("fig4_rings"), rings):
        m2, pull = vectors(rods, "m", "")[1], vectors(rods, "N cord", "/j0")[1]
        sides.append(m2[0] * pull[1] - m2[1] * pull[0])
    assert sides[0] < 0 < sides[1]


@pytest.mark.parametrize("theta", [70.0, 0.0, 180.0])
def test_fig7_is_appendix_a_and_its_limit(table, theta):
    p, d_N = (0.55, 0.85), 0.4
    fields = rows(table("fig7"), theta=theta)
    rings = rows(table("fig7_rings"), theta=theta)
    here = {"d_N": d_N}
    check_valve(rows(fields, **here), rows(rings, **here), theta, p, d_N, (1, 2, 1), EXACT)
    # the rings are together: at the crossing, or where two F cords hold both driving forces
    c = {70.0: 0.0, 0.0: 1.0, 180.0: -1.0}[theta]
    stiffness = 1 / np.tanh(1.5)
    expected = c**2 * (p[0] - c * p[1]) / (2 * stiffness) * np.array([1.0, c])
    limit = rows(rings, d_N=0.0)
    np.testing.assert_allclose(limit["mu G_1/j0"], expected, rtol=EXACT, atol=0)
    forces = [vectors(limit, what, "/j0") for what in ("driving", "F cord", "N cord", "reaction")]
    assert np.abs(sum(forces)).max() < EXACT * max(p)
    # and this is what thin spacers tend to: mu differs by about d_N/l_N
    thin = closed_form(theta, p, 1e-5, (1, 2, 1))
    np.testing.assert_allclose([thin.mu1, thin.mu2], expected, rtol=0, atol=1e-5)


# --- Fig. 6 -----------------------------------------------------------------------------------


def resistance(z, theta):
    """(A2) for half-infinite F in 40 digits: dr G_1; its limits are those of the formula."""
    with mpmath.workdps(40):
        c = {0.0: 1, 90.0: 0, 180.0: -1}.get(theta, mpmath.cos(mpmath.radians(theta)))
        p1, p2, G, G_N = mpmath.mpf(0.1), mpmath.mpf(0.9), mpmath.mpf(1), mpmath.mpf(4)
        if z == mpmath.inf:
            return (p1**2 + p2**2) / (2 * (G + G_N))
        if z == 0:  # mu = 0, or one ring held by two cords
            return (p1 - c * p2) ** 2 / (4 * G) if abs(c) == 1 else mpmath.mpf(0)
        z = mpmath.mpf(z)
        A, B = G + G_N * mpmath.coth(z), G_N / mpmath.sinh(z)
        determinant = A * A - (B * c) ** 2
        mu1, mu2 = (A * p1 - B * c * p2) / determinant, (B * c * p1 - A * p2) / determinant
        return (p1 * mu1 - p2 * mu2) / 2


@pytest.mark.long
def test_fig6_is_the_closed_form_at_every_point(table):
    t = table("fig6")
    d_N = t.pop("d_N/l_N")
    angles = {float(name.split("(")[1].split(" deg")[0]): values for name, values in t.items()}
    assert sorted(angles) == [0, 5, 15, 30, 50, 90, 120, 140, 160, 170, 180]
    assert d_N[0] == 0
    assert d_N[1] == 1e-9
    assert d_N[-1] == 3
    at_infinity = resistance(mpmath.inf, 0.0)
    for theta, curve in angles.items():
        expected = np.array([float(resistance(z, theta) / at_infinity) for z in d_N])
        # relative at every point, also where dr is tiny
        np.testing.assert_allclose(curve, expected, rtol=1e-10, atol=0)
        # every curve goes to 0 but those of 0 and 180 degrees
        assert (curve[0] == 0) == (theta not in (0, 180))
        assert abs(curve[-1] - 1) < 0.03


def test_fig6_shows_the_fall_of_every_curve(table):
    """No two points are so far apart that the fall of a curve near 0 would be a corner."""
    t = table("fig6")
    d_N = t.pop("d_N/l_N")
    height = max(curve.max() for curve in t.values())
    for curve in t.values():
        assert np.abs(np.diff(curve)[1:]).max() < 0.06 * height
    assert (np.diff(d_N) > 0).all()


# --- ours -------------------------------------------------------------------------------------


def turned(theta, p):
    m1, m2 = sf.direction(0.0), sf.direction(theta)
    return sf.analytic.valve((1, 1.5, 1), (1.5, 1.0, 1.5), p, m1, m2)


def test_efficiencies_are_those_of_the_closed_form(table):
    t, changes = table("efficiencies"), table("efficiencies_sign_changes")
    for name, p in (("symmetric", (0.6, 0.6)), ("asymmetric", (0.2, 0.9))):
        exact = turned(t["theta (deg)"], p)
        close(t[f"g1 {name}"], exact.g1)
        close(t[f"g2 {name}"], exact.g2)
        close(t[f"dr G_1 {name}"], exact.spin_resistance)
    # (B1): g2 of the asymmetric one alone, where cos = A2 p1/(B p2)
    (valve,), (which,), (angle,) = changes.values()
    assert (valve, which) == (2, 2)
    cosine = exact.A2 * 0.2 / (exact.B * 0.9)
    assert angle == pytest.approx(np.degrees(np.arccos(cosine)), rel=1e-12)
    least = t["theta (deg)"][np.argmin(t["dr G_1 asymmetric"])]
    assert abs(least - angle) <= 0.5  # the slope of dr is g1 g2 sin(theta)/B


def test_folded_preserves_lengths_and_angles(table):
    t, rods = table("folded"), table("folded_rods")
    exact = sf.analytic.solve(systems.four_ferromagnets())
    for symbol, unit in (("mu_s", " G_1/j0"), ("j_s", "/j0")):
        solid = np.stack([t[f"{symbol}_{way}{unit}"] for way in "xyz"], axis=1)
        flat = np.stack([t[f"{symbol} {w} m(A) folded{unit}"] for w in ("across", "along")], axis=1)
        field = "spin_potential" if symbol == "mu_s" else "spin_current"
        x = [t["x/l_N"][t["layer"] == number] for number in range(1, 8)]
        inside = getattr(exact, field)
        # j_s jumps at interfaces: at its faces from the inside of each layer
        parts = [[inside(own[:-1], side="right"), inside(own[-1:], side="left")] for own in x]
        close(solid, np.concatenate([part for pair in parts for part in pair]))
        for number in np.unique(t["layer"]):
            own = t["layer"] == number
            # all scalar products in a sheet, hence all its lengths and angles
            close(flat[own] @ flat[own].T, solid[own] @ solid[own].T, 1e-13)
    m = [e.m for e in systems.four_ferromagnets().layers if e.is_ferromagnet]
    between = [np.degrees(np.arccos(a @ b)) for a, b in itertools.pairwise(m)]
    close(np.abs(np.diff(rods["angle of the rod (deg)"])), between, 1e-13)
    assert abs(np.linalg.det(m[:3])) > 0.1  # they do not lie in one plane


def test_rings_of_the_animation_are_where_the_closed_form_has_them(table):
    t = table("turning")
    exact = turned(t["theta (deg)"], (0.2, 0.9))
    close(t["mu1 G_1/j0"], exact.mu1)
    close(t["mu2 G_1/j0"], exact.mu2)
    close(t["g1"], exact.g1)
    close(t["g2"], exact.g2)
    close(t["dr G_1"], exact.spin_resistance)
    assert t["theta (deg)"][[0, -1]].tolist() == [0, 180]
    assert t["mu1 G_1/j0"][0] < 0 < t["mu1 G_1/j0"][-1]  # ring 1 passes the crossing


# --- the command ------------------------------------------------------------------------------


@pytest.fixture
def run(capfd):
    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            cli.main([os.fspath(a) for a in arguments])
        return stop.value.code, *capfd.readouterr()

    return run


@pytest.mark.long
def test_command_prints_every_file(run, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "FIGURES", figures.FIGURES[:1])
    monkeypatch.chdir(tmp_path)
    status, out, err = run("figures")
    assert (status, err) == (0, "")
    lines = dict(line.split("  ", 1) for line in out.splitlines())
    assert {Path(name) for name in lines} == {
        p.relative_to(tmp_path) for p in (tmp_path / "figures").iterdir()
    }
    assert all("F/N contact" in description for description in lines.values())


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("file", "file: is not a directory"),
        ("file/below", "file/below: cannot be made: Not a directory"),
        ("taken", "fig2.png: cannot be written: is a directory"),
    ],
)
def test_command_names_what_it_cannot_write(run, tmp_path, target, message):
    (tmp_path / "file").touch()
    (tmp_path / "taken" / "fig2.png").mkdir(parents=True)
    status, out, err = run("figures", tmp_path / target)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert err.endswith(f"{message}\n")
    assert err.count("\n") == 1
    assert not list(tmp_path.rglob("*.csv"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_command_refuses_a_directory_without_permission(run, tmp_path):
    tmp_path.chmod(0o500)
    status, _, err = run("figures", tmp_path)
    assert status == 2
    assert "cannot be written: no permission in" in err
