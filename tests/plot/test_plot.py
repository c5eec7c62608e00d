"""Pictures: what is drawn is what was solved, and it can be read."""

from __future__ import annotations

import itertools
import pickle
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from legibility import check_legible
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver

import spinfem as sf
from spinfem.plot.pictures import SolutionPlots, overview
from spinfem.results.leads import lead_solution

mpl.use("Agg")
import matplotlib.pyplot as plt

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")


def valve(theta, azimuth=0.0):
    m1, m2 = sf.direction(0), sf.direction(theta, azimuth)
    layers = Co(8e-9, m=m1, name="fixed") | Cu(10e-9, name="spacer") | Py(4e-9, m=m2, name="free")
    return sf.Lead(Cu) | layers | sf.Lead(Cu)


def noncoplanar():
    layers = Cu(8e-9) | Py(4e-9, m=sf.direction(60), name="free") | Cu(4e-9)
    return sf.Lead(Co, m=[0, 0, 1]) | layers | sf.Lead(Co, m=[0, 1, 0])


def plain():
    F1, F2 = sf.Ferromagnet(D=1, l=1, p=0.3), sf.Ferromagnet(D=1, l=1, p=0.7)
    return F1(1, m=sf.direction(0)) | sf.NormalMetal(D=8, l=1)(0.5) | F2(1, m=sf.direction(50))


def many_layers():
    """Twelve layers, one of them very thin, with names that are longer than most are thick."""
    return (
        sf.Lead(Cu)
        | Cu(3e-9, name="seed layer (copper)")
        | Co(8e-9, m=sf.direction(0), name="antiferromagnetically pinned")
        | Cu(0.8e-9, name="thin spacer")
        | Co(2e-9, m=sf.direction(180), name="reference layer of cobalt")
        | Cu(5e-9, name="lower spacer")
        | Py(4e-9, m=sf.direction(60), name="free layer of permalloy")
        | Cu(5e-9, name="upper spacer")
        | Co(3e-9, m=sf.direction(65), name="upper reference")
        | Cu(0.1e-9, name="dusting")
        | Co(2e-9, m=sf.direction(120), name="upper pinned")
        | Cu(2e-9, name="cap 1")
        | Cu(2e-9, name="cap 2")
        | sf.Lead(Cu)
    )


STACKS = {
    "valve": valve(60.0),
    "oblique valve": valve(40.0, azimuth=30.0),
    "nearly parallel valve": valve(5.0),
    "parallel valve": valve(0.0),
    "antiparallel valve": valve(180.0),
    "not coplanar": noncoplanar(),
    "plain numbers": plain(),
    "many layers": many_layers(),
    "one ferromagnet": sf.Lead(Cu) | Cu(20e-9) | Co(10e-9, m=[0, 0, 1]) | Cu(20e-9) | sf.Lead(Cu),
    "no ferromagnet": sf.Lead(Cu) | Cu(20e-9) | Cu(30e-9) | sf.Lead(Cu),
}
weak = sf.Ferromagnet.from_valet_fert(
    291e-9, beta=0.76, l=5.5e-9, lambda_J=1e-9, lambda_phi=2e-9, name="weak"
)
SAMPLES = {
    "interfaces": sf.Lead(Cu)
    | sf.Interface(1e-15, gamma=0.3, mixing=1e15)
    | Co(8e-9, m=sf.direction(0), name="fixed")
    | sf.Interface(0.5e-15, gamma=0.5, mixing=5e14 + 5e13j)
    | Cu(10e-9, name="spacer")
    | sf.Interface(0.5e-15, gamma=0.3)
    | Py(4e-9, m=sf.direction(60), name="free")
    | sf.Lead(Cu),
    "interfaces without mixing": sf.Lead(Co, m=sf.direction(0))
    | Cu(10e-9, name="spacer")
    | sf.Interface(0.5e-15, gamma=0.3)
    | Py(4e-9, m=sf.direction(60), name="free")
    | sf.Interface(0.5e-15, gamma=0.3)
    | sf.Reservoir(),
    "exchange lengths": sf.Lead(weak, m=sf.direction(0), name="lead")
    | Cu(10e-9, name="spacer")
    | sf.Interface(0.5e-15, gamma=0.3)
    | weak(4e-9, m=sf.direction(60), name="free")
    | sf.Lead(Cu),
    "graded": sf.Lead(Cu)
    | sf.interdiffused(Co, Py, width=0.2)(8e-9, m=sf.direction(0), name="fixed")
    | Cu(10e-9, name="spacer")
    | Py(4e-9, m=sf.direction(60), name="free")
    | sf.Lead(Cu),
}
EVERY = STACKS | SAMPLES
stacks = pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
samples = pytest.mark.parametrize("stack", SAMPLES.values(), ids=SAMPLES)
every = pytest.mark.parametrize("stack", EVERY.values(), ids=EVERY)


def to_be_read(stacks):
    """Parametrize a test of texts, which takes long; some stacks with the most of them suffice."""
    some = ("valve", "not coplanar", "many layers", "no ferromagnet", "interfaces")
    marks = {name: () if name in some else pytest.mark.long for name in stacks}
    values = [pytest.param(stack, id=name, marks=marks[name]) for name, stack in stacks.items()]
    return pytest.mark.parametrize("stack", values)


def solve(stack):
    return sf.solve(stack, j0=1e11 if stack.x[-1] < 1e-3 else 1.0)


@pytest.fixture(autouse=True)
def _strict_and_tidy():
    with np.errstate(all="raise", under="ignore"):
        yield
    plt.close("all")


def pieces(*columns):
    """Split a drawn line at its gaps, into arrays (n, number of columns)."""
    data = np.stack(columns, axis=-1)
    broken = np.flatnonzero(np.isnan(data).any(axis=-1))
    return [part[~np.isnan(part).any(axis=-1)] for part in np.split(data, broken)]


def labelled(ax, label):
    """Data of the line with a label, as its pieces."""
    (line,) = (line for line in ax.lines if line.get_label() == label)
    return pieces(*(line.get_data_3d() if ax.name == "3d" else line.get_data()))


# --- what is drawn is what was solved ---------------------------------------------------------

# Numbers are only multiplied by powers of ten: two roundings.
EXACT = {"rtol": 1e-15, "atol": 0}


def components(ax, count):
    """The lines of a profile that are fields: the only ones with as many points."""
    return [line for line in ax.lines if len(line.get_xdata()) == count]


@pytest.mark.long
@every
@pytest.mark.parametrize("quantity", ["spin_potential", "spin_current", "potential"])
def test_profile_draws_the_fields_of_every_layer(stack, quantity):
    solution = solve(stack)
    ax = solution.plot.profile(quantity=quantity)
    count = sum(len(layer.x) + 1 for layer in solution.layers) - 1
    lines = components(ax, count)
    fields = [getattr(layer, quantity).reshape(len(layer.x), -1) for layer in solution.layers]
    assert len(lines) == fields[0].shape[1]
    largest = max(np.abs(field).max() for field in fields)
    for component, line in enumerate(lines):
        drawn = pieces(*line.get_data())
        assert len(drawn) == len(stack.layers)  # nothing connects two layers
        for part, layer, field in zip(drawn, solution.layers, fields, strict=True):
            length = 1e9 if stack.x[-1] < 1e-3 else 1.0
            np.testing.assert_allclose(part[:, 0], layer.x * length, **EXACT)
            shown = part[:, 1] / scale(ax.get_ylabel())
            np.testing.assert_allclose(shown, field[:, component], rtol=1e-15, atol=1e-15 * largest)


def marks(ax):
    """Colour, width and place of every line at a face."""
    for own in ax.collections:
        if isinstance(own, LineCollection):
            (color,), (width,) = own.get_colors(), own.get_linewidths()
            for line in own.get_segments():
                yield to_hex(color), width, line[0][0]


@samples
def test_profile_marks_resistive_interfaces(stack):
    ax = solve(stack).plot.profile(quantity="spin_potential")
    marked = [x for color, _, x in marks(ax) if color == "#000000"]
    expected = [x * 1e9 for x, joint in zip(stack.x, stack.joints) if joint is not None]
    np.testing.assert_allclose(marked, expected, **EXACT)


def superlattice(pairs):
    """So many bilayers with a resistive interface at every face."""
    joint = sf.Interface(0.5e-15, gamma=0.7)
    layers = [
        piece
        for k in range(pairs)
        for piece in (joint, Co(6e-9, m=sf.direction(180 * (k % 2))), joint, Cu(6e-9))
    ]
    return sf.Stack([sf.Reservoir(), *layers])


@pytest.mark.parametrize("pairs", [1, 15, pytest.param(60, marks=pytest.mark.long)])
def test_lines_at_faces_leave_the_layers_visible(pairs):
    """However many there are: black covers an eighth of the axes at most."""
    figure = overview(solve(superlattice(pairs)))
    ax = figure.axes[0]
    points = 72 * ax.bbox.width / figure.dpi
    widths = [width for _, width, _ in marks(ax)]
    assert len(widths) == 2 * pairs
    assert sum(widths) < points / 8
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    x0, y0, x1, y1 = (round(edge) for edge in ax.bbox.extents)
    height = canvas.buffer_rgba().shape[0]
    pixels = np.asarray(canvas.buffer_rgba())[height - y1 : height - y0, x0:x1, :3]
    assert pixels.mean() > 0.75 * 255
    assert np.mean(pixels.max(axis=-1) < 64) < 1 / 8


@pytest.mark.long
def test_resistive_interfaces_and_leads_are_in_the_legend():
    for stack, both in ((SAMPLES["interfaces"], True), (plain(), False)):
        (legend,) = overview(solve(stack)).legends
        texts = [text.get_text() for text in legend.get_texts()]
        assert ("resistive interface" in texts) == both
        assert ("lead" in texts) == both


@pytest.mark.parametrize("name", ["valve", "not coplanar", "exchange lengths"])
@pytest.mark.parametrize("quantity", ["spin_potential", "spin_current", "potential"])
def test_profile_draws_leads_as_far_as_it_reaches(name, quantity):
    solution = solve(EVERY[name])
    ax = solution.plot.profile(quantity=quantity)
    start, stop = ax.get_xlim()
    end = float(solution.stack.x[-1]) * 1e9
    assert -start == pytest.approx(0.2 * end) or -start == pytest.approx(0.1 * end)
    for side, inner, outer in (("left", 0.0, start), ("right", end, stop)):
        depth = np.linspace(0.0, abs(outer - inner) * 1e-9)
        expected = getattr(lead_solution(solution, side, depth), quantity)
        expected = expected.reshape(len(depth), -1) * scale(ax.get_ylabel())
        own = [
            line
            for line in ax.lines
            if len(line.get_xdata()) == len(depth)
            and {round(x, 6) for x in line.get_xdata()[[0, -1]]}
            == {round(inner, 6), round(outer, 6)}
        ]
        assert len(own) == expected.shape[1]
        for line, values in zip(own, expected.T, strict=True):
            size = np.abs(expected).max()
            np.testing.assert_allclose(line.get_ydata(), values, rtol=1e-12, atol=1e-14 * size)


def test_hodograph_draws_leads_from_the_stack_to_where_nothing_is_left():
    solution = solve(noncoplanar())  # leads of Co along z and y
    (curve,) = labelled(solution.plot.hodograph(quantity="spin_potential"), "lead")
    mu = solution.interfaces[0].spin_potential * 1e6
    np.testing.assert_allclose(curve[-1], mu, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(curve[0], 0, atol=1e-12)
    folded = solve(valve(60.0)).plot.hodograph(quantity="spin_current", fold=True)
    (curve,) = labelled(folded, "lead")
    np.testing.assert_allclose(curve[0], 0, atol=1e-12)
    np.testing.assert_allclose(curve[-1], labelled(folded, "ferromagnet")[0][0], atol=1e-12)


@pytest.mark.long
def test_short_layers_have_no_dashes():
    for pairs, dashes in ((1, "--"), (15, "-")):
        ax = overview(solve(superlattice(pairs))).axes[0]
        (line,) = (line for line in ax.lines if line.get_label() == "$z$")
        assert line.get_linestyle() == dashes


@samples
def test_hodograph_draws_the_jumps_of_mu_at_resistive_interfaces(stack):
    solution = solve(stack)
    ax = solution.plot.hodograph(quantity="spin_potential")
    sides = [
        [getattr(face, f"spin_potential_{side}") for face in solution.interfaces]
        for side in ("left", "right")
    ]
    largest = np.abs(sides).max()
    lengths = np.linalg.norm(np.subtract(*sides), axis=-1)
    lengths = lengths[lengths > 1e-12 * largest]
    assert lengths.size == sum(joint is not None for joint in stack.joints)
    if lengths.size:
        jumps = np.array(labelled(ax, "jump")) / scale(ax.get_xlabel())
        drawn = np.linalg.norm(jumps[:, 0] - jumps[:, 1], axis=-1)
        np.testing.assert_allclose(drawn, lengths, rtol=0, atol=1e-14 * largest)


@samples
def test_samples_keep_their_pictures_when_pickled(stack):
    solution = solve(stack)
    same = pickle.loads(pickle.dumps(solution))
    for one, other in zip(solution.layers, same.layers, strict=True):
        assert np.array_equal(one.spin_potential, other.spin_potential)
    assert same.plot.profile(quantity="potential").lines


def scale(label):
    """The factor that the unit in a label stands for."""
    for prefix, factor in {"nV": 1e9, "µV": 1e6, "mV": 1e3}.items():
        if prefix in label:
            return factor
    if "10$^{" in label:
        return 10.0 ** -int(label.split("10$^{")[1].split("}")[0])
    return 1.0


NM, X = "$x$ (nm)", "$x$"


@pytest.mark.long
@pytest.mark.parametrize(
    ("stack", "j0", "units", "labels"),
    [
        (valve(60.0), 1e11, None, (NM, r"$\mu_s$ (µV)", r"$j_s$ (10$^{10}$ A/m$^2$)")),
        (valve(60.0), 1e8, None, (NM, r"$\mu_s$ (nV)", r"$j_s$ (10$^{7}$ A/m$^2$)")),
        (valve(60.0), 1e13, "SI", (NM, r"$\mu_s$ (mV)", r"$j_s$ (10$^{12}$ A/m$^2$)")),
        (valve(60.0), 1.0, "SI", (NM, r"$\mu_s$ (10$^{-16}$ V)", r"$j_s$ (A/m$^2$)")),
        (valve(60.0), 1.0, "plain", (X, r"$\mu_s$ (10$^{-16}$)", r"$j_s$")),
        (plain(), 1.0, None, (X, r"$\mu_s$ (10$^{-2}$)", "$j_s$")),
        (plain(), 100.0, "plain", (X, r"$\mu_s$", "$j_s$")),
        (plain(), 1.0, "SI", (NM, r"$\mu_s$ (mV)", "$j_s$ (A/m$^2$)")),
    ],
)
def test_units_are_chosen_from_the_data(stack, j0, units, labels):
    upper, lower = sf.solve(stack, j0=j0).plot.profile(units=units)
    assert (lower.get_xlabel(), upper.get_ylabel(), lower.get_ylabel()) == labels


def test_components_that_are_zero_are_not_in_the_legend():
    upper, _ = solve(valve(60.0)).plot.profile()
    (legend,) = upper.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["$x$", "$z$", "lead"]


def test_components_differ_by_colour_and_by_dashes():
    upper, _ = solve(noncoplanar()).plot.profile()
    lines = [line for line in upper.lines if line.get_label() in ("$x$", "$y$", "$z$")]
    assert len({line.get_color() for line in lines}) == 3
    assert len({line.get_linestyle() for line in lines}) == 3


def drawn_basis(ax):
    """The directions in spin space that the axes of a hodograph say they show."""
    if ax.name == "3d":
        return np.eye(3)
    labels = ax.get_xlabel(), ax.get_ylabel()
    return np.array([np.eye(3)["xyz".index(t.split("{s,")[1][0])] for t in labels])


@every
@pytest.mark.parametrize("quantity", ["spin_potential", "spin_current"])
def test_hodograph_preserves_lengths_and_angles(stack, quantity):
    solution = solve(stack)
    ax = solution.plot.hodograph(quantity=quantity)
    drawn = {True: [], False: []}
    for label, magnetic in (("ferromagnet", True), ("normal metal", False)):
        if any(layer.is_ferromagnet == magnetic for layer in stack.layers):
            drawn[magnetic] = labelled(ax, label)
    factor = scale(ax.get_xlabel())
    curves = [drawn[layer.is_ferromagnet].pop(0) / factor for layer in stack.layers]
    fields = [getattr(layer, quantity) for layer in solution.layers]
    seen, solved = np.concatenate(curves), np.concatenate(fields)
    # All scalar products, hence all lengths and angles; a plane may be off by 1e-9, here it is
    # off by rounding only.
    size = np.abs(solved).max() ** 2
    np.testing.assert_allclose(seen @ seen.T, solved @ solved.T, rtol=0, atol=1e-14 * size)
    assert ax.get_aspect() in (1.0, "equal")
    spans = [np.ptp(limits) for limits in (ax.get_xlim(), ax.get_ylim())]
    assert spans[0] == pytest.approx(spans[1], rel=1e-12)


@pytest.mark.long
@pytest.mark.parametrize("name", ["valve", "plain numbers", "many layers", "not coplanar"])
def test_hodograph_draws_what_its_axes_say(name):
    solution = solve(STACKS[name])
    for ax, quantity in zip(
        solution.plot.hodograph(), ("spin_potential", "spin_current"), strict=True
    ):
        first = solution.layers[0]
        kind = "ferromagnet" if solution.stack.layers[0].is_ferromagnet else "normal metal"
        expected = getattr(first, quantity) @ drawn_basis(ax).T * scale(ax.get_xlabel())
        np.testing.assert_allclose(labelled(ax, kind)[0], expected, **EXACT)


@pytest.mark.parametrize("seed", range(8))  # the plane's normal is found with either sign
def test_general_plane_is_that_along_and_across_the_first_m(seed):
    fixed, free = np.random.default_rng(seed).normal(size=(2, 3))
    solution = solve(valve(40.0).replace("fixed", m=fixed).replace("free", m=free))
    ax = solution.plot.hodograph(quantity="spin_current")
    assert ax.get_xlabel().startswith("$j_s$ along m(fixed)")
    assert ax.get_ylabel().startswith("$j_s$ across m(fixed)")
    at_fixed, at_free = (part[0] / scale(ax.get_xlabel()) for part in labelled(ax, "ferromagnet"))
    m1, m2 = (solution.stack.layers[i].m for i in (0, 2))
    j1, j2 = (solution.layer(name).spin_current[0] for name in ("fixed", "free"))
    up = np.linalg.norm(np.cross(m1, m2))  # m(free) points up, away from m(fixed)
    size = np.abs([j1, j2]).max()
    np.testing.assert_allclose(at_fixed, [j1 @ m1, 0], rtol=0, atol=1e-14 * size)
    np.testing.assert_allclose(at_free, (j2 @ m2) * np.array([m1 @ m2, up]), atol=1e-14 * size)


@stacks
def test_jumps_of_the_spin_current_are_what_is_absorbed(stack):
    solution = solve(stack)
    ax = solution.plot.hodograph(quantity="spin_current")
    absorbed = np.array([face.absorbed for face in solution.interfaces])
    lengths = np.linalg.norm(absorbed, axis=-1)
    largest = max(np.abs(layer.spin_current).max() for layer in solution.layers)
    lengths = lengths[lengths > 1e-12 * largest]
    if not lengths.size:
        assert "jump" not in [line.get_label() for line in ax.lines]
        return
    jumps = np.array(labelled(ax, "jump")) / scale(ax.get_xlabel())
    # drawn as the difference of two currents, which loses digits relative to the larger
    drawn = jumps[:, 0] - jumps[:, 1]
    np.testing.assert_allclose(
        np.linalg.norm(drawn, axis=-1), lengths, rtol=0, atol=1e-14 * largest
    )


def test_torque_of_a_layer_is_the_sum_of_its_jumps():
    solution = solve(valve(60.0))
    ax = solution.plot.hodograph(quantity="spin_current")
    _, at_free = (jump[0] - jump[1] for jump in labelled(ax, "jump"))
    expected = solution.absorbed_spin_current("free")[[0, 2]] * scale(ax.get_xlabel())
    np.testing.assert_allclose(at_free, expected, rtol=1e-14)


@pytest.mark.parametrize("name", ["valve", "plain numbers", "antiparallel valve", "not coplanar"])
def test_rods_point_along_the_magnetizations(name):
    solution = solve(STACKS[name])
    for ax in solution.plot.hodograph():
        basis = drawn_basis(ax)
        named = {
            e.name or ("left lead" if e is solution.stack.left else "right lead"): e.m
            for e in solution.stack.elements
            if getattr(e, "m", None) is not None
        }
        heads = {
            text.get_text(): np.array(
                text.get_position_3d() if ax.name == "3d" else text.get_position()
            )
            for text in ax.texts
        }
        assert heads.keys() == {f"m({name})" for name in named}
        for key, m in named.items():
            head = heads[f"m({key})"]
            # directions are rounded to 1e-9, so that equal ones share a label
            np.testing.assert_allclose(head / np.linalg.norm(head), basis @ m, atol=2e-9)


def test_parallel_rods_share_a_label():
    ax = solve(valve(0.0)).plot.hodograph(quantity="spin_potential")
    assert [text.get_text() for text in ax.texts] == ["m(fixed)\nm(free)"]


# --- folded into one plane --------------------------------------------------------------------


def four_ferromagnets():
    F, N = sf.Ferromagnet(D=1, l=1.0, p=0.6), sf.NormalMetal(D=2, l=2.0)
    return (
        sf.Lead(N)
        | F(1.0, m=sf.direction(0), name="A")
        | N(0.7)
        | F(0.5, m=sf.direction(60), name="B")
        | N(1.0)
        | F(0.8, m=sf.direction(80, 70), name="C")
        | N(0.5)
        | F(1.2, m=sf.direction(120, -40), name="D")
        | sf.Lead(N)
    )


def in_contact():
    """Rings at reservoirs, at a crossing, at a collinear contact and at a spin-blocking end."""
    F, N = sf.Ferromagnet(D=1, l=1.0, p=0.6), sf.NormalMetal(D=2, l=2.0)
    return (
        F(1.0, m=sf.direction(0), name="A")
        | F(0.7, m=sf.direction(70), name="B")
        | N(1.0)
        | F(1.2, m=sf.direction(30), name="C")
        | sf.Ferromagnet(D=3, l=2.0, p=0.2)(1.0, m=sf.direction(210), name="D")
        | sf.SpinBlocking()
    )


FOLDED = {
    **{key: stack for key, stack in STACKS.items() if key != "no ferromagnet"},
    "four ferromagnets": four_ferromagnets(),
    "in contact": in_contact(),
    "antiparallel contact": sf.Lead(Co, m=[0, 0, 1])
    | Cu(5e-9)
    | Py(3e-9, m=[0, 0, -1])
    | Co(4e-9, m=[0, 0, 1])
    | Cu(1e-10)
    | Co(4e-9, m=[0, 0, 1]),
}
folded_stacks = pytest.mark.parametrize("stack", FOLDED.values(), ids=FOLDED)


@folded_stacks
@pytest.mark.parametrize("quantity", ["spin_potential", "spin_current"])
def test_folded_hodograph_draws_what_is_folded(stack, quantity):
    solution = solve(stack)
    folded = sf.Analogy(solution).fold()
    ax = solution.plot.hodograph(quantity=quantity, fold=True)
    factor = scale(ax.get_xlabel())
    drawn = {
        magnetic: labelled(ax, label)
        for label, magnetic in (("ferromagnet", True), ("normal metal", False))
        if any(layer.is_ferromagnet == magnetic for layer in stack.layers)
    }
    expected = folded.potential if quantity == "spin_potential" else folded.current
    for layer, curve in zip(stack.layers, expected, strict=True):
        part = drawn[layer.is_ferromagnet].pop(0)
        np.testing.assert_allclose(part, curve * factor, **EXACT)
    if quantity == "spin_potential":
        assert "jump" not in [line.get_label() for line in ax.lines]
        return
    jumps = np.stack([folded.current_left, folded.current_right], axis=1)
    far = np.abs(jumps[:, 0] - jumps[:, 1]).max(axis=1) > 1e-12 * np.abs(jumps).max()
    assert far.any() == ("jump" in [line.get_label() for line in ax.lines])
    if far.any():
        np.testing.assert_allclose(labelled(ax, "jump"), jumps[far] * factor, **EXACT)


@pytest.mark.parametrize("name", ["valve", "four ferromagnets", "in contact", "not coplanar"])
@pytest.mark.parametrize("kind", ["hodograph", "analogy"])
def test_folded_rods_are_at_their_angles(name, kind):
    solution = solve(FOLDED[name])
    folded = sf.Analogy(solution).fold()
    options = {"quantity": "spin_current", "fold": True} if kind == "hodograph" else {}
    ax = getattr(solution.plot, kind)(**options)
    for text in ax.texts:
        x, y = text.get_position()
        for shared in text.get_text().split("\n"):
            expected = folded.angles[folded.names.index(shared[2:-1])]
            off = (np.degrees(np.arctan2(x, y)) - expected + 180) % 360 - 180
            assert abs(off) < 1e-6  # directions are rounded to 1e-9


def test_folding_says_that_it_bends():
    ax = solve(valve(60.0)).plot.hodograph(quantity="spin_current", fold=True)
    assert ax.get_xlabel().startswith("$j_s$ across m(fixed) (")
    assert ax.get_ylabel().startswith("$j_s$ along m(fixed) (")
    ax = solve(four_ferromagnets()).plot.hodograph(quantity="spin_current", fold=True)
    assert ax.get_xlabel().startswith("$j_s$ across m(A), folded")


# --- the mechanical analogy -------------------------------------------------------------------


def all_collinear(solution):
    return bool(np.abs(sf.Analogy(solution).fold().rods[:, 0]).max() <= 1e-9)


def arrows(ax):
    """Arrows by what they stand for: where they start, and what they are."""
    return {
        quiver.get_gid(): (np.array(quiver.get_offsets()), np.stack([quiver.U, quiver.V], axis=1))
        for quiver in ax.collections
        if isinstance(quiver, Quiver)
    }


NAMES = {
    "driving": "driving force",
    "F cord": "pull of F cord",
    "N cord": "pull of N cord",
    "contact": "pull across contact",
    "reaction": "reaction of rod",
}


def drawn_forces(ax, rings):
    """Pairs of each drawn arrow and its force, for every ring; tiny ones are not drawn."""
    found = {name: list(vectors) for name, (_, vectors) in arrows(ax).items()}
    rings = [ring for ring in rings if ring.pinned is None]
    own = [[*ring.forces, ("reaction", ring.reaction)] for ring in rings]
    largest = max(np.linalg.norm(vector) for forces in own for _, vector in forces)
    for forces in own:
        yield [
            (name, vector, found[NAMES[name]].pop(0))
            for name, vector in forces
            if np.linalg.norm(vector) > 1e-3 * largest
        ]
    assert not any(found.values())


@folded_stacks
def test_arrows_are_the_forces_on_one_scale(stack):
    solution = solve(stack)
    rings = sf.Analogy(solution).rings
    ax = solution.plot.analogy()
    free = [ring for ring in rings if ring.pinned is None]
    forces = list(drawn_forces(ax, rings))
    ratios = [np.linalg.norm(a) / np.linalg.norm(f) for own in forces for _, f, a in own]
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-9)  # sheets are that flat
    longest = max(np.linalg.norm(arrow) for own in forces for _, _, arrow in own)
    for ring, own in zip(free, forces, strict=True):
        # forces and reaction balance, but for what is too small to be drawn
        np.testing.assert_allclose(sum(a for _, _, a in own), 0, atol=3e-3 * longest)
        driving = next(arrow for name, _, arrow in own if name == "driving")
        driven = next(vector for name, vector, _ in own if name == "driving")
        for name, vector, arrow in own:
            cosine = vector @ driven / np.linalg.norm(vector) / np.linalg.norm(driven)
            drawn = arrow @ driving / np.linalg.norm(arrow) / np.linalg.norm(driving)
            assert drawn == pytest.approx(cosine, abs=1e-9)
            if name == "reaction":  # across the rod
                assert drawn == pytest.approx(0, abs=1e-9)
        assert ring.pinned is None


@folded_stacks
def test_rings_are_where_mu_is(stack):
    solution = solve(stack)
    analogy, ax = sf.Analogy(solution), solution.plot.analogy()
    factor = scale(ax.get_ylabel())
    labels = [line.get_label() for line in ax.lines]
    for label, pinned in (("ring", False), ("pinned ring", True)):
        own = [ring for ring in analogy.rings if bool(ring.pinned) == pinned]
        assert (label in labels) == bool(own)
        if own:
            (drawn,) = labelled(ax, label)
            places = np.array([ring.position for ring in own]) * factor
            if all_collinear(solution):
                length = 1e9 if stack.x[-1] < 1e-3 else 1.0
                x = np.array([stack.x[ring.face] for ring in own]) * length
                signs = [ring.rod @ analogy.rings[0].rod for ring in own]
                np.testing.assert_allclose(drawn, np.stack([x, places * signs], axis=1), rtol=1e-14)
            else:
                size = np.linalg.norm(drawn, axis=1)
                np.testing.assert_allclose(size, np.abs(places), rtol=1e-14)


@pytest.mark.long
@folded_stacks
def test_cords_are_the_hodographs_and_end_at_the_rings(stack):
    solution = solve(stack)
    analogy, ax = sf.Analogy(solution), solution.plot.analogy()
    factor, collinear = scale(ax.get_ylabel()), all_collinear(solution)
    folded, axis = analogy.fold(), analogy.rings[0].rod
    length = 1e9 if stack.x[-1] < 1e-3 else 1.0
    parts, ends = {}, []
    for cord in analogy.cords:
        label = f"{cord.kind} {'lead' if cord.layer is None else 'cord'}"
        part = parts.setdefault(label, labelled(ax, label)).pop(0)
        ends.append(part[[0, -1]])
        if cord.layer is None:
            continue
        if collinear:
            x, mu = solution.layers[cord.layer].x, cord.curve @ axis
            np.testing.assert_allclose(part, np.stack([x * length, mu * factor], axis=1), **EXACT)
        else:
            np.testing.assert_allclose(part, folded.potential[cord.layer] * factor, **EXACT)
    size = max(np.abs(layer.spin_potential).max() for layer in solution.layers) * factor
    for left, right in itertools.pairwise(ends):
        np.testing.assert_allclose(left[1], right[0], rtol=1e-14, atol=1e-13 * size)
    if not collinear:
        for cord, end in ((analogy.cords[0], ends[0][0]), (analogy.cords[-1], ends[-1][1])):
            if cord.layer is None:  # held at the origin
                np.testing.assert_allclose(end, 0, atol=1e-13 * size)


@pytest.mark.parametrize("name", ["valve", "oblique valve", "four ferromagnets", "not coplanar"])
def test_cords_pull_along_their_tangents(name):
    solution = solve(FOLDED[name])
    ax = solution.plot.analogy()
    analogy = sf.Analogy(solution)
    folded, count = analogy.fold(), 0
    for ring, own in zip(analogy.rings, drawn_forces(ax, analogy.rings), strict=True):
        layer = ring.face if ring.side == "right" else ring.face - 1
        if not 0 <= layer < len(solution.layers):
            continue  # a lead
        curve = folded.potential[layer]
        tangent = curve[1] - curve[0] if ring.side == "right" else curve[-2] - curve[-1]
        (pull,) = (arrow for what, _, arrow in own if what == "N cord")
        sine = np.cross([*tangent, 0], [*pull, 0])[2] / np.linalg.norm(tangent)
        assert abs(sine) < 1e-2 * np.linalg.norm(pull)  # the tangent is a chord, and mu is rounded
        assert tangent @ pull > 0
        count += 1
    assert count


@pytest.mark.long
def test_arrows_start_at_their_rings_or_beside():
    ax = solve(valve(0.0)).plot.analogy()
    ax.figure.canvas.draw()
    (rings,) = labelled(ax, "ring")
    for starts, _ in arrows(ax).values():
        assert len(starts) == len(rings)
        np.testing.assert_allclose(starts[:, 1], rings[:, 1], rtol=1e-12)
        pixels = ax.transData.transform(starts) - ax.transData.transform(rings)
        assert (np.abs(pixels) < 10 * ax.figure.dpi / 72).all()  # 10 points


def test_collinear_arrows_do_not_cover_each_other():
    thin = valve(180.0).replace("spacer", thickness=1e-10)
    ax = solve(thin).plot.analogy()
    x = np.sort(np.concatenate([starts[:, 0] for starts, _ in arrows(ax).values()]))
    gap = np.diff(x).min() / np.ptp(ax.get_xlim()) * ax.bbox.width / ax.figure.dpi * 72
    assert gap > 2  # points; they are less than 2 wide


def test_arrows_in_one_direction_are_side_by_side():
    stack = sf.Lead(Cu) | Co(8e-9, m=sf.direction(0)) | Cu(9e-9) | Py(4e-9, m=sf.direction(90))
    ax = solve(stack).plot.analogy()
    starts = arrows(ax)
    (f_cord, along), (n_cord, lead) = starts["pull of F cord"], starts["pull of N cord"]
    assert along[0] @ lead[0] > 0
    aside = np.abs(f_cord[0] - n_cord[0])
    assert aside.max() / np.ptp(ax.get_xlim()) * ax.bbox.width / ax.figure.dpi * 72 > 4


def test_longest_arrow_is_in_the_legend():
    solution = solve(valve(60.0))
    (legend,) = solution.plot.analogy().figure.legends
    text = r"longest arrow: 7.6$\,\times\,$10$^{10}$ A/m$^2$"  # p j0 of Py
    assert legend.get_title().get_text() == text
    (legend,) = solve(plain()).plot.analogy().figure.legends
    assert legend.get_title().get_text() == "longest arrow: 0.7"


@pytest.mark.long
def test_analogy_without_a_current_has_no_arrows():
    for stack in (valve(60.0), valve(0.0)):
        ax = sf.solve(stack, j0=0.0).plot.analogy()
        assert not arrows(ax)
        check_legible(ax.figure)


def test_analogy_plots_itself():
    analogy = sf.Analogy(solve(valve(60.0)))
    ax = plt.figure().add_subplot()
    assert analogy.plot(ax, units="plain") is ax
    assert ax.get_ylabel() == r"$\mu_s$ along m(fixed) (10$^{-5}$)"


# --- it can be read ---------------------------------------------------------------------------


def test_the_test_for_legibility_finds_overlaps():
    figure = Figure()
    figure.text(0.5, 0.5, "one")
    figure.text(0.5, 0.51, "two", rotation=20)
    with pytest.raises(AssertionError, match="overlap"):
        check_legible(figure)
    figure = Figure()
    figure.text(0.99, 0.5, "outside")
    with pytest.raises(AssertionError, match="cut off"):
        check_legible(figure)


@pytest.mark.some(5)
@pytest.mark.long
@to_be_read(EVERY)
def test_overview_can_be_read(stack):
    texts = check_legible(overview(solve(stack)))
    assert {layer.name for layer in stack.layers} <= set(texts)


@pytest.mark.some(5)
@pytest.mark.long
@to_be_read(EVERY)
def test_profile_can_be_read(stack):
    upper, _ = solve(stack).plot.profile()
    texts = check_legible(upper.figure)
    assert {layer.name for layer in stack.layers} <= set(texts)


@pytest.mark.some(5)
@pytest.mark.long
@to_be_read(EVERY)
def test_hodograph_can_be_read(stack):
    left, _ = solve(stack).plot.hodograph()
    texts = "\n".join(check_legible(left.figure))
    for layer in stack.layers:
        assert (f"m({layer.name})" in texts) == layer.is_ferromagnet


@pytest.mark.some(4)
@pytest.mark.long
@to_be_read(FOLDED)
def test_folded_hodograph_can_be_read(stack):
    left, _ = solve(stack).plot.hodograph(fold=True)
    texts = "\n".join(check_legible(left.figure))
    for layer in stack.layers:
        assert (f"m({layer.name})" in texts) == layer.is_ferromagnet


@pytest.mark.long
@to_be_read(FOLDED)
def test_analogy_can_be_read(stack):
    solution = solve(stack)
    texts = "\n".join(check_legible(solution.plot.analogy().figure))
    for layer in stack.layers:
        if all_collinear(solution):
            assert layer.name in texts
        else:
            assert (f"m({layer.name})" in texts) == layer.is_ferromagnet


@pytest.mark.long
@pytest.mark.parametrize("quantity", ["spin_potential", "spin_current", "potential"])
def test_single_panels_can_be_read(quantity):
    plots = solve(valve(60.0)).plot
    check_legible(plots.profile(quantity=quantity).figure)
    if quantity != "potential":
        check_legible(plots.hodograph(quantity=quantity).figure)


@pytest.mark.long
def test_pictures_can_be_read_at_larger_font_sizes():
    with plt.rc_context({"font.size": 14}):
        plots = solve(valve(60.0)).plot
        check_legible(plots.profile()[0].figure)
        check_legible(plots.hodograph()[0].figure)
        check_legible(plots.analogy().figure)
        check_legible(solve(valve(180.0)).plot.analogy().figure)


@pytest.mark.long
def test_superlattice_drops_names_that_do_not_fit():
    layers = [x for k in range(30) for x in (Co(2e-9, m=sf.direction(6.0 * k)), Cu(1e-9))]
    solution = solve(sf.Stack(layers))
    check_legible(overview(solution))
    check_legible(solution.plot.hodograph(fold=True)[0].figure)
    check_legible(solution.plot.analogy().figure)
    collinear = [
        layer.material(layer.thickness, m=[0, 0, 1]) if layer.is_ferromagnet else layer
        for layer in layers
    ]
    check_legible(solve(sf.Stack(collinear)).plot.analogy().figure)


def test_rods_of_many_ferromagnets_name_the_first_ones():
    solution = solve(superlattice(12))
    ax = solution.plot.hodograph(quantity="spin_current")
    (up, down) = sorted((text.get_text() for text in ax.texts), key=len)
    assert up == "m(Co1)\nm(Co3)\nm(Co5)\nand 3 more"
    assert down == "m(Co2)\nm(Co4)\nm(Co6)\nand 3 more"


@pytest.mark.long
def test_names_are_no_formulas():
    stack = sf.Stack([Co(5e-9, m=[0, 0, 1], name=r"$\bad_{$ one"), Cu(5e-9, name="2 $\n3")])
    texts = check_legible(overview(solve(stack)))
    assert r"\$\bad_{\$ one" in texts  # an escaped dollar, which matplotlib shows as a dollar


# --- axes, figures, errors --------------------------------------------------------------------


def test_plots_belong_to_the_solution():
    solution = solve(valve(60.0))
    assert solution.plot == SolutionPlots(solution)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["profile", "hodograph"])
def test_given_axes_are_drawn_on_and_returned(kind):
    draw = getattr(solve(valve(60.0)).plot, kind)
    _, axes = plt.subplots(1, 2)
    figures = plt.get_fignums()
    assert all(a is b for a, b in zip(draw(axes), axes, strict=True))
    assert all(a is b for a, b in zip(draw(tuple(axes)), axes, strict=True))
    assert draw(axes[0], quantity="spin_current") is axes[0]
    assert all(ax.lines for ax in axes)
    assert axes[0].get_legend() is not None
    assert plt.get_fignums() == figures


@pytest.mark.long
@pytest.mark.parametrize("theta", [0.0, 60.0])
def test_analogy_is_drawn_on_given_axes(theta):
    ax = plt.figure().add_subplot()
    assert solve(valve(theta)).plot.analogy(ax) is ax
    assert ax.lines
    assert ax.get_legend() is not None
    assert len(plt.get_fignums()) == 1


def test_planar_hodograph_can_be_drawn_on_3d_axes():
    solution = solve(valve(60.0))
    ax = plt.figure().add_subplot(projection="3d")
    assert solution.plot.hodograph(ax, quantity="spin_potential") is ax
    drawn = labelled(ax, "normal metal")[0]
    np.testing.assert_allclose(drawn, solution.layer("spacer").spin_potential * 1e6, **EXACT)


@pytest.mark.long
def test_new_figures_belong_to_pyplot_but_the_overview_does_not():
    solution = solve(noncoplanar())
    figure = overview(solution)
    assert isinstance(figure, Figure)
    assert not plt.get_fignums()
    axes = solution.plot.profile()
    assert axes.shape == (2,)
    assert all(isinstance(ax, Axes) for ax in axes)
    solution.plot.hodograph()
    assert len(plt.get_fignums()) == 2


@pytest.mark.long
def test_pictures_leave_the_style_alone():
    before = mpl.rcParams.copy()
    solution = solve(valve(60.0))
    overview(solution)
    solution.plot.profile()
    solution.plot.hodograph()
    solution.plot.analogy()
    assert mpl.rcParams == before


def test_importing_the_module_does_not_import_matplotlib():
    code = "import spinfem.plot, sys; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_batch_is_refused():
    solution = sf.solve(valve(np.linspace(0.0, 180.0, 7)))
    message = r"a picture needs a single solution, got a batch of shape \(7,\)"
    plots = solution.plot
    for draw in (plots.profile, plots.hodograph, plots.analogy, lambda: overview(solution)):
        with pytest.raises(ValueError, match=message):
            draw()


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (
            lambda p: p.profile(quantity="spin_curent"),
            "quantity must .*'spin_curent'; did you mean",
        ),
        (lambda p: p.hodograph(quantity="potential"), "quantity must be one of 'spin_potential', "),
        (lambda p: p.profile(units="nm"), "units must be 'SI' or 'plain', got 'nm'"),
        (lambda p: overview(p.solution, units="nm"), "units must be 'SI' or 'plain', got 'nm'"),
        (lambda p: p.profile(plt.figure().add_subplot()), "ax must be two Axes .*, got <Axes"),
        (lambda p: p.profile(3), "ax must be two Axes .*, got 3"),
        (
            lambda p: p.hodograph(plt.subplots(2)[1], quantity="spin_current"),
            "ax must be one Axes for spin_current, got array",
        ),
        (lambda p: p.hodograph(plt.subplots(2)[1]), "ax must be 3D axes .*, got <Axes"),
        (
            lambda p: p.hodograph(
                plt.figure().add_subplot(projection="3d"), quantity="spin_current", fold=True
            ),
            "ax must be plane axes for what is folded into a plane, got <Axes3D",
        ),
        (lambda p: p.analogy(units="nm"), "units must be 'SI' or 'plain', got 'nm'"),
        (lambda p: p.analogy(plt.subplots(2)[1]), "ax must be one Axes for spin_potential, got ar"),
        (
            lambda p: p.analogy(plt.figure().add_subplot(projection="3d")),
            "ax must be plane axes for the analogy, got <Axes3D",
        ),
    ],
)
def test_bad_arguments_are_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw(solve(noncoplanar()).plot)


def test_nothing_to_fold_or_to_slide_is_refused():
    plots = solve(STACKS["no ferromagnet"]).plot
    with pytest.raises(ValueError, match="folding needs a ferromagnet, got "):
        plots.hodograph(fold=True)
    with pytest.raises(ValueError, match="a picture of the analogy needs a ferromagnet, got none"):
        plots.analogy()
